"""COCO masks equal those of pycocotools, and stuff leaves what it does not cover to be ignored."""

import json

import numpy as np
import published
import pytest
from pycocotools import mask as tool
from pycocotools.coco import COCO

from pixelwise.data.folder import open_data
from pixelwise.data.formats.coco_region import CocoRegion, unpack_counts
from pixelwise.data.masks import read_mask


def write(root, name, annotations, categories=published.COCO_CATEGORIES):
    image = {"id": 1, "file_name": "a.jpg", "height": 12, "width": 16}
    content = {"images": [image], "annotations": annotations, "categories": categories}
    return published.write_json(root / "annotations" / name, content)


def the_mask(root):
    data = open_data(root)
    (pair,) = data.split("train")
    return data, read_mask(pair.mask, data.codec)


def test_masks_equal_those_of_pycocotools(tmp_path, capsys):
    rng = np.random.default_rng(1)
    published.save_picture(tmp_path / "train2017" / "a.jpg")
    annotations = [
        {
            "id": number,
            "image_id": 1,
            "category_id": [1, 3, 18][number % 3],
            "iscrowd": 0,
            "segmentation": [rng.uniform(-2, 18, 2 * rng.integers(3, 7)).round(2).tolist() for _ in range(2)],
        }
        for number in range(1, 9)
    ]
    path = write(tmp_path, "instances_train2017.json", annotations)
    truth = np.zeros((12, 16), np.uint8)
    tool = COCO(str(path))
    for annotation in tool.loadAnns(tool.getAnnIds()):
        truth[tool.annToMask(annotation) == 1] = {1: 1, 3: 2, 18: 3}[annotation["category_id"]]
    np.testing.assert_array_equal(the_mask(tmp_path)[1], truth)


def test_things_lie_over_stuff_and_the_rest_is_ignored(tmp_path):
    published.save_picture(tmp_path / "train2017" / "a.jpg")
    thing = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [published.rectangle(0, 0, 4, 4)]}
    write(tmp_path, "instances_train2017.json", [thing])
    stuff = {"id": 2, "image_id": 1, "category_id": 92, "segmentation": [published.rectangle(0, 0, 6, 16)]}
    write(tmp_path, "stuff_train2017.json", [stuff], [{"id": 92, "name": "banner"}])
    data, mask = the_mask(tmp_path)
    assert data.labels.class_names == ("person", "car", "dog", "banner")
    assert (mask[2, 2], mask[2, 9], mask[9, 9]) == (0, 3, 255)
    (tmp_path / "dataset.yaml").write_text("uncovered: background\n")
    assert the_mask(tmp_path)[1][9, 9] == 0


def test_an_export_of_roboflow_has_its_splits_by_folder(tmp_path):
    for folder in ("train", "valid", "test"):
        published.save_picture(tmp_path / folder / "a.jpg")
        image = {"id": 0, "file_name": "a.jpg", "height": 12, "width": 16}
        box = {"id": 1, "image_id": 0, "category_id": 0, "segmentation": [published.rectangle(1, 1, 3, 3)]}
        content = {"images": [image], "annotations": [box], "categories": [{"id": 0, "name": "thing"}]}
        published.write_json(tmp_path / folder / "_annotations.coco.json", content)
    data = open_data(tmp_path)
    assert {name: len(pairs) for name, pairs in data.splits.items()} == {"train": 1, "val": 1, "test": 1}
    assert data.labels.class_names == ("background", "thing")


def test_a_picture_whose_size_is_not_stated_has_its_own(tmp_path):
    images = [{"id": 0, "file_name": "a.png", "height": None}, {"id": 1, "file_name": "b.png"}]
    published.save_picture(tmp_path / "train" / "a.png")
    published.write_text(tmp_path / "train" / "b.png", "no picture")
    box = {"id": 1, "image_id": 0, "category_id": 0, "segmentation": [published.rectangle(1, 1, 3, 3)]}
    content = {"images": images, "annotations": [box], "categories": [{"id": 0, "name": "thing"}]}
    published.write_json(tmp_path / "train" / "_annotations.coco.json", content)
    data = open_data(tmp_path)
    (pair,) = [pair for pairs in data.splits.values() for pair in pairs]
    assert read_mask(pair.mask, data.codec).shape == (12, 16)
    assert all("b.png: is no picture" in faults[0] for faults in data.faults.values())


def test_an_outline_that_cannot_be_drawn_is_named_with_its_picture(tmp_path):
    for name in ("a.png", "b.png"):
        published.save_picture(tmp_path / "train" / name)
    images = [{"id": n, "file_name": f"{name}.png", "height": 12, "width": 16} for n, name in enumerate("ab")]
    content = {"images": images, "categories": [{"id": 0, "name": "thing"}]}
    content["annotations"] = [
        {"id": 7, "image_id": 0, "category_id": 0, "segmentation": [["x", 1, 2, 3, 4, 5]]},
        {"id": 8, "image_id": 1, "category_id": 0, "segmentation": [published.rectangle(1, 1, 3, 3)]},
    ]
    published.write_json(tmp_path / "train" / "_annotations.coco.json", content)
    (faults, *_) = open_data(tmp_path).faults.values()
    assert len(faults) == 1
    assert ".coco.json: annotation 7 of a" in faults[0]


def test_a_single_file_is_opened_and_split_by_name(tmp_path):
    images = [{"id": i, "file_name": f"{i}.jpg", "height": 12, "width": 16} for i in range(10)]
    for image in images:
        published.save_picture(tmp_path / "images" / image["file_name"])
    content = {"images": images, "annotations": [], "categories": [{"id": 1, "name": "x"}]}
    path = tmp_path / "result.json"
    path.write_text(json.dumps(content))
    data = open_data(path)
    assert sum(map(len, data.splits.values())) == 10
    assert set(data.splits) == {"train", "val"}


def test_packed_run_lengths_are_those_of_pycocotools():
    rng = np.random.default_rng(2)
    for _ in range(200):
        height, width = rng.integers(1, 60, 2)
        mask = (rng.random((height, width)) < rng.random()).astype(np.uint8)
        packed = tool.encode(np.asfortranarray(mask))["counts"]
        drawn = np.zeros_like(mask)
        CocoRegion(1, packed).cover((int(height), int(width))).paint(drawn, 1)
        np.testing.assert_array_equal(drawn, mask)


@pytest.mark.parametrize("length", [0, 1, 5, 30])
def test_damaged_run_lengths_are_an_error(length):
    rng = np.random.default_rng(length)
    for _ in range(200):
        packed = rng.integers(40, 120, length).astype(np.uint8).tobytes()
        with pytest.raises(ValueError, match="run lengths"):
            CocoRegion(1, packed).cover((1000, 1000))
    with pytest.raises(ValueError, match="damaged"):
        unpack_counts(b"o" * 40)
