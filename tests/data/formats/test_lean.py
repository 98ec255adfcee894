"""Annotations are held in arrays while a data set is opened: as lists they take many times the memory."""

import tracemalloc

import numpy as np
import published
import pytest

from pixelwise.data.folder import open_data

FILES, POINTS = 40, 4000


def labelme(root, ring):
    for number in range(FILES):
        shape = {"label": "cat", "points": ring}
        published.write_json(root / f"{number}.json", {"shapes": [shape], "imagePath": f"{number}.png"})


def label_studio(root, ring):
    result = {"type": "polygonlabels", "original_width": 16, "original_height": 12}
    tasks = [
        {
            "data": {"image": f"{number}.png"},
            "annotations": [{"result": [result | {"value": {"points": ring, "polygonlabels": ["cat"]}}]}],
        }
        for number in range(FILES)
    ]
    published.write_json(root / "export.json", tasks)


@pytest.mark.parametrize(("write", "times"), [(labelme, 1.5), (label_studio, 3)])
def test_opening_takes_little_more_memory_than_the_text_of_the_points(write, times, tmp_path):
    write(tmp_path, np.random.default_rng(0).uniform(0, 10, (POINTS, 2)).tolist())
    for number in range(FILES):
        published.save_picture(tmp_path / f"{number}.png")
    size = sum(path.stat().st_size for path in tmp_path.glob("*.json"))
    tracemalloc.start()
    open_data(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < times * size  # as lists, the points alone take 4
