"""Pictures of equal names in different folders stay apart, in every format, with the mask that is theirs."""

import numpy as np
import published
import pytest

from pixelwise.data.folder import open_data
from pixelwise.data.formats.base import Request
from pixelwise.data.masks import read_mask
from pixelwise.data.pairs import Pair, with_distinct_names
from pixelwise.data.write import write_folder
from pixelwise.errors import DataError

JOBS = {"a": (0, 4), "b": (8, 12)}
"""The rows that the class covers in the masks of each job's folder."""


def outline(job):
    """The corners of a job's class: x, y, x, y, ..."""
    first, past = JOBS[job]
    return [0, first, 16, first, 16, past, 0, past]


def picture(root, job, name):
    return published.save_picture(root / job / "images" / f"{name}.png", seed=ord(job) + 256 * int(name))


def yolo(root, train="[a/images, b/images]"):
    for job in JOBS:
        for name in "012":
            picture(root, job, name)
            corners = [f"{v / (12 if place % 2 else 16):.9g}" for place, v in enumerate(outline(job))]
            published.write_text(root / job / "labels" / f"{name}.txt", " ".join(["0", *corners]) + "\n")
    published.write_text(root / "data.yaml", f"train: {train}\nnames: {{0: cat}}\n")


def yolo_list(root):
    yolo(root, "list.txt")
    lines = [f"./{job}/images/{name}.png" for job in JOBS for name in "012"]
    published.write_text(root / "list.txt", "\n".join([*lines, lines[0]]) + "\n")


def cvat(root):
    for job in JOBS:
        text = "<annotations><meta><label><name>cat</name></label></meta>"
        for name in "012":
            picture(root, job, name)
            corners = ";".join(f"{x},{y}" for x, y in zip(*[iter(outline(job))] * 2, strict=True))
            text += f'<image id="{name}" name="{name}.png" width="16" height="12">'
            text += f'<polygon label="cat" points="{corners}"/></image>'
        published.write_text(root / job / "annotations.xml", f"{text}</annotations>")


def coco(root):
    for job in JOBS:
        images, annotations = [], []
        for number, name in enumerate("012"):
            picture(root, job, name)
            images.append({"id": number, "file_name": f"{name}.png", "height": 12, "width": 16})
            annotations.append({"image_id": number, "category_id": 1, "segmentation": [outline(job)]})
        categories = [{"id": 1, "name": "cat"}]
        content = {"images": images, "annotations": annotations, "categories": categories}
        published.write_json(root / job / "annotations.json", content)


def camvid(root, mask="{job}/images/{name}_L.png"):
    published.write_text(root / "label_colors.txt", "0 0 0 Sky\n64 0 128 Car\n9 9 9 Void\n")
    for job, (first, past) in JOBS.items():
        for name in "012":
            picture(root, job, name)
            pixels = published.area(published.blank(), first, 0, past, 16, 1)
            place = root / mask.format(job=job, name=name)
            published.save_colors(place, pixels, {1: (64, 0, 128)})


def camvid_beside(root):
    camvid(root, "{job}/labels/{name}_L.png")


def camvid_above(root):
    camvid(root, "labels/{job}/images/{name}_L.png")
    (root / "pictures").mkdir()
    for job in JOBS:
        (root / job).rename(root / "pictures" / job)


def label_studio(root):
    tasks = []
    for job, (first, past) in JOBS.items():
        for name in "012":
            picture(root, job, name)
            box = {"x": 0, "y": first / 0.12, "width": 100, "height": (past - first) / 0.12}
            result = {
                "type": "rectanglelabels",
                "original_width": 16,
                "original_height": 12,
                "value": {**box, "rectanglelabels": ["cat"]},
            }
            address = f"/data/local-files/?d={job}/images/{name}.png"
            tasks.append({"data": {"image": address}, "annotations": [{"result": [result]}]})
    published.write_json(root / "export.json", tasks)


def labelme(root):
    for job in JOBS:
        for name in "012":
            picture(root, job, name)
            points = np.reshape(outline(job), (-1, 2)).tolist()
            content = {"shapes": [{"label": "cat", "points": points}], "imagePath": f"{name}.png"}
            published.write_json(root / job / "images" / f"{name}.json", content)


BUILDERS = {
    "camvid": camvid,
    "camvid with folders beside": camvid_beside,
    "camvid with folders above": camvid_above,
    "yolo": yolo,
    "yolo with a list": yolo_list,
    "coco": coco,
    "cvat": cvat,
    "label studio": label_studio,
    "labelme": labelme,
}


@pytest.mark.parametrize("name", BUILDERS)
def test_pictures_of_one_name_in_two_folders_stay_apart(name, tmp_path):
    BUILDERS[name](tmp_path / "data")
    data = open_data(tmp_path / "data")
    assert not any(data.faults.values())
    pairs = [pair for split in data.splits.values() for pair in split]
    assert len({pair.image for pair in pairs}) == len({pair.name for pair in pairs}) == len(pairs) == 6
    for pair in pairs:
        covered = np.flatnonzero((read_mask(pair.mask, data.codec) == 1).all(axis=1)).tolist()
        assert covered == list(range(*JOBS[pair.image.parent.parent.name]))
    written = write_folder(data, tmp_path / "out")
    copies = {path.read_bytes() for path in (tmp_path / "out").glob("*/images/**/*.png")}
    assert len(copies) == sum(written.counts.values()) == 6


def pairs_of(*pictures):
    return tuple(Pair(name, path, path.parent / "mask.png") for name, path in pictures)


def test_only_names_that_are_doubled_change(tmp_path):
    one, other = tmp_path / "x" / "1.png", tmp_path / "y" / "z" / "1.png"
    alone, jpeg, png = tmp_path / "x" / "2.png", tmp_path / "x" / "3.jpg", tmp_path / "x" / "3.png"
    pairs = pairs_of(("1", one), ("1", other), ("2", alone), ("3", jpeg), ("3", png))
    names = {pair.image: pair.name for pair in with_distinct_names(pairs)}
    assert names == {one: "x/1", other: "y/z/1", alone: "2", jpeg: "x/3.jpg", png: "x/3.png"}


def test_names_do_not_lead_out_of_the_folder(tmp_path):
    pairs = pairs_of(("1", tmp_path / "x" / "1.png"), ("1", tmp_path / "x" / ".." / "1.png"))
    assert [pair.name for pair in with_distinct_names(pairs)] == ["1", "x/1"]


def test_a_name_that_another_picture_has_already_is_not_given_to_a_doubled_one(tmp_path):
    folder = tmp_path / "x"
    pairs = pairs_of(("1", folder / "1.png"), ("1", tmp_path / "1.png"), ("x/1", folder / "x" / "1.png"))
    assert len({pair.name for pair in with_distinct_names(pairs)}) == 3


def test_pictures_of_one_name_alone_can_be_split(tmp_path):
    pairs = pairs_of(("1", tmp_path / "x" / "1.png"), ("1", tmp_path / "y" / "1.png"))
    splits, _ = Request(tmp_path).split(pairs)
    assert {name: len(pairs) for name, pairs in splits.items()} == {"train": 1, "val": 1}


def test_two_masks_of_one_picture_are_an_error_that_names_them(tmp_path):
    cvat(tmp_path)
    (tmp_path / "a" / "again.xml").write_bytes((tmp_path / "a" / "annotations.xml").read_bytes())
    with pytest.raises(
        DataError, match=r"two pairs called .*again\.xml: image \d\.png.* take one of them out"
    ):
        open_data(tmp_path)


def test_a_mask_of_camvid_does_not_take_the_picture_of_another_and_two_that_are_as_near_are_named(tmp_path):
    camvid(tmp_path)
    for gone in ("b/images/0.png", "a/images/1_L.png", "b/images/1_L.png"):
        (tmp_path / gone).unlink()
    published.save_colors(tmp_path / "c" / "1_L.png", published.blank(), {})
    data = open_data(tmp_path)
    lines = sorted({line for lines in data.faults.values() for line in lines})
    assert len(lines) == 2
    assert lines[0].startswith(f"{tmp_path / 'b' / 'images' / '0_L.png'}: has no picture")
    both = " or to ".join(str(tmp_path / job / "images" / "1.png") for job in JOBS)
    assert f"1_L.png: may belong to {both}; expected one picture" in lines[1]
    assert sum(len(pairs) for pairs in data.splits.values()) == 3
