"""The OpenVINO engine: inference on the processor, without torch."""

from __future__ import annotations

import platform
import threading
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset13 as ops
from numpy.typing import NDArray

from ..checkpoint import METADATA_KEY, ModelCard
from ..errors import CheckpointError
from .base import check_images, check_memory

CPU_FLAGS = Path("/proc/cpuinfo")


class OpenVinoEngine:
    """Computes a network that `pixelwise.export.export_openvino` wrote.

    The graph is compiled when it is first needed, once for logits and once for masks, where the best class is
    found inside the graph. One batch is computed at a time, on all cores; callers in other threads wait.

    Attributes:
        name: "openvino bf16" or "openvino float32".
        card: What the model file says of itself.
    """

    def __init__(self, path: Path, *, exact: bool = False) -> None:
        """Read an .xml file and the .bin file beside it.

        Args:
            path: The .xml file.
            exact: Compute in float32 even where the processor is quicker with less.

        Raises:
            CheckpointError: a file is missing, damaged, or not one of ours.
        """
        self._graph, self.card = read_graph(path)
        self._core = ov.Core()
        self._settings = {"PERFORMANCE_HINT": "LATENCY", **_precision(exact)}
        self._requests: dict[tuple[bool, np.dtype[Any]], ov.InferRequest] = {}
        self._turn = threading.Lock()
        short = (
            self._settings.get("INFERENCE_PRECISION_HINT")
            or self._core.get_property("CPU", "INFERENCE_PRECISION_HINT").to_string()
        )
        self.name = f"openvino {'float32' if short == 'f32' else short}"

    def logits(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Return the scores (N, num_classes, H, W) of pictures (N, in_channels, H, W)."""
        return self._infer(images, best=False)

    def masks(self, images: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the best class's id (N, H, W) of pictures (N, in_channels, H, W)."""
        return self._infer(images, best=True)

    def _infer(self, images: NDArray[Any], *, best: bool) -> NDArray[Any]:
        images = check_images(images, self.card)
        check_memory(images, self.card, 4 if self.name.endswith("float32") else 2)
        with self._turn:
            key = best, images.dtype
            if key not in self._requests:
                graph = _with_input(self._graph, images.dtype)
                graph = _with_argmax(graph) if best else graph
                self._requests[key] = self._core.compile_model(
                    graph, "CPU", self._settings
                ).create_infer_request()
            return np.asarray(self._requests[key].infer([images], share_inputs=True)[0])


def read_graph(path: Path) -> tuple[ov.Model, ModelCard]:
    """Read an .xml file with its card; the weights beside it stay on disk until they are needed.

    Raises:
        CheckpointError: a file is missing, damaged, or not one of ours.
    """
    weights = path.with_suffix(".bin")
    for file in (path, weights):
        if not file.is_file():
            raise CheckpointError(
                f"{file}: no such file; an OpenVINO model is {path.name} with {weights.name}"
            )
    try:
        graph = ov.Core().read_model(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise CheckpointError(f"{path}: not an OpenVINO model, or damaged ({reason})") from error
    if not graph.has_rt_info([METADATA_KEY]):
        raise CheckpointError(
            f"{path}: an OpenVINO model that does not name its classes, expected one that pixelwise wrote"
        )
    return graph, ModelCard.from_json(graph.get_rt_info([METADATA_KEY]).astype(str), path)


def _with_input(graph: ov.Model, dtype: np.dtype[Any]) -> ov.Model:
    """Return a copy of the graph that takes pictures of `dtype`."""
    graph = graph.clone()
    graph.get_parameters()[0].set_element_type(ov.Type(dtype))
    graph.validate_nodes_and_infer_types()
    return graph


def _with_argmax(graph: ov.Model) -> ov.Model:
    """Return a graph that gives ids (N, H, W) uint8 in place of logits (N, C, H, W)."""
    best = ops.topk(
        graph.get_results()[0].input_value(0),
        k=np.int32(1),
        axis=1,
        mode="max",
        sort="none",
        index_element_type="i32",
        stable=False,
    )
    ids = ops.convert(ops.squeeze(best.output(1), [1]), "u8")
    return ov.Model([ids], graph.get_parameters(), "masks")


def _precision(exact: bool) -> dict[str, str]:
    """Return the setting of the precision; none leaves it to OpenVINO.

    On x86 OpenVINO takes bf16 as soon as the processor has instructions for it, but without AMX that is
    slower than float32.
    """
    if exact or (platform.machine().lower() in ("x86_64", "amd64") and not _has_amx()):
        return {"INFERENCE_PRECISION_HINT": "f32"}
    return {}


def _has_amx() -> bool:
    try:
        return "amx_bf16" in CPU_FLAGS.read_text()
    except OSError:  # no Linux
        return False
