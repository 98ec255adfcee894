"""The ONNX Runtime engine: inference on the processor, without torch."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..checkpoint import METADATA_KEY, ModelCard
from ..cores import count_cores
from ..errors import CheckpointError
from ..extras import require
from .base import check_images, check_memory, computing

INPUT, LOGITS, MASKS = "images", "logits", "masks"
"""What the graph takes, (N, in_channels, H, W) uint8, and gives: float32 (N, C, H, W) and uint8 (N, H, W)."""

METADATA_FIELD = 14
"""The number of `metadata_props` in ModelProto. Source: onnx.proto of the ONNX project."""


class OnnxEngine:
    """Computes a network that `pixelwise export --format onnx` wrote, in float32.

    One batch is computed at a time, on all cores; callers in other threads wait.

    Attributes:
        name: "onnxruntime float32".
        card: What the model file says of itself.
    """

    name = "onnxruntime float32"

    def __init__(self, path: Path) -> None:
        """Read an .onnx file.

        Raises:
            CheckpointError: the file is missing, damaged, or not one of ours.
            MissingExtraError: onnxruntime is not installed.
        """
        require("onnxruntime")
        self.card = read_onnx_card(path)
        self._path = path
        self._sessions = {np.dtype(self.card.form.dtype): self._open(str(path))}
        self._turn = threading.Lock()

    def logits(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Return the scores (N, num_classes, H, W) of pictures (N, in_channels, H, W)."""
        return self._run(images, LOGITS)

    def masks(self, images: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the best class's id (N, H, W) of pictures (N, in_channels, H, W)."""
        return self._run(images, MASKS)

    def _run(self, images: NDArray[Any], output: str) -> NDArray[Any]:
        import onnxruntime

        images = check_images(images, self.card)
        options = onnxruntime.RunOptions()
        options.add_run_config_entry("only_execute_path_to_fetches", "1")  # logits need no masks
        with self._turn:
            check_memory(images, self.card, 4)
            session = self._session(images.dtype)
            with computing(images, Exception):  # its kinds of error share no base but this
                return np.asarray(session.run([output], {INPUT: images}, options)[0])

    def _session(self, dtype: np.dtype[Any]) -> Any:
        """Return the session for pictures as the file takes them, or one whose graph is changed for it."""
        if dtype not in self._sessions:
            require("onnx")
            import onnx

            model = onnx.load(self._path)
            kind = onnx.TensorProto.UINT8 if dtype == np.uint8 else onnx.TensorProto.FLOAT
            model.graph.input[0].type.tensor_type.elem_type = kind
            self._sessions[dtype] = self._open(model.SerializeToString())
        return self._sessions[dtype]

    def _open(self, model: str | bytes) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors; warnings speak to developers
        if hasattr(os, "sched_getaffinity"):
            # Its own count sees no limit, and pins threads to cores that may not be this process's.
            options.intra_op_num_threads = count_cores(whole=True)
        # Threads that wait busily would take the cores from those that read and write pictures.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its kinds of error share no base but this
            reason = str(error).strip().splitlines()[-1]
            raise CheckpointError(f"{self._path}: not an ONNX model, or damaged ({reason})") from error


def read_onnx_card(path: Path) -> ModelCard:
    """Read the card of an .onnx file; the graph and its weights stay on disk. Needs no ONNX package.

    Raises:
        CheckpointError: the file is missing, damaged, or not one of ours.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such model file")
    with path.open("rb") as file:
        try:
            for entry in _read_fields(file, path.stat().st_size, METADATA_FIELD):
                key, text = (next(_read_fields(BytesIO(entry), len(entry), field)) for field in (1, 2))
                if key == METADATA_KEY.encode():
                    return ModelCard.from_json(text.decode(), path)
        except (ValueError, IndexError, RuntimeError) as error:
            raise CheckpointError(f"{path}: not an ONNX model, or damaged ({error})") from error
    raise CheckpointError(
        f"{path}: an ONNX model that does not name its classes, expected one that pixelwise wrote"
    )


def _read_fields(file: BinaryIO, size: int, wanted: int) -> Iterator[bytes]:
    """Yield every value of one field of a protobuf message of numbers, texts and messages.

    Source: protobuf.dev, "Encoding".
    """
    while file.tell() < size:
        field, kind = divmod(_read_number(file), 8)
        if kind == 0:
            _read_number(file)
        elif kind == 2:
            length = _read_number(file)
            if file.tell() + length > size:
                raise ValueError("it is cut off")
            if field == wanted:
                yield file.read(length)
            else:
                file.seek(length, 1)
        else:
            raise ValueError("it is no such message")


def _read_number(file: BinaryIO) -> int:
    number = shift = 0
    while True:
        (byte,) = file.read(1) or b"\0"
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number
