"""How many processors this process may use. Needs no torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .groups import group_folders

PROCESSORS = Path("/sys/devices/system/cpu")
"""Where Linux tells which processors share a core."""


def count_cores(*, whole: bool = False) -> int:
    """Return how many processors this process may use: it may run on them, and a container leaves them.

    Args:
        whole: Count the processors of one core, which share what computes, as one.
    """
    allowed = _allowed()
    count = len({_core(processor) for processor in allowed} if whole else allowed)
    return min(count, limited_cores() or count)


def limited_cores() -> int | None:
    """Return how many processors' time a container leaves, or None where that is all on which we may run.

    The engines ask the system on how many they may run, and do not see this.
    """
    limit = min(_limits(), default=None)
    return None if limit is None or limit >= len(_allowed()) else max(1, limit)


def _allowed() -> set[int]:
    """Return the processors on which this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _core(processor: int) -> str:
    """Return what all processors of a core have in common."""
    try:
        return (PROCESSORS / f"cpu{processor}" / "topology" / "thread_siblings_list").read_text()
    except OSError:
        return str(processor)


def _limits() -> Iterator[int]:
    """Yield how many processors' time each limit leaves, rounded up."""
    for folder, second in group_folders("cpu"):
        names = ("cpu.max",) if second else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        try:
            quota, period = " ".join((folder / name).read_text() for name in names).split()
        except (OSError, ValueError):
            continue
        if quota.isdecimal():  # else "max", or -1
            yield -(-int(quota) // int(period))
