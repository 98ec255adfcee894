"""`pixelwise classes` lists the classes of every format, and drafts choices that can be made."""

import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from pixelwise.cli.app import main
from pixelwise.data.folder import open_data

sys.path.insert(0, str(Path(__file__).parents[1] / "data" / "formats"))
import published


@pytest.fixture(params=published.BUILDERS)
def built(request, tmp_path):
    return published.build(request.param, tmp_path / "data")


def test_all_classes_are_listed_and_the_draft_changes_nothing_until_it_is_edited(built, tmp_path, capsys):
    before = open_data(built.root)
    code = main(["classes", str(built.root), "--out", str(tmp_path / "draft.yaml")])
    told = capsys.readouterr().out
    assert code == 0
    for name in built.names:
        assert name.split()[0] in told
    assert "%" in told
    text = (tmp_path / "draft.yaml").read_text()
    place = built.root if built.root.is_dir() else built.root.parent
    if not (place / "dataset.yaml").exists():
        (place / "dataset.yaml").write_text(text)
        after = open_data(built.root)
        assert (after.labels, after.codec) == (before.labels, before.codec)


def test_a_line_of_the_draft_that_is_made_valid_merges_classes(tmp_path):
    published.coco(tmp_path)
    assert main(["classes", str(tmp_path)]) == 0
    path = tmp_path / "dataset.yaml"
    text = path.read_text()
    assert "#   person      " in text
    assert yaml.safe_load(text) is None
    path.write_text(text.replace("# merge: {NEW NAME", "merge: {new"))
    assert open_data(tmp_path).labels.class_names == ("new", "car", "dog")


@pytest.mark.parametrize("content", [b"no picture", None])
def test_masks_that_are_left_out_are_named_and_end_it_with_code_1(tmp_path, capsys, content):
    published.voc(tmp_path)
    broken = min(tmp_path.rglob("SegmentationClass/*.png"))
    if content is None:
        Image.new("RGB", (16, 12), (1, 2, 3)).save(broken)
    else:
        broken.write_bytes(content)
    assert main(["classes", str(tmp_path)]) == 1
    assert [line.split(": ")[:2] for line in capsys.readouterr().err.splitlines()] == [
        ["left out", str(broken)]
    ]


def test_more_classes_than_a_network_tells_apart_are_listed_so_that_they_can_be_merged(tmp_path, capsys):
    published.save_picture(tmp_path / "train2017" / "a.jpg")
    annotation = {
        "id": 1,
        "image_id": 1,
        "category_id": 300,
        "segmentation": [published.rectangle(0, 0, 6, 16)],
    }
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": 12, "width": 16}],
        "annotations": [annotation],
        "categories": [{"id": number, "name": f"thing {number}"} for number in range(1, 401)],
    }
    published.write_json(tmp_path / "annotations" / "instances_train2017.json", content)
    assert main(["classes", str(tmp_path)]) == 0
    assert "thing 300       #" not in capsys.readouterr().out
    assert "#   thing 300   50.0 %" in (tmp_path / "dataset.yaml").read_text()
    others = ", ".join(f"thing {number}" for number in range(1, 401) if number != 300)
    (tmp_path / "dataset.yaml").write_text(f"merge: {{other: [{others}]}}")
    assert open_data(tmp_path).labels.class_names == ("background", "other", "thing 300")
