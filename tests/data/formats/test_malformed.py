"""Broken data sets: one line that names the file, and never another exception."""

import json
import random
import shutil

import numpy as np
import published
import pytest
from named_pictures import coco

from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.formats.reading import find_file
from pixelwise.data.masks import read_mask
from pixelwise.errors import ConfigError, DataError
from pixelwise.inspection.findings import find
from pixelwise.inspection.survey import survey


def build(name, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    expected = published.BUILDERS[name](root)
    return expected.root or root


def use_everything(root):
    data = open_data(root)
    check_data(data)
    return [read_mask(pair.mask, data.codec) for pairs in data.splits.values() for pair in pairs]


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


VOC = "VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt"
COCO = "annotations/instances_train2017.json"
EDITS = [
    ("coco", COCO, '"images"', '"pictures"', "lacks a list images"),
    ("coco", COCO, '"category_id": 1', '"category_id": 77', "has the category 77"),
    ("coco", COCO, '"image_id": 9', '"image_id": 8', "belongs to image 8, which is not there"),
    ("coco", COCO, "[[3, 2", "[[3e9, 2", "far outside of its picture"),
    ("coco", COCO, "[[3, 2, 10, 2, 10, 8, 3, 8]]", "[[3, 2, 10, 2]]", "three points or more"),
    ("coco", COCO, '"size": [12, 16]', '"size": [12, 17]', "the picture is (12, 16)"),
    ("coco", COCO, '"height": 12', '"height": -12', "height and width are -12"),
    ("coco", COCO, '"height": 12', '"height": 1000000000', "height and width are"),
    ("coco", COCO, '"height": 12', '"height": "tall"', "is damaged, or not COCO"),
    ("coco", COCO, '"file_name"', '"filename"', "lacks 'file_name'"),
    ("yolo", "labels/train/a.txt", "1 0 0", "7 0 0", "line 1 has the class 7"),
    ("yolo", "labels/train/a.txt", "0.5", "nan", "no number"),
    ("yolo", "labels/train/a.txt", "0.5", "50", "far outside of 0 to 1"),
    ("yolo", "labels/train/a.txt", "0.5", "x", "could not convert"),
    ("yolo", "data.yaml", "names:\n  0: person\n", "names:\n  a: person\n", "data.yaml"),
    ("yolo", "data.yaml", "train: images/train", "train: images/trian", "neither a folder nor a file"),
    ("yolo masks_dir", "dataset.yaml", "34: 1", "34: 9", "label_mapping leads to 9"),
    ("camvid", "label_colors.txt", "64 128 64", "64 128", "label_colors.txt"),
    ("camvid", "label_colors.txt", "64 128 64", "64 128 640", "label_colors.txt"),
    ("camvid", "label_colors.txt", "192 0 128", "64 128 64", "stands there twice"),
    ("ade20k", "objectInfo150.txt", "150\t", "151\t", "expected each of 1 to 150 once"),
    (
        "voc",
        "VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt",
        "2007_000002",
        "2007_9",
        "val.txt: names '2007_9'",
    ),
    ("labelme", "a.json", '"shapes": [', '"shapes": [3, ', "a.json: is damaged, or not"),
    ("labelme", "a.json", '"polygon", "points": [[2, 3],', '"polygon", "points": [["x", 3],', "a.json"),
    ("labelme", "a.json", '"rectangle"', '"star"', "a shape of the type 'star'"),
    ("labelme", "a.json", '"mask": "iVBOR', '"mask": "iVBOx', "a.json"),
    ("labelme", "a.json", '"imageHeight": 12', '"imageHeight": 1e12', "height and width"),
    ("cvat", "annotations.xml", "<annotations>", "<annotations><", "is not valid XML"),
    ("cvat", "annotations.xml", "<annotations>", "<!DOCTYPE x [<!ENTITY a 'a'>]><annotations>", "DOCTYPE"),
    ("cvat", "annotations.xml", 'points="2.0,3.0;', 'points="2.0;', "annotations.xml"),
    ("cvat", "annotations.xml", 'label="car"', 'label="bus"', "of the label 'bus'"),
    ("cvat", "annotations.xml", 'rle="1, 2, 3"', 'rle="1, 2, 999999999999"', "do not add up"),
    ("cvat", "annotations.xml", 'width="16"', 'width="wide"', "annotations.xml"),
    ("label studio", "project-1-at-2024.json", '"original_width": 16', '"original_width": 17', "disagree"),
    (
        "label studio",
        "project-1-at-2024.json",
        '"data": {',
        '"data": {}, "meta": {',
        "no address of a picture",
    ),
    ("label studio", "project-1-at-2024.json", '"rle": [0', '"rle": [700', "project-1-at-2024.json"),
    ("label studio", "project-1-at-2024.json", '"rle": [0, 0', '"rle": [9, 9', "a brush holds"),
    ("label studio", "project-1-at-2024.json", '"format": "rle"', '"format": "png"', "expected rle"),
    ("label studio", "project-1-at-2024.json", "[12.5, 25]", '["a", 25]', "project-1-at-2024.json"),
]


@pytest.mark.parametrize(("name", "file", "old", "new", "told"), EDITS)
def test_a_file_that_says_nonsense_is_named(tmp_path, name, file, old, new, told):
    root = build(name, tmp_path)
    edit(root / file, old, new)
    with pytest.raises(DataError) as error:
        use_everything(root)
    assert file.rpartition("/")[2] in str(error.value)
    assert told in str(error.value)
    assert str(error.value).count("\n") <= 1  # how many faults, and the fault


TEXTS = [
    ("coco", COCO),
    ("yolo", "labels/train/a.txt"),
    ("yolo", "data.yaml"),
    ("camvid", "label_colors.txt"),
    ("ade20k", "objectInfo150.txt"),
    ("labelme", "a.json"),
    ("cvat", "annotations.xml"),
    ("label studio", "project-1-at-2024.json"),
    ("sbd", "dataset/cls/2008_000001.mat"),
    ("parquet", "data/train-00000-of-00001.parquet"),
    ("cvat zip", "task.zip"),
    ("huggingface", "state.json"),
]


@pytest.mark.parametrize(("name", "file"), TEXTS)
def test_damaged_bytes_end_in_masks_or_in_one_of_our_errors(tmp_path, name, file):
    root = build(name, tmp_path)
    path = root if root.is_file() else root / file
    if not path.exists():
        path = next(path.parent.glob("train/*.arrow"))
    whole = path.read_bytes()
    rng = random.Random(0)
    for trial in range(12):
        damaged = bytearray(whole[: rng.randrange(len(whole))] if trial % 3 == 0 else whole)
        for _ in range(rng.randrange(1, 8)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
        told = ""
        masks = []
        try:
            masks = use_everything(root)
        except (DataError, ConfigError) as error:
            told = str(error)
        assert not told or str(tmp_path) in told
        assert all(mask.dtype == np.uint8 for mask in masks)


def test_an_arrow_file_that_points_to_memory_that_is_not_there_is_an_error(tmp_path):
    import pyarrow

    root = build("huggingface", tmp_path)
    (path,) = (root / "train").glob("*.arrow")
    with path.open("rb") as file:
        table = pyarrow.ipc.open_stream(file).read_all()
    offsets = table["image"].chunk(0).field("bytes").buffers()[1].to_pybytes()[:12]
    whole = path.read_bytes()
    assert offsets in whole
    path.write_bytes(whole.replace(offsets, offsets[:4] + b"\0\0\0\x70" + offsets[8:]))
    with pytest.raises(DataError, match="is damaged, or not a Hugging Face data set"):
        open_data(root)


def test_deep_json_is_an_error(tmp_path):
    root = build("coco", tmp_path)
    text = '{"images": [], "annotations": [], "categories": ' + "[" * 100_000
    (root / COCO).write_text(text)
    with pytest.raises(DataError, match=r"instances_train2017\.json: is damaged"):
        open_data(root)


def test_nothing_recognised_lists_what_was_looked_for(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError) as error:
        open_data(tmp_path)
    for word in ("SegmentationClass", "COCO", "Ultralytics", "gtFine", "label_colors.txt", "annotations.xml"):
        assert word in str(error.value)


def test_two_formats_at_once_are_named_and_can_be_chosen_from(tmp_path):
    published.coco(tmp_path)
    published.yolo(tmp_path)
    with pytest.raises(DataError, match="looks like coco and yolo at once; say which with --format coco"):
        open_data(tmp_path)
    assert "dog" in open_data(tmp_path, format="coco").labels.class_names
    (tmp_path / "dataset.yaml").write_text("format: coco\n")
    assert "dog" in open_data(tmp_path).labels.class_names


def test_a_format_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="there is no format 'vok', expected folder, voc"):
        open_data(tmp_path, format="vok")


def test_a_picture_that_is_missing_is_a_finding_of_the_check(tmp_path):
    root = build("labelme", tmp_path)
    (root / "c.jpg").unlink()
    with pytest.raises(DataError, match=r"c\.json: names the picture c\.jpg, which is missing"):
        check_data(open_data(root))


def test_where_no_picture_is_left_the_first_fault_is_told_and_how_many_there_are(tmp_path):
    root = build("labelme", tmp_path)
    files = sorted(root.glob("*.json"))
    for path in files:
        path.with_suffix(".jpg").unlink()
    with pytest.raises(DataError) as error:
        open_data(root)
    assert str(error.value).startswith(f"{files[0]}: names the picture {files[0].stem}.jpg, which is missing")
    assert str(error.value).endswith(f" (the first of {len(files)} faults; no picture is left)")
    assert len(files) > 1


def test_a_path_in_a_file_never_leads_out_of_the_data_set(tmp_path):
    root = build("labelme", tmp_path)
    published.save_picture(tmp_path / "secret.jpg")
    content = json.loads((root / "a.json").read_text())
    (root / "a.json").write_text(json.dumps({**content, "imagePath": "../secret.jpg"}))
    with pytest.raises(DataError, match="which is missing"):
        check_data(open_data(root))


def test_two_files_that_disagree_on_a_category_are_an_error(tmp_path):
    root = build("coco", tmp_path)
    edit(root / COCO, '"name": "car"', '"name": "bus"')
    with pytest.raises(DataError, match=r"category 3 is 'car' here and 'bus' in .*\.json: use"):
        open_data(root)


def test_two_files_that_disagree_on_the_size_of_a_picture_are_an_error_that_names_both(tmp_path):
    root = build("coco", tmp_path)
    content = json.loads((root / COCO).read_text())
    content["images"][0]["height"], content["annotations"] = 13, []
    published.write_json(root / "annotations" / "stuff_train2017.json", content)
    with pytest.raises(DataError) as error:
        open_data(root)
    for part in ("instances_train2017.json: image 9", "is (12, 16)", "(13, 16)", "stuff_train2017.json:"):
        assert part in str(error.value)


@pytest.mark.parametrize("name", ["9" * 400, "a\0b", "\ud800"])
def test_a_name_that_no_file_can_have_is_a_picture_that_is_missing(name, tmp_path):
    assert find_file(f"{name}.jpg", [tmp_path]) is None
    root = build("sbd", tmp_path)
    (root / "dataset" / "train.txt").write_bytes(b"2008_000001\n" + name.encode(errors="replace") + b"\n")
    with pytest.raises(DataError, match="is missing"):
        check_data(open_data(root))


SPOILT = {
    "coco": ("train.json", "[[0, 0, 8, 0, 8, 8, 0, 8]]", "[[0, 0, 8, 8]]"),
    "labelme": ("a.json", '"points": [[2, 3],', '"points": [["x", 3],'),
    "cvat": ("annotations.xml", 'points="2.0,3.0;', 'points="2.0;'),
    "label studio": ("project-1-at-2024.json", "[12.5, 25]", '["a", 25]'),
    "yolo": ("labels/train/a.txt", "0.5", "nan"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_an_outline_that_cannot_be_drawn_is_a_fault_of_its_picture_and_the_others_are_read(name, tmp_path):
    root = build(name, tmp_path)
    file, old, new = SPOILT[name]
    if name == "coco":
        root = tmp_path / "coco"
        coco(root, ["0.png", "1.png"])
        (root / "annotations.json").rename(root / "train.json")
        for number in (0, 1):
            published.save_picture(root / f"{number}.png", seed=number)
    if name == "yolo":
        shutil.copy(root / "images/train/a.jpg", root / "images/train/b.jpg")
        shutil.copy(root / "labels/train/a.txt", root / "labels/train/b.txt")
    before = open_data(root)
    edit(root / file, old, new)
    data = open_data(root)
    (fault,) = {line for lines in data.faults.values() for line in lines}
    assert fault.startswith(f"{root / file}: ")
    assert sum(map(len, data.splits.values())) == sum(map(len, before.splits.values())) - 1
    assert data.labels == before.labels
    assert "stray-file" in {finding.kind for finding in find(survey(root))}
