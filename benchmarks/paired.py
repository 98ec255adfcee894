"""Times that can be compared: contestants take turns, A B C A B C ..., and ratios are taken turn by turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PAUSE = 0.2
"""Seconds before each turn: threads of the one before wait busily for more work, on our cores."""


@dataclass(frozen=True)
class Times:
    """What one contestant took, turn by turn, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median, in seconds."""
        return statistics.median(self.seconds)

    @property
    def least(self) -> float:
        """The least, in seconds: of the turn that others on the machine disturbed least."""
        return min(self.seconds)

    def times_quicker_than(self, other: Times) -> float:
        """Return the median of the ratios of turns that were next to each other."""
        return statistics.median(b / a for a, b in zip(self.seconds, other.seconds, strict=True))


def take_turns(contestants: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, Times]:
    """Run every contestant once to warm it up, then all of them in turn, `rounds` times."""
    for run in contestants.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: Times(tuple(values)) for name, values in seconds.items()}
