"""The folder of a run: it belongs to one run, and is never written to by another."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path

from ..errors import TrainingError
from ..writing import check_writable, writing_to
from .settings import TrainSettings

log = logging.getLogger("pixelwise")

SETTINGS = "settings.json"


def open_run(settings: TrainSettings, is_first: bool) -> tuple[Path, TrainSettings]:
    """Return the run folder, and the settings, which a resumed run has from its first start.

    Args:
        settings: As they were given.
        is_first: Whether this process is the first of all, which makes the folder; the others find it made.

    Raises:
        TrainingError: the folder is taken, or there is no run to resume.
        DataError: it cannot be made.
    """
    run = settings.out or Path("runs") / f"{settings.model}-{time.strftime('%Y%m%d-%H%M%S')}"
    stored = run / SETTINGS
    if settings.resume:
        if not stored.is_file():
            raise TrainingError(f"{run}: no run to resume, expected settings.json in it")
        settings = settings.resumed(stored)
        log.info("going on with the settings of %s: %s", stored, settings.changed() or "the defaults")
        return run, settings
    if run.exists() and not run.is_dir():
        raise TrainingError(f"{run}: is a file, expected a folder to write; give another --out")
    if is_first and run.is_dir() and any(run.iterdir()):
        raise _taken(run)
    check_writable(run)
    return run, settings


def _taken(run: Path) -> TrainingError:
    return TrainingError(
        f"{run}: exists already and is not empty; add --resume to go on with that run, or give another --out"
    )


def claim(run: Path, settings: TrainSettings) -> None:
    """Make the run folder, and write the settings into it.

    Raises:
        TrainingError: another run has taken the folder since `open_run` saw it free.
        DataError: it cannot be made.
    """
    path = run / SETTINGS
    with writing_to(run):
        run.mkdir(parents=True, exist_ok=True)
        try:
            path.touch(exist_ok=settings.resume)
        except FileExistsError:
            raise _taken(run) from None
        for partial in (*run.glob("*.part"), *run.glob("state/*.part")):
            partial.unlink()  # of a process that was killed while it wrote
        for folder in run.glob(".model-*/"):  # or exported
            shutil.rmtree(folder)
    settings.write(path)
