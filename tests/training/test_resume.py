"""What a resumed run goes on with, and when it refuses to."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pixelwise.checkpoint import METADATA_KEY, read_card
from pixelwise.data.folder import open_data
from pixelwise.errors import DataError, TrainingError
from pixelwise.labels import Labels
from pixelwise.training import resume
from pixelwise.training.record import RunRecorder
from pixelwise.training.run import train
from pixelwise.training.settings import TrainSettings
from pixelwise.training.trainer import make_trainer

from .tiny import SMALL


def _save_state(run: Path, content: dict[str, torch.Tensor]) -> Path:
    """Save what Lightning gives as a resume state, the way a run does."""
    path = run / "state" / "epoch-00004.ckpt"
    trainer = make_trainer(TrainSettings(**SMALL), run, RunRecorder(run, Labels.numbered(2)))
    trainer.strategy.checkpoint_io.save_checkpoint(content, path)
    return path


def test_a_state_is_on_the_disk_before_it_takes_its_name_and_nothing_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    seen = []

    def keep(number: int) -> None:
        files = [path.suffix for path in (run / "state").iterdir()]
        seen.append((os.fstat(number).st_size > 4000, files, list(elsewhere.iterdir())))

    monkeypatch.setattr(os, "fsync", keep)
    weight = torch.arange(1000.0)
    path = _save_state(run, {"weight": weight})
    assert seen == [(True, [".part"], [])]
    assert torch.equal(torch.load(path, weights_only=True)["weight"], weight)


def test_a_state_that_the_disk_does_not_take_is_named_and_leaves_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DataError, match=r"epoch-00004\.ckpt: cannot be written \(No space left on device\)"):
        _save_state(tmp_path, {"weight": torch.zeros(10)})
    assert not list((tmp_path / "state").iterdir())


def test_a_state_cut_off_by_a_crash_is_passed_over_and_older_ones_go(
    finished: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = finished / "state" / "epoch-00002.ckpt"
    older = finished / "state" / "epoch-00001.ckpt"
    half = finished / "state" / "epoch-00003.ckpt"
    older.write_bytes(b"no longer needed")
    content = whole.read_bytes()
    half.write_bytes(content[:100_000])
    hole = finished / "state" / "epoch-00004.ckpt"
    begin = content.index(b"data.pkl") + 1000
    hole.write_bytes(content[:begin] + bytes(200) + content[begin + 200 :])
    try:
        assert resume.latest_state(finished) == whole
        assert caplog.text.count("damaged") == 2
        assert not older.exists()
    finally:
        half.unlink()
        hole.unlink()


@pytest.mark.parametrize("kept", [("last.safetensors",), ("model.safetensors", "model.xml")])
def test_a_trained_model_without_a_resume_state_is_not_trained_over(
    kept: tuple[str, ...], finished: Path, squares: Path, tmp_path: Path
) -> None:
    before = {name: (finished / name).read_bytes() for name in ("settings.json", *kept)}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TrainingError, match=r"no resume state.*--init-from"):
        train(squares, out=tmp_path, resume=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_crash_while_the_first_state_is_written_lets_a_run_begin_anew(
    finished: Path, tmp_path: Path
) -> None:
    card = read_card(finished / "last.safetensors")
    content = {METADATA_KEY: replace(card, training={**card.training, "epoch": 1}).to_json()}
    save_file({"a": torch.zeros(1)}, tmp_path / "last.safetensors", content)
    assert resume.latest_state(tmp_path) is None


def _swap_classes(data: Path) -> None:
    (data / "dataset.yaml").write_text("names: {1: class_0, 0: class_1}")


def _rename_a_pair(data: Path) -> None:
    for kind in ("images", "masks"):
        (data / "train" / kind / "3.png").rename(data / "train" / kind / "other.png")


def _drop_a_pair(data: Path) -> None:
    for kind in ("images", "masks"):
        (data / "val" / kind / "1.png").unlink()


def _lose_a_picture(data: Path) -> None:
    (data / "val" / "images" / "1.png").unlink()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_lose_a_picture, r"expected 3 pairs, .*; the first of what is left out: .*val/masks/1\.png: .*"),
        (_swap_classes, "found classes: class_1, class_0; expected class_0, class_1"),
        (_rename_a_pair, "found train: 8 pairs, names .*; expected 8 pairs, names"),
        (_drop_a_pair, "found val: 2 pairs, .*; expected 3 pairs"),
    ],
)
def test_a_run_does_not_go_on_with_other_data(
    change: Callable[[Path], None], told: str, finished: Path, squares: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(squares, tmp_path / "data")
    resume.check_same_data(finished, open_data(data))  # it may have moved
    change(data)
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    with pytest.raises(TrainingError, match=f"{data}: is not the data that {finished} .*{told}.*--init-from"):
        train(data, out=finished, resume=True)
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before


def test_resuming_what_never_ran_is_an_error(squares: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"settings\.json"):
        train(squares, out=tmp_path / "nothing", resume=True)
