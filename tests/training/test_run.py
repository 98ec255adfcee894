"""Whole training runs on eleven tiny pictures, in this process and in others."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import pixelwise
from pixelwise.checkpoint import load_model, read_card
from pixelwise.errors import ConfigError, DataError, TrainingError
from pixelwise.models.fcn import FCN
from pixelwise.training import record
from pixelwise.training.run import train
from pixelwise.training.settings import TrainSettings

from .tiny import SMALL


def test_a_run_leaves_model_scores_curves_logs_and_examples(finished: Path, squares: Path) -> None:
    left = {path.relative_to(finished).as_posix() for path in finished.rglob("*") if path.is_file()}
    assert {
        "settings.json",
        "data.json",
        "model.safetensors",
        "last.safetensors",
        "model.xml",
        "model.bin",
        "metrics.csv",
        "curves.png",
        "evaluation-val/scores.json",
        "evaluation-val/confusion.png",
        "examples/best.png",
        "examples/median.png",
        "examples/worst.png",
    } <= left
    assert any(name.startswith("logs/events") for name in left)
    assert [name for name in left if name.startswith("state/")] == ["state/epoch-00002.ckpt"]
    rows = _rows(finished)
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert all(float(row["train_loss"]) > 0 for row in rows)


def test_the_scores_of_the_run_are_those_of_its_best_model(finished: Path, squares: Path) -> None:
    rows = _rows(finished)
    best = max(float(row["val_mean_iou"]) for row in rows)
    assert read_card(finished / "model.safetensors").training["val_mean_iou"] == pytest.approx(best)
    scores = pixelwise.evaluate(finished / "model.safetensors", squares, split="val", engine="torch").scores
    assert scores.mean_iou == pytest.approx(best, abs=1e-6)


def test_where_there_is_no_bar_a_long_epoch_says_how_far_it_is(
    squares: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "SILENCE", 0.0)
    with caplog.at_level("INFO", "pixelwise"):
        train(squares, **SMALL, epochs=1, batch_size=4, out=tmp_path / "run")
    said = [text for text in caplog.messages if text.startswith("epoch 1/1  ")]
    *places, end = (text.split("  ")[1] for text in said)
    assert places == ["step 1/2", *(f"validation, step {step}/3" for step in (1, 2, 3))]
    assert end.startswith("loss")
    speed = re.search(r"loss \d+\.\d{3}  (\d+\.\d\d) pictures/s  \d+ s left$", said[0])
    assert speed
    assert float(speed[1]) > 0  # of the step that is told of, the very first


@pytest.mark.slow
def test_resuming_before_any_epoch_was_finished_gives_the_weights_of_the_same_seed(
    finished: Path, squares: Path, tmp_path: Path
) -> None:
    run = tmp_path / "again"
    run.mkdir()
    TrainSettings(**SMALL, epochs=3).write(run / "settings.json")
    (run / "model.safetensorsab12.part").touch()  # left by a process that was killed
    train(squares, out=run, resume=True, workers=0)
    assert not list(run.glob("*.part"))
    _assert_same_weights(finished, run)


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_says_how_to_go_on(squares: Path, tmp_path: Path) -> None:
    run = tmp_path / "stopped"
    with subprocess.Popen(
        _command(squares, run, epochs=50),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # shells may have it ignored
    ) as process:
        try:
            _wait(lambda: (run / "state" / "epoch-00000.ckpt").exists(), process)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            try:
                _, errors = process.communicate(timeout=30)
            except (
                subprocess.TimeoutExpired
            ):  # Python loses an interrupt that arrives while an object is deleted
                process.send_signal(signal.SIGINT)
                _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert f"--out {run} --resume" in errors
    assert "Traceback" not in errors


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_never_interrupted(finished: Path, squares: Path, tmp_path: Path) -> None:
    run = tmp_path / "killed"
    command = _command(squares, run, epochs=3)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _wait(lambda: (run / "state" / "epoch-00000.ckpt").exists(), process)
    time.sleep(0.1)  # into the second epoch
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (run / "model.xml").exists()

    train(squares, out=run, resume=True, workers=1)  # which draws pictures before the epoch is told
    _assert_same_weights(finished, run)
    assert (run / "metrics.csv").read_text().count("\n") == 4


def test_a_run_folder_is_never_overwritten(finished: Path, squares: Path) -> None:
    before = (finished / "model.safetensors").stat().st_mtime_ns
    with pytest.raises(TrainingError, match="--resume"):
        train(squares, **SMALL, epochs=1, out=finished)
    assert (finished / "model.safetensors").stat().st_mtime_ns == before


def test_a_file_is_no_run_folder(squares: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="is a file, expected a folder"):
        train(squares, **SMALL, epochs=1, out=tmp_path / "file")


def test_an_unknown_option_is_an_error_that_names_it(squares: Path) -> None:
    with pytest.raises(ConfigError, match=r"no setting 'epoch': did you mean epochs\?"):
        train(squares, epoch=3)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("options", [{"precision": "16"}, {"device": "gpu"}])
def test_settings_that_this_machine_cannot_do_are_an_error(
    options: dict[str, Any], squares: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"(?i)gpu"):
        train(squares, **{**SMALL, **options}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_bad_data_is_found_before_the_run_folder_is_made(squares: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for split in ("train", "val"):
        for kind in ("images", "masks"):
            (data / split / kind).mkdir(parents=True)
            shape = (32, 32, 3) if kind == "images" else (32, 31)
            Image.fromarray(np.zeros(shape, np.uint8)).save(data / split / kind / "a.png")
    with pytest.raises(DataError, match=r"a\.png"):
        train(data, **SMALL, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_batch(squares: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"nan in epoch 1, batch 2 .*start a new run with a lower --lr"):
        train(squares, **SMALL, epochs=2, lr=1e30, warmup=0.0, out=tmp_path / "run")


@pytest.mark.slow
def test_patience_ends_a_run_that_no_longer_gains(squares: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(squares, **SMALL, epochs=6, lr=1e-12, patience=1, out=run)
    assert len(_rows(run)) == 2
    train(squares, out=run, resume=True, workers=0)  # it is finished
    assert len(_rows(run)) == 2


@pytest.mark.slow
def test_a_coarser_start_is_used(finished: Path, squares: Path, tmp_path: Path) -> None:
    run = tmp_path / "finer"
    options = {**SMALL, "model": "fcn16s_vgg11", "lr": 1e-12}
    train(squares, **options, epochs=1, init_from=finished, out=run)
    coarse, fine = (load_file(path / "model.safetensors") for path in (finished, run))
    torch.testing.assert_close(fine["fc6.weight"], coarse["fc6.weight"])
    assert torch.equal(fine["scale_pool5.factor"], coarse["scale_pool5.factor"])
    assert fine["scale_pool4.factor"] != 1


@pytest.mark.slow
def test_frozen_stages_keep_their_weights_and_the_others_learn(squares: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    fresh = FCN("fcn32s_vgg11_bn", 2).state_dict()
    options = {**SMALL, "model": "fcn32s_vgg11_bn", "frozen_stages": 1}
    train(squares, **options, epochs=1, out=tmp_path / "run")
    trained = load_file(tmp_path / "run" / "last.safetensors")
    same = {name for name in fresh if torch.equal(fresh[name], trained[name])}
    assert {name for name in fresh if name.startswith("backbone.pool1")} <= same
    assert not {name for name in fresh if name.startswith("backbone.pool2")} & same


@pytest.mark.slow
def test_two_processes_get_the_scores_of_one(squares: Path, tmp_path: Path) -> None:
    for name, devices in (("one", 1), ("two", 2)):
        # In bf16, gradients of half batches do not add up to those of the whole to the last digit.
        settings = {"epochs": 2, "dropout": 0, "style_mixing": 0, "precision": 32, "devices": devices}
        command = _command(squares, tmp_path / name, **settings)
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, capture_output=True, timeout=300, env=environment)
    one, two = (load_file(tmp_path / name / "last.safetensors") for name in ("one", "two"))
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-3, atol=1e-4)
    scores = [
        json.loads((tmp_path / name / "evaluation-val" / "scores.json").read_text())["mean_iou"]
        for name in ("one", "two")
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    rows = [_rows(tmp_path / name) for name in ("one", "two")]
    for of_one, of_two in zip(*rows, strict=True):
        assert float(of_one["train_loss"]) == pytest.approx(float(of_two["train_loss"]), rel=1e-3)
        assert float(of_one["val_mean_iou"]) == pytest.approx(float(of_two["val_mean_iou"]), abs=1e-3)


def test_a_saved_model_loads_with_its_labels(finished: Path) -> None:
    model, card = load_model(finished / "model.safetensors")
    assert card.labels.class_names == ("class_0", "class_1")
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, 5, 7, dtype=torch.uint8)).shape == (1, 2, 5, 7)


def _command(data: Path, run: Path, **settings: Any) -> list[str]:
    options = [f"--{name}={value}" for name, value in {**SMALL, **settings}.items()]
    return [sys.executable, "-m", "pixelwise", "train", str(data), f"--out={run}", *options]


def _rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def _assert_same_weights(first: Path, second: Path) -> None:
    for name in ("last.safetensors", "model.safetensors"):
        one, two = load_file(first / name), load_file(second / name)
        assert one.keys() == two.keys()
        assert [key for key in one if not torch.equal(one[key], two[key])] == []


def _wait(condition: Callable[[], bool], process: subprocess.Popen[Any], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the run ended too early"
        assert time.monotonic() < end
        time.sleep(0.01)
