"""One picture to its mask: every engine against the baseline, and the share of the peak that it reaches."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pixelwise.models.cost import cost

from .baseline import NAME
from .models import CLASSES, load_engines, make_batch, make_model, precision
from .paired import take_turns
from .table import Section, milliseconds, times

COMPILED = "fcn8s_vgg16"
"""The one network that torch.compile takes part with: it needs half a minute for every size."""


def measure_latency(
    folder: Path, names: list[str], sizes: list[int], rounds: int, peak: dict[str, float], *, compiled: bool
) -> Section:
    """Measure all engines on networks and picture sizes.

    Args:
        folder: Where models are made.
        names: The networks.
        sizes: Sides of square pictures.
        rounds: Turns at sizes up to 512; half as many above, 2 at least.
        peak: TFLOP/s of convolutions in each number format.
        compiled: Let torch.compile take part with `COMPILED`.
    """
    rows, ratios = [], {}
    for name in names:
        run = make_model(folder, name, onnx=True, int8=True)
        engines = dict(load_engines(run, compiled=name == COMPILED and compiled))
        for size in sizes:
            batch = make_batch(size, size)
            contestants = {label: partial(engine.masks, batch) for label, engine in engines.items()}
            taken = take_turns(contestants, rounds if size <= 512 else max(2, rounds // 2))
            operations = cost(name, CLASSES, (size, size), "plain").operations
            for label, result in taken.items():
                ratio = result.times_quicker_than(taken[NAME])
                rate = operations / result.median / 1e12
                limit = peak.get(precision(label))
                rows.append(
                    (
                        f"{name}, {size} x {size}",
                        label,
                        milliseconds(result.median),
                        times(ratio),
                        f"{rate / limit:.0%}" if limit else "-",
                        milliseconds(result.least),
                        times(taken[NAME].least / result.least),
                    )
                )
                ratios[f"{name} {size} {label}"] = (result.median, ratio)
    return Section(
        "latency",
        "One picture to its mask",
        f"Networks of the family `plain`, {CLASSES} classes, random weights; uint8 picture in, "
        f"uint8 mask out. "
        "The engines take turns; medians, and medians of the ratios within a turn. Share: operations of all "
        "convolutions a second, of the rate above in the same number format. Least: the quickest turn of "
        "each, which others on the machine disturbed least.",
        (
            "network",
            "engine",
            "ms",
            "against the tutorial",
            "share of peak",
            "least ms",
            "least against least",
        ),
        rows,
        {"latency": ratios},
    )
