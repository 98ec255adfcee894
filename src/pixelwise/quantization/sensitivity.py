"""Which convolutions lose most in int8, and how many of them have to be put back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..data.scan import Progress
from ..engines.openvino import PRECISION, compile_graph
from ..engines.runtime import ov
from .layers import Int8Layer, put_in

Trial = TypeVar("Trial")


@dataclass(frozen=True)
class Sensitivity:
    """What one layer alone in int8 does to the logits.

    Attributes:
        layer: The layer.
        error: Root of the mean square by which the logits move, relative to that of the logits.
    """

    layer: Int8Layer
    error: float


def rank(
    graph: ov.Model,
    layers: Sequence[Int8Layer],
    batches: Sequence[NDArray[Any]],
    progress: Progress | None = None,
) -> list[Sensitivity]:
    """Return the layers, the one first that moves the logits most when it alone is in int8.

    Args:
        graph: The network in float.
        layers: Its convolutions in int8.
        batches: Pictures (1, channels, H, W).
        progress: Told how many layers are done.
    """
    wanted = _logits(graph, batches)
    power = float(np.mean([np.square(logits).mean() for logits in wanted])) or 1.0
    ranked = []
    for done, layer in enumerate(layers, start=1):
        found = _logits(put_in(graph, [layer]), batches)
        moved = np.mean([np.square(a - b).mean() for a, b in zip(found, wanted, strict=True)])
        ranked.append(Sensitivity(layer, float(np.sqrt(moved / power))))
        if progress is not None:
            progress(done, len(layers))
    return sorted(ranked, key=lambda one: one.error, reverse=True)


def fewest(most: int, try_out: Callable[[int], tuple[Trial, bool]]) -> Trial | None:
    """Return the trial of the smallest number in 1..most that passes, or None if none does.

    Found by bisection: a larger number is taken to pass where a smaller one does.
    """
    found: Trial | None = None
    low, high = 1, most
    while low <= high:
        middle = (low + high) // 2
        trial, passed = try_out(middle)
        if passed:
            found, high = trial, middle - 1
        else:
            low = middle + 1
    return found


def _logits(graph: ov.Model, batches: Sequence[NDArray[Any]]) -> list[NDArray[np.float32]]:
    """Return the logits of each batch, with all that is not in int8 in float32."""
    network = compile_graph(graph, {PRECISION: "f32"})
    return [np.array(network([batch])[0]) for batch in batches]
