"""Which engine computes a model, found from the files that are there and the hardware. Needs no torch."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..checkpoint import read_card
from ..errors import CheckpointError, ConfigError
from ..extras import require
from .base import Engine

EngineName = Literal["auto", "torch", "openvino"]

WEIGHTS_NAME = "model.safetensors"
GRAPH_NAME = "model.xml"


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model.

    Attributes:
        weights: The .safetensors file, which the torch engine takes; None if there is none.
        graph: The .xml file, which the OpenVINO engine takes; None if there is none.
    """

    weights: Path | None
    graph: Path | None

    @classmethod
    def find(cls, path: Path) -> ModelFiles:
        """Find the files of a run folder, a .safetensors file or an .xml file.

        Raises:
            CheckpointError: there is no model at `path`.
        """
        if path.is_dir():
            weights, graph = path / WEIGHTS_NAME, path / GRAPH_NAME
            if not weights.is_file() and not graph.is_file():
                raise CheckpointError(
                    f"{path}: holds neither {WEIGHTS_NAME} nor {GRAPH_NAME}, expected the folder of a run"
                )
        elif path.suffix not in (".safetensors", ".xml"):
            raise CheckpointError(f"{path}: expected a run folder, a .safetensors file or an .xml file")
        elif not path.is_file():
            raise CheckpointError(f"{path}: no such model file")
        else:
            weights, graph = path.with_suffix(".safetensors"), path.with_suffix(".xml")
        return cls(weights if weights.is_file() else None, graph if graph.is_file() else None)

    def check_fresh(self) -> None:
        """Make sure that the .xml file, if any, was made from the weights beside it, if any.

        Raises:
            CheckpointError: it was not.
        """
        if self.weights is None or self.graph is None:
            return
        from .openvino import read_graph

        weights, graph = read_card(self.weights).fingerprint, read_graph(self.graph)[1].fingerprint
        if weights != graph:
            raise CheckpointError(
                f"{self.graph}: made from other weights ({graph}) than {self.weights.name} beside it "
                f"({weights}): export it again, or delete it"
            )


def load_engine(path: str | Path, engine: EngineName = "auto", device: str = "auto") -> Engine:
    """Load a model into the engine that suits best.

    "auto" takes torch where it finds a CUDA device, else OpenVINO if the model was exported, else torch.

    Args:
        path: A run folder, a .safetensors file, or an .xml file.
        engine: "auto", "torch" or "openvino".
        device: "auto", "cpu", or a CUDA device for torch.

    Raises:
        CheckpointError: there is no model, it is damaged, it lacks the file that the engine takes, or the
            .xml file was made from other weights than those beside it.
        ConfigError: there is no such engine or device.
        MissingExtraError: only torch could compute this model, and it is not installed.
    """
    path = Path(path)
    files = ModelFiles.find(path)
    if engine == "auto":
        engine = _choose(path, files, device)
    if engine == "torch":
        return _load_torch(path, files, device)
    if engine == "openvino":
        return _load_openvino(path, files, device)
    raise ConfigError(f"no engine is named '{engine}', expected auto, torch or openvino")


def _choose(path: Path, files: ModelFiles, device: str) -> Literal["torch", "openvino"]:
    if files.weights is None:
        return "openvino"
    if device not in ("auto", "cpu") or (device == "auto" and _has_cuda()):
        return "torch"
    if files.graph is None:
        return "torch"
    try:
        files.check_fresh()
    except CheckpointError:
        if path.suffix == ".xml" or not _has_torch():
            raise
        return "torch"
    return "openvino"


def _load_torch(path: Path, files: ModelFiles, device: str) -> Engine:
    if files.weights is None:
        raise CheckpointError(
            f"{path}: the engine torch takes a .safetensors file, and there is none beside it"
        )
    require("torch")
    from .torch import TorchEngine

    if path.suffix == ".xml":
        files.check_fresh()
    return TorchEngine.load(files.weights, device)


def _load_openvino(path: Path, files: ModelFiles, device: str) -> Engine:
    if device not in ("auto", "cpu"):
        raise ConfigError(f"the engine openvino computes on the cpu, found the device '{device}'")
    if files.graph is None:
        raise CheckpointError(
            f"{path}: the engine openvino takes an exported model (.xml), and there is none beside it; "
            "a finished training leaves one in its run folder"
        )
    files.check_fresh()
    from .openvino import OpenVinoEngine

    return OpenVinoEngine(files.graph)


def _has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def _has_cuda() -> bool:
    """Tell whether torch finds a CUDA device; where no driver is, torch is not even imported."""
    driver = any(Path("/dev").glob("nvidia[0-9]*")) or shutil.which("nvidia-smi") is not None
    if not driver or not _has_torch():
        return False
    import torch

    return torch.cuda.is_available()
