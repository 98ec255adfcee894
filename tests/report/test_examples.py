"""Which pictures are shown as examples."""

import math
import os

import numpy as np
import pytest
from PIL import Image

from pixelwise.data.folder import open_data
from pixelwise.evaluation import PictureScore, evaluate
from pixelwise.predict.predictor import Predictor
from pixelwise.report.examples import rank_pictures, write_examples


def ranks(scores):
    chosen = rank_pictures([PictureScore(name, score) for name, score in scores.items()])
    return {rank: score.name for rank, score in chosen.items()}


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({}, {}),
        ({"a": math.nan}, {}),
        ({"a": 0.5}, {"best": "a"}),
        ({"a": 0.5, "b": 0.6}, {"best": "b", "worst": "a"}),
        ({"a": 0.5, "b": 0.9, "c": 0.1}, {"best": "b", "median": "a", "worst": "c"}),
        ({"a": 0.5, "n": math.nan, "c": 0.1}, {"best": "a", "worst": "c"}),
        ({"a": 0.5, "b": 0.5, "c": 0.5}, {"best": "a", "median": "b", "worst": "c"}),
        ({str(i): i / 10 for i in range(7)}, {"best": "6", "median": "3", "worst": "0"}),
    ],
)
def test_best_median_and_worst_are_picked_and_none_twice(scores, expected):
    assert ranks(scores) == expected


def test_a_row_is_written_for_each_rank(small_model_path, tmp_path):
    random = np.random.default_rng(0)
    for name in ("a", "deep/b", os.fsdecode(b"$\\no$ text \xe9")):
        for kind, values in (
            ("images", random.integers(0, 256, (24, 32, 3))),
            ("masks", random.integers(0, 4, (24, 32))),
        ):
            path = tmp_path / "data/val" / kind / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(values.astype(np.uint8)).save(path)
    (tmp_path / "data/dataset.yaml").write_text("names: {0: background, 1: cat, 2: dog, 3: bird}\n")
    data = open_data(tmp_path / "data")
    predictor = Predictor.load(small_model_path, engine="torch")
    evaluation = evaluate(predictor, data, out=tmp_path / "new")
    assert b"$\\no$ text \xe9," in (tmp_path / "new/per_picture.csv").read_bytes()
    written = write_examples(predictor, evaluation, data, "val", tmp_path / "new/examples")
    assert [path.name for path in written] == ["best.png", "median.png", "worst.png"]
    assert all(path.stat().st_size > 1000 for path in written)
