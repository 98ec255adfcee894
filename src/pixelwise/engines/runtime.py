"""OpenVINO without its converter: every module that needs OpenVINO imports it from here.

`import openvino` imports the converter of other frameworks' models, which reports every import to Intel over
the network, unasked, and takes longer to import than all the rest. Nothing here uses it; it is imported when
somebody asks for `openvino.convert_model`.

Its oneTBB gives hwloc the `free` of glibc, unless it is told that a sanitizer runs. Where another allocator
is loaded in front (`LD_PRELOAD`), `free` would get blocks that are not its own, and the first graph to be
compiled would end the process.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

CONVERTER = "openvino.tools.ovc"

__all__ = ["core", "ops", "ov"]


def _import_openvino() -> None:
    if "openvino" in sys.modules or CONVERTER in sys.modules:
        return
    sys.modules[CONVERTER] = None  # type: ignore[assignment]  # importing it fails, and OpenVINO lets it
    try:
        import openvino
    finally:
        del sys.modules[CONVERTER]

    def import_later(name: str) -> Any:
        if name == "convert_model":
            from openvino.tools.ovc import convert_model

            return convert_model
        raise AttributeError(f"module 'openvino' has no attribute '{name}'")

    openvino.__getattr__ = import_later


os.environ.setdefault("TBB_ENABLE_SANITIZERS", "1")
_import_openvino()

import openvino as ov  # noqa: E402
import openvino.opset13 as ops  # noqa: E402


@cache
def core() -> ov.Core:
    """Return the `ov.Core` that all of this process shares and that stays to its end.

    A Core gives its thread a stack for signal handlers and, when it goes, the one that there was before: of
    two that go in the order in which they came, the second leaves a stack that is no more. The next signal
    that Python handles, Ctrl-C or the end of a child, would end the process with a segmentation fault.

    Source: `SigAltStackSetup` of OpenVINO's CPU plugin, https://github.com/openvinotoolkit/openvino/pull/11894.
    """
    return ov.Core()
