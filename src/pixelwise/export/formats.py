"""The formats that a network is exported in. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ..errors import ConfigError

FormatName = Literal["openvino", "onnx", "torch"]

SUFFIXES: dict[FormatName, str] = {"openvino": ".xml", "onnx": ".onnx", "torch": ".pt2"}
"""How the file of each format ends; OpenVINO's weights stand beside it, in a .bin file."""

PACKAGES: dict[FormatName, tuple[str, ...]] = {
    "openvino": ("torch",),
    "onnx": ("torch", "onnx", "onnxscript", "onnxruntime"),
    "torch": ("torch",),
}
"""What writing each format needs, of the packages that a plain installation leaves out."""


def format_of(path: Path) -> FormatName:
    """Return the format that a file's name stands for.

    Raises:
        ConfigError: it stands for none.
    """
    for name, suffix in SUFFIXES.items():
        if path.suffix == suffix:
            return name
    expected = ", ".join(f"{suffix} ({name})" for name, suffix in SUFFIXES.items())
    raise ConfigError(f"{path}: the name of an export ends in one of {expected}")
