"""`pixelwise evaluate` from end to end."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from pixelwise.cli.app import main


@pytest.fixture
def data(tmp_path):
    """Two val pictures for the small model of four classes; no pixel is a dog, some are ignored."""
    root = tmp_path / "data"
    random = np.random.default_rng(0)
    for name in "ab":
        for kind, values in (
            ("images", random.integers(0, 256, (24, 32, 3))),
            ("masks", random.choice([0, 1, 3, 255], (24, 32))),
        ):
            (root / "val" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(values.astype(np.uint8)).save(root / "val" / kind / f"{name}.png")
    (root / "dataset.yaml").write_text("names: {0: background, 1: cat, 2: dog, 3: bird}\n")
    return root


@pytest.fixture
def run(run_folder):
    (run_folder / "settings.json").write_text("{}")
    return run_folder


def test_scores_are_printed_and_written_beside_the_model(run, data, capsys):
    assert main(["evaluate", str(run), str(data)]) == 0
    out = run / "evaluation-val"
    assert {path.name for path in out.iterdir()} == {"scores.json", "per_picture.csv", "confusion.png"}
    scores = json.loads((out / "scores.json").read_text())
    printed = capsys.readouterr().out
    for name, key in (
        ("mean IoU", "mean_iou"),
        ("pixel accuracy", "pixel_accuracy"),
        ("mean accuracy", "mean_accuracy"),
        ("frequency-weighted IoU", "frequency_weighted_iou"),
    ):
        line = next(line for line in printed.splitlines() if line.startswith(name))
        assert line.split()[-2:] == [f"{100 * scores[key]:.1f}", "%"]
    for path in out.iterdir():
        assert str(path) in printed
    assert "2 pictures" in printed


def test_an_absent_class_is_called_absent(run, data, capsys):
    assert main(["evaluate", str(run), str(data)]) == 0
    scores = json.loads((run / "evaluation-val/scores.json").read_text())
    assert scores["classes"]["dog"]["accuracy"] is None
    dog = next(line for line in capsys.readouterr().out.splitlines() if "dog" in line)
    assert dog.split()[2] == "absent"


def test_a_second_evaluation_goes_beside_the_first(run, data):
    for _ in range(2):
        assert main(["evaluate", str(run), str(data)]) == 0
    assert (run / "evaluation-val/scores.json").exists()
    assert (run / "evaluation-val-2/scores.json").exists()


def test_a_model_outside_a_run_is_scored_into_the_working_folder(
    exported_model_path, data, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", str(exported_model_path), str(data)]) == 0
    assert (tmp_path / "evaluation-model-val/scores.json").exists()


def test_a_folder_that_is_named_is_replaced_on_request_only(run, data, tmp_path, capsys):
    command = ["evaluate", str(run), str(data), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    assert main(command) == 1
    assert "holds an evaluation already" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0


def test_a_broken_picture_is_told_at_the_end_with_exit_code_1(run, data, capsys):
    (data / "val/images/a.png").write_bytes(b"broken")
    assert main(["evaluate", str(run), str(data)]) == 1
    captured = capsys.readouterr()
    assert "val: 1 picture " in captured.out
    assert "mean IoU" in captured.out
    assert "a.png" in captured.err


def test_a_model_of_other_classes_is_one_line(run, data, capsys):
    (data / "dataset.yaml").write_text("names: {0: background, 1: cat, 2: fox, 3: bird}\n")
    assert main(["evaluate", str(run), str(data)]) == 1
    told = capsys.readouterr().err
    assert "only the data has fox, only the model has dog: " in told
    assert told.splitlines()[-1].startswith("pixelwise: error: ")
    assert told.count("\n") == 2  # the engine that was taken, and the error


def test_names_in_square_brackets_are_printed_as_they_are(run, data, tmp_path, capsys):
    strange = tmp_path / "[red]data[/]"
    shutil.move(data, strange)
    assert main(["evaluate", str(run), str(strange), "--out", str(strange / "[/] out")]) == 0
    assert "[red]data[/]/[/] out/scores.json" in capsys.readouterr().out
