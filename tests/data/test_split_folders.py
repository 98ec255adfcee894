"""Which folders of our own layout are splits, whatever they are called, and what is looked into."""

import numpy as np
import pytest

from pixelwise.data.folder import open_data
from pixelwise.errors import DataError


def names(data, split):
    return [pair.name for pair in data.split(split)]


@pytest.mark.parametrize(("train", "val"), [("train", "valid"), ("Training", "Validation"), ("train", "dev")])
def test_splits_may_be_called_otherwise(train, val, put_pair, tmp_path):
    for split, name in ((train, "a"), (val, "b")):
        put_pair(split, name, [[0, 1]])
    data = open_data(tmp_path)
    assert (names(data, "train"), names(data, "val")) == (["a"], ["b"])


def test_two_folders_for_one_split_are_an_error_that_names_both(put_pair, tmp_path):
    for split in ("train", "val", "valid"):
        put_pair(split, "a", [[0, 1]])
    with pytest.raises(DataError, match="the folders val and valid both stand for val"):
        open_data(tmp_path)


def test_pairs_that_are_in_no_split_are_noted(put_pair, tmp_path):
    for split in ("train", "val", "more", "."):
        put_pair(split, "a", [[0, 1]])
    (tmp_path / "dev").mkdir()  # a folder of that name may be anything
    notes = [note for note in open_data(tmp_path).notes if "called after no split" in note]
    assert [note.partition(":")[0] for note in notes] == [str(tmp_path), str(tmp_path / "more")]


def test_folders_that_are_links_are_looked_into_once(put_pair, tmp_path):
    for place, name in (("train", "a"), ("val", "a"), ("elsewhere", "b")):
        put_pair(place, name, [[0, 1]])
    for kind in ("images", "masks"):
        (tmp_path / "train" / kind / "scene").symlink_to(tmp_path / "elsewhere" / kind)
        (tmp_path / "elsewhere" / kind / "round").symlink_to(tmp_path / "train" / kind)
    assert names(open_data(tmp_path), "train") == ["a", "scene/b"]


def test_a_partner_of_a_kind_that_is_not_read_is_named(put_pair, put, tmp_path):
    put_pair("train", "a", [[0, 1]])
    put("train/masks/b.png", np.array([[0, 1]], np.uint8))
    (tmp_path / "train/images/b.jp2").write_bytes(b"jpeg 2000")
    (fault,) = open_data(tmp_path).faults["train"]
    assert "b.png: has no picture; found b.jp2, of a kind that is not read, expected " in fault


def test_a_file_called_after_a_split_is_none(put_pair, tmp_path):
    for split in ("Training", "val"):
        put_pair(split, "a", [[0, 1]])
    for name in ("train", "test"):
        (tmp_path / name).touch()
    data = open_data(tmp_path)
    assert list(data.splits) == ["train", "val"]
    assert not any("test" in note for note in data.notes)
