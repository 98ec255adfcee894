"""Which split a file belongs to is told by its name, or that of a folder in the data set."""

import shutil
from pathlib import Path

import published
import pytest
from named_pictures import coco, cvat, label_studio, labelme

from pixelwise.data.folder import open_data
from pixelwise.data.pairs import Pair
from pixelwise.data.splits import split_pairs
from pixelwise.errors import DataError


def named(data):
    return {split: [pair.name for pair in pairs] for split, pairs in data.splits.items()}


def pictures(root, names):
    for name in names:
        published.save_picture(root / f"{name}.png")


@pytest.mark.parametrize("folder", ["test", "dev", "valid"])
def test_the_name_of_the_data_set_itself_is_no_split(folder, tmp_path):
    pictures(tmp_path / folder, "abcdef")
    coco(tmp_path / folder, [f"{name}.png" for name in "abcdef"])
    usual = shutil.copytree(tmp_path / folder, tmp_path / "plants")
    splits = named(open_data(usual))
    assert set(splits) == {"train", "val"}
    assert named(open_data(tmp_path / folder)) == splits
    assert named(open_data(tmp_path / folder / "annotations.json")) == splits


def test_the_name_of_a_folder_of_parquet_files_is_no_split(tmp_path):
    published.parquet(tmp_path)
    (tmp_path / "data" / "validation-00000-of-00001.parquet").unlink()
    (tmp_path / "data" / "train-00000-of-00001.parquet").rename(tmp_path / "data" / "0.parquet")
    data = (tmp_path / "data").rename(tmp_path / "test")
    assert set(named(open_data(data))) == {"train"}


def test_a_folder_in_the_data_set_tells_a_split(tmp_path):
    for split in ("train", "valid"):
        pictures(tmp_path / split, "ab")
        coco(tmp_path / split, ["a.png", "b.png"])
    assert named(open_data(tmp_path)) == {"train": ["a", "b"], "val": ["a", "b"]}


@pytest.mark.parametrize("write", [cvat, label_studio])
@pytest.mark.parametrize("as_files", [True, False])
def test_files_and_folders_tell_splits_of_cvat_and_label_studio(write, as_files, tmp_path):
    for split in ("training", "valid"):
        pictures(tmp_path / split, [f"{split}1", f"{split}2"])
        write(tmp_path / split, [f"{split}1.png", f"{split}2.png"])
        if as_files:
            (file,) = (path for path in (tmp_path / split).iterdir() if path.suffix != ".png")
            for path in (tmp_path / split).iterdir():
                path.rename(tmp_path / (f"{split}{path.suffix}" if path == file else path.name))
    assert named(open_data(tmp_path)) == {
        "train": ["train/training1", "train/training2"],
        "val": ["val/valid1", "val/valid2"],
    }


def test_beside_a_folder_test_the_others_are_train_and_val_is_taken_out_of_them(tmp_path):
    for folder, names in ((tmp_path, "abcd"), (tmp_path / "test", "xy")):
        pictures(folder, names)
        labelme(folder, [f"{name}.png" for name in names])
    data = open_data(tmp_path)
    assert named(data).pop("test") == ["test/0", "test/1"]
    assert sorted(name for split in ("train", "val") for name in named(data)[split]) == ["0", "1", "2", "3"]
    assert any(note.endswith("; 4 pairs that tell no split are train") for note in data.notes)


def test_exports_of_several_jobs_add_up(tmp_path):
    for job in ("job_1", "job_2"):
        pictures(tmp_path / job / "images", "ab")
        coco(tmp_path / job / "annotations", ["a.png", "b.png"])
    names = sorted(name for found in named(open_data(tmp_path)).values() for name in found)
    assert names == ["job_1/images/a", "job_1/images/b", "job_2/images/a", "job_2/images/b"]


def test_a_file_that_tells_no_training_split_says_how_to_have_one(tmp_path):
    pictures(tmp_path, "ab")
    coco(tmp_path, ["a.png", "b.png"])
    (tmp_path / "annotations.json").rename(tmp_path / "2024-dev.json")
    data = open_data(tmp_path)
    assert len(data.split("val")) == 2
    with pytest.raises(DataError, match="rename what is called val if it is meant for training"):
        data.split("train")


def both(root, *others):
    """Write annotations.json with the pictures a to f, and a file with some of them for each other name."""
    pictures(root, "abcdef")
    coco(root, [f"{name}.png" for name in "abcdef"])
    whole = (root / "annotations.json").rename(root / "whole")
    for file, names in others:
        coco(root, [f"{name}.png" for name in names])
        (root / "annotations.json").rename(root / file)
    whole.rename(root / "annotations.json")


def test_a_file_that_tells_no_split_does_not_dissolve_those_of_others(tmp_path):
    both(tmp_path, ("train.json", "abcd"), ("val.json", "e"))
    data = open_data(tmp_path)
    assert named(data) == {"train": ["a", "b", "c", "d"], "val": ["e"]}
    left_out = "left out, since the name tells no split, and those of other files tell train and val"
    assert f"annotations.json: {left_out}" in data.notes


def test_beside_val_alone_a_file_that_tells_no_split_is_train_without_the_pictures_of_val(tmp_path):
    both(tmp_path, ("val.json", "ef"))
    data = open_data(tmp_path)
    assert named(data) == {"train": ["a", "b", "c", "d"], "val": ["e", "f"]}
    assert "the pictures of annotations.json are train, without those of val" in data.notes
    (tmp_path / "c.png").unlink()
    assert "names the picture c.png, which is missing" in open_data(tmp_path).faults["train"][0]


def test_pairs_in_no_split_do_not_dissolve_those_of_others():
    pairs = tuple(Pair(name, Path(name), Path(name)) for name in ("train/a", "val/b", "more/b", "c"))
    splits, note = split_pairs(pairs, 0, 0.2)
    assert {split: [pair.name for pair in found] for split, found in splits.items()} == {
        "train": ["train/a"],
        "val": ["val/b"],
    }
    assert note.endswith("; 2 pairs such as more/b are in no split and left out")
    splits, note = split_pairs((pairs[0], *pairs[2:]), 0, 0.2)  # train may be what is in the pictures
    assert sum(map(len, splits.values())) == 3
    assert note.startswith("split by name")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("val/a b c", {"train": ["b", "c"], "val": ["val/a"]}),
        ("val/a test/b c", {"train": ["c"], "val": ["val/a"], "test": ["test/b"]}),
        ("val/a a b", {"train": ["b"], "val": ["val/a"]}),  # a picture of val
        ("train/a test/b c", {"train": ["train/a"], "test": ["test/b"]}),
        ("val/a", {"train": ["val/a"]}),  # the folder tells nothing where all are in it
    ],
)
def test_the_pairs_that_a_data_set_keeps_for_validation_and_tests_never_go_to_train(names, expected):
    pairs = tuple(Pair(name, Path(name[-1]), Path(name)) for name in names.split())
    splits, _ = split_pairs(pairs, 0, 0.2)
    assert {split: [pair.name for pair in found] for split, found in splits.items()} == expected
