"""What the processor is quick with. Needs no torch."""

from __future__ import annotations

import platform
import re
from pathlib import Path

CPU_FILE = Path("/proc/cpuinfo")


def fast_bf16() -> bool:
    """Tell whether the processor computes convolutions quicker in bf16 than in float32.

    It does with AMX, and with AVX512-BF16 on AMD: on two cores of an EPYC of the fourth generation
    FCN-8s VGG16 took 0.79 s in float32 and 0.39 s in bf16 in OpenVINO, and torch did 0.16 TFLOP/s in float32
    and 0.42 in bf16 in training. On Xeons with AVX512-BF16 alone bf16 was slower than float32. Where the
    system does not describe the processor, float32 is the safe answer.
    """
    text = _described()
    words = _flags(text)
    return "amx_bf16" in words or ("avx512_bf16" in words and "AuthenticAMD" in text)


def fast_int8() -> bool:
    """Tell whether the processor is quicker in int8 than in float32, and exact.

    All of Intel's and AMD's are. Without VNNI and AMX it takes less than half the time (FCN-8s VGG16, EPYC
    of the third generation), and is exact since `quantization.pairs` leaves room for how they add.
    """
    return is_x86()


def _described() -> str:
    """Return what the system says of an x86 processor; nothing of others, and where it is no Linux."""
    try:
        return CPU_FILE.read_text() if is_x86() else ""
    except OSError:
        return ""


def _flags(text: str) -> set[str]:
    flags = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    return set(flags[1].split()) if flags else set()


def is_x86() -> bool:
    """Tell whether the processor is one of Intel's or AMD's."""
    return platform.machine().lower() in ("x86_64", "amd64")
