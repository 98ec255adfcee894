"""The names of the engines. Needs nothing: the help of the command line lists them."""

from __future__ import annotations

from typing import Literal

EngineName = Literal["auto", "torch", "torch-compiled", "openvino-int8", "openvino", "onnx"]
ExportEngineName = Literal["openvino-int8", "openvino", "onnx"]
"""The engines that compute exported models."""

TtaName = Literal["none", "flip", "multiscale"]
"""Test-time augmentation: nothing, the mirror image as well, or that at three scales."""
