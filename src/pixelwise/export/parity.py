"""How near an export comes to the network that it was made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..engines.base import Engine
from ..models.fcn import FCN

TINY = 1e-30
"""Stands for the largest logit where all are 0."""


@dataclass(frozen=True)
class Trial:
    """One batch that was computed twice.

    Attributes:
        pictures: Pictures in the batch.
        height: Their height.
        width: Their width.
        largest_difference: Of all logits, relative to the largest one.
        equal: Share of pixels that have the network's class.
        agreement: Share of pixels that have the network's class or one as good to it within twice the
            tolerance: an untrained network has ties.
    """

    pictures: int
    height: int
    width: int
    largest_difference: float
    equal: float
    agreement: float


@dataclass(frozen=True)
class Parity:
    """How near an export comes to its network, both in float32, in all trials.

    Attributes:
        engine: What computed the export.
        tolerance: Largest difference that passes.
        trials: One a size.
    """

    engine: str
    tolerance: float
    trials: tuple[Trial, ...]

    @property
    def largest_difference(self) -> float:
        """The largest difference in any trial; NaN if there is one."""
        return float(np.max([trial.largest_difference for trial in self.trials]))

    @property
    def equal(self) -> float:
        """The smallest share of pixels of the network's class in any trial."""
        return min(trial.equal for trial in self.trials)

    @property
    def agreement(self) -> float:
        """The smallest agreement in any trial."""
        return min(trial.agreement for trial in self.trials)

    @property
    def passed(self) -> bool:
        """Whether all differences are within the tolerance and all pixels agree; never with NaN."""
        return self.largest_difference <= self.tolerance and self.agreement == 1

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "passed": self.passed,
            "engine": self.engine,
            "largest_difference": self.largest_difference,
            "equal": self.equal,
            "agreement": self.agreement,
            "tolerance": self.tolerance,
            "trials": [asdict(trial) for trial in self.trials],
        }


def measure_parity(model: FCN, engine: Engine, batches: Iterable[NDArray[Any]], tolerance: float) -> Parity:
    """Compare an engine with a network in evaluation mode.

    Args:
        model: The network, float32 on the processor.
        engine: What computes the export.
        batches: Pictures (N, in_channels, H, W), uint8 or float32, of sizes that were not traced.
        tolerance: Largest difference that passes, relative to the largest logit.
    """
    return Parity(engine.name, tolerance, tuple(_try(model, engine, batch, tolerance) for batch in batches))


def _try(model: FCN, engine: Engine, images: NDArray[Any], tolerance: float) -> Trial:
    with torch.inference_mode():
        wanted = model(torch.from_numpy(images)).numpy()
    found, masks = engine.logits(images), engine.masks(images)
    largest = max(float(np.abs(wanted).max()), TINY)
    chosen = np.take_along_axis(wanted, masks[:, None].astype(np.int64), axis=1)[:, 0]
    return Trial(
        images.shape[0],
        images.shape[2],
        images.shape[3],
        float(np.abs(found - wanted).max()) / largest,
        float((wanted.argmax(axis=1) == masks).mean()),
        float((wanted.max(axis=1) - chosen <= 2 * tolerance * largest).mean()),
    )
