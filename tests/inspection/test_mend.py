import numpy as np
import pytest
from PIL import Image

from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.errors import DataError
from pixelwise.inspection.finding import Severity
from pixelwise.inspection.findings import find
from pixelwise.inspection.mend import mend
from pixelwise.inspection.sharpen import sharpened
from pixelwise.inspection.survey import survey

from .faults import CLASSES, FAULTS, change, describe, files, image_of, names

MENDED = [
    "picture-without-mask",
    "mask-without-picture",
    "doubled-name",
    "size-mismatch",
    "unreadable-picture",
    "unreadable-mask",
    "smoothed-mask",
    "jpeg-mask",
    "void-not-declared",
    "rotation-lacks",
    "same-picture-across-splits",
    "all-ignored",
]


def contents(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("kind", MENDED)
def test_the_mended_copy_has_no_fault_and_the_original_is_as_it_was(kind, root, tmp_path):
    FAULTS[kind](root)
    before = contents(root)
    assert all(finding.safe for finding in find(survey(root)))
    mend(survey(root), tmp_path / "mended")
    assert contents(root) == before
    assert find(survey(tmp_path / "mended")) == ()
    data = open_data(tmp_path / "mended")
    check_data(data, list(data.splits))


def test_what_is_said_to_be_mended_is_mended_all_at_once(root, tmp_path):
    for kind in MENDED:
        FAULTS[kind](root)
    FAULTS["value-beyond-names"](root)
    mend(survey(root), tmp_path / "mended")
    blocking = [
        entry.kind for entry in find(survey(tmp_path / "mended")) if entry.severity is Severity.BLOCKS
    ]
    assert blocking == ["value-beyond-names"]


def test_a_clean_set_is_copied_byte_for_byte(clean_root, tmp_path):
    done = mend(survey(clean_root), tmp_path / "mended")
    assert contents(tmp_path / "mended") == contents(clean_root)
    assert done == [f"there was nothing that --fix can mend: {tmp_path / 'mended'} is a copy as it was"]


def test_a_dataset_yaml_of_choices_alone_is_kept(root, tmp_path):
    describe(root, "merge: {round: [class_1, class_4]}\ndrop: 2\ndepth: 8\n")
    FAULTS["unreadable-mask"](root)
    mend(survey(root), tmp_path / "mended")
    assert (tmp_path / "mended" / "dataset.yaml").read_text() == (root / "dataset.yaml").read_text()
    assert open_data(tmp_path / "mended").labels == survey(root).labels


def test_void_is_declared_in_a_public_set_too_and_its_classes_stay_merged(root, tmp_path):
    describe(root, "merge: {thing: [road, tree]}\n")
    for mask in [*files(root)[1:], *files(root, "val")]:
        change(mask, lambda values: np.where(values == 255, 11, values).astype(np.uint8))
    for path in root.glob("*/*/*.png"):
        path.rename(path.with_name(f"0001TP_{path.stem[-4:]}.png"))  # the names of CamVid
    assert "void-not-declared" in {entry.kind for entry in find(survey(root))}
    mend(survey(root), tmp_path / "mended")
    assert "void-not-declared" not in {entry.kind for entry in find(survey(tmp_path / "mended"))}
    names = open_data(tmp_path / "mended").labels.class_names
    assert names == survey(root).labels.class_names
    assert "thing" in names


@pytest.mark.parametrize("colors", [False, True])
def test_classes_that_stand_in_masks_left_out_alone_keep_their_ids(root, tmp_path, colors):
    (root / "dataset.yaml").unlink()
    masks = [*files(root), *files(root, "val")]

    def two_classes(values):
        drawn = np.where(values == 1, 2, 0).astype(np.uint8)
        return np.stack([drawn * 100, drawn, drawn], axis=-1) if colors else drawn

    def another_size(values):
        last = np.full((50, 50), 1, np.uint8) if colors else np.full((50, 50), 3, np.uint8)
        return np.stack([last, last * 9, last], axis=-1) if colors else last

    for mask in masks:
        change(mask, two_classes)
    change(masks[0], another_size)
    before = survey(root)
    done = mend(before, tmp_path / "mended")
    labels = open_data(tmp_path / "mended").labels
    assert labels == before.labels
    assert labels.num_classes == (3 if colors else 4)
    assert any("some are only in masks that were left out" in line for line in done)


def test_a_dataset_yaml_is_made_up_only_where_classes_would_change(root, tmp_path):
    (root / "dataset.yaml").unlink()
    FAULTS["size-mismatch"](root)
    before = survey(root)
    mend(before, tmp_path / "mended")
    assert not (tmp_path / "mended" / "dataset.yaml").exists()
    assert open_data(tmp_path / "mended").labels == before.labels


def test_a_colour_mask_among_ids_is_turned_and_stays_in_colours(root, tmp_path):
    unturned = FAULTS["rotation-lacks"](root)
    change(unturned, lambda values: np.stack([values, values * 7, values * 9], axis=-1))
    done = mend(survey(root), tmp_path / "mended")
    assert "1 pair: mask turned upright" in done
    with (
        Image.open(unturned) as before,
        Image.open(tmp_path / "mended" / unturned.relative_to(root)) as after,
    ):
        np.testing.assert_array_equal(np.array(after), np.rot90(np.array(before), -1))
    assert [entry.kind for entry in find(survey(tmp_path / "mended"))] == ["mixed-kinds"]


def test_one_bad_pair_is_left_out_and_the_others_are_written(root, tmp_path):
    soft, turned = FAULTS["smoothed-mask"](root), FAULTS["rotation-lacks"](root)
    with Image.open(turned) as mask:
        deep = Image.fromarray(np.array(mask).astype(np.int32) * 70_000)
    turned.unlink()
    deep.save(turned.with_suffix(".tif"))
    looked_at = survey(root)
    soft.write_bytes(b"no picture any more")
    done = mend(looked_at, tmp_path / "mended")
    assert done[:2] == [
        "1 pair: left out, cannot be read",
        "1 pair: left out, it has values above 65535",
    ]
    assert len(survey(tmp_path / "mended").entries) == len(looked_at.entries) - 2


def test_a_void_below_0_survives_mending(root, tmp_path):
    unturned = FAULTS["rotation-lacks"](root)
    with Image.open(unturned) as mask:
        values = np.array(mask).astype(np.int32)
    values[0, :2] = -1
    unturned.unlink()
    Image.fromarray(values).save(unturned.with_suffix(".tif"))
    names(root, CLASSES, "ignore: [-1, 255]\n")
    done = mend(survey(root), tmp_path / "mended")
    assert "1 pair: mask turned upright" in done
    with Image.open((tmp_path / "mended" / unturned.relative_to(root)).with_suffix(".tif")) as after:
        np.testing.assert_array_equal(np.array(after), np.rot90(values, -1))


def test_a_void_below_0_is_declared_beside_what_is_ignored(root, tmp_path):
    mask = FAULTS["void-not-declared"](root)  # 255, and -1 in one mask
    with Image.open(mask) as picture:
        values = np.array(picture).astype(np.int32)
    values[0, :2] = -1
    mask.unlink()
    Image.fromarray(values).save(mask.with_suffix(".tif"))
    mends = [entry.mend for entry in find(survey(root)) if entry.kind == "void-not-declared"]
    line = "write in dataset.yaml  ignore: [-1, 255]"
    assert mends == [f"{line}  (or name it as a class)", line]
    mend(survey(root), tmp_path / "mended")
    names(root, CLASSES, "ignore: [-1, 255]\n")
    for place in (root, tmp_path / "mended"):
        assert find(survey(place)) == ()


def test_a_file_that_is_gone_since_costs_its_own_pair_alone(root, tmp_path):
    looked_at = survey(root)
    first, second, *_ = [entry.pair for entry in looked_at.entries]
    first.image.unlink()
    second.mask.unlink()
    assert mend(looked_at, tmp_path / "mended")[0] == "2 pairs: left out, cannot be read"
    assert len(survey(tmp_path / "mended").entries) == len(looked_at.entries) - 2
    assert find(survey(tmp_path / "mended")) == ()


def test_the_last_of_shifted_ids_is_not_declared_void(root, tmp_path):
    FAULTS["ids-shifted"](root)
    (told,) = mend(survey(root), tmp_path / "mended")
    assert "nothing that --fix can mend" in told
    assert [entry.kind for entry in find(survey(tmp_path / "mended"))] == ["ids-shifted"]


def test_values_that_a_dataset_yaml_cannot_hold_are_left_out_of_it(root, tmp_path):
    (root / "dataset.yaml").unlink()
    mask = files(root)[0]
    with Image.open(mask) as picture:
        deep = Image.fromarray(np.array(picture).astype(np.int32) * 300)
    mask.unlink()
    deep.save(mask.with_suffix(".tif"))
    lost = change(files(root)[1], lambda values: np.where(values == 0, 77, values).astype(np.uint8))
    image_of(lost).write_bytes(b"")  # so that a class is in no mask that is kept, and needs a dataset.yaml
    mend(survey(root), tmp_path / "mended")
    assert (tmp_path / "mended" / "dataset.yaml").exists()
    assert "value-beyond-names" in {entry.kind for entry in find(survey(tmp_path / "mended"))}


def test_soft_edges_get_the_class_of_an_area_beside_them():
    classes = np.zeros((40, 60), np.uint8)
    classes[8:30, 10:40] = 200
    classes[20:36, 30:55] = 100
    soft = np.asarray(Image.fromarray(classes).resize((90, 60), Image.Resampling.BILINEAR))
    true = np.asarray(Image.fromarray(classes).resize((90, 60), Image.Resampling.NEAREST))
    mended = sharpened(soft, (0, 100, 200), by_color=False, lossy=False)
    assert set(np.unique(mended)) == {0, 100, 200}
    assert (mended != true).mean() < 0.02


def test_the_border_of_two_classes_never_becomes_a_third():
    row = [0] * 5 + [1, 2, 3, 4] + [5] * 5
    mended = sharpened(np.array([row] * 4, np.uint8), range(6), by_color=False, lossy=False)
    assert set(np.unique(mended)) == {0, 5}


def test_colours_in_a_jpeg_become_classes(tmp_path):
    colors = np.zeros((40, 40, 3), np.uint8)
    colors[10:30, 8:32] = (220, 20, 60)
    Image.fromarray(colors).save(tmp_path / "mask.jpg", quality=60)
    with Image.open(tmp_path / "mask.jpg") as picture:
        red, green, blue = np.moveaxis(np.array(picture).astype(np.int64), 2, 0)
    packed = red << 16 | green << 8 | blue
    assert len(np.unique(packed)) > 6
    mended = sharpened(packed, (0, 0xDC143C), by_color=True, lossy=True)
    assert ((mended == 0xDC143C) == (colors[:, :, 0] > 0)).mean() > 0.98


def test_ids_in_a_jpeg_are_given_up():
    assert sharpened(np.zeros((8, 8), np.uint8), (0, 1, 2), by_color=False, lossy=True) is None


def test_nothing_is_written_into_a_folder_with_something_in_it(root, tmp_path):
    found = survey(root)
    with pytest.raises(DataError, match="not an empty folder"):
        mend(found, root)
    with pytest.raises(DataError, match="within the data set"):
        mend(found, root / "mended")
    assert not (root / "mended").exists()
