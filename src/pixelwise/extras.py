"""The packages that a plain installation leaves out, and what to say when one is missing."""

from __future__ import annotations

import importlib
import importlib.util

from .errors import MissingExtraError

EXTRAS = {
    "datasets": "formats",
    "imagecodecs": "tiff",
    "kornia": "train",
    "lightning": "train",
    "matplotlib": "train",
    "nncf": "quantize",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "pyarrow": "formats",
    "pycocotools": "formats",
    "scipy": "formats",
    "tensorboard": "train",
    "tifffile": "tiff",
    "torch": "train",
    "torchmetrics": "train",
}
"""Each such package, and the extra that brings it: `pip install 'pixelwise[train]'`."""


def require(*packages: str) -> None:
    """Make sure that packages of `EXTRAS` are installed, before work is begun that needs them.

    Raises:
        MissingExtraError: one is not; the message holds the install line for all that are not.
    """
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise MissingExtraError(missing[0], ",".join(dict.fromkeys(EXTRAS[package] for package in missing)))


def package_version(package: str) -> str:
    """Return the version of a package that is installed, under whatever name (onnxruntime-gpu)."""
    import importlib.metadata  # here, since every start of the command imports this module

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return str(importlib.import_module(package).__version__)


def missing_extra(error: BaseException | None) -> MissingExtraError | None:
    """Return what to say when an import failed for want of an extra, or None when that is not the cause."""
    while isinstance(error, ImportError):
        if isinstance(error, MissingExtraError):
            return error
        package = (error.name or "").partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and package in EXTRAS:
            return MissingExtraError(package, EXTRAS[package])
        error = error.__cause__
    return None
