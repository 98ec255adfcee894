"""What the package logs while a command runs, and what went wrong in the end, on the standard error."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.logging import RichHandler


@contextmanager
def log_to_terminal() -> Iterator[None]:
    """Show the log of the package while the block runs."""
    logger = logging.getLogger("pixelwise")
    console = Console(stderr=True, highlight=False)
    handler: logging.Handler
    if console.is_terminal:
        handler = RichHandler(console=console, show_path=False, show_level=False, log_time_format="%H:%M:%S")
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def complain(what: str, lines: Iterable[str]) -> None:
    """Print what went wrong with files, a line each, with what became of the file in front."""
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for line in lines:
        console.print(f"{what}: {line}")
