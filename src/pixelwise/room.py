"""How much main memory is free, and the word on what does not fit. Needs no torch."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import ImageError

MEMORY_FILE = Path("/proc/meminfo")

GROUP_FILE = Path("/proc/self/cgroup")

GROUPS = Path("/sys/fs/cgroup")
"""Where Linux keeps the limits of groups of processes; containers are such groups."""


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


def _left_by_groups() -> list[int]:
    """Return what each limit that this process is under leaves, in both versions of control groups.

    Files that are kept in memory, and not in use, count as free, as they do in MemAvailable.
    """
    try:
        text = GROUP_FILE.read_text()
    except OSError:
        return []
    left = []
    for controllers, path in re.findall(r"^\d+:(.*?):/(.*)$", text, re.MULTILINE):
        if controllers == "":
            root, limit, used, idle = GROUPS, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            root, idle = GROUPS / "memory", "total_inactive_file"
            limit, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        group = root / path
        for folder in (group, *group.parents):
            if folder.is_relative_to(root):
                left += _left_by(folder, limit, used, idle)
    return left


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
