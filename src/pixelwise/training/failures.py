"""What goes wrong in the middle of a training, told in one line with the way on."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ..errors import CheckpointError, DataError, TrainingError

_WANT_OF_MEMORY = ("allocate memory", "not enough memory", "bad_alloc")
"""What the texts of torch's errors hold where main memory ends; a GPU's and Python's have their own types."""


def way_on(run: Path) -> str:
    """Return how an interrupted run goes on."""
    return f"go on with the same command and  --out {shlex.quote(str(run))} --resume"


@contextmanager
def told_in_one_line(run: Path | None = None) -> Iterator[None]:
    """Tell what fails in the block, in this process or in one that reads pictures for it.

    Args:
        run: The run folder; None as long as there is none to go on with.

    Raises:
        DataError: a file can no longer be read, or cannot be written.
        CheckpointError: a model cannot be written.
        TrainingError: memory or disk is too small, or a process that reads pictures has died.
    """
    try:
        yield
    except (DataError, CheckpointError, MemoryError, OSError, RuntimeError) as error:
        found, condition = _told(error)
        if not found:
            raise
        kind = type(error) if isinstance(error, DataError | CheckpointError) else TrainingError
        raise kind(found if run is None else f"{found}; {condition} {way_on(run)}") from error


def _told(error: Exception) -> tuple[str, str]:
    """Return what has happened, and on what condition the run can go on; two empty texts for other errors."""
    text = str(error)
    if isinstance(error, DataError | CheckpointError):
        name = f"{type(error).__module__}.{type(error).__qualname__}: "  # behind another process's traceback
        return text.splitlines()[-1].removeprefix(name).removesuffix("; is the disk full?"), "mend that, and"
    if isinstance(error, OSError):  # without a number it is another process's, with its traceback
        place = f"{error.filename}: " if error.filename else "a file of the run cannot be written: "
        return (f"{place}{error.strerror}" if error.strerror else ""), "mend that, and"
    if "shared memory" in text:
        small = "the shared memory (/dev/shm) is too small for processes that read pictures: give --workers 0"
        return small, "or enlarge it, as docker run --shm-size 1g does, and"
    if text.startswith("DataLoader worker"):
        died = "a process that reads pictures has died, most often for want of memory"
        return died, "give fewer --workers, and"
    others = "or, if other programs took it,"
    if isinstance(error, torch.OutOfMemoryError):
        mend = "give a smaller --batch-size, a smaller --crop, or --device cpu"
        return f"the GPU's memory is too small: {mend}", others
    if isinstance(error, MemoryError) or any(words in text for words in _WANT_OF_MEMORY):
        return "the memory is too small: give a smaller --batch-size or a smaller --crop", others
    return "", ""
