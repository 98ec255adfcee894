"""The OpenVINO engine: inference on the processor, without torch."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..checkpoint import METADATA_KEY, ModelCard
from ..cores import count_cores, limited_cores
from ..errors import CheckpointError
from ..processor import fast_bf16, is_x86
from .base import check_fits, check_images, check_process, computing
from .graph import cut, upsample_graph
from .runtime import core, ov
from .tiles import ALIGNMENT, WHOLE_PIXELS, Geometry

PRECISION = "INFERENCE_PRECISION_HINT"
FLOATS = " of floats"


class OpenVinoEngine:
    """Computes a network that `pixelwise export` wrote.

    A picture runs through one graph to the scores, or if it is large through two: in pieces to the maps, and
    from the whole maps to the scores. Another takes those in strips to every pixel, where for a mask the best
    class is found on the way, so that the logits are never written.
    Masks are the classes of the largest logits, the first of equal ones, to the last bit. Each graph is
    compiled when it is first needed. One batch is computed at a time, on all cores; callers in other threads
    wait.

    Attributes:
        name: "openvino int8", "openvino bf16" or "openvino float32".
        card: What the model file says of itself.
    """

    def __init__(self, path: Path, *, exact: bool = False) -> None:
        """Read an .xml file and the .bin file beside it.

        Args:
            path: The .xml file.
            exact: Compute in float32 even where the processor is quicker with less.

        Raises:
            CheckpointError: a file is missing, damaged, or not one of ours.
            ConfigError: this process was forked from one that had loaded a model.
        """
        check_process("OpenVINO")
        graph, self.card = read_graph(path)
        try:
            self._parts = cut(graph)
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}; export it again") from error
        network = self.card.network
        self._classes = int(network["num_classes"])
        self._geometry = Geometry.of(network["name"], network["family"])
        self._precision = _precision(exact)
        self._requests: dict[str, ov.InferRequest] = {}
        self._turn = threading.Lock()
        short = self._precision.get(PRECISION) or core().get_property("CPU", PRECISION).to_string()
        self._value_bytes = 4 if short == "f32" else 2
        self.name = f"openvino {'float32' if short == 'f32' else short}"
        if self._parts.is_quantised:
            self.name = "openvino int8"

    def warm_up(self) -> None:
        """Begin to compile the graphs for masks and to lay out the weights, in threads of their own.

        The first picture does it otherwise, one graph after the other: 0.25 s for an fcn8s_vgg16. A picture
        that comes meanwhile waits.
        """
        begun = threading.Event()

        def prepare() -> None:
            with suppress(Exception), self._turn:  # the first picture meets it again, and tells its caller
                begun.set()
                with ThreadPoolExecutor(2, "pixelwise warm-up") as pool:
                    list(pool.map(self._prepare, (_taking(self.card.form.dtype, "whole"), "masks")))

        threading.Thread(target=prepare, name="pixelwise warm-up").start()
        begun.wait()

    def logits(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Return the scores (N, num_classes, H, W) of pictures (N, in_channels, H, W)."""
        return self._compute(images, best=False)

    def masks(self, images: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the best class's id (N, H, W) of pictures (N, in_channels, H, W)."""
        return self._compute(images, best=True)

    def _compute(self, images: NDArray[Any], *, best: bool) -> NDArray[Any]:
        check_process("OpenVINO")
        images = check_images(images, self.card)
        count, _, height, width = images.shape
        together = count if count * height * width <= WHOLE_PIXELS else 1
        shape = (count, height, width) if best else (count, self._classes, height, width)
        maps = self._geometry.needed_bytes(together * height * width, self._classes, self._value_bytes)
        pictures = images.transpose(0, 2, 3, 1)
        with self._turn, computing(images):
            check_fits(images, maps + math.prod(shape) * (1 if best else 4))
            result: NDArray[Any] = np.empty(shape, np.uint8 if best else np.float32)
            for i in range(0, count, together):
                self._upsample(self._scores(pictures[i : i + together]), result[i : i + together], best=best)
        return result

    def _scores(self, pictures: NDArray[Any]) -> NDArray[np.float32]:
        """Return the scores (N, H/s, W/s, C) of pictures (N, H, W, in_channels), until the next call."""
        if pictures[0, :, :, 0].size <= WHOLE_PIXELS:
            return self._run(_taking(pictures.dtype, "whole"), pictures)[0]
        return self._run("back", *self._maps(pictures))[0]

    def _maps(self, pictures: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Return what the front gives for pictures (N, H, W, in_channels), piece by piece."""
        front = _taking(pictures.dtype, "front")
        height, width = pictures.shape[1:3]
        maps = self._empty_maps(len(pictures), height, width)
        for row in self._geometry.spans(height):
            for column in self._geometry.spans(width):
                piece = pictures[:, row.start : row.stop, column.start : column.stop]
                for whole, part, pool in zip(maps, self._run(front, piece), self._parts.pools, strict=True):
                    (to_y, from_y), (to_x, from_x) = row.cells(pool), column.cells(pool)
                    whole[..., to_y, to_x] = part[..., from_y, from_x]
        self._requests[front].get_compiled_model().release_memory()  # before `back` takes its own
        return maps

    def _empty_maps(self, count: int, height: int, width: int) -> list[NDArray[np.float32]]:
        """Return room for what the front gives for pictures of a size."""
        cells, maps = self._geometry.cells, []
        for pool, output in zip(self._parts.pools, self._parts.front.outputs, strict=True):
            shape = count, output.partial_shape[1].get_length(), cells(height, pool), cells(width, pool)
            maps.append(np.empty(shape, np.float32))
        return maps

    def _upsample(self, scores: NDArray[np.float32], result: NDArray[Any], *, best: bool) -> None:
        """Fill masks (N, H, W) or logits (N, C, H, W) from scores (N, H/s, W/s, C), in strips."""
        stride, crop = self._geometry.stride, self._geometry.final_crop
        height, width = result.shape[-2:]
        count, _, cells, classes = scores.shape
        row_bytes = 4 * count * classes * cells * stride
        for top, bottom, first, behind in self._geometry.strips(
            height, row_bytes, self._parts.margins(stride)
        ):
            strip = self._run("masks" if best else "logits", scores[:, first:behind])[0]
            start = top + crop - first * stride
            result[..., top:bottom, :] = strip[..., start : start + bottom - top, crop : crop + width]

    def _run(self, part: str, *inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Return what a part of the network gives; it is overwritten by the next call."""
        if part not in self._requests:
            self._requests[part] = self._compile(part).create_infer_request()
        given = [np.ascontiguousarray(array) for array in inputs]
        found = self._requests[part].infer(given, share_inputs=True, share_outputs=True)
        return [found[i] for i in range(len(found))]

    def _prepare(self, part: str) -> None:
        """Compile a part, and run it once on the smallest picture: that lays out its weights."""
        side, card = ALIGNMENT, self.card
        if part == "masks":
            self._run(part, np.zeros((1, 2, 2, self._classes), np.float32))
        else:
            self._run(part, np.zeros((1, side, side, card.in_channels), card.form.dtype))

    def _compile(self, part: str) -> ov.CompiledModel:
        if part in ("masks", "logits"):
            graph = upsample_graph(self._parts, self._classes, self._geometry.stride, best=part == "masks")
            precision = {PRECISION: "f32"}
        else:
            graph = getattr(self._parts, part.split()[0])
            precision = self._precision
        if part.endswith(FLOATS):
            graph = graph.clone()
            graph.get_parameters()[0].set_element_type(ov.Type.f32)
            graph.validate_nodes_and_infer_types()
        return compile_graph(graph, precision)


def _taking(dtype: DTypeLike, part: str) -> str:
    """Return the name of a part that takes pictures of a number type."""
    return part if dtype == np.uint8 else part + FLOATS


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
        graph = core().read_model(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise CheckpointError(f"{path}: not an OpenVINO model, or damaged ({reason})") from error
    if not graph.has_rt_info([METADATA_KEY]):
        raise CheckpointError(
            f"{path}: an OpenVINO model that does not name its classes, expected one that pixelwise wrote"
        )
    return graph, ModelCard.from_json(graph.get_rt_info([METADATA_KEY]).astype(str), path)


def write_graph(graph: ov.Model, card: ModelCard, path: Path) -> None:
    """Write an .xml file with its card, and a .bin file with the weights in half precision beside it.

    Raises:
        CheckpointError: the files cannot be written.
    """
    graph.set_rt_info(card.to_json(), [METADATA_KEY])
    try:
        ov.save_model(graph, path, compress_to_fp16=True)
    except RuntimeError as error:
        raise CheckpointError(f"{path}: cannot be written; is the disk full?") from error


def compile_graph(graph: ov.Model, precision: dict[str, str]) -> ov.CompiledModel:
    """Compile a graph for one picture after the other, in no more threads than a container leaves.

    Args:
        graph: What is to be computed.
        precision: Setting of `PRECISION`, if any.
    """
    return core().compile_model(graph, "CPU", {"PERFORMANCE_HINT": "LATENCY", **precision, **_threads()})


def _threads() -> dict[str, Any]:
    """Return the settings of threads; none leaves them to OpenVINO, which sees no container's limit."""
    if limited_cores() is None:
        return {}
    return {"INFERENCE_NUM_THREADS": count_cores(whole=True), "ENABLE_CPU_PINNING": False}


def _precision(exact: bool) -> dict[str, str]:
    """Return the setting of the precision; none leaves it to OpenVINO.

    On x86 OpenVINO takes bf16 as soon as the processor has instructions for it, quick or not.
    """
    if exact or (is_x86() and not fast_bf16()):
        return {PRECISION: "f32"}
    return {PRECISION: "bf16"} if is_x86() else {}
