"""Where pixelwise keeps what it can make or download again. Needs no torch."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return PIXELWISE_CACHE, where `~` is the home folder, or pixelwise/ in XDG_CACHE_HOME or ~/.cache."""
    if chosen := os.environ.get("PIXELWISE_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pixelwise"
