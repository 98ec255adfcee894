"""The pictures that int8 is fitted to, and the fitting, by NNCF."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.form import PictureForm
from ..data.pairs import Pair
from ..data.scan import Progress
from ..engines.openvino import read_graph
from ..engines.runtime import ov
from ..errors import ImageError
from .first import fit_first
from .layers import SCORES, Int8Layer, constant_of, convolutions, name_of, read_layers
from .pairs import round_weights

LARGEST = 512
"""Rows and columns that are used of a picture at most; a larger one is cut anywhere."""


def sample(
    pairs: Sequence[Pair], number: int, seed: int, form: PictureForm
) -> tuple[list[Pair], tuple[str, ...]]:
    """Draw pairs whose pictures can be read, by the seed alone.

    Returns:
        So many pairs, or all there are, and a line for each picture that was drawn and could not be read.
    """
    drawn: list[int] = []
    unread: list[str] = []
    for i in np.random.default_rng(seed).permutation(len(pairs)).tolist():
        if len(drawn) == number:
            break
        try:
            form.read(pairs[i].image)
        except ImageError as error:
            unread.append(str(error))
        else:
            drawn.append(i)
    return [pairs[i] for i in sorted(drawn)], tuple(unread)


def read_batches(
    pairs: Sequence[Pair], form: PictureForm, seed: int, progress: Progress | None = None
) -> Iterator[NDArray[Any]]:
    """Yield a batch (1, channels, H, W) of each picture: whole, or a window of it that the seed chooses.

    Raises:
        ImageError: a picture cannot be read.
    """
    for number, pair in enumerate(pairs):
        picture = form.read(pair.image)
        random = np.random.default_rng((seed, number))
        top, left = (int(random.integers(max(0, side - LARGEST) + 1)) for side in picture.shape[:2])
        window = picture[top : top + LARGEST, left : left + LARGEST]
        yield np.ascontiguousarray(window.transpose(2, 0, 1))[None]
        if progress is not None:
            progress(number + 1, len(pairs))


def read_folded(path: Path) -> ov.Model:
    """Read an exported network with what is constant in it computed: NNCF then sees the biases.

    Raises:
        CheckpointError: a file is missing, damaged, or not one of ours.
    """
    from openvino.passes import ConstantFolding, Manager  # after `runtime`, for what that leaves out

    graph, _ = read_graph(path)
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(graph)
    return graph


def fit_layers(
    graph: ov.Model, batches: Callable[[], Iterator[NDArray[Any]]], number: int
) -> list[Int8Layer]:
    """Return the convolutions of a network in int8, with the ranges that their inputs have on pictures.

    Not among them are those of the scores, which decide the masks, and the first where pictures do not have 8
    bits.

    Args:
        graph: The network, as `read_folded` gives it; it is left as it was.
        batches: Gives the pictures, from the first on at each call.
        number: Pictures in it.

    Source: post-training quantisation of NNCF: symmetric, weights by channel, with its fast correction of
    biases. Its alignment of channels is off: it would move scale from one layer to the next, and a layer
    could not be put back alone. Its mend for processors without VNNI is off for that of `pairs`; biases stay
    as corrected for its own rounding, since a correction for that of `pairs` brought nothing (error of the
    logits of FCN-8s on CamVid 4.87 against 4.88 % of their deviation).
    """
    nncf = _import_nncf()
    kept = [
        node
        for place, node in enumerate(convolutions(graph))
        if place == 0 or name_of(node).startswith(SCORES)
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # its progress bars
        quantised = nncf.quantize(
            graph,
            nncf.Dataset(_Restarted(batches)),
            subset_size=number,
            preset=nncf.QuantizationPreset.PERFORMANCE,
            target_device=nncf.TargetDevice.CPU,
            fast_bias_correction=True,
            ignored_scope=nncf.IgnoredScope(
                names=[node.get_friendly_name() for node in kept], validate=False
            ),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                overflow_fix=nncf.OverflowFix.DISABLE, disable_channel_alignment=True
            ),
        )
    weights = {name_of(node): constant_of(node.input_value(1)) for node in convolutions(graph)}
    first = fit_first(graph)
    layers: list[Int8Layer] = [] if first is None else [first]
    for layer in read_layers(quantised):
        rounded, scale = round_weights(weights[layer.name].astype(np.float32), layer.scale)
        layers.append(replace(layer, weights=rounded, scale=scale))
    return layers


class _Restarted:
    """Pictures that can be passed over more than once without being held in memory."""

    def __init__(self, batches: Callable[[], Iterator[NDArray[Any]]]) -> None:
        self._batches = batches

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return self._batches()


def _import_nncf() -> Any:
    """Import nncf so that it reports nothing to its makers over the network, and only errors to people."""
    os.environ["NNCF_CI"] = "1"
    kind = logging.getLoggerClass()
    import nncf

    logging.setLoggerClass(kind)  # it puts its own in the place of everyone's
    logging.getLogger("nncf").setLevel(logging.ERROR)
    return nncf
