"""The end of a run: export, scores, pictures."""

import shutil
from pathlib import Path

import pytest

from pixelwise.data.folder import open_data
from pixelwise.predict.predictor import Predictor
from pixelwise.training.finish import finish


@pytest.mark.parametrize(("trained_on", "scored_on"), [("cpu", "cpu"), ("cuda", "auto")])
def test_the_model_is_scored_where_it_was_trained_and_what_could_not_be_is_told(
    trained_on: str,
    scored_on: str,
    finished: Path,
    squares: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(finished / "model.safetensors", run)
    data = open_data(shutil.copytree(squares, tmp_path / "data"))
    broken = data.split("val")[0].image
    broken.write_bytes(b"no picture")
    devices: list[str] = []
    load = Predictor.load

    def spy(path: Path, device: str) -> Predictor:
        devices.append(device)
        return load(path, device="cpu")

    monkeypatch.setattr(Predictor, "load", spy)
    row = dict.fromkeys(("epoch", "train_loss", "val_loss", "train_mean_iou", "val_mean_iou", "lr"), 1.0)
    evaluation = finish(run, data, [row | {"pictures_per_second": 1.0}], trained_on)

    assert devices == [scored_on]
    assert len(evaluation.per_picture) == 2
    assert len(evaluation.failed) == 1
    assert str(broken) in evaluation.failed[0]
