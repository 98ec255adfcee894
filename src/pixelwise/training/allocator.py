"""What the C library does with freed memory while a network is trained on a processor."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Numbers of two settings of `mallopt`, in glibc's malloc.h."""

NEVER, USUAL_THRESHOLD, USUAL_MAX = -1, 128 * 1024, 65_536


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep freed memory for the next step while the block runs; give it back to the system afterwards.

    Every step takes and frees the same maps and gradients, a gigabyte and more. glibc usually returns large
    pieces to the system at once, and the system zeroes each page that is taken anew: a tenth of a step on the
    processor of docs/performance.md. Does nothing where the C library is another one.

    Source: mallopt(3) and malloc_trim(3) of the Linux manual.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "mallopt") or not hasattr(library, "malloc_trim"):
        yield
        return
    library.mallopt(MMAP_MAX, 0)
    library.mallopt(TRIM_THRESHOLD, NEVER)
    try:
        yield
    finally:
        library.mallopt(MMAP_MAX, USUAL_MAX)
        library.mallopt(TRIM_THRESHOLD, USUAL_THRESHOLD)
        library.malloc_trim(0)
