"""Write the data sets beside this file, with the formats' own libraries; run it to renew them.

    python -m venv A && A/bin/pip install datumaro==1.13.12
    A/bin/python tests/data/formats/written/write.py datumaro
    python -m venv B && B/bin/pip install --no-deps labelme==6.3.1 label-studio-sdk==2.1.2
    B/bin/pip install numpy pillow loguru tifffile imgviz ijson ujson
    B/bin/python tests/data/formats/written/write.py tools

The libraries bring Qt, OpenCV and older versions of what pixelwise needs: that is why the files are kept
here. Of labelme, which is a window, the part that writes files is used, without Qt.
"""

import base64
import io
import json
import shutil
import sys
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
HEIGHT, WIDTH = 12, 16
NAMES = {"train": ("a", "b"), "val": ("c",)}
CAR, ROAD = (2, 3, 8, 10), (0, 6, 16, 12)  # left, top, right, bottom


def corners(box):
    left, top, right, bottom = box
    return [left, top, right, top, right, bottom, left, bottom]


def pixels(seed):
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def fresh(name):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def by_datumaro():
    from datumaro.components.annotation import AnnotationType, LabelCategories, Mask, MaskCategories, Polygon
    from datumaro.components.dataset import Dataset
    from datumaro.components.dataset_base import DatasetItem
    from datumaro.components.media import Image as Media

    def dataset(shapes, names):
        items = [
            DatasetItem(
                id=name,
                subset=split,
                media=Media.from_numpy(pixels(seed)),
                annotations=[
                    shape(names.index(label), box, place) for place, (shape, label, box) in enumerate(shapes)
                ],
            )
            for split, ids in NAMES.items()
            for seed, name in enumerate(ids)
        ]
        categories = {
            AnnotationType.label: LabelCategories.from_iterable(names),
            AnnotationType.mask: MaskCategories({0: (0, 0, 0), 1: (128, 64, 128), 2: (0, 0, 142)}),
        }
        return Dataset.from_iterable(items, categories=categories)

    def polygon(label, box, place):
        return Polygon(corners(box), label=label, z_order=place, group=place + 1, id=place + 1)

    def mask(label, box, place):
        left, top, right, bottom = box
        inside = np.zeros((HEIGHT, WIDTH), bool)
        inside[top:bottom, left:right] = True
        return Mask(inside, label=label, z_order=place, group=place + 1, id=place + 1)

    names = ["background", "road", "car"]
    outlines = [(polygon, "road", ROAD), (polygon, "car", CAR)]
    areas = [(mask, "road", ROAD), (mask, "car", CAR)]
    for format, shapes, labels in (
        ("cvat", outlines, names[1:]),
        ("coco_instances", [*outlines[:1], *areas[1:]], names[1:]),
        ("yolo_ultralytics", outlines, names[1:]),
        ("voc_segmentation", areas, names),
        ("camvid", areas, names),
    ):
        folder = HERE / f"datumaro_{format}"
        shutil.rmtree(folder, ignore_errors=True)
        more = {"label_map": "source"} if format in ("voc_segmentation", "camvid") else {}
        dataset(shapes, labels).export(str(folder), format, save_media=True, **more)


def by_tools():
    for name in (
        "onnxruntime",
        "PyQt5",
        "PyQt5.QtGui",
        "PyQt5.QtCore",
        "PyQt5.QtWidgets",
        "skimage",
        "skimage.draw",
    ):
        sys.modules[name] = MagicMock()
    from label_studio_sdk.converter.brush import mask2rle
    from labelme._label_file import write_label_file

    folder = fresh("labelme")
    stamp = io.BytesIO()
    Image.fromarray(np.full((7, 6), 255, np.uint8)).save(stamp, "PNG")
    for seed, name in enumerate("abcdef"):
        Image.fromarray(pixels(seed)).save(folder / f"{name}.png")
        facts = {"group_id": None, "description": "", "flags": {}}
        left, top, right, bottom = ROAD
        shapes = [
            {
                "label": "road",
                "points": [[left, top], [right, bottom]],
                "shape_type": "rectangle",
                "mask": None,
                **facts,
            },
            {
                "label": "car",
                "points": [[CAR[0], CAR[1]], [CAR[2] - 1, CAR[3] - 1]],
                "shape_type": "mask",
                "mask": base64.b64encode(stamp.getvalue()).decode(),
                **facts,
            },
        ]
        write_label_file(
            str(folder / f"{name}.json"),
            shapes=shapes,
            image_path=f"{name}.png",
            image_height=HEIGHT,
            image_width=WIDTH,
            image_data=(folder / f"{name}.png").read_bytes(),
        )

    folder = fresh("label_studio")
    tasks = []
    for seed, name in enumerate("abcdef"):
        (folder / "images").mkdir(exist_ok=True)
        Image.fromarray(pixels(seed)).save(folder / "images" / f"{name}.png")
        facts = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
        result = []
        for label, (left, top, right, bottom) in (("road", ROAD), ("car", CAR)):
            inside = np.zeros((HEIGHT, WIDTH), np.uint8)
            inside[top:bottom, left:right] = 255
            value = {"format": "rle", "rle": mask2rle(inside), "brushlabels": [label]}
            result.append(
                {
                    **facts,
                    "id": label,
                    "type": "brushlabels",
                    "from_name": "tag",
                    "to_name": "image",
                    "value": value,
                }
            )
        annotation = {
            "id": seed,
            "result": result,
            "was_cancelled": False,
            "updated_at": "2025-01-01T00:00:00Z",
        }
        tasks.append(
            {"id": seed, "data": {"image": f"/data/upload/1/{name}.png"}, "annotations": [annotation]}
        )
    (folder / "export.json").write_text(json.dumps(tasks))


if __name__ == "__main__":
    {"datumaro": by_datumaro, "tools": by_tools}[sys.argv[1]]()
