"""The groups of processes that this one belongs to; containers are such groups. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

GROUP_FILE = Path("/proc/self/cgroup")

GROUPS = Path("/sys/fs/cgroup")
"""Where Linux keeps the limits of groups of processes."""


def group_folders(controller: str) -> Iterator[tuple[Path, bool]]:
    """Yield the folder of every group that this process is in, and whether it is of the second version.

    Limits of all of them hold, those of the groups around a group too; in the two versions of control groups
    they stand in files of other names.

    Args:
        controller: What is limited: "memory" or "cpu".
    """
    try:
        text = GROUP_FILE.read_text()
    except OSError:
        return
    for controllers, path in re.findall(r"^\d+:(.*?):/(.*)$", text, re.MULTILINE):
        if controllers == "":
            root = GROUPS
        elif controller in controllers.split(","):
            root = GROUPS / controller
        else:
            continue
        group = root / path
        for folder in (group, *group.parents):
            if folder.is_relative_to(root):
                yield folder, controllers == ""
