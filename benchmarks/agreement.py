"""How far the masks of a trained model in each engine are those of float32, on the user's own pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pixelwise.evaluation import open_both
from pixelwise.predict.predictor import Predictor

from .models import load_engines
from .table import Section

EXACT = "openvino float32"


def measure_agreement(model: Path, data: Path, split: str, limit: int | None) -> Section:
    """Compare the masks of all engines with those of float32.

    Args:
        model: Run folder with model.safetensors and its exports.
        data: Data set.
        split: Which part of it.
        limit: Pictures to take at most, spread evenly; None for all.
    """
    pairs = open_both(model, data)[1].split(split)
    step = 1 if limit is None else -(-len(pairs) // limit)
    pictures = [pair.image for pair in pairs[::step]]
    predictors = {name: Predictor(engine) for name, engine in load_engines(model) if "softmax" not in name}
    equal, pixels = dict.fromkeys(predictors, 0), 0
    for picture in pictures:
        masks = {name: predictor(picture) for name, predictor in predictors.items()}
        pixels += masks[EXACT].size
        for name, mask in masks.items():
            equal[name] += int(np.count_nonzero(mask == masks[EXACT]))
    return Section(
        "agreement",
        "Masks against float32",
        f"A trained {next(iter(predictors.values())).card.network['name']} on {len(pictures)} "
        f"pictures of split "
        f"{split}: share of the pixels whose class is that of {EXACT}.",
        ("engine", "pixels that agree"),
        [(name, f"{count / pixels:.3%}") for name, count in equal.items()],
        {"agreement": {name: count / pixels for name, count in equal.items()}},
    )
