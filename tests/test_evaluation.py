"""Scoring a model on a data set."""

import csv
import errno
import importlib.util
import json
import pkgutil
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import DEFAULT, Mock

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from pixelwise.data.folder import open_data
from pixelwise.errors import CheckpointError, ConfigError, DataError, MissingExtraError
from pixelwise.evaluation import count_confusion, evaluate, open_both
from pixelwise.export.write import export_model
from pixelwise.labels import Labels, default_palette
from pixelwise.metrics import Scores
from pixelwise.models.fcn import FCN
from pixelwise.predict.predictor import Predictor
from red_channel import LABELS, YAML, RedChannel, write_pair

VAL = {"a": (2, (9, 5)), "b": (3, (1, 1)), "c": (1, (4, 7))}
"""Name, seed and size of the pictures to score."""


@pytest.fixture
def model():
    return Predictor(RedChannel())


def random_pair(seed, size):
    random = np.random.default_rng(seed)
    truth, prediction = random.integers(0, 3, (2, *size))
    truth[random.random(size) < 0.2] = 255
    return truth, prediction


@pytest.fixture
def data(tmp_path):
    """A folder with the val pictures of `VAL` and a training picture."""
    root = tmp_path / "data"
    for name in ("c", "a", "b"):
        write_pair(root / "val", name, *random_pair(*VAL[name]))
    write_pair(root / "train", "t", *random_pair(4, (3, 3)))
    (root / "dataset.yaml").write_text(YAML)
    return root


def counts_of(pairs):
    confusion = np.zeros((3, 3), int)
    for truth, prediction in pairs:
        for t, p in zip(truth.flat, prediction.flat, strict=True):
            if t != 255:
                confusion[t, p] += 1
    return confusion


def test_one_matrix_counts_all_pictures_each_at_its_own_size(model, data):
    evaluation = evaluate(model, data)
    pairs = [random_pair(*VAL[name]) for name in "abc"]
    assert evaluation.scores.confusion.tolist() == counts_of(pairs).tolist()
    assert [picture.name for picture in evaluation.per_picture] == ["a", "b", "c"]
    for picture, pair in zip(evaluation.per_picture, pairs, strict=True):
        expected = Scores.from_confusion(counts_of([pair])).mean_iou
        np.testing.assert_equal(picture.mean_iou, expected)
    assert (evaluation.failed, evaluation.split, evaluation.fingerprint) == ((), "val", "abc")


def test_large_pictures_are_counted_a_strip_at_a_time(monkeypatch):
    monkeypatch.setattr("pixelwise.evaluation._COUNTED", 15)
    truth, prediction = random_pair(0, (10, 7))
    counts = count_confusion(prediction.astype(np.uint8), truth.astype(np.uint8), 3, 255)
    assert counts.tolist() == counts_of([(truth, prediction)]).tolist()


def test_another_split_is_scored_on_request(model, data):
    evaluation = evaluate(model, data, split="train")
    assert evaluation.scores.confusion.tolist() == counts_of([random_pair(4, (3, 3))]).tolist()


def test_progress_is_told_after_every_picture(model, data):
    told = []
    evaluate(model, data, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_picture_that_cannot_be_read_is_reported_and_the_rest_scored(model, data):
    (data / "val/images/a.png").write_bytes(b"no picture")
    evaluation = evaluate(model, data)
    assert [picture.name for picture in evaluation.per_picture] == ["b", "c"]
    assert len(evaluation.failed) == 1
    assert "val/images/a.png" in evaluation.failed[0]


@pytest.mark.parametrize(
    ("step", "file"),
    [
        ("data.masks._read_file", "masks"),
        ("data.masks.MaskCodec.encode", "masks"),
        ("data.form.read_image", "images"),
        ("predict.predictor.Predictor.__call__", "images"),
    ],
)
def test_a_file_that_does_not_fit_into_the_memory_is_reported(model, data, monkeypatch, step, file):
    data = open_data(data)  # which may read masks itself
    name = f"pixelwise.{step}"
    work = Mock(wraps=pkgutil.resolve_name(name), side_effect=[MemoryError, DEFAULT, DEFAULT])
    monkeypatch.setattr(name, lambda *of: work(*of))
    evaluation = evaluate(model, data)
    assert [picture.name for picture in evaluation.per_picture] == ["b", "c"]
    [failed] = evaluation.failed
    assert f"val/{file}/a.png: does not fit into the memory: cut " in failed


def test_a_picture_without_a_mask_is_reported(model, data):
    (data / "val/masks/a.png").unlink()
    evaluation = evaluate(model, data)
    assert len(evaluation.failed) == 1
    assert "a.png" in evaluation.failed[0]


def test_a_mask_of_another_size_is_reported_with_both_sizes(model, data):
    Image.new("L", (6, 9)).save(data / "val/masks/a.png")
    assert "masks/a.png: is 6 x 9" in evaluate(model, data).failed[0]


def test_nothing_to_score_is_an_error_that_names_a_picture(model, data):
    for path in (data / "val/images").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"no picture of split 'val' can be scored; the first: .*a\.png"):
        evaluate(model, data)


def test_a_missing_split_is_an_error_that_names_the_others(model, data):
    with pytest.raises(DataError, match=r"no split 'test', only train, val"):
        evaluate(model, data, split="test")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("ground", "cat"),
            r": only the data has dog: drop: \[dog\]  in .*dataset\.yaml has them ignored, mer",
        ),
        (
            ("cow", "ground", "cat", "dog"),
            r": only the model has cow: name the classes in .*dataset\.yaml as",
        ),
        (("cow", "dog", "cat"), r": only the data has ground, only the model has cow: rename, merge or drop"),
    ],
)
def test_other_classes_than_the_models_are_refused(names, message, data):
    labels = Labels(names, default_palette(len(names)))
    with pytest.raises(ConfigError, match=message):
        evaluate(Predictor(RedChannel(labels)), data)


def test_a_class_too_many_is_mended_as_the_message_says(data):
    with (data / "dataset.yaml").open("a") as file:
        file.write("\ndrop: [dog]\n")
    labels = Labels(LABELS.class_names[:2], LABELS.palette[:2])
    _, opened = open_both(Predictor(RedChannel(labels)), data)
    assert opened.labels.class_names == ("ground", "cat")


def test_classes_in_another_order_are_told_by_their_names(model, data):
    expected = evaluate(model, data)
    (data / "dataset.yaml").write_text("names: {7: ground, 1: dog, 3: cat}\nignore: [200]")
    values = np.full(256, 200, np.uint8)
    values[:3] = 7, 3, 1
    for path in data.rglob("masks/*.png"):
        Image.fromarray(values[np.asarray(Image.open(path))]).save(path)
    assert open_data(data).labels.class_names == ("dog", "cat", "ground")
    evaluation = evaluate(model, data)
    assert evaluation.scores.confusion.tolist() == expected.scores.confusion.tolist()
    assert evaluation.labels.class_names == LABELS.class_names
    _, opened = open_both(model, data)
    assert "their order is not the model's" in opened.notes[-1]
    assert opened.labels.palette[1] == open_data(data).labels.palette[1]
    assert opened.labels.palette[0] == open_data(data).labels.palette[2]


def test_a_folder_without_splits_is_split_as_in_the_models_training(tmp_path):
    for i in range(30):
        write_pair(tmp_path, f"p{i}", np.array([[0, 1, 2]]), np.array([[0, 1, 2]]))
    (tmp_path / "dataset.yaml").write_text(YAML)
    facts = {"seed": 7, "val_fraction": 0.4, "epochs": 3}
    expected = [pair.name for pair in open_data(tmp_path, seed=7, val_fraction=0.4).split("val")]
    assert expected != [pair.name for pair in open_data(tmp_path).split("val")]
    evaluation = evaluate(Predictor(RedChannel(training=facts)), tmp_path)
    assert [picture.name for picture in evaluation.per_picture] == expected


def test_a_network_in_memory_is_scored_as_it_is(data):
    torch.manual_seed(0)
    network = FCN("fcn32s_vgg11", 3).train()
    evaluation = evaluate(network, data)
    assert network.training
    assert evaluation.labels == open_data(data).labels
    assert evaluation.scores.confusion.sum() == counts_of([random_pair(*how) for how in VAL.values()]).sum()
    with pytest.raises(ConfigError, match="not the 2 of the model"):
        evaluate(FCN("fcn32s_vgg11", 2), data)


def test_files_are_written_that_hold_the_scores(model, data, tmp_path):
    out = tmp_path / "new" / "scores"
    evaluation = evaluate(model, data, out=out)
    values = json.loads((out / "scores.json").read_text())
    assert values["mean_iou"] == evaluation.scores.mean_iou
    assert values["confusion"] == evaluation.scores.confusion.tolist()
    assert (values["split"], values["pictures"], values["failed"]) == ("val", 3, [])
    assert values["data"] == str(data.resolve())
    assert (values["engine"], values["fingerprint"]) == ("red channel", "abc")
    rows = list(csv.DictReader((out / "per_picture.csv").read_text().splitlines()))
    assert [row["picture"] for row in rows] == ["a", "b", "c"]
    assert float(rows[0]["mean_iou"]) == pytest.approx(evaluation.per_picture[0].mean_iou, abs=1e-6)
    with Image.open(out / "confusion.png") as picture:
        assert picture.format == "PNG"


def test_nothing_is_written_without_a_folder(model, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    evaluate(model, data)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_evaluation_is_replaced_on_request_only(model, data, tmp_path):
    evaluate(model, data, out=tmp_path / "out")
    before = (tmp_path / "out/scores.json").read_text()
    with pytest.raises(ConfigError, match=r"holds an evaluation already.*--overwrite"):
        evaluate(model, data, split="train", out=tmp_path / "out")
    assert (tmp_path / "out/scores.json").read_text() == before
    evaluate(model, data, split="train", out=tmp_path / "out", overwrite=True)
    assert json.loads((tmp_path / "out/scores.json").read_text())["split"] == "train"


def test_an_evaluation_that_cannot_be_written_leaves_the_earlier_one(model, data, tmp_path, monkeypatch):
    def files():
        return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def save(figure, file, **_):
        with file.open("wb") if isinstance(file, Path) else nullcontext(file) as opened:
            opened.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    evaluate(model, data, out=tmp_path / "out")
    before = files()
    monkeypatch.setattr(Figure, "savefig", save)
    with pytest.raises(DataError, match=r"confusion\.png: cannot be written \(No space left on device\)"):
        evaluate(model, data, split="train", out=tmp_path / "out", overwrite=True)
    assert files() == before


def test_a_taken_folder_is_found_before_the_work_is_done(model, data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        evaluate(model, data, out=tmp_path / "file")
    assert model.engine.asked == 0


@pytest.mark.parametrize("package", ["torchmetrics", "matplotlib"])
def test_a_missing_package_is_found_before_the_work_is_done(package, model, data, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
    with pytest.raises(MissingExtraError, match=rf"'{package}'.*pip install 'pixelwise\[train\]'"):
        evaluate(model, data, out=tmp_path / "out")
    assert model.engine.asked == 0


def test_a_model_that_is_not_there_is_an_error(data, tmp_path):
    with pytest.raises(CheckpointError, match=r"no\.safetensors"):
        evaluate(tmp_path / "no.safetensors", data)


@pytest.mark.parametrize("what", [None, 5, ["runs/first"]])
def test_what_is_no_model_and_no_data_set_is_told_from_python(what, model, data):
    kind = type(what).__name__
    with pytest.raises(ConfigError, match=f"found {kind}, expected a run folder .+ or a network"):
        evaluate(what, data)
    with pytest.raises(ConfigError, match=f"found {kind}, expected the path of a data set"):
        evaluate(model, what)
    for load in (Predictor.load, export_model):
        with pytest.raises(ConfigError, match=f"found {kind}, expected the path of a run folder or a model"):
            load(what)
