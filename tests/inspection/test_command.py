import json
import shutil
from html.parser import HTMLParser

import pytest

from pixelwise.cli.app import main

from .faults import FAULTS


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("PIXELWISE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


class Sources(HTMLParser):
    """What a page would load from elsewhere."""

    def __init__(self):
        super().__init__()
        self.inside, self.outside = 0, []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href"):
                inside = value.startswith("data:")
                self.inside += inside
                self.outside += [] if inside else [value]


def test_a_clean_set_is_code_0_and_a_page_that_needs_nothing_else(clean_root, tmp_path, capsys):
    assert main(["check", str(clean_root)]) == 0
    assert "nothing is wrong" in capsys.readouterr().out
    folder = tmp_path / "here" / f"check-{clean_root.name}"
    text = (folder / "index.html").read_text()
    page = Sources()
    page.feed(text)
    assert page.inside == 12
    assert page.outside == []
    assert "url(" not in text
    facts = json.loads((folder / "findings.json").read_text())
    assert facts["blocks_training"] is False
    assert facts["splits"] == {"train": 20, "val": 6}
    assert sum(row["share"] for row in facts["classes"]) == pytest.approx(1)
    assert sum(row["pictures"] for row in facts["picture_sizes"]) == 26


def test_what_blocks_training_is_code_1_and_stands_in_the_json(root, capsys):
    file = FAULTS["size-mismatch"](root)
    assert main(["check", str(root), "--json", "found.json"]) == 1
    with open("found.json") as text:  # noqa: PTH123
        (finding,) = json.load(text)["findings"]
    assert finding["kind"] == "size-mismatch"
    assert finding["severity"] == "blocks"
    assert finding["files"][0]["file"] == str(file)
    assert finding["fixed_by_fix"] is True
    assert "; `--fix` leaves out the pair" in finding["mend"]


def test_a_warning_is_code_0(root):
    FAULTS["unused-name"](root)
    assert main(["check", str(root), "--json", "found.json"]) == 0


def test_names_of_files_cannot_write_into_the_page(root, tmp_path):
    image = sorted((root / "train" / "images").iterdir())[0]
    image.rename(image.with_name("<script>alert(1)<script>.png"))
    assert main(["check", str(root), "--html", "page.html"]) == 1
    text = (tmp_path / "here" / "page.html").read_text()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_nothing_is_overwritten_silently(clean_root, tmp_path, capsys):
    target = tmp_path / "here" / "page.html"
    target.write_text("mine")
    assert main(["check", str(clean_root), "--html", str(target)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert target.read_text() == "mine"
    assert main(["check", str(clean_root), "--html", str(target), "--overwrite"]) == 0
    assert "<!doctype html>" in target.read_text()
    for _ in range(2):
        assert main(["check", str(clean_root)]) == 0
    assert len([*(tmp_path / "here").glob("check-*/index.html")]) == 2


def test_where_nothing_can_be_written_it_is_said_how_to_name_another_place(clean_root, monkeypatch, capsys):
    monkeypatch.chdir("/proc")
    assert main(["check", str(clean_root)]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "cannot be written" in said
    assert "name files elsewhere with --html and --json" in said


def test_fix_writes_a_copy_that_is_clean(root, tmp_path):
    FAULTS["unreadable-mask"](root)
    assert main(["check", str(root), "--json", "a.json", "--fix", str(tmp_path / "mended")]) == 1
    assert main(["check", str(tmp_path / "mended"), "--json", "b.json"]) == 0
    assert main(["check", str(root), "--json", "c.json", "--fix", str(tmp_path / "mended")]) == 1


def as_ade20k(root):
    for kind, theirs in (("images", "images"), ("masks", "annotations")):
        for split, place in (("train", "training"), ("val", "validation")):
            (root / theirs).mkdir(exist_ok=True)
            shutil.copytree(root / split / kind, root / theirs / place)


def test_fix_is_offered_only_where_it_works_and_else_what_must_be_done_first(root, tmp_path, capsys):
    FAULTS["unreadable-mask"](root)
    archive = shutil.make_archive(str(tmp_path / "zipped"), "zip", root)
    as_ade20k(root)
    for split in ("train", "val"):
        shutil.rmtree(root / split)
    (root / "dataset.yaml").unlink()
    first = {archive: "it is unpacked", str(root): f"`pixelwise convert {root} FOLDER --format ade20k`"}
    for number, (data, words) in enumerate(first.items()):
        assert main(["check", data, "--json", f"{number}.json", "--fix", str(tmp_path / "mended")]) == 1
        said = capsys.readouterr()
        assert "--fix mends it" not in said.out
        assert f"--fix mends some of this, once {words}" in said.out
        assert f"can be mended once {words}" in said.err
        found = json.loads((tmp_path / "here" / f"{number}.json").read_text())["findings"][0]
        assert found["kind"] == "unreadable-mask"
        assert found["fixed_by_fix"] is False
        assert f"`--fix`, once {words}" in found["mend"]


def test_the_format_can_be_named_where_two_are_recognised(clean_root, tmp_path, capsys):
    root = shutil.copytree(clean_root, tmp_path / "two")
    as_ade20k(root)
    assert main(["check", str(root), "--json", "a.json"]) == 1
    assert "--format folder" in capsys.readouterr().err
    assert main(["check", str(root), "--json", "b.json", "--format", "folder"]) == 0
    assert main(["check", str(root), "--json", "c.json", "--format", "nonsense"]) == 1
    assert "nonsense" in capsys.readouterr().err


def test_a_folder_without_data_is_one_line(tmp_path, capsys):
    assert main(["check", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
