"""Write a trained network for inference without torch, and prove that it computes the same."""

from __future__ import annotations

import copy
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
import torch
from numpy.typing import NDArray
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
from torch.jit._trace import TracerWarning

from .checkpoint import METADATA_KEY, ModelCard
from .engines.openvino import OpenVinoEngine
from .errors import CheckpointError, ConfigError
from .models.fcn import FCN

TRACED_SIZE = (70, 50)
PARITY_SHAPES = ((1, 33, 47), (2, 96, 75))
"""Pictures, height and width that an export is tried on; none of them was traced."""

TOLERANCE = 0.01
"""Largest difference of logits, relative to the largest one, that an export may show; fp16 gives 0.001."""

TINY = 1e-30
"""Stands for the largest logit where all are 0."""


@dataclass(frozen=True)
class Parity:
    """How near an export comes to the network that it was made from, both in float32.

    Attributes:
        largest_difference: Of all logits, relative to the largest one.
        agreement: Share of pixels whose class is the network's, or as good to it within the tolerance (an
            untrained network has ties).
    """

    largest_difference: float
    agreement: float


def export_openvino(model: FCN, card: ModelCard, path: Path) -> Parity:
    """Write a network as `path` (.xml) and a .bin file beside it, with fp16 weights and the card inside.

    The files take any number of pictures of any size. They appear only when they are whole and their answers
    agree with the network's; earlier files of these names are replaced. The network is left as it was.

    Raises:
        ConfigError: `path` does not end in .xml.
        CheckpointError: the written file computes something else than the network.
    """
    path = Path(path)
    if path.suffix != ".xml":
        raise ConfigError(f"{path}: the name of an OpenVINO model ends in .xml")
    model = copy.deepcopy(model).cpu().float().eval()
    graph = _trace(model)
    graph.set_rt_info(card.to_json(), [METADATA_KEY])
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        written = Path(folder) / path.name
        ov.save_model(graph, written, compress_to_fp16=True)
        parity = measure_parity(model, OpenVinoEngine(written, exact=True))
        if not (parity.largest_difference <= TOLERANCE and parity.agreement == 1):  # refuses NaN as well
            raise CheckpointError(
                f"{path}: not written, since the export's logits differ from the network's by "
                f"{parity.largest_difference:.2g} of the largest (expected at most {TOLERANCE}) and "
                f"{parity.agreement:.2%} of the pixels agree (expected all): are all weights finite numbers?"
            )
        # Interrupted anywhere in here, a new .bin never stands beside an old .xml.
        path.unlink(missing_ok=True)
        written.with_suffix(".bin").replace(path.with_suffix(".bin"))
        written.replace(path)
    return parity


def measure_parity(model: FCN, engine: OpenVinoEngine) -> Parity:
    """Compare an engine with the network in evaluation mode, on sizes that were not traced."""
    differences, agreements = [], []
    for shape in PARITY_SHAPES:
        images = _test_pictures(shape, model.in_channels)
        with torch.inference_mode():
            wanted = model(torch.from_numpy(images)).numpy()
        found, mask = engine.logits(images), engine.masks(images)
        largest = max(float(np.abs(wanted).max()), TINY)
        differences.append(float(np.abs(found - wanted).max()) / largest)
        chosen = np.take_along_axis(wanted, mask[:, None].astype(np.int64), axis=1)[:, 0]
        agreements.append(float((wanted.max(axis=1) - chosen <= 2 * TOLERANCE * largest).mean()))
    return Parity(float(np.max(differences)), min(agreements))


def _trace(model: FCN) -> ov.Model:
    """Return the network as an OpenVINO graph with dynamic batch, height and width."""
    example = torch.zeros(1, model.in_channels, *TRACED_SIZE, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.filterwarnings("ignore", category=TracerWarning)
        warnings.filterwarnings("ignore", "`torch.jit.trace", DeprecationWarning)
        traced = torch.jit.trace(model, example, check_trace=False)  # type: ignore[no-untyped-call]
    # Not openvino.convert_model: it reports its use to Intel over the network, unasked.
    frontend = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(traced)  # has to live until it is converted
    graph = frontend.convert(frontend.load(decoder))
    graph.get_parameters()[0].set_element_type(ov.Type.u8)
    graph.reshape([-1, model.in_channels, -1, -1])
    return graph


def _test_pictures(shape: tuple[int, int, int], channels: int) -> NDArray[np.uint8]:
    """Return pictures (N, channels, H, W) uint8: the left half noise, the right half smooth waves."""
    count, height, width = shape
    images = np.random.default_rng(0).integers(0, 256, (count, channels, height, width), dtype=np.uint8)
    rows, columns = np.mgrid[:height, :width] / 9
    waves = [127.5 + 127.5 * np.sin(rows * (1 + k % 3) + columns + 2 * k) for k in range(channels)]
    images[..., width // 2 :] = np.stack(waves)[..., width // 2 :].astype(np.uint8)
    return images
