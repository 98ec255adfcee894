"""Annotations of the formats whose files name their pictures, for names of your choice."""

import published


def coco(root, names):
    square = [[0, 0, 8, 0, 8, 8, 0, 8]]
    content = {
        "images": [
            {"id": place, "file_name": name, "height": 12, "width": 16} for place, name in enumerate(names)
        ],
        "annotations": [
            {"id": place, "image_id": place, "category_id": 1, "segmentation": square}
            for place, _ in enumerate(names)
        ],
        "categories": [{"id": 1, "name": "cat"}],
    }
    published.write_json(root / "annotations.json", content)


def cvat(root, names):
    box = '<box label="cat" xtl="0" ytl="0" xbr="8" ybr="8"/>'
    entries = [f'<image id="0" name="{name}" width="16" height="12">{box}</image>' for name in names]
    published.write_text(root / "annotations.xml", f"<annotations>{''.join(entries)}</annotations>")


def labelme(root, names):
    for place, name in enumerate(names):
        shape = {"label": "cat", "points": [[0, 0], [8, 0], [8, 8]]}
        published.write_json(root / f"{place}.json", {"shapes": [shape], "imagePath": name})


def label_studio(root, names):
    result = {
        "type": "polygonlabels",
        "original_width": 16,
        "original_height": 12,
        "value": {"points": [[0, 0], [50, 0], [50, 50]], "polygonlabels": ["cat"]},
    }
    tasks = [{"data": {"image": name}, "annotations": [{"result": [result]}]} for name in names]
    published.write_json(root / "export.json", tasks)


BUILDERS = {"coco": coco, "cvat": cvat, "labelme": labelme, "label studio": label_studio}
