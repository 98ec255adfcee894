"""An exported network with convolutions in 8-bit integers, for OpenVINO. Needs nncf."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openvino as ov
from numpy.typing import NDArray

from ..checkpoint import METADATA_KEY
from ..engines.openvino import OpenVinoEngine, read_graph

EXACT = "score_"
"""How the names of layers begin that are never quantised: scores are what masks are decided by, and cheap."""


def layers(path: Path) -> list[str]:
    """Return the names of the convolutions of an exported network that can be quantised, first to last."""
    graph, _ = read_graph(path)
    return [name for name in map(_layer, _convolutions(graph)) if not name.startswith(EXACT)]


def write_int8(
    path: Path, pictures: Sequence[NDArray[Any]], out: Path, kept: Iterable[str] = ()
) -> OpenVinoEngine:
    """Write a network with its convolutions in int8, and return what computes it.

    Args:
        path: The exported network, an .xml file.
        pictures: Batches of one (1, in_channels, H, W) that the ranges of the maps are measured on.
        out: The .xml file to write.
        kept: Layers that keep their number format; those of scores and learned upsamplings always do.

    Source: post-training quantisation of NNCF, with its correction of biases.
    """
    nncf = _import_nncf()
    graph, card = read_graph(path)
    spared = {*kept}
    names = [
        node.get_friendly_name()
        for node in _convolutions(graph)
        if _layer(node) in spared or _layer(node).startswith(EXACT)
    ]
    ignored = nncf.IgnoredScope(names=names, types=["ConvolutionBackpropData"], validate=False)
    with contextlib.redirect_stdout(io.StringIO()):  # its bars
        graph = nncf.quantize(graph, nncf.Dataset(pictures), subset_size=len(pictures), ignored_scope=ignored)
    graph.set_rt_info(card.to_json(), [METADATA_KEY])
    ov.save_model(graph, out, compress_to_fp16=True)
    return OpenVinoEngine(out)


def _convolutions(graph: ov.Model) -> list[ov.Node]:
    return [node for node in graph.get_ordered_ops() if node.get_type_name() == "Convolution"]


def _layer(node: ov.Node) -> str:
    """Return the name that a convolution has in the network: "backbone.pool3.10" or "fc6"."""
    name: str = node.get_friendly_name()
    return name.split("/")[0].removeprefix("__module.")


def _import_nncf() -> Any:
    """Import nncf so that it reports nothing over the network, and only errors to people."""
    os.environ["NNCF_CI"] = "1"
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    return nncf
