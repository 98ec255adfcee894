import os
import re
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from pixelwise.errors import DataError
from pixelwise.labels import Labels
from pixelwise.predict.outputs import Layout, describe_origin
from pixelwise.predict.sources import find_sources


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Make empty files below an empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)

    def make(*names):
        for name in names:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).touch()

    return make


def found(*pictures, out="out"):
    sources, notes = find_sources(pictures, Path(out))
    return {os.fspath(source.path): str(source.name) for source in sources}, notes


FILES = ("p/a.jpg", "p/b.PNG", "p/deep/er/c.tif", "p/notes.txt", "p/.hidden.jpg", "p/.cache/d.jpg")


def test_a_folder_is_searched_with_all_below_but_hidden_and_other_files(place):
    place(*FILES)
    assert found("p") == ({"p/a.jpg": "a", "p/b.PNG": "b", "p/deep/er/c.tif": "deep/er/c"}, ())


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("p/*.jpg", {"p/a.jpg": "a"}),
        ("p/*", {"p/a.jpg": "a", "p/b.PNG": "b", "p/deep/er/c.tif": "deep/er/c"}),
        ("p/**/*.*", {"p/a.jpg": "a", "p/b.PNG": "b", "p/deep/er/c.tif": "deep/er/c"}),
        ("p/[ab].*", {"p/a.jpg": "a", "p/b.PNG": "b"}),
        ("*/deep/*/c.tif", {"p/deep/er/c.tif": "p/deep/er/c"}),
    ],
)
def test_a_pattern_is_expanded(place, pattern, names):
    place(*FILES)
    assert found(pattern)[0] == names


def test_folders_that_are_links_are_searched_once(place):
    place("p/a.jpg", "far/b.jpg", "far/c.jpg")
    Path("p/linked").symlink_to("../far")
    Path("p/again").symlink_to("../far")
    Path("far/round").symlink_to("../p")
    assert found("p")[0] == {"p/a.jpg": "a", "p/again/b.jpg": "again/b", "p/again/c.jpg": "again/c"}


def test_masks_beside_the_pictures_of_a_data_set_are_left_out_unless_they_are_named(place):
    place("d/train/images/a.jpg", "d/train/masks/a.png", "d/val/images/b.jpg", "d/val/masks/b.png")
    names, (note,) = found("d")
    assert names == {"d/train/images/a.jpg": "train/images/a", "d/val/images/b.jpg": "val/images/b"}
    assert note.startswith("d/train/masks (and 1 more): left out, holds the masks of the pictures beside it")
    assert found("d/train/masks") == ({"d/train/masks/a.png": "a"}, ())
    place("p/masks/a.png")  # without pictures beside them, they may be anything
    assert found("p") == ({"p/masks/a.png": "masks/a"}, ())


def test_earlier_results_are_left_out_unless_they_are_named(place):
    place("p/a.jpg")
    layout = Layout(
        Path("p/results"), Labels(("road", "sky"), ((1, 2, 3), (4, 5, 6))), overlay=True, classes=True
    )
    mask, picture = np.zeros((4, 5), np.uint8), np.zeros((4, 5, 3), np.uint8)
    origin = describe_origin("1234", Path("p/a.jpg"))
    layout.write(PurePosixPath("a"), origin, picture, mask, np.zeros((2, 4, 5), np.float32))
    assert len(list(Path("p/results").rglob("*.png"))) == 4
    names, (note,) = found("p")
    assert names == {"p/a.jpg": "a"}
    assert note.startswith("p/results (and 2 more): left out, holds results of pixelwise predict")
    assert found("p/results/overlays") == ({"p/results/overlays/a.png": "a"}, ())


def test_a_file_keeps_its_stem_and_may_have_any_suffix(place):
    place("p/shot.of.today.jpg", "p/scan.dat", "p/bare")
    assert found("p/shot.of.today.jpg")[0] == {"p/shot.of.today.jpg": "shot.of.today"}
    assert found("p/scan.dat", "p/bare")[0] == {"p/scan.dat": "scan", "p/bare": "bare"}


def test_equal_names_in_different_folders_stay_apart(place):
    place("x/a.jpg", "y/a.jpg", "y/z/a.jpg")
    assert found("x/a.jpg", "y/z/a.jpg")[0] == {"x/a.jpg": "x/a", "y/z/a.jpg": "y/z/a"}
    assert found("x", "y")[0] == {"x/a.jpg": "x/a", "y/a.jpg": "y/a", "y/z/a.jpg": "y/z/a"}
    assert found("y", "y/z/a.jpg")[0] == {"y/a.jpg": "a", "y/z/a.jpg": "z/a"}


def test_pictures_that_differ_in_their_suffix_keep_it_and_this_is_said(place):
    place("p/a.jpg", "p/a.png", "p/a.jpg.bmp", "p/b.jpg")
    names, notes = found("p")
    assert names == {
        "p/a.jpg": "a.jpg",
        "p/a.png": "a.png",
        "p/a.jpg.bmp": "a.jpg.bmp",
        "p/b.jpg": "b",
    }
    assert len(notes) == 1
    assert "a.jpg.png" in notes[0]


def test_a_picture_named_twice_is_done_once(place, tmp_path):
    place("p/a.jpg")
    names, notes = found("p", "p/a.jpg", "./p/../p/a.jpg", str(tmp_path / "p"), "p/*.jpg")
    assert names == {"p/a.jpg": "a"}
    assert notes == ()


def test_results_inside_the_folder_of_the_pictures_are_not_taken_for_pictures(place):
    place("p/a.jpg", "p/out/a.png", "p/out/overlays/a.png")
    assert found("p", out="p/out")[0] == {"p/a.jpg": "a"}
    assert found("p/*", out="p/out")[0] == {"p/a.jpg": "a"}
    assert found("p/**/*", out="p/out")[0] == {"p/a.jpg": "a"}
    assert found("p", out=".")[0] == {
        "p/a.jpg": "a",
        "p/out/a.png": "out/a",
        "p/out/overlays/a.png": "out/overlays/a",
    }


def test_results_do_not_go_among_the_pictures(place):
    place("p/a.jpg")
    for asked in ("p", "p/*.jpg", "p/**/*"):
        with pytest.raises(DataError, match="p: holds the pictures, so the results cannot go there"):
            found(asked, out="p")


def test_results_may_go_above_the_pictures(place):
    place("p/q/a.jpg")
    assert found("p/q/*.jpg", out="p")[0] == found("p/q", out="p")[0] == {"p/q/a.jpg": "a"}


def test_a_folder_that_cannot_be_listed_is_noted(place, monkeypatch):
    place("p/a.jpg", "p/locked/b.jpg")
    scan = os.scandir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    note = "p/locked: left out, cannot be listed (Permission denied)"
    assert found("p") == ({"p/a.jpg": "a"}, (note,))
    with pytest.raises(DataError, match=re.escape(note)):
        found("p/locked")


def test_brackets_in_a_real_name_are_no_pattern(place):
    place("p/a[1].jpg")
    assert found("p/a[1].jpg")[0] == {"p/a[1].jpg": "a[1]"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["missing.jpg"], "missing.jpg: no such file or folder"),
        (["empty", "no/*.jpg"], "no pictures found in empty, no/*.jpg; expected files that end in .bmp, "),
        (["empty", ""], "one of the pictures is named '', expected a file"),
        ([], "no pictures were named; give files, folders, or patterns"),
    ],
)
def test_nothing_found_is_an_error_that_says_what_was_asked_for(place, asked, words):
    place("empty/notes.txt")
    with pytest.raises(DataError) as caught:
        found(*asked)
    assert words in str(caught.value)


def test_links_are_followed_once_and_named_as_they_stand(place, tmp_path):
    place("store/x.jpg", "p/real.jpg")
    Path("p/link.jpg").symlink_to(tmp_path / "store/x.jpg")
    Path("p/loop").symlink_to(tmp_path / "p")
    Path("p/self.jpg").symlink_to("self.jpg")
    names = found("p")[0]
    assert names == {"p/link.jpg": "link", "p/real.jpg": "real", "p/self.jpg": "self"}


def test_two_files_that_one_name_may_mean_are_an_error_and_no_endless_loop(tmp_path):
    for folder in ("a", "b/c"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "a" / "link").symlink_to(tmp_path / "b" / "c")
    for place in ("a", "b"):
        (tmp_path / place / "x.png").touch()
    with pytest.raises(DataError, match="would have the same results"):
        find_sources([tmp_path / "a/link/../x.png", tmp_path / "a/x.png"], tmp_path / "out")
