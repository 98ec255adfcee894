import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from pixelwise.data.check import SHOWN, check_data
from pixelwise.data.folder import open_data
from pixelwise.data.memory import Memory
from pixelwise.errors import DataError

GOOD = [[0, 0, 1], [1, 2, 255]]


@pytest.fixture
def root(put_pair, tmp_path):
    """A clean data set of three classes whose description says so."""
    for split in ("train", "val"):
        for name in "abc":
            put_pair(split, name, GOOD)
    (tmp_path / "dataset.yaml").write_text("names: [road, car, tree]")
    return tmp_path


def complaint(root, *splits):
    with pytest.raises(DataError) as error:
        check_data(open_data(root), splits or ("train", "val"))
    return str(error.value)


def test_a_clean_data_set_passes(root):
    check_data(open_data(root))


def test_a_clean_data_set_without_description_passes(root):
    (root / "dataset.yaml").unlink()
    check_data(open_data(root))


def test_a_clean_data_set_of_colour_masks_passes(put_pair, tmp_path):
    for split in ("train", "val"):
        put_pair(split, "a", [[[255, 0, 0], [0, 0, 0]]])
    check_data(open_data(tmp_path))


def test_a_value_that_is_no_class_is_named_with_file_number_and_mend(root, put_pair):
    path = put_pair("train", "b", [[0, 3, 3], [1, 3, 255]])
    text = complaint(root)
    assert (
        f"{path}: value 3 in 3 pixels is no class and not ignored; expected the classes 0 to 2 or the" in text
    )
    assert "name the value in dataset.yaml" in text
    assert text.startswith(f"{root}: 1 fault in 6 pairs\n")


def test_a_value_in_many_masks_is_one_line(root, put_pair):
    for name in "abc":
        put_pair("val", name, [[0, 12, 12], [1, 1, 2]])
    text = complaint(root)
    assert f"{root / 'val/masks/a.png'} (and 2 other masks): value 12 in 6 pixels" in text
    assert len(text.splitlines()) == 2


def test_many_values_that_are_no_class_are_one_line(root, put_pair):
    path = put_pair("val", "b", np.arange(100, 200).reshape(10, 10))
    text = complaint(root)
    assert (
        f"{path}: in this and other masks 100 values or more are no class and not ignored, in 100 pixels"
        in text
    )
    assert "Suspected cause: soft (anti-aliased) edges" in text
    assert len(text.splitlines()) == 2


def test_a_colour_that_is_no_class_is_named(root, put_pair):
    (root / "dataset.yaml").write_text("names: [road, car]\ncolors: {0: [0, 0, 0], 1: [255, 0, 0]}")
    for split in ("train", "val"):
        for name in "abc":
            path = put_pair(split, name, [[[0, 0, 0], [255, 0, 0], [254, 1, 0]]])
    text = complaint(root)
    assert (
        "colour #fe0100 in 6 pixels is no class and not ignored; expected the classes #000000, #ff0000"
        in text
    )
    assert str(path.parent.parent.parent / "train/masks/a.png") in text


def test_a_colour_mask_among_ids_is_named(root, put_pair):
    path = put_pair("train", "c", [[[0, 0, 0], [255, 0, 0]]])
    assert f"{path}: is a colour picture, expected one number a pixel" in complaint(root)


def test_masks_of_another_size_are_named_with_both_sizes(root, put):
    image = put("train/images/a.png", np.zeros((5, 7, 3), np.uint8))
    text = complaint(root)
    assert f"{root / 'train/masks/a.png'}: is 3 x 2 pixels, but its picture {image} is 7 x 5: scale" in text


def test_a_mask_that_lacks_the_rotation_of_its_picture_is_named_so(root, put):
    exif = Image.Exif()
    exif[0x0112] = 6
    put("train/images/a.png", np.zeros((2, 3, 3), np.uint8), exif=exif)
    assert "is 2 x 3: one of them lacks the rotation that cameras store (EXIF): turn" in complaint(root)


def test_a_rotated_picture_and_its_upright_mask_pass(root, put):
    exif = Image.Exif()
    exif[0x0112] = 6
    put("train/images/a.png", np.zeros((3, 2, 3), np.uint8), exif=exif)
    check_data(open_data(root))


@pytest.mark.parametrize("kind", ["images", "masks"])
@pytest.mark.parametrize("share", [0, 0.5])
@pytest.mark.parametrize("described", [True, False])
def test_an_unreadable_or_cut_file_is_named(root, put, kind, share, described):
    if not described:
        (root / "dataset.yaml").unlink()
    noise = np.random.default_rng(0).integers(0, 3, (40, 40), np.uint8)
    put("train/images/a.png", noise)
    put("train/masks/a.png", noise)
    path = root / "train" / kind / "a.png"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    text = complaint(root)
    assert f"{path}: is {'damaged' if share else 'empty'}" in text
    assert "copy it again, or delete it" in text
    assert len(text.splitlines()) == 2


def test_a_cut_jpeg_is_named(root, put):
    (root / "train/images/a.png").unlink()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = put("train/images/a.jpg", noise)
    put("train/masks/a.png", noise[..., 0] % 3)
    check_data(open_data(root))
    path.write_bytes(path.read_bytes()[:-400])
    assert f"{path}: is damaged" in complaint(root)


def test_missing_partners_and_doubled_names_are_among_the_faults(root, put):
    lonely = put("val/images/z.png", np.zeros((1, 1, 3), np.uint8))
    put("train/images/a.jpg", np.zeros((2, 3, 3), np.uint8))
    text = complaint(root)
    assert text.startswith(f"{root}: 2 faults in 6 pairs\n")
    assert f"{lonely}: has no mask" in text
    assert "a.png: differs from a.jpg in its suffix alone" in text


def test_faults_of_other_splits_do_not_count(root, put_pair):
    put_pair("val", "a", [[9]])
    check_data(open_data(root), ["train"])
    assert "value 9" in complaint(root, "val")


def test_a_lossy_mask_that_does_not_fit_is_named_with_the_reason(root, put):
    mask = np.repeat(np.array([[0, 2]], np.uint8), 16, axis=1).repeat(16, axis=0) * 1
    mask[:, 16:] = 60
    (root / "train/masks/a.png").unlink()
    put("train/images/a.png", np.zeros((16, 32, 3), np.uint8))
    path = put("train/masks/a.jpg", mask, quality=50)
    text = complaint(root)
    assert f"{path}: is a JPEG, which does not keep values exactly" in text
    assert "save masks as PNG" in text


def test_a_lossy_mask_whose_values_all_fit_passes(root, put):
    (root / "train/masks/a.png").unlink()
    put("train/masks/a.jpg", np.zeros((2, 3), np.uint8))
    check_data(open_data(root))


def test_everything_is_found_at_once_ten_are_shown_and_the_rest_counted(put_pair, tmp_path):
    for number in range(SHOWN + 7):
        put_pair("train", f"{number:02}", GOOD)
        (tmp_path / f"train/images/{number:02}.png").write_bytes(b"")
    put_pair("val", "a", GOOD)
    text = complaint(tmp_path, "train").splitlines()
    assert text[0] == f"{tmp_path}: 17 faults in 17 pairs"
    assert [line.strip().partition(":")[0] for line in text[1:11]] == [
        str(tmp_path / f"train/images/{number:02}.png") for number in range(10)
    ]
    assert text[11:] == ["  and 7 more"]


def test_masks_in_which_the_object_is_ignored_are_found(put_pair, tmp_path):
    for split in ("train", "val"):
        put_pair(split, "a", [[0, 0, 255]])
    (tmp_path / "dataset.yaml").write_text("names: {0: background, 1: object}")
    text = complaint(tmp_path)
    found = "all masks together hold background and ignored pixels alone; expected two classes or more"
    assert found in text
    assert "If an ignored value is a class, name it in dataset.yaml" in text


def test_a_train_split_without_a_class_is_an_error_whatever_val_holds(put_pair, tmp_path):
    put_pair("train", "a", [[255, 255, 255]])
    put_pair("val", "a", GOOD)
    (tmp_path / "dataset.yaml").write_text("names: [road, car, tree]")
    assert "all masks of train hold ignored pixels alone; expected the classes road, car" in complaint(
        tmp_path
    )


def test_one_class_alone_may_be_all_there_is(put_pair, tmp_path):
    put_pair("train", "a", [[0, 0, 255]])
    (tmp_path / "dataset.yaml").write_text("names: {0: road}")
    check_data(open_data(tmp_path), ["train"])


def test_a_split_that_does_not_exist_is_an_error(root):
    assert complaint(root, "test") == (
        f"{root}: has no split 'test', only train, val; make {root}/test/{{images,masks}}"
    )
    assert complaint(root, "foo") == f"{root}: has no split 'foo', only train, val"


def test_a_single_pair_is_told_to_be_too_few_and_no_share_for_val_how_to_mend_it(put_pair, tmp_path):
    put_pair("train", "a", GOOD)
    assert "has no split 'val', only train; two pairs or more are needed" in complaint(tmp_path)
    put_pair("train", "b", GOOD)
    with pytest.raises(DataError, match="has no split 'val', only train; give val_fraction more than 0"):
        check_data(open_data(tmp_path, val_fraction=0))


def test_masks_that_were_read_to_find_the_classes_are_not_read_again(root, tmp_path, monkeypatch):
    (root / "dataset.yaml").unlink()
    monkeypatch.setattr("pixelwise.data.memory.SETTLED", 0)
    with Memory(root, tmp_path / "cache") as memory:
        data = open_data(root, memory=memory)
        monkeypatch.setattr("pixelwise.data.scan.scan_mask", None)
        check_data(data, memory=memory)


def test_progress_counts_the_pairs(root):
    calls = []
    check_data(open_data(root), ["train"], progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_an_interrupt_ends_the_check_at_once(root, put_pair):
    for number in range(300):
        put_pair("train", f"{number}", GOOD)
    data = open_data(root)

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_data(data, progress=interrupt)


def test_opening_and_checking_loads_no_torch(root):
    code = (
        "import sys, pixelwise.data.check as c, pixelwise.data.folder as f, pixelwise.data.shapes;"
        f"c.check_data(f.open_data({str(root)!r})); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
