import shutil

import numpy as np
import pytest
from PIL import Image

from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.masks import read_mask
from pixelwise.data.pairs import Pair
from pixelwise.data.shapes import draw_scene, write_shapes
from pixelwise.errors import DataError
from pixelwise.inspection.finding import Severity
from pixelwise.inspection.findings import find
from pixelwise.inspection.survey import survey

from .faults import CLASSES, FAULTS, change, files, names


def found(root):
    return {finding.kind: finding for finding in find(survey(root))}


def test_nothing_is_found_in_a_clean_set(clean_root):
    assert found(clean_root) == {}


@pytest.mark.slow
def test_nothing_is_found_in_many_pictures_of_a_clean_set(tmp_path):
    assert found(write_shapes(tmp_path / "shapes", train=200, val=40)) == {}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_planted_fault_is_found_and_its_file_named(kind, root):
    named = FAULTS[kind](root)
    findings = found(root)
    assert set(findings) == {kind}
    finding = findings[kind]
    assert str(named) in [file for file, _ in finding.files]
    assert finding.title
    assert finding.why
    assert finding.mend


def test_all_faults_of_files_are_found_at_once(root):
    whole = {"unused-name", "ids-shifted", "void-not-declared", "rare-class", "void-as-class"}
    kinds = [kind for kind in FAULTS if kind not in whole]
    named = {kind: FAULTS[kind](root) for kind in kinds}
    findings = found(root)
    assert set(findings) == set(kinds)
    for kind, file in named.items():
        assert [str(file)] == [entry for entry, _ in findings[kind].files]


def test_the_pictures_that_training_refuses_for_their_bands_are_named(root):
    images = sorted(root.glob("*/images/*.png"))
    for path in images[1:]:
        with Image.open(path) as picture:
            values = np.dstack([np.array(picture), np.arange(picture.width) + np.zeros((picture.height, 1))])
        Image.fromarray(values.astype(np.uint8)).save(path.with_suffix(".tif"))  # an alpha that is a band
        path.unlink()
    named = found(root)["mixed-bands"]
    assert named.files == ((str(images[0]), "holds 3 bands of uint8"),)
    assert named.title.startswith("1 picture of other bands")
    with pytest.raises(DataError, match="holds 3 bands") as error:
        check_data(open_data(root))
    assert str(images[0]) in str(error.value)


def test_what_blocks_comes_first(root):
    for kind in ("empty-mask", "tiny-picture", "size-mismatch"):
        FAULTS[kind](root)
    assert [finding.severity for finding in find(survey(root))] == [
        Severity.BLOCKS,
        Severity.WARNING,
        Severity.REMARK,
    ]


@pytest.fixture
def street(tmp_path):
    """Sixty pairs that are named like CamVid's, without a dataset.yaml: names and values tell the classes."""
    rng = np.random.default_rng(0)
    for number in range(60):
        split = tmp_path / "data" / ("val" if number % 6 == 0 else "train")
        image, mask = draw_scene(rng, (120, 160))
        for kind, pixels in (("images", image), ("masks", np.where(mask == 255, 11, mask).astype(np.uint8))):
            (split / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(split / kind / f"0016E5_{number:05}.png")
    return tmp_path / "data"


def kinds_of(root):
    return {finding.kind: [file for file, _ in finding.files] for finding in find(survey(root))}


def test_a_stray_mask_does_not_change_what_the_classes_are(street):
    clean = set(kinds_of(street))
    masks = sorted((street / "train" / "masks").iterdir())
    value, colors = np.array(Image.open(masks[0])), np.array(Image.open(masks[1]))
    value[5:15, 5:15] = 77
    Image.fromarray(value).save(masks[0])
    Image.fromarray(np.stack([colors * 20, colors, colors], axis=-1)).save(masks[1])
    found = kinds_of(street)
    assert found["value-beyond-names"] == [str(masks[0])]
    assert found["mixed-kinds"] == [str(masks[1])]
    assert set(found) == clean | {"value-beyond-names", "mixed-kinds"}
    with pytest.raises(DataError, match="value 77") as error:
        check_data(open_data(street))
    assert f"{masks[1]}: is a colour picture" in str(error.value)


def test_a_mask_that_was_scaled_like_a_picture_is_found_though_its_values_are_all_classes(street):
    clean = set(kinds_of(street))
    mask = sorted((street / "train" / "masks").iterdir())[3]
    drawn = np.array(Image.open(mask))
    whole = Image.fromarray(np.where(drawn > 0, np.where(drawn == 1, 5, 10), 0).astype(np.uint8))
    small = whole.resize((100, 75), Image.Resampling.BILINEAR)
    small.resize(whole.size, Image.Resampling.BILINEAR).save(mask)
    found = kinds_of(street)
    assert found["smoothed-mask"] == [str(mask)]
    assert set(found) == clean | {"smoothed-mask"}


def test_outlines_of_a_class_of_its_own_are_not_taken_for_soft_edges(root):
    for mask in root.glob("*/masks/*.png"):
        values = np.array(Image.open(mask))
        inside = (values > 0) & (values < 255)
        border = inside & ~(np.roll(inside, 1, 1) & np.roll(inside, -1, 1))
        Image.fromarray(np.where(border, 1, np.where(inside, 2, 0)).astype(np.uint8)).save(mask)
    names(root, {0: "background", 1: "outline", 2: "thing"})
    assert kinds_of(root) == {}


def test_ids_that_are_shifted_with_their_void_are_told(root):
    for mask in root.glob("*/masks/*.png"):
        values = np.array(Image.open(mask))
        Image.fromarray(np.where(values == 255, 7, values + 1).astype(np.uint8)).save(mask)
    names(root, CLASSES, "ignore: [6]\n")
    (finding,) = find(survey(root))
    assert finding.kind == "ids-shifted"
    assert "ignore: [7]" in finding.mend


def test_a_class_that_was_not_named_is_not_taken_for_void(root):
    names(root, {0: "background", 1: "disc"})
    found = {finding.kind: finding for finding in find(survey(root))}
    assert found.keys() == {"value-beyond-names"}
    names(root, {value: name for value, name in CLASSES.items() if value < 5})
    found = {finding.kind: finding for finding in find(survey(root))}
    assert found.keys() == {"value-beyond-names"}
    assert not found["value-beyond-names"].safe


def test_the_same_picture_in_val_and_test_and_twice_in_train_are_told_as_such(root):
    for kind in ("images", "masks"):
        (root / "test" / kind).mkdir(parents=True)
        val, train = files(root, "val", kind)[0], files(root, "train", kind)[0]
        shutil.copy(val, root / "test" / kind / val.name)
        shutil.copy(train, train.with_stem("zz"))
    findings = found(root)
    assert {kind: finding.severity for kind, finding in findings.items()} == {
        "same-picture-in-val-and-test": Severity.WARNING,
        "same-picture-twice": Severity.REMARK,
    }
    assert not findings["same-picture-in-val-and-test"].fix


def test_a_split_that_training_needs_and_lacks_is_told(root):
    shutil.rmtree(root / "train")
    assert split_missing(root) == "no pair in train, only 6 in val"
    (root / "val").rename(root / "train")
    assert "split-missing" not in kinds_of(root)  # val is taken out of train
    for path in [path for kind in ("images", "masks") for path in files(root, "train", kind)[1:]]:
        path.unlink()
    assert split_missing(root) == "no pair in val, only 1 in train"


def split_missing(root):
    (finding,) = [finding for finding in find(survey(root)) if finding.kind == "split-missing"]
    assert finding.severity is Severity.BLOCKS
    return finding.title


def test_masks_of_train_that_are_void_throughout_block(root):
    for mask in root.glob("train/masks/*.png"):
        Image.fromarray(np.full_like(np.array(Image.open(mask)), 255)).save(mask)
    found = {finding.kind: finding for finding in find(survey(root))}
    assert found["nothing-to-learn"].title == "all masks of train together hold no class alone"


@pytest.mark.parametrize(("seed", "index"), [(1, 39), (19, 77)])
def test_the_shadows_of_objects_are_not_where_their_masks_should_lie(seed, index, root):
    image, mask = draw_scene(np.random.default_rng((seed, 0, index)), (96, 128))
    for kind, picture in (("images", image), ("masks", mask)):
        Image.fromarray(picture).save(files(root, kind=kind)[0])
    assert "mask-off-edges" not in found(root)


def test_a_set_that_names_one_class_has_nothing_to_learn(root):
    (root / "dataset.yaml").write_text("names: {1: object}\nignore: [0, 255]\n")
    for mask in root.glob("*/masks/*.png"):
        change(mask, lambda values: np.where(values > 0, 1, 0).astype(np.uint8))
    finding = found(root)["nothing-to-learn"]
    assert finding.severity is Severity.WARNING
    assert finding.title == "all masks together hold 'object' alone"


def test_255_for_an_object_beside_unsure_pixels_looks_like_a_class(root):
    def gaps(values):
        return np.where(values == 255, 128, np.where(values > 0, 255, 0)).astype(np.uint8)

    for mask in root.glob("*/masks/*.png"):
        change(mask, gaps)
    assert "class-as-void" not in found(root)  # dataset.yaml speaks
    (root / "dataset.yaml").unlink()
    assert found(root)["class-as-void"].severity is Severity.WARNING


def test_the_line_that_mends_masks_numbered_anew_is_all_that_it_takes(root):
    odd = files(root)[19]
    before = read_mask(odd, survey(root).codec)
    FAULTS["palette-numbered-anew"](root)
    names(root, {**CLASSES, 6: "unicorn"})  # which is in no mask
    line = found(root)["palette-numbered-anew"].mend.split("  ")[1]
    with (root / "dataset.yaml").open("a") as file:
        file.write(line + "\n")
    assert set(found(root)) == {"unused-name"}
    np.testing.assert_array_equal(read_mask(odd, survey(root).codec), before)


def test_void_below_0_is_no_255_that_may_be_a_class(root):
    (root / "dataset.yaml").unlink()
    for mask in root.glob("*/masks/*.png"):
        change(mask, lambda values: np.where(values == 255, 0, values * 9 % 200).astype(np.uint8))
    for mask in files(root):
        with Image.open(mask) as picture:
            values = np.array(picture).astype(np.int32)
        values[: len(values) // 2] = -1
        mask.unlink()
        Image.fromarray(values).save(mask.with_suffix(".tif"))
    assert "class-as-void" not in found(root)


OF_ALL_MASKS = {
    "all-ignored": lambda values: np.full_like(values, 255),
    "black-and-white-mask": lambda values: np.where(values > 0, 255, 0).astype(np.uint8),
    "empty-mask": np.zeros_like,
    "size-mismatch": lambda values: values[::2, ::2],
    "value-beyond-names": lambda values: np.where(values == 0, 77, values).astype(np.uint8),
}


@pytest.mark.parametrize("kind", OF_ALL_MASKS)
def test_of_a_fault_in_all_masks_the_first_are_unpacked_and_the_rest_counted(kind, root, monkeypatch):
    masks = [*files(root), *files(root, "val")]
    for mask in masks:
        change(mask, OF_ALL_MASKS[kind])
    everything = survey(root)
    unpack, unpacked = Pair.mask.fget, []
    monkeypatch.setattr("pixelwise.inspection.finding.LISTED", 2)
    monkeypatch.setattr(Pair, "mask", property(lambda pair: unpacked.append(pair) or unpack(pair)))
    findings = {finding.kind: finding for finding in find(everything)}
    assert len(unpacked) <= 2 * len(findings)
    assert findings[kind].number > len(findings[kind].files) == 2
    assert findings[kind].files[0][0] in map(str, masks)
    assert len(findings[kind].pairs) == 2
