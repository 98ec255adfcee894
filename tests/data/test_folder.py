import unicodedata

import numpy as np
import pytest

from pixelwise.data.folder import open_data, split_by_name
from pixelwise.data.pairs import Pair
from pixelwise.errors import ConfigError, DataError


def names(data, split):
    return [pair.name for pair in data.split(split)]


def test_splits_of_the_folder_are_read_as_they_are(put_pair, tmp_path):
    for split, name in (("train", "b"), ("train", "a"), ("val", "c"), ("test", "d")):
        put_pair(split, name, [[0, 1]])
    data = open_data(tmp_path)
    assert {split: names(data, split) for split in data.splits} == {
        "train": ["a", "b"],
        "val": ["c"],
        "test": ["d"],
    }
    assert data.split("val") == (
        Pair("c", tmp_path / "val" / "images" / "c.png", tmp_path / "val" / "masks" / "c.png"),
    )


def test_the_root_may_be_text(put_pair, tmp_path):
    put_pair("train", "a", [[0, 1]])
    assert open_data(str(tmp_path)).root == tmp_path


def test_pictures_in_folders_below_images_belong_to_masks_in_the_same_folders(put_pair, put, tmp_path):
    for folder, value in (("rome", 1), ("bonn/west", 2)):
        put(f"train/images/{folder}/a.png", np.zeros((1, 2, 3), np.uint8))
        put(f"train/masks/{folder}/a.png", np.array([[0, value]], np.uint8))
    data = open_data(tmp_path, val_fraction=0)
    assert names(data, "train") == ["bonn/west/a", "rome/a"]
    assert data.split("train")[1].mask == tmp_path / "train" / "masks" / "rome" / "a.png"


@pytest.mark.parametrize("name", ["two words", "grün-日本", "v1.2.final", "#1 [a]*", "-x", "100%"])
def test_odd_names_are_names(put_pair, tmp_path, name):
    put_pair("train", name, [[0, 1]])
    assert names(open_data(tmp_path), "train") == [name]


def test_names_that_read_the_same_match_however_their_accents_are_written(put, tmp_path):
    put(f"train/images/{unicodedata.normalize('NFD', 'é')}.png", np.zeros((1, 2, 3), np.uint8))
    put(f"train/masks/{unicodedata.normalize('NFC', 'é')}.png", np.array([[0, 1]], np.uint8))
    assert len(open_data(tmp_path).split("train")) == 1


def test_a_set_without_val_gets_one_out_of_train(put_pair, tmp_path):
    for number in range(10):
        put_pair("train", f"{number}", [[0, 1]])
    put_pair("test", "t", [[0, 1]])
    data = open_data(tmp_path)
    assert {*names(data, "train"), *names(data, "val")} == {f"{number}" for number in range(10)}
    assert len(data.split("val")) in range(1, 6)
    assert any(note.startswith("no val split: it is taken out of train by name") for note in data.notes)


def test_suffixes_may_differ_and_be_written_large(put, tmp_path):
    for name, image, mask in (
        ("a", "JPG", "png"),
        ("b", "jpeg", "PNG"),
        ("c", "webp", "bmp"),
        ("d", "Tiff", "gif"),
    ):
        put(f"train/images/{name}.{image}", np.zeros((4, 4, 3), np.uint8))
        put(f"train/masks/{name}.{mask}", np.eye(4, dtype=np.uint8))
    assert names(open_data(tmp_path, val_fraction=0), "train") == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "path",
    ["Thumbs.db", ".DS_Store", "._a.png", ".hidden/x.png", "notes.txt", "a.json", "desktop.ini", "noend"],
)
def test_files_that_are_no_pictures_and_hidden_ones_are_not_seen(put_pair, tmp_path, path):
    put_pair("train", "a", [[0, 1]])
    for kind in ("images", "masks"):
        stray = tmp_path / "train" / kind / path
        stray.parent.mkdir(exist_ok=True)
        stray.write_bytes(b"x")
    data = open_data(tmp_path)
    assert names(data, "train") == ["a"]
    assert not data.faults["train"]


def test_a_split_that_does_not_exist_is_an_error_that_names_the_others(put_pair, tmp_path):
    put_pair("train", "a", [[0, 1]])
    put_pair("val", "a", [[0, 1]])
    with pytest.raises(DataError, match=f"{tmp_path}: has no split 'test', only train, val"):
        open_data(tmp_path).split("test")


def test_a_test_split_without_masks_is_left_out_with_a_note(put_pair, tmp_path):
    put_pair("train", "a", [[0, 1]])
    (tmp_path / "test" / "images").mkdir(parents=True)
    data = open_data(tmp_path)
    assert list(data.splits) == ["train"]
    assert data.notes[0] == f"{tmp_path / 'test'} has no folder masks and is left out"


def test_files_without_partner_are_left_out_named_and_noted(put_pair, put, tmp_path):
    put_pair("train", "a", [[0, 1]])
    image = put("train/images/b.jpg", np.zeros((1, 2, 3), np.uint8))
    mask = put("train/masks/c.png", np.array([[0, 9]], np.uint8))
    data = open_data(tmp_path)
    assert names(data, "train") == ["a"]
    assert data.faults["train"] == (
        f"{image}: has no mask; expected {tmp_path}/train/masks/b.png: add it, or delete the picture",
        f"{mask}: has no picture; expected {tmp_path}/train/images/c.*: add it, or delete the mask",
    )
    assert data.notes[0] == "train: left out, without a partner or with the name of another: 2"


def test_two_pictures_of_one_name_are_named_both(put_pair, put, tmp_path):
    put_pair("train", "a", [[0, 1]])
    put("train/images/a.jpg", np.zeros((1, 2, 3), np.uint8))
    (fault,) = open_data(tmp_path).faults["train"]
    assert f"{tmp_path / 'train' / 'images' / 'a.png'}: differs from a.jpg in its suffix alone" in fault
    assert "rename or delete one of them" in fault


def test_a_description_says_what_the_values_mean(put_pair, tmp_path):
    put_pair("train", "a", [[0, 7, 9]])
    (tmp_path / "dataset.yaml").write_text("names: {0: road, 7: car}\nignore: [9]")
    data = open_data(tmp_path)
    assert data.labels.class_names == ("road", "car")
    assert data.codec.ids == {0: 0, 7: 1, 9: 255}
    assert data.notes == ("values 0, 7 in the masks are ids 0 to 1 in the model and its masks",)


COLORED = "names: [road, car]\ncolors: {0: [0, 0, 0], 1: [255, 255, 255]}"


@pytest.mark.parametrize(
    ("mask", "ids"),
    [
        ([[[0, 0, 0], [255, 255, 255]]], {0: 0, 0xFFFFFF: 1}),  # colours
        ([[0, 1]], {0: 0, 1: 1, 255: 255}),  # ids; the colours are to draw with
        ([[[0, 0, 0], [1, 1, 1]]], {0: 0, 1: 1, 255: 255}),  # ids, though saved as RGB
        ([[[0, 0, 0], [9, 8, 7]]], {0: 0, 0xFFFFFF: 1}),  # colours, one of them unknown
    ],
)
def test_a_description_with_colours_fits_masks_of_ids_and_of_colours(put_pair, tmp_path, mask, ids):
    put_pair("train", "a", mask)
    (tmp_path / "dataset.yaml").write_text(COLORED)
    assert open_data(tmp_path).codec.ids == ids


def test_colour_masks_without_colours_in_the_description_are_an_error(put_pair, tmp_path):
    put_pair("train", "a", [[[0, 0, 0], [9, 8, 7]]])
    (tmp_path / "dataset.yaml").write_text("names: [road, car]")
    with pytest.raises(
        DataError, match=r"dataset.yaml: the masks are colour pictures, but no colour is given for road, car"
    ):
        open_data(tmp_path)


def test_with_a_description_only_a_few_masks_are_read(put_pair, tmp_path):
    for number in range(40):
        put_pair("train", f"{number:02}", [[0, 1]])
    (tmp_path / "dataset.yaml").write_text(COLORED)
    calls = []
    open_data(tmp_path, progress=lambda *call: calls.append(call))
    assert calls[-1] == (8, 8)


@pytest.fixture
def unsplit(put_pair, tmp_path):
    for number in range(30):
        put_pair(".", f"p{number:02}", [[0, 1]])
    return tmp_path


def test_pictures_without_splits_are_split_by_the_seed(unsplit):
    data = open_data(unsplit)
    assert set(data.splits) == {"train", "val"}
    assert sorted(names(data, "train") + names(data, "val")) == [f"p{number:02}" for number in range(30)]
    assert names(open_data(unsplit), "val") == names(data, "val")
    assert names(open_data(unsplit, seed=1), "val") != names(data, "val")
    counts = f"{len(data.split('train'))} train and {len(data.split('val'))} val"
    assert data.notes[0] == f"split by name with seed 0: {counts}"


def test_new_pictures_do_not_move_others(unsplit, put_pair):
    before = open_data(unsplit)
    for number in range(20):
        put_pair(".", f"new{number}", [[0, 1]])
    after = open_data(unsplit)
    assert set(names(before, "val")) <= set(names(after, "val"))
    assert set(names(before, "train")) <= set(names(after, "train"))


def test_a_mask_without_picture_counts_against_both_splits(unsplit, put):
    put("masks/lonely.png", np.array([[0, 1]], np.uint8))
    data = open_data(unsplit)
    assert len(data.faults["train"]) == 1
    assert data.faults["train"] == data.faults["val"]


def pairs_of(number):
    return tuple(Pair(f"{i}", None, None) for i in range(number))


def test_the_share_of_val_is_about_what_was_asked_for():
    for fraction in (0.1, 0.3, 0.5):
        assert len(split_by_name(pairs_of(4000), 0, fraction)["val"]) == pytest.approx(
            4000 * fraction, rel=0.1
        )


@pytest.mark.parametrize("number", [2, 3, 4])
@pytest.mark.parametrize("fraction", [0.001, 0.2, 0.999])
def test_neither_split_is_empty_where_there_are_two_pictures(number, fraction):
    for seed in range(20):
        splits = split_by_name(pairs_of(number), seed, fraction)
        assert len(splits["train"]) + len(splits["val"]) == number
        assert splits["train"]
        assert splits["val"]


def test_a_share_of_0_and_a_single_picture_leave_train_alone():
    assert list(split_by_name(pairs_of(9), 0, 0.0)) == ["train"]
    assert list(split_by_name(pairs_of(1), 3, 0.2)) == ["train"]


@pytest.mark.parametrize("fraction", [-0.1, 1, 1.5, float("nan")])
def test_a_share_outside_0_to_1_is_an_error(unsplit, fraction):
    with pytest.raises(ConfigError, match="val_fraction is"):
        open_data(unsplit, val_fraction=fraction)


def test_what_is_no_data_set_is_an_error_that_lists_what_was_looked_for(tmp_path):
    looked_for = r"looked for \{train,val,test\}/\{images,masks\}/NAME.\* and for \{images,masks\}/NAME.\*"
    with pytest.raises(DataError, match=f"{tmp_path / 'none'}: no such folder or file"):
        open_data(tmp_path / "none")
    with pytest.raises(DataError, match=f"{tmp_path}: no data set found; {looked_for}; .*; found nothing"):
        open_data(tmp_path)
    (tmp_path / "valid").mkdir()
    (tmp_path / "a.txt").touch()
    with pytest.raises(DataError, match=r"found a\.txt, valid"):
        open_data(tmp_path)
    with pytest.raises(DataError, match=r"a\.txt: is a file, expected a folder with a data set"):
        open_data(tmp_path / "a.txt")


@pytest.mark.parametrize(("there", "missing"), [("images", "masks"), ("masks", "images")])
def test_a_split_that_lacks_a_folder_is_named(put_pair, tmp_path, there, missing):
    put_pair("train", "a", [[0, 1]])
    (tmp_path / "val" / there).mkdir(parents=True)
    with pytest.raises(DataError, match=f"{tmp_path / 'val'}: has no folder {missing}; .*; found {there}"):
        open_data(tmp_path)
