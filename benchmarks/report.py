"""docs/performance.md and its pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .baseline import NAME
from .table import Section


def write_report(sections: Iterable[Section], machine: str, page: Path) -> None:
    """Put sections into a page, each between its own marks; what was not measured stays as it was."""
    text = page.read_text(encoding="utf-8")
    for section in sections:
        mark = f"<!-- {section.name} -->"
        block = f"{mark}\n{section.to_markdown()}\n\n{machine}\n{mark}"
        pattern = re.compile(f"{re.escape(mark)}.*?{re.escape(mark)}", re.DOTALL)
        text = pattern.sub(lambda _, block=block: block, text)
    page.write_text(text, encoding="utf-8")


def draw_report(sections: Iterable[Section], folder: Path) -> None:
    """Draw latency.png, speed-ups at 512 x 512, and pixels.png, memory, each if it was measured."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    numbers = {key: value for section in sections for key, value in section.numbers.items()}
    for key, panel in (("latency", _bars), ("pixels", _curves)):
        if key in numbers:
            figure, axis = plt.subplots(figsize=(6.5, 4))
            panel(axis, numbers)
            figure.tight_layout()
            figure.savefig(folder / f"{key}.png", dpi=110)
            plt.close(figure)


def _bars(axis: Any, numbers: dict[str, Any]) -> None:
    """Draw the time of every engine for FCN-8s at 512 x 512, or at the one size that was measured."""
    taken = numbers["latency"]
    wanted = [key for key in taken if key.startswith("fcn8s") and " 512 " in key] or list(taken)
    labels = [key.split(" ", 2)[2].replace(", softmax, argmax", "") for key in wanted]
    seconds = [taken[key][0] for key in wanted]
    bars = axis.barh(labels[::-1], [1000 * value for value in seconds[::-1]], color="#3478ca")
    axis.bar_label(
        bars,
        [
            f" {1000 * s:.0f} ms, {taken[k][1]:.1f} x"
            for s, k in zip(seconds[::-1], wanted[::-1], strict=True)
        ],
    )
    axis.set_xlim(0, 1450 * max(seconds))
    axis.set_xlabel("ms a picture")
    axis.set_title(f"{' '.join(wanted[0].split()[:2])}: picture to mask")


def _curves(axis: Any, numbers: dict[str, Any]) -> None:
    """Draw memory against pixels."""
    curve = numbers["pixels"]
    for label, shown, color in ((NAME, "tutorial", "#e24a33"), ("auto", "pixelwise", "#3478ca")):
        points = [
            (int(side) ** 2 / 2**20, results[label]["peak"] / 2**30)
            for side, results in curve.items()
            if "peak" in results[label]
        ]
        axis.plot(*zip(*points, strict=True), marker="o", label=shown, color=color)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("megapixels")
    axis.set_ylabel("GiB for one picture")
    axis.set_title("memory against pixels")
    axis.legend()
