"""What a measurement was made on, and with."""

from __future__ import annotations

import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import torch

import pixelwise
from pixelwise.cores import count_cores
from pixelwise.extras import package_version

PACKAGES = ("torch", "openvino", "onnxruntime", "nncf", "numpy", "pillow")
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def describe_machine(command: str) -> str:
    """Return command, date, processor and versions, as lines of Markdown."""
    info = _read("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.*)", info)
    family = re.search(r"cpu family\s*:\s*(\d+)\nmodel\s*:\s*(\d+)", info)
    flags = set(re.findall(r"\w+", next(iter(re.findall(r"^flags\s*:(.*)", info, re.MULTILINE)), "")))
    memory = re.search(r"MemTotal:\s*(\d+)", _read("/proc/meminfo"))
    processor = model[1] if model else platform.processor() or platform.machine()
    if family:
        processor += f" (family {family[1]}, model {family[2]})"
    versions = [f"pixelwise {pixelwise.__version__}", f"Python {platform.python_version()}"]
    versions += [f"{name} {version}" for name in PACKAGES if (version := _version(name))]
    return "\n".join(
        (
            f"- command: `{command}`, {datetime.now(UTC).date()}",
            f"- processor: {processor}, {count_cores()} cores, "
            f"{' '.join(flag for flag in FLAGS if flag in flags)}"
            + ("" if "amx_bf16" in flags else "; no AMX"),
            *([f"- GPU: {torch.cuda.get_device_name()}"] if torch.cuda.is_available() else []),
            f"- memory: {int(memory[1]) / 2**20:.0f} GiB" if memory else "- memory: unknown",
            f"- versions: {', '.join(versions)}",
        )
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # no Linux
        return ""


def _version(package: str) -> str | None:
    try:
        return package_version(package)
    except ModuleNotFoundError:
        return None
