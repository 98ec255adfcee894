"""What a run leaves behind."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pixelwise.labels import IGNORE_INDEX, Labels
from pixelwise.training import record
from pixelwise.training.settings import TrainSettings


@pytest.mark.parametrize(
    ("scores", "best"),
    [((0.3, 0.5, 0.4), [1, 2]), ((0.0, 0.0, 0.1), [1, 3]), ((math.nan,) * 3, [1, 2, 3])],
)
def test_the_best_model_is_that_of_the_best_score_and_without_one_the_last(
    scores: tuple[float, ...], best: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = []
    monkeypatch.setattr(
        record,
        "save_model",
        lambda path, model, labels, facts, values: saved.append((path.name, facts["epoch"])),
    )
    recorder = record.RunRecorder(tmp_path, Labels(("a",), ((0, 0, 0),), IGNORE_INDEX))
    monkeypatch.setattr(recorder.clock, "left", lambda trainer: None)
    module: Any = SimpleNamespace(model=None, settings=TrainSettings())
    for epoch, score in enumerate(scores):
        numbers = {
            "train_loss": 1.0,
            "train_mean_iou": 0.5,
            "val_loss": 0.0,
            "val_mean_iou": score,
            "lr": 1.0,
        }
        trainer: Any = SimpleNamespace(
            current_epoch=epoch, max_epochs=3, is_global_zero=True, callback_metrics=numbers
        )
        recorder.on_train_epoch_end(trainer, module)
    assert [epoch for name, epoch in saved if name == record.BEST] == best
    assert [epoch for name, epoch in saved if name == record.LAST] == [1, 2, 3]
    assert len((tmp_path / record.METRICS).read_text().splitlines()) == 4
