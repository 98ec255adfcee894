import json
import os

import numpy as np
import pytest
from PIL import Image

from pixelwise.data import memory as module
from pixelwise.data.memory import Memory
from pixelwise.inspection.record import look_at
from pixelwise.inspection.survey import survey


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    monkeypatch.setattr(module, "SETTLED", 0)


@pytest.fixture
def looks(monkeypatch):
    """The pairs that are really read."""
    read = []

    def counting(pair):
        read.append(pair.name)
        return look_at(pair)

    monkeypatch.setattr("pixelwise.inspection.survey.look_at", counting)
    return read


def check(root, folder):
    with Memory(root, folder) as memory:
        return survey(root, memory=memory)


def test_what_has_not_changed_is_not_read_again_and_gives_the_same(root, tmp_path, looks):
    first = check(root, tmp_path / "cache")
    assert len(looks) == len(first.entries)
    looks.clear()
    assert list(check(root, tmp_path / "cache").entries) == list(first.entries)
    assert looks == []


def test_a_change_of_equal_size_and_time_is_seen(root, tmp_path, looks):
    check(root, tmp_path / "cache")
    looks.clear()
    mask = sorted((root / "train" / "masks").iterdir())[3]
    stat = mask.stat()
    mask.write_bytes(mask.read_bytes()[:-1] + b"x")
    os.utime(mask, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    check(root, tmp_path / "cache")
    assert looks == [mask.stem]


def test_errors_are_remembered_and_forgotten_when_the_file_is_mended(root, tmp_path, looks):
    image = sorted((root / "train" / "images").iterdir())[0]
    whole = image.read_bytes()
    image.write_bytes(whole[:500])
    for _ in range(2):
        assert "damaged" in next(iter(check(root, tmp_path / "cache").entries)).record.picture
    image.write_bytes(whole)
    assert not isinstance(next(iter(check(root, tmp_path / "cache").entries)).record.picture, str)


def test_a_file_that_was_written_just_now_is_not_trusted(root, tmp_path, looks, monkeypatch):
    monkeypatch.setattr(module, "SETTLED", 3_600_000_000_000)
    for _ in range(2):
        looks.clear()
        found = check(root, tmp_path / "cache")
        assert len(looks) == len(found.entries)


def test_a_mask_of_many_colours_is_remembered_as_it_is(root, tmp_path, looks):
    masks = sorted((root / "train" / "masks").iterdir())
    with Image.open(masks[0]) as mask:
        noise = np.random.default_rng(0).integers(0, 256, (mask.height, mask.width, 3), np.uint8)
    Image.fromarray(noise).save(masks[0])
    assert list(check(root, tmp_path / "cache").entries) == list(check(root, tmp_path / "cache").entries)


@pytest.mark.parametrize("content", [b"", b"no data base", b"SQLite format 3\0" + bytes(900)])
def test_a_broken_cache_is_as_good_as_none(content, root, tmp_path, looks):
    found = check(root, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(content)
    assert list(check(root, tmp_path / "cache").entries) == list(found.entries)
    looks.clear()
    check(root, tmp_path / "cache")
    assert looks == []  # a new one was begun


def test_a_cache_that_cannot_be_written_is_as_good_as_none(root, tmp_path, looks):
    (tmp_path / "file").write_text("in the way")
    assert check(root, tmp_path / "file").entries


def test_drawn_masks_are_known_again_until_an_outline_of_theirs_changes(tmp_path, looks):
    root = tmp_path / "coco"
    for name in "ab":
        (root / "train2017").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 12), (200, 30, 30)).save(root / "train2017" / f"{name}.jpg")
    content = {
        "images": [{"id": i, "file_name": f"{n}.jpg", "height": 12, "width": 16} for i, n in enumerate("ab")],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1, "segmentation": [[2, 2, 9, 2, 9, 9, 2, 9]]}
            for i in range(2)
        ],
        "categories": [{"id": 1, "name": "car"}],
    }
    path = root / "annotations" / "instances_train2017.json"
    path.parent.mkdir()
    path.write_text(json.dumps(content))
    first = [entry.record for entry in check(root, tmp_path / "cache").entries]
    looks.clear()
    assert [entry.record for entry in check(root, tmp_path / "cache").entries] == first
    assert looks == []
    content["annotations"][1]["segmentation"] = [[2, 2, 9, 2, 9, 9, 2, 8]]
    path.write_text(json.dumps(content))
    check(root, tmp_path / "cache")
    assert looks == ["b"]
    (root / "dataset.yaml").write_text("uncovered: ignore")
    check(root, tmp_path / "cache")
    assert sorted(looks) == ["a", "b", "b"]
