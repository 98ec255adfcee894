"""The command line from a cold start: a process of its own for every run."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from .folder import make_picture
from .models import make_model
from .table import Section

SIZES = ((64, 64), (512, 512), (768, 1024))


def measure_cold(folder: Path, name: str, rounds: int) -> Section:
    """Run `pixelwise --help` and `predict` on single JPEGs in turn, after a run that does not count."""
    run, out = make_model(folder, name), folder / "out"
    commands = {"--help": ["--help"]}
    for height, width in SIZES:
        picture = make_picture(folder / f"{width}x{height}.jpg", (height, width))
        commands[f"predict, {width} x {height}"] = ["predict", str(run), str(picture), "--out", str(out)]
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    taken: dict[str, list[tuple[float, float]]] = {label: [] for label in commands}
    for _ in range(1 + rounds):
        for label, words in commands.items():
            shutil.rmtree(out, ignore_errors=True)
            taken[label].append(_run([sys.executable, "-m", "pixelwise", *words], environment))
    medians = {
        label: tuple(statistics.median(column) for column in zip(*runs[1:], strict=True))
        for label, runs in taken.items()
    }
    return Section(
        "cold",
        "From a cold start",
        f"`pixelwise predict` with {name}, exported, on one JPEG, and `pixelwise --help`: the whole process, "
        f"from its start to its end; medians of {rounds} runs, in turn.",
        ("command", "s", "s of all cores"),
        [(label, f"{wall:.2f}", f"{cpu:.2f}") for label, (wall, cpu) in medians.items()],
        {"cold": medians},
    )


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a command; return its seconds, and those that it kept cores busy."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
