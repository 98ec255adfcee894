"""Small data sets in the layouts that their formats publish, written without any code of ours.

Those that end in "by ..." were written by that library, once (see `written/write.py`); here they are copied.

Each builder fills a folder and returns what must come out: class names, and the masks by split and name.
Pictures are 12 x 16; masks hold straight areas, so that every format can say the same thing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 12, 16
SIZE = (HEIGHT, WIDTH)

CITY_ROAD, CITY_CAR, CITY_EGO = 7, 26, 1


@dataclass
class Expected:
    """What `open_data` must find."""

    names: tuple[str, ...]
    masks: dict[str, dict[str, np.ndarray]]
    root: Path | None = None
    palette: dict[int, tuple[int, int, int]] = field(default_factory=dict)


def blank(value=0):
    return np.full(SIZE, value, np.uint8)


def area(mask, top, left, bottom, right, value):
    mask = mask.copy()
    mask[top:bottom, left:right] = value
    return mask


def save_picture(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def save_ids(path, mask, palette=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(mask)
    if palette is not None:
        picture.putpalette(palette)
    picture.save(path)


def save_colors(path, mask, colors):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = np.zeros((256, 3), np.uint8)
    for value, color in colors.items():
        table[value] = color
    Image.fromarray(table[mask]).save(path)


def write_text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_json(path, content):
    return write_text(path, json.dumps(content))


def voc(root):
    place = root / "VOCdevkit" / "VOC2012"
    person = area(area(blank(), 2, 3, 9, 10, 255), 3, 4, 8, 9, 15)
    masks = {"train": {"2007_000001": person}, "val": {"2007_000002": area(blank(), 0, 0, 5, 5, 7)}}
    for split, names in masks.items():
        for name, mask in names.items():
            save_picture(place / "JPEGImages" / f"{name}.jpg")
            save_ids(place / "SegmentationClass" / f"{name}.png", mask, palette=[i % 256 for i in range(768)])
        write_text(place / "ImageSets" / "Segmentation" / f"{split}.txt", "\n".join(names) + "\n")
    write_text(place / "ImageSets" / "Segmentation" / "trainval.txt", "2007_000001\n2007_000002\n")
    write_text(place / "Annotations" / "2007_000001.xml", "<annotation/>")
    from pixelwise.data.formats.voc import NAMES

    return Expected(
        NAMES, masks, palette={0: (0, 0, 0), 1: (128, 0, 0), 15: (192, 128, 128), 20: (0, 64, 128)}
    )


def sbd(root):
    from scipy.io import savemat

    masks = {
        "train": {"2008_000001": area(blank(), 1, 1, 4, 4, 3)},
        "val": {"2008_000002": area(blank(), 5, 5, 9, 9, 12)},
    }
    for split, names in masks.items():
        for name, mask in names.items():
            save_picture(root / "dataset" / "img" / f"{name}.jpg")
            (root / "dataset" / "cls").mkdir(parents=True, exist_ok=True)
            classes = {
                "Boundaries": np.zeros((20, 1), object),
                "Segmentation": mask,
                "CategoriesPresent": [3],
            }
            savemat(root / "dataset" / "cls" / f"{name}.mat", {"GTcls": classes}, do_compression=True)
        write_text(root / "dataset" / f"{split}.txt", "\n".join(names) + "\n")
    from pixelwise.data.formats.voc import NAMES

    return Expected(NAMES, masks)


def cityscapes(root):
    from pixelwise.data.formats.cityscapes import CLASSES

    ids = area(area(blank(CITY_EGO), 0, 0, 6, 16, CITY_ROAD), 2, 2, 4, 6, CITY_CAR)
    truth = area(area(blank(255), 0, 0, 6, 16, 0), 2, 2, 4, 6, 13)
    masks = {}
    for split, city in (("train", "aachen"), ("val", "munster")):
        name = f"{city}_000000_000019"
        save_picture(root / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png")
        folder = root / "gtFine" / split / city
        save_ids(folder / f"{name}_gtFine_labelIds.png", ids)
        save_ids(folder / f"{name}_gtFine_instanceIds.png", ids)
        save_colors(folder / f"{name}_gtFine_color.png", ids, {})
        write_json(folder / f"{name}_gtFine_polygons.json", {"imgHeight": 12, "imgWidth": 16, "objects": []})
        masks[split] = {f"{city}/{name}": truth}
    names = tuple(name for name, _ in CLASSES.values())
    return Expected(names, masks, palette={0: (128, 64, 128), 13: (0, 0, 142), 18: (119, 11, 32)})


CAMVID_COLORS = {0: (64, 128, 64), 1: (192, 0, 128), 2: (64, 0, 128), 255: (0, 0, 0)}


def camvid(root):
    lines = ["64 128 64\tAnimal", "192 0 128\t\tArchway", "64 0 128\tCar", "0 0 0\t\tVoid"]
    write_text(root / "label_colors.txt", "\n".join(lines) + "\n")
    masks = {}
    for number in range(12):
        name = f"0001TP_{number:06}"
        mask = area(area(blank(number % 3), 2, 2, 5, 5, 2), 8, 0, 12, 16, 255)
        save_picture(root / "701_StillsRaw_full" / f"{name}.png")
        save_colors(root / "LabeledApproved_full" / f"{name}_L.png", mask, CAMVID_COLORS)
        masks[name] = mask
    return Expected(("Animal", "Archway", "Car"), {"": masks}, palette={2: (64, 0, 128)})


def ade20k(root):
    masks = {}
    for split, folder, value in (("train", "training", 1), ("val", "validation", 150)):
        name = f"ADE_{split}_00000001"
        raw = area(blank(), 3, 3, 9, 9, value)
        save_picture(root / "images" / folder / f"{name}.jpg")
        save_ids(root / "annotations" / folder / f"{name}.png", raw)
        masks[split] = {name: np.where(raw == 0, 255, raw - 1).astype(np.uint8)}
    rows = ["Idx\tRatio\tTrain\tVal\tName"]
    words = {1: "wall", 2: "building, edifice", 59: "screen door, screen", 64: "blind, screen"}
    rows += [f"{i}\t0.1\t10\t1\t{words.get(i, f'thing {i}, synonym')}" for i in range(1, 151)]
    write_text(root / "objectInfo150.txt", "\n".join(rows) + "\n")
    names = tuple(words.get(i, f"thing {i}").split(",")[0] for i in range(1, 151))
    return Expected(names, masks)


def rectangle(top, left, bottom, right):
    """Return the corners x, y, x, y, ... of the pixels top:bottom, left:right."""
    return [left, top, right, top, right, bottom, left, bottom]


COCO_CATEGORIES = [
    {"id": 3, "name": "car", "supercategory": "vehicle"},
    {"id": 1, "name": "person", "supercategory": "person"},
    {"id": 18, "name": "dog", "supercategory": "animal"},
]


def coco(root):
    from pycocotools import mask as tool

    inside = area(blank(), 2, 3, 8, 10, 1)
    later = area(blank(), 6, 8, 12, 16, 1)
    crowd = area(blank(), 0, 12, 6, 16, 1)
    packed = tool.encode(np.asfortranarray(later))
    flat = crowd.flatten(order="F")
    counts, current = [], 0
    for value in flat:
        if value != current:
            counts.append(0)
            current = value
        elif not counts:
            counts.append(0)
        counts[-1] += 1
    masks = {}
    for split in ("train", "val"):
        name = f"00000000000{1 if split == 'train' else 2}"
        save_picture(root / f"{split}2017" / f"{name}.jpg")
        annotations = [
            {
                "id": 1,
                "image_id": 9,
                "category_id": 1,
                "iscrowd": 0,
                "segmentation": [rectangle(2, 3, 8, 10)],
            },
            {
                "id": 2,
                "image_id": 9,
                "category_id": 18,
                "iscrowd": 0,
                "segmentation": {"size": list(SIZE), "counts": packed["counts"].decode()},
            },
            {
                "id": 3,
                "image_id": 9,
                "category_id": 1,
                "iscrowd": 1,
                "segmentation": {"size": list(SIZE), "counts": counts},
            },
        ]
        content = {
            "info": {},
            "licenses": [],
            "images": [{"id": 9, "file_name": f"{name}.jpg", "height": HEIGHT, "width": WIDTH}],
            "annotations": annotations,
            "categories": COCO_CATEGORIES,
        }
        write_json(root / "annotations" / f"instances_{split}2017.json", content)
        write_json(root / "annotations" / f"captions_{split}2017.json", {"images": [], "annotations": []})
        truth = np.where(crowd == 1, 255, blank())
        truth = np.where(inside == 1, 1, truth)
        masks[split] = {name: np.where(later == 1, 3, truth).astype(np.uint8)}
    return Expected(("background", "person", "car", "dog"), masks)


def yolo(root):
    masks = {}
    for split in ("train", "val"):
        save_picture(root / "images" / split / "a.jpg")
        save_picture(root / "images" / split / "empty.jpg")
        lines = ["1 " + " ".join(f"{v:.9g}" for v in (0, 0, 0.5, 0, 0.5, 0.5, 0, 0.5))]
        lines += ["0 " + " ".join(f"{v:.9g}" for v in (0.25, 0.25, 1, 0.25, 1, 1, 0.25, 1))]
        write_text(root / "labels" / split / "a.txt", "\n".join(lines) + "\n")
        mask = area(area(blank(), 0, 0, 6, 8, 2), 3, 4, 12, 16, 1)
        masks[split] = {"a": mask, "empty": blank()}
    write_text(
        root / "data.yaml",
        "# made for a test\npath: ../datasets/elsewhere\ntrain: images/train\nval: images/val\ntest:\n\n"
        "names:\n  0: person\n  1: bicycle\n",
    )
    return Expected(("background", "person", "bicycle"), masks)


def yolo_masks(root):
    raw = area(area(blank(0), 0, 0, 6, 16, 7), 2, 2, 4, 6, 33)
    raw = area(raw, 8, 8, 10, 10, 34)
    truth = area(area(blank(255), 0, 0, 6, 16, 1), 2, 2, 4, 6, 0)
    truth = area(truth, 8, 8, 10, 10, 1)
    for split in ("train", "val"):
        save_picture(root / "images" / split / "aachen" / "x.png")
        save_ids(root / "masks" / split / "aachen" / "x.png", raw)
    write_text(
        root / "dataset.yaml",
        "path: .\ntrain: images/train\nval: images/val\nmasks_dir: masks\nnames: {0: bike, 1: road}\n"
        "label_mapping: {-1: 255, 0: 255, 7: 1, 33: 0, 34: 1}\n",
    )
    return Expected(("bike", "road"), {split: {"aachen/x": truth} for split in ("train", "val")})


def labelme(root):
    """As labelme 5 saves it: one JSON file beside each picture."""
    import base64
    import io

    masks = {}
    stamp = io.BytesIO()
    Image.fromarray(np.full((3, 4), 255, np.uint8)).save(stamp, "PNG")
    for name in ("a", "b", "c", "d", "e", "f"):
        save_picture(root / f"{name}.jpg")
        shapes = [
            {"label": "sky", "shape_type": "rectangle", "points": [[16, 4], [0, 0]], "flags": {}},
            {"label": "car", "shape_type": "polygon", "points": [[2, 3], [8, 3], [8, 10], [2, 10]]},
            {"label": "car", "shape_type": "line", "points": [[2, 3], [8, 3]]},
            {"label": "__ignore__", "shape_type": "polygon", "points": [[10, 6], [16, 6], [16, 9], [10, 9]]},
            {
                "label": "sky",
                "shape_type": "mask",
                "points": [[1, 8], [4, 10]],
                "mask": base64.b64encode(stamp.getvalue()).decode(),
            },
        ]
        write_json(
            root / f"{name}.json",
            {
                "version": "5.4.1",
                "flags": {},
                "shapes": shapes,
                "imagePath": f"{name}.jpg",
                "imageData": None,
                "imageHeight": HEIGHT,
                "imageWidth": WIDTH,
            },
        )
        mask = area(area(blank(), 0, 0, 4, 16, 2), 3, 2, 10, 8, 1)
        masks[name] = area(area(mask, 6, 10, 9, 16, 255), 8, 1, 11, 5, 2)
    return Expected(("background", "car", "sky"), {"": masks})


CVAT_META = """<meta><task><labels>
<label><name>road</name><color>#804080</color><type>any</type></label>
<label><name>car</name><color>#00008e</color><type>any</type></label>
</labels></task></meta>"""


def cvat(root):
    """As CVAT exports a project "for images 1.1", with pictures."""
    images, masks = [], {}
    for number, split in enumerate(("train", "validation")):
        name = f"drive/{number}.png"
        save_picture(root / "images" / split / name)
        images.append(
            f'<image id="{number}" name="{name}" subset="{split}" width="{WIDTH}" height="{HEIGHT}">'
            '<polygon label="car" z_order="1" points="2.0,3.0;8.0,3.0;8.0,10.0;2.0,10.0"></polygon>'
            '<box label="road" z_order="0" xtl="0" ytl="6" xbr="16" ybr="12"></box>'
            '<mask label="car" z_order="2" rle="1, 2, 3" left="10" top="0" width="3" height="2"></mask>'
            '<polyline label="car" z_order="2" points="2.0,3.0;8.0,3.0"></polyline></image>'
        )
        mask = area(area(blank(), 6, 0, 12, 16, 1), 3, 2, 10, 8, 2)
        masks["train" if number == 0 else "val"] = {f"{split}/drive/{number}": area(mask, 0, 11, 1, 13, 2)}
    text = f"<?xml version='1.0' encoding='utf-8'?>\n<annotations><version>1.1</version>{CVAT_META}"
    write_text(root / "annotations.xml", text + "".join(images) + "</annotations>")
    return Expected(("background", "road", "car"), masks, palette={1: (128, 64, 128), 2: (0, 0, 142)})


def cvat_zip(root):
    """As CVAT exports "segmentation mask 1.1" with pictures: a zip in the layout of VOC with labelmap.txt."""
    import shutil

    colors = {0: (0, 0, 0), 1: (128, 64, 128), 2: (0, 0, 142)}
    place = root / "unpacked"
    masks = {}
    for name in "abcdef":
        mask = area(area(blank(), 6, 0, 12, 16, 1), 3, 2, 10, 8, 2)
        save_picture(place / "JPEGImages" / f"{name}.jpg")
        save_colors(place / "SegmentationClass" / f"{name}.png", mask, colors)
        save_colors(place / "SegmentationObject" / f"{name}.png", mask, colors)
        masks[name] = mask
    write_text(place / "ImageSets" / "Segmentation" / "default.txt", "\n".join(masks) + "\n")
    lines = ["# label:color_rgb:parts:actions", "background:0,0,0::", "road:128,64,128::", "car:0,0,142::"]
    write_text(place / "labelmap.txt", "\n".join(lines) + "\n")
    shutil.make_archive(str(root / "task"), "zip", place)
    shutil.rmtree(place)
    return Expected(("background", "road", "car"), {"": masks}, root / "task.zip", palette=colors)


def encode_brush(values):
    """Pack values as Label Studio does: header, then runs of one value (8 bits a value, 16 bits a length)."""
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    start = 0
    while start < len(values):
        end = start
        while end < len(values) and values[end] == values[start] and end - start < 65536:
            end += 1
        if end - start > 1:
            bits += f"1{3:02b}{end - start - 1:016b}{values[start]:08b}"
        else:  # a run of different values, here of a single one
            bits += f"0{0:02b}{0:03b}{values[start]:08b}"
        start = end
    bits += "0" * (-len(bits) % 8)
    return [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]


def label_studio(root):
    tasks, masks = [], {}
    brush = np.zeros((*SIZE, 4), np.uint8)
    brush[8:10, 1:6] = 255
    brush[0, 15] = (255, 255, 255, 9)
    facts = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0, "to_name": "image"}
    for number, name in enumerate("abcdef"):
        save_picture(root / "images" / f"{name}.jpg")
        points = [[12.5, 25], [50, 25], [50, 75], [12.5, 75]]
        box = {"x": 50, "y": 0, "width": 25, "height": 50, "rotation": 0, "rectanglelabels": ["sky"]}
        stroke = {"format": "rle", "rle": encode_brush(brush.ravel().tolist()), "brushlabels": ["mud"]}
        result = [
            {**facts, "type": "polygonlabels", "value": {"points": points, "polygonlabels": ["car"]}},
            {**facts, "type": "rectanglelabels", "value": box},
            {**facts, "type": "brushlabels", "value": stroke},
            {"type": "choices", "value": {"choices": ["good"]}},
        ]
        annotations = [
            {"id": 1, "result": [], "was_cancelled": False, "updated_at": "2024-01-01T00:00:00Z"},
            {"id": 2, "result": result, "was_cancelled": False, "updated_at": "2024-02-01T00:00:00Z"},
            {"id": 3, "result": [], "was_cancelled": True, "updated_at": "2024-03-01T00:00:00Z"},
        ]
        address = (
            f"/data/upload/1/1a2b3c4d-{name}.jpg" if number % 2 else f"/data/local-files/?d=images/{name}.jpg"
        )
        tasks.append({"id": number, "annotations": annotations, "data": {"image": address}})
        mask = area(area(blank(), 3, 2, 9, 8, 1), 0, 8, 6, 12, 3)
        mask = area(area(mask, 8, 1, 10, 6, 2), 0, 15, 1, 16, 2)
        masks[name] = mask
    write_json(root / "project-1-at-2024.json", tasks)
    return Expected(("background", "car", "mud", "sky"), {"": masks})


def _rows(count):
    masks = [area(area(blank(), 2, 2, 6, 6, 1), 8, number, 10, 16, 2) for number in range(count)]
    rng = np.random.default_rng(0)
    images = [Image.fromarray(rng.integers(0, 256, (*SIZE, 3), np.uint8)) for _ in range(count)]
    return images, masks


def huggingface(root):
    """As `datasets` itself saves a dictionary of splits to disk."""
    import datasets

    datasets.disable_progress_bars()
    images, masks = _rows(4)
    features = datasets.Features(
        {"image": datasets.Image(), "mask": datasets.Image(), "n": datasets.Value("int32")}
    )

    def part(places):
        columns = {
            "image": [images[place] for place in places],
            "mask": [Image.fromarray(masks[place]) for place in places],
            "n": list(places),
        }
        return datasets.Dataset.from_dict(columns, features=features)

    datasets.DatasetDict({"train": part([0, 1]), "validation": part([2, 3])}).save_to_disk(
        str(root / "saved")
    )
    wanted = {
        "train": {"0000000": masks[0], "0000001": masks[1]},
        "val": {"0000002": masks[2], "0000003": masks[3]},
    }
    return Expected(("class_0", "class_1", "class_2"), wanted, root / "saved")


def parquet(root):
    """As the Hugging Face hub stores splits: data/SPLIT-00000-of-00001.parquet, written by `datasets`."""
    import datasets

    datasets.disable_progress_bars()
    images, masks = _rows(2)
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Image()})
    wanted = {}
    (root / "data").mkdir()
    for place, split in enumerate(("train", "validation")):
        columns = {"image": [images[place]], "label": [Image.fromarray(masks[place])]}
        part = datasets.Dataset.from_dict(columns, features=features)
        part.to_parquet(str(root / "data" / f"{split}-00000-of-00001.parquet"))
        wanted["val" if place else "train"] = {f"{place:07d}": masks[place]}
    return Expected(("class_0", "class_1", "class_2"), wanted)


WRITTEN = Path(__file__).parent / "written"
WRITTEN_MASK = area(area(blank(), 6, 0, 12, 16, 1), 3, 2, 10, 8, 2)
"""What `written/write.py` draws: a road, and a car over it."""


def written(name, order=(0, 1, 2), crowd=False):
    """Return a builder that copies a data set; `order` is where the format puts background, road and car."""

    def build(root):
        import shutil

        shutil.copytree(WRITTEN / name, root, dirs_exist_ok=True)
        table = np.array([*order, 255], np.uint8)
        drawn = area(area(blank(), 3, 2, 10, 8, 3), 6, 0, 12, 16, 1) if crowd else WRITTEN_MASK
        mask = table[drawn]
        names = tuple(name for _, name in sorted(zip(order, ("background", "road", "car"), strict=True)))
        if (root / "a.json").exists() or (root / "images" / "d.png").exists():
            return Expected(names, {"": dict.fromkeys("abcdef", mask)})
        return Expected(names, {"train": {"a": mask, "b": mask}, "val": {"c": mask}})

    return build


def written_with_folders(name):
    """The same where the format names pairs with their split's folder."""

    def build(root):
        found = written(name)(root)
        masks = {
            split: {f"{split}/{key}": mask for key, mask in of.items()} for split, of in found.masks.items()
        }
        return Expected(found.names, masks)

    return build


BUILDERS = {
    "voc": voc,
    "sbd": sbd,
    "cityscapes": cityscapes,
    "camvid": camvid,
    "ade20k": ade20k,
    "coco": coco,
    "yolo": yolo,
    "yolo masks_dir": yolo_masks,
    "labelme": labelme,
    "cvat": cvat,
    "cvat zip": cvat_zip,
    "label studio": label_studio,
    "huggingface": huggingface,
    "parquet": parquet,
    "voc by datumaro": written("datumaro_voc_segmentation"),
    "coco by datumaro": written("datumaro_coco_instances", crowd=True),  # as it says of areas
    "cvat by datumaro": written_with_folders("datumaro_cvat"),
    "camvid by datumaro": written_with_folders("datumaro_camvid"),
    "labelme by labelme": written("labelme", order=(0, 2, 1)),
    "label studio by its sdk": written("label_studio", order=(0, 2, 1)),
}
"""Every layout by name."""

QUICK = {
    "model": "fcn32s_vgg11",
    "weights": "none",
    "workers": 0,
    "device": "cpu",
    "epochs": 1,
    "repeats": 1,
    "batch_size": 1,
}
"""Settings of a training that shows that a set can be trained on."""


def build(name, root):
    """Make the folder `root` with the set of that name; what is to be opened is the `root` of the answer."""
    root.mkdir()
    expected = BUILDERS[name](root)
    expected.root = expected.root or root
    return expected
