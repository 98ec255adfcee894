"""`pixelwise classes` lists the classes of every format, and drafts choices that can be made."""

import sys
from pathlib import Path

import pytest
import yaml

from pixelwise.cli.app import main
from pixelwise.data.folder import open_data

sys.path.insert(0, str(Path(__file__).parents[1] / "data" / "formats"))
import published


@pytest.fixture(params=published.BUILDERS)
def built(request, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    expected = published.BUILDERS[request.param](root)
    expected.root = expected.root or root
    return expected


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
