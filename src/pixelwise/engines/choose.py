"""Which engine computes a model, found from the files that are there and the hardware. Needs no torch."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from ..checkpoint import ModelCard, read_card
from ..errors import CheckpointError, ConfigError, as_path
from ..extras import require
from ..processor import fast_int8
from .base import Engine
from .names import EngineName, ExportEngineName

MODEL_NAME, WEIGHTS = "model", ".safetensors"
EXPORTS: dict[ExportEngineName, str] = {"openvino-int8": "-int8.xml", "openvino": ".xml", "onnx": ".onnx"}
"""The engines that compute an exported model, the faster one first, and how its file ends."""

log = logging.getLogger("pixelwise")


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model.

    Attributes:
        path: What the user named.
        base: Where the files lie, and how their names begin.
        weights: The .safetensors file, which the torch engine takes; None if there is none.
        exports: The exported files that are there, by the engine that takes them, the fastest first.
    """

    path: Path
    base: Path
    weights: Path | None
    exports: dict[ExportEngineName, Path]

    @classmethod
    def find(cls, path: str | Path) -> ModelFiles:
        """Find the files of a run folder, a .safetensors file or an exported file.

        Raises:
            CheckpointError: there is no model at `path`.
            ConfigError: `path` is no path.
        """
        path = as_path(path, "a run folder or a model file")
        endings = (WEIGHTS, *EXPORTS.values())
        if path.is_dir():
            base = path / MODEL_NAME
            if not any(base.with_name(MODEL_NAME + ending).is_file() for ending in endings):
                names = ", ".join(MODEL_NAME + ending for ending in endings)
                raise CheckpointError(f"{path}: holds none of {names}, expected the folder of a run")
        else:
            ending = next((ending for ending in endings if path.name.endswith(ending)), None)
            if ending is None and not path.exists():
                raise CheckpointError(f"{path}: no such run folder or model file")
            if ending is None:
                raise CheckpointError(
                    f"{path}: expected a run folder, or a file that ends in {', '.join(endings)}"
                )
            if not path.is_file():
                raise CheckpointError(f"{path}: no such model file")
            base = path.with_name(path.name.removesuffix(ending))
        weights = base.with_name(base.name + WEIGHTS)
        files = cls(path, base, weights if weights.is_file() else None, {})
        exports = {engine: files.export_path(engine) for engine in EXPORTS}
        return replace(files, exports={engine: file for engine, file in exports.items() if file.is_file()})

    def export_path(self, engine: ExportEngineName) -> Path:
        """Return where the file that an engine takes lies, or would."""
        return self.base.with_name(self.base.name + EXPORTS[engine])

    def check_fresh(self, engine: ExportEngineName, card: ModelCard) -> None:
        """Make sure that an exported file was made from the weights beside it, if there are any.

        Args:
            engine: Which exported file.
            card: What that file says of itself.

        Raises:
            CheckpointError: it was not.
        """
        if self.weights is None:
            return
        export = self.exports[engine]
        weights, exported = read_card(self.weights).fingerprint, card.fingerprint
        if weights != exported:
            raise CheckpointError(
                f"{export}: made from other weights ({exported}) than {self.weights.name} beside it "
                f"({weights}): run  {_command(self.weights, engine)}, or delete it"
            )


def load_engine(path: str | Path, engine: EngineName = "auto", device: str = "auto") -> Engine:
    """Load a model into the engine that suits best.

    "auto" takes the fastest that can be had: torch where it finds a CUDA device; else OpenVINO in int8 where
    the processor is one of Intel's or AMD's, then OpenVINO, then ONNX Runtime, of those that the model was
    written for and that are installed; else torch (docs/performance.md has the measurements behind this
    order). An exported file that was named is computed itself, on the processor, unless a GPU was asked for.
    The log says what was taken.

    Args:
        path: A run folder, a .safetensors file, or an .xml or .onnx file.
        engine: "auto", "torch", "torch-compiled", "openvino-int8", "openvino" or "onnx".
        device: "auto", "cpu", "gpu", or a CUDA device for torch.

    Raises:
        CheckpointError: there is no model, it is damaged, it lacks the file that the engine takes, or the
            exported file was made from other weights than those beside it.
        ConfigError: there is no such engine or device.
        MissingExtraError: the engine, or the only one that could compute this model, is not installed.
    """
    if engine not in get_args(EngineName):
        raise ConfigError(f"no engine is named '{engine}', expected {', '.join(get_args(EngineName))}")
    device = "cuda" if device == "gpu" else device  # as `train` calls it
    files = ModelFiles.find(path)
    if engine == "auto":
        loaded = _load_fastest(files, device)
    elif engine == "torch" or engine == "torch-compiled":
        loaded = _load_torch(files, engine, device)
    else:
        loaded = _load_export(files, engine, device)
    log.info("engine: %s", loaded.name)
    return loaded


def _load_fastest(files: ModelFiles, device: str) -> Engine:
    """Load a model into the fastest engine that can be had."""
    named = [engine for engine in files.exports if files.exports[engine] == files.path]
    on_gpu = device not in ("auto", "cpu") or (device == "auto" and not named and _has_cuda())
    if files.weights and on_gpu:
        return _load_torch(files, "torch", device)
    usable = [engine for engine in files.exports if engine in named or (not named and _is_usable(engine))]
    stale: list[CheckpointError] = []
    for engine in usable:
        try:
            return _load_export(files, engine, device)
        except CheckpointError as error:
            if named:
                raise
            log.warning("passed over: %s", error)
            stale.append(error)
    if stale and not _is_installed("torch"):
        raise stale[0]
    if files.weights and not named:
        return _load_torch(files, "torch", device)
    return _load_export(files, next(iter(named or files.exports)), device)


def _load_torch(files: ModelFiles, engine: str, device: str) -> Engine:
    if files.weights is None:
        raise CheckpointError(
            f"{files.path}: the engine {engine} takes a .safetensors file, and there is none beside it"
        )
    require("torch")
    from .torch import TorchEngine

    for name, file in files.exports.items():
        if file == files.path:
            files.check_fresh(name, _read_exported_card(file))
    return TorchEngine.load(files.weights, device, compiled=engine == "torch-compiled")


def _load_export(files: ModelFiles, engine: ExportEngineName, device: str) -> Engine:
    if device not in ("auto", "cpu"):
        raise ConfigError(f"the engine {engine} computes on the cpu, found the device '{device}'")
    if engine not in files.exports:
        raise CheckpointError(
            f"{files.path}: the engine {engine} takes an exported model ({EXPORTS[engine]}), and there is "
            f"none beside it: {_way_out(files, engine)}"
        )
    export = files.exports[engine]
    if engine == "onnx":
        files.check_fresh(engine, _read_exported_card(export))
        from .onnx import OnnxEngine

        return OnnxEngine(export)
    from .openvino import OpenVinoEngine

    loaded = OpenVinoEngine(export)
    files.check_fresh(engine, loaded.card)
    if engine == "openvino-int8":  # its masks are others, and those of each quantisation
        loaded.card = replace(loaded.card, fingerprint=f"{loaded.card.fingerprint}+int8-{_digest(export)}")
    loaded.warm_up()
    return loaded


def _digest(export: Path) -> str:
    """Name the very weights of an OpenVINO file."""
    with export.with_suffix(".bin").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _way_out(files: ModelFiles, engine: ExportEngineName) -> str:
    """Return what to do where the file that an engine takes is not there."""
    source = files.weights or (files.exports.get("openvino") if engine == "openvino-int8" else None)
    if source is None:
        others = " or ".join(files.exports)
        return f"put the .safetensors file there that it is made from, or take the engine {others}"
    return f"run  {_command(files.path if files.path.is_dir() else source, engine)}"


def _command(model: Path, engine: ExportEngineName) -> str:
    """Return what writes the file that an engine takes."""
    name = shlex.quote(str(model))
    if engine == "openvino-int8":
        return f"pixelwise quantize {name} DATA"
    return f"pixelwise export {name} --format {engine}"


def _read_exported_card(path: Path) -> ModelCard:
    if path.suffix == ".onnx":
        from .onnx import read_onnx_card

        return read_onnx_card(path)
    from .openvino import read_graph

    return read_graph(path)[1]


def _is_usable(engine: ExportEngineName) -> bool:
    """Tell whether "auto" may take an engine on this machine."""
    if engine == "openvino-int8":
        return fast_int8()
    return engine == "openvino" or _is_installed("onnxruntime")


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _has_cuda() -> bool:
    """Tell whether torch finds a CUDA device; where no driver is, torch is not even imported."""
    driver = any(Path("/dev").glob("nvidia[0-9]*")) or shutil.which("nvidia-smi") is not None
    if not driver or not _is_installed("torch"):
        return False
    import torch

    return torch.cuda.is_available()
