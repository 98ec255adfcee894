"""The curves of a training."""

import math

import numpy as np
import pytest
from PIL import Image

from pixelwise.report.curves import PANELS, curves_picture


def rows(number, **columns):
    return [{"epoch": i + 1, **{name: f(i) for name, f in columns.items()}} for i in range(number)]


def falling(i):
    return 1 / (i + 1)


def rising(i):
    return 1 - 1 / (i + 2)


ALL = {
    "train_loss": falling,
    "val_loss": falling,
    "train_mean_iou": rising,
    "val_mean_iou": rising,
    "lr": falling,
    "pictures_per_second": rising,
}


def draw(values, path):
    curves_picture(values, path)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize("number", [1, 2, 30, 200])
def test_any_number_of_epochs_is_drawn(number, tmp_path):
    assert draw(rows(number, **ALL), tmp_path / "curves.png").std() > 5


def test_a_panel_without_values_is_left_out(tmp_path):
    all_panels = draw(rows(5, **ALL), tmp_path / "a.png")
    two_panels = draw(
        rows(5, **{name: ALL[name] for name in ("val_loss", "val_mean_iou")}), tmp_path / "b.png"
    )
    assert two_panels.shape[1] / all_panels.shape[1] == pytest.approx(2 / len(PANELS), abs=0.01)


@pytest.mark.parametrize("gap", [math.nan, math.inf])
def test_a_value_that_is_not_finite_leaves_a_gap(gap, tmp_path):
    values = rows(5, **ALL)
    values[2] |= {"train_loss": gap, "val_mean_iou": gap}
    del values[3]["val_loss"]
    assert draw(values, tmp_path / "curves.png").std() > 5


def test_nothing_but_gaps_is_drawn_too(tmp_path):
    draw(rows(3, val_mean_iou=lambda _: math.nan), tmp_path / "curves.png")


def test_the_best_epoch_is_marked(tmp_path, monkeypatch):
    marked = []
    monkeypatch.setattr(
        "matplotlib.axes.Axes.annotate", lambda axes, text, place, **_kwargs: marked.append((text, place))
    )
    scores = [0.1, 0.5, 0.3]
    draw(rows(3, val_mean_iou=scores.__getitem__), tmp_path / "curves.png")
    assert marked == [("best 50.0%", (2, 0.5))]
