"""How much main memory is free, and the word on what does not fit. Needs no torch."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import ImageError
from .groups import group_folders

MEMORY_FILE = Path("/proc/meminfo")


def check_room(needed: int, what: str) -> None:
    """Refuse what needs more memory than is free, before the system kills the process for it.

    Args:
        needed: Bytes.
        what: What needs them, with its size; the error begins with it.

    Raises:
        ImageError: more memory is needed than is free.
    """
    free = free_memory()
    if free is not None and needed > free:
        raise ImageError(
            f"{what} need about {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free: "
            "cut it into smaller pictures"
        )


def free_memory() -> int | None:
    """Return how many bytes of main memory are free for us, or None where the system does not say.

    That is what the machine has to give, and no more than what the limits of a container leave.
    """
    try:
        match = re.search(r"^MemAvailable:\s*(\d+) kB", MEMORY_FILE.read_text(), re.MULTILINE)
    except OSError:
        return None
    machine = [int(match[1]) * 1024] if match else []
    return min(machine + _left_by_groups(), default=None)


_FILES = {
    True: ("memory.max", "memory.current", "inactive_file"),
    False: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""Files of a group's limit and use, and the line of its idle files, in the second version and the first."""


def _left_by_groups() -> list[int]:
    """Return what each limit that this process is under leaves.

    Files that are kept in memory, and not in use, count as free, as they do in MemAvailable.
    """
    return [left for folder, second in group_folders("memory") for left in _left_by(folder, *_FILES[second])]


def _left_by(folder: Path, limit: str, used: str, idle: str) -> list[int]:
    """Return what a group's limit leaves, or nothing where it has none."""
    try:
        limits, uses = (folder / limit).read_text().strip(), (folder / used).read_text().strip()
        match = re.search(rf"^{idle} (\d+)$", (folder / "memory.stat").read_text(), re.MULTILINE)
    except OSError:
        return []
    if not (limits.isdecimal() and uses.isdecimal()):
        return []  # "max"
    return [max(0, int(limits) - int(uses) + (int(match[1]) if match else 0))]
