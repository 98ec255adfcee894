"""What goes wrong in the middle of a training, told in one line with the way on."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ..errors import ImageError, TrainingError

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
        ImageError: a file can no longer be read.
        TrainingError: memory is too small, or a process that reads pictures has died.
    """
    try:
        yield
    except (ImageError, MemoryError, RuntimeError) as error:
        found, condition = _told(error)
        if not found:
            raise
        kind = ImageError if isinstance(error, ImageError) else TrainingError
        raise kind(found if run is None else f"{found}; {condition} {way_on(run)}") from error


def _told(error: ImageError | MemoryError | RuntimeError) -> tuple[str, str]:
    """Return what has happened, and on what condition the run can go on; two empty texts for other errors."""
    text = str(error)
    if isinstance(error, ImageError):  # torch puts the traceback before the message of another process
        name = f"{ImageError.__module__}.{ImageError.__qualname__}: "
        return text.splitlines()[-1].removeprefix(name), "mend that file, and"
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
