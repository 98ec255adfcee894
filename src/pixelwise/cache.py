"""Where pixelwise keeps what it can make or download again. Needs no torch."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Return PIXELWISE_CACHE, where `~` is the home folder, or pixelwise/ in XDG_CACHE_HOME or ~/.cache.

    Of a user without a home folder, as in some containers, it is a temporary folder.
    """
    if chosen := os.environ.get("PIXELWISE_CACHE"):
        return Path(chosen).expanduser()
    if caches := os.environ.get("XDG_CACHE_HOME"):
        return Path(caches) / "pixelwise"
    try:
        return Path.home() / ".cache" / "pixelwise"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / "pixelwise"
