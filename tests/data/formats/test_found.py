"""Files of annotations are found whatever tool wrote them, and names in them lead nowhere else."""

import json

import published
import pytest
from named_pictures import BUILDERS

from pixelwise.data.folder import open_data
from pixelwise.data.write import write_folder

SQUARE = [0, 0, 8, 0, 8, 8, 0, 8]


def coco_file(path, names, annotations=None):
    """A COCO file with its keys in the order of Label Studio's converter; returns its text."""
    content = {
        "images": [{"id": n, "file_name": f"{name}.png", "height": 12, "width": 16} for n, name in names],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": annotations
        or [{"id": n, "image_id": n, "category_id": 1, "segmentation": [SQUARE]} for n, _ in names],
    }
    text = json.dumps(content, indent=2)
    published.write_text(path, text)
    return text


def labelme_file(path, points):
    shape = {"label": "cat", "points": points}
    content = {"version": "5", "flags": {}, "shapes": [shape], "imagePath": f"{path.stem}.png"}
    published.write_json(path, content | {"imageData": "A" * 200_000})


def pairs_of(data):
    return [pair for pairs in data.splits.values() for pair in pairs]


@pytest.mark.parametrize("name", ["coco", "cvat"])
@pytest.mark.parametrize("lead", ["../../victim/", "..\\..\\victim\\", "/victim/", "./"])
def test_no_name_leads_out_of_what_convert_writes(name, lead, tmp_path):
    data = tmp_path / "data"
    BUILDERS[name](data, [f"{lead}{n}.png" for n in range(3)])
    for n in range(3):
        published.save_picture(data / f"{n}.png", seed=n)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    write_folder(open_data(data), tmp_path / "out")
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert len(written) == 7  # three pictures, three masks, dataset.yaml
    assert all(path.is_relative_to(tmp_path / "out") for path in written)
    assert {path.stem for path in written} == {"0", "1", "2", "dataset"}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_large_coco_file_is_recognised_by_keys_anywhere_in_it(mark, tmp_path):
    for n in (0, 1):
        published.save_picture(tmp_path / f"{n}.png", seed=n)
    names = [(n, f"{n}{'' if n < 2 else '_' * 200}") for n in range(700)]
    text = coco_file(tmp_path / "train.json", names)
    assert text.index('"categories"') > 65536
    assert len(text) - text.index('"annotations"') > 65536
    (tmp_path / "train.json").write_text(mark + text, encoding="utf-8")
    data = open_data(tmp_path, val_fraction=0.5)
    assert {pair.name for pair in pairs_of(data)} == {"0", "1"}
    assert len(data.faults["train"]) == 698  # the pictures that are not there


def test_boxes_without_an_outline_are_counted(tmp_path):
    for n in (0, 1):
        published.save_picture(tmp_path / f"{n}.png", seed=n)
    outline = {"id": 0, "image_id": 0, "category_id": 1, "segmentation": [SQUARE]}
    boxes = [
        {"id": n, "image_id": 1, "category_id": 1, "bbox": [0, 0, 4, 4], **empty}
        for n, empty in ((1, {}), (2, {"segmentation": []}))
    ]
    coco_file(tmp_path / "a.json", [(0, "0"), (1, "1")], [outline, *boxes])
    notes = open_data(tmp_path).notes
    assert any(note.startswith("2 annotations are boxes without an outline") for note in notes)


def test_a_labelme_file_of_many_points_is_not_passed_over(tmp_path):
    ring = [[8 + (n % 7) / 7, 6 + n / 4000] for n in range(4000)]
    for n, points in enumerate(([[0, 0], [8, 0], [8, 8]], ring, ring)):
        published.save_picture(tmp_path / f"{n}.png", seed=n)
        labelme_file(tmp_path / f"{n}.json", points)
    assert (tmp_path / "1.json").read_text().index('"imagePath"') > 65536
    data = open_data(tmp_path)
    assert {pair.name for pair in pairs_of(data)} == {"0", "1", "2"}
    assert not any(data.faults.values())


def test_a_labelme_file_that_is_empty_or_cut_off_is_a_fault(tmp_path):
    for n in range(4):
        published.save_picture(tmp_path / f"{n}.png", seed=n)
        labelme_file(tmp_path / f"{n}.json", [[0, 0], [8, 0], [8, 8]])
    (tmp_path / "2.json").write_bytes(b"")
    (tmp_path / "3.json").write_bytes((tmp_path / "3.json").read_bytes()[:60])
    published.write_json(tmp_path / "unrelated.json", {"a": 1})
    data = open_data(tmp_path)
    assert {pair.name for pair in pairs_of(data)} == {"0", "1"}
    faults = sorted({line for lines in data.faults.values() for line in lines})
    assert [line.partition(":")[0] for line in faults] == [str(tmp_path / f"{n}.json") for n in (2, 3)]
    assert all("empty or cut off" in line for line in faults)


@pytest.mark.parametrize("name", BUILDERS)
def test_annotations_in_hidden_folders_are_left_alone(name, tmp_path):
    names = [f"{n}.png" for n in range(3)]
    BUILDERS[name](tmp_path, names)
    for file in names:
        published.save_picture(tmp_path / file)
    for file in [path for path in tmp_path.iterdir() if path.suffix in (".json", ".xml")]:
        published.write_text(tmp_path / ".ipynb_checkpoints" / f"train-{file.name}", file.read_text())
    data = open_data(tmp_path)
    assert len(pairs_of(data)) == 3
    assert not any(data.faults.values())


@pytest.mark.parametrize("entry", ["../train/images", "..\\train\\images", "train\\images"])
def test_a_folder_of_yolo_is_looked_for_in_the_data_set_first(entry, tmp_path):
    published.save_picture(tmp_path / "train" / "images" / "stranger.png")
    data = tmp_path / "data"
    for n in range(3):
        published.save_picture(data / "train" / "images" / f"{n}.png", seed=n)
        published.write_text(data / "train" / "labels" / f"{n}.txt", "0 0 0 0.5 0 0.5 0.5\n")
    published.write_text(data / "data.yaml", f"train: {entry}\nval: {entry}\nnames: {{0: cat}}\n")
    assert {pair.image.name for pair in pairs_of(open_data(data))} == {"0.png", "1.png", "2.png"}
