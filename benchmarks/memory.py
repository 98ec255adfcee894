"""Time and memory of one picture, each in a process of its own, from 0.25 to 64 megapixels."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

from pixelwise.engines.base import STAGE_ONE_PLANES
from pixelwise.room import free_memory

from .baseline import NAME, Baseline
from .models import make_batch, make_model
from .table import Section, times

MEGAPIXELS = (0.25, 1, 4, 16, 64)
PATIENCE = 600
"""Seconds that one picture may take."""

BASELINE_BYTES = 1.6 * 4 * STAGE_ONE_PLANES
"""Bytes a pixel that the baseline needs, with some to spare."""


def resident_memory(peak: bool = False) -> int:
    """Return the bytes of memory that this process fills, or filled at most; 0 where that is not told."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:  # no Linux
        return 0
    match = re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s*(\d+)", text)
    return int(match[1]) * 1024 if match else 0


def measure_pixels(folder: Path, name: str, megapixels: tuple[float, ...]) -> Section:
    """Compute square pictures of growing size, in the baseline and in what `--engine auto` takes."""
    run = make_model(folder, name)
    rows, curve = [], {}
    for number in megapixels:
        side = round((number * 2**20) ** 0.5)
        results = {label: _in_child(run, label, side) for label in (NAME, "auto")}
        base, ours = results[NAME], results["auto"]
        rows.append(
            (
                f"{side} x {side}",
                *(cell for result in (base, ours) for cell in _cells(result)),
                times(base["peak"] / ours["peak"]) if "peak" in base and "peak" in ours else "-",
            )
        )
        curve[str(side)] = results
    return Section(
        "pixels",
        "Cost against pixels",
        f"{name}, picture to mask in a process of its own: one picture of 64 x 64 to warm up, then the "
        "picture, once. Memory is the most that the process fills while it computes, less what it filled "
        "just before: the program, the loaded model and the picture itself do not count. 64 megapixels and "
        "others are left out where memory does not suffice.",
        ("pixels", "tutorial, s", "tutorial, MiB", "auto, s", "auto, MiB", "less memory"),
        rows,
        {"pixels": curve},
    )


def _cells(result: dict[str, float | str]) -> tuple[str, str]:
    if "why" in result:
        return f"skipped: {result['why']}", "-"
    return f"{result['seconds']:.2f}", f"{float(result['peak']) / 2**20:.0f}"


def _in_child(run: Path, label: str, side: int) -> dict[str, float | str]:
    """Compute one picture in a process of its own; return seconds and bytes, or why it was left out."""
    free = free_memory()
    if label == NAME and free is not None and BASELINE_BYTES * side**2 > free:
        return {"why": f"needs about {BASELINE_BYTES * side**2 / 1e9:.0f} GB"}
    command = [sys.executable, "-m", "benchmarks.memory", str(run), label, str(side)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return {"why": f"takes more than {PATIENCE} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"]
        return {"why": lines[-1].partition(": ")[2] or lines[-1]}
    result: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    return result


def _main(run: str, label: str, side: str) -> None:
    from pixelwise.engines.choose import load_engine

    engine = Baseline(Path(run) / "model.safetensors") if label == NAME else load_engine(run, device="cpu")
    engine.masks(make_batch(64, 64))
    batch = make_batch(int(side), int(side))
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what is filled now
    before = resident_memory()
    start = time.perf_counter()
    engine.masks(batch)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak": resident_memory(peak=True) - before}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
