"""Memory that training on a CPU keeps from step to step.

glibc gives large blocks back to the system as soon as they are free, and the system clears each page again
when the next step asks for it: a tenth of a step, and more where convolutions are quicker. The allocator of
oneTBB, which OpenVINO brings along, keeps them. It has to be there before the first block: hence the restart.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

KEPT = 1 << 20
"""Bytes from which on a block that is free is kept for good; smaller ones are kept while they are in use."""


def restart_with_kept_memory(device: str) -> None:
    """Start `pixelwise train` again, in this process and with the same arguments, with oneTBB's allocator.

    Does nothing where a GPU computes, where the system is no Linux or lacks the allocator, where the user has
    chosen one (`LD_PRELOAD` is set, even to nothing), and where training is not what the process is for.
    Processes that the restarted one starts have the system's allocator again: oneTBB's must not be forked.
    """
    if sys.argv[1:2] != ["train"] or device == "gpu":
        return
    environment = kept_memory()
    if not environment:
        return
    if environment.items() <= os.environ.items():
        del os.environ["LD_PRELOAD"]
    elif "LD_PRELOAD" not in os.environ and not (device == "auto" and _has_cuda()):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | environment)


def kept_memory() -> dict[str, str]:
    """Return the environment in which a process keeps its memory.

    Empty where the allocator is missing, or lies at a path that `LD_PRELOAD` cannot name: it lists files
    between spaces and colons, and knows no quotes.
    """
    openvino = importlib.util.find_spec("openvino") if sys.platform == "linux" else None
    if openvino is None or openvino.origin is None:
        return {}
    library = next(Path(openvino.origin).parent.glob("libs/libtbbmalloc_proxy.so*"), None)
    if library is None or {" ", ":"} & {*str(library)}:
        return {}
    return {"LD_PRELOAD": str(library), "TBB_MALLOC_SET_HUGE_SIZE_THRESHOLD": str(KEPT)}


def keeps_memory() -> bool:
    """Tell whether this process was started with oneTBB's allocator."""
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "__TBB_malloc_proxy")


def release_memory() -> None:
    """Give back what is kept and not in use.

    A block serves requests of its own size alone: pictures of many sizes, one after the other, would hold
    several times what the largest of them needs.

    Source: oneTBB's `scalable_allocation_command` with TBBMALLOC_CLEAN_ALL_BUFFERS.
    """
    if keeps_memory():
        ctypes.CDLL(None).scalable_allocation_command(0, None)


def _has_cuda() -> bool:
    """Tell, without torch, whether the driver of a CUDA GPU is there."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True
