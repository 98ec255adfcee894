from pathlib import Path, PurePosixPath

import pytest

from pixelwise.errors import DataError
from pixelwise.labels import Labels
from pixelwise.predict.outputs import Layout, describe_origin, file_names


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (("sky", "tree (tall)", "Straße"), ["sky", "tree (tall)", "Straße"]),
        (("road/lane", "a:b", "..", "#ff0000"), ["road_lane", "a_b", "_", "_ff0000"]),
        (("a/b", "a:b"), ["000_a_b", "001_a_b"]),
        (("Car", "car"), ["000_Car", "001_car"]),
    ],
)
def test_class_names_become_file_names_that_differ(names, files):
    assert file_names(names) == files


def test_an_origin_changes_with_the_model_and_with_the_picture(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    first = describe_origin("model", path)
    assert describe_origin("model", path) == first
    assert describe_origin("other", path) != first
    path.write_bytes(b"two")
    assert describe_origin("model", path) != first


def test_a_folder_of_pictures_named_like_ours_is_refused_when_both_are_written(tmp_path):
    layout = Layout(tmp_path, Labels.numbered(2), overlay=True)
    for name in ("overlays", "probs/a"):
        layout.check_source(PurePosixPath(name), Path(f"{name}.jpg"))
    with pytest.raises(DataError, match="'overlays' would mix"):
        layout.check_source(PurePosixPath("overlays/a"), Path("overlays/a.jpg"))


def test_a_mask_that_would_go_where_its_picture_lies_is_refused(tmp_path):
    layout = Layout(tmp_path, Labels.numbered(2))
    layout.check_source(PurePosixPath("a"), tmp_path / "a.jpg")
    layout.check_source(PurePosixPath("a"), tmp_path / "below" / "a.png")
    with pytest.raises(
        DataError, match=r"a\.png: its mask would go where it lies itself: give another --out"
    ):
        layout.check_source(PurePosixPath("a"), tmp_path / "below" / ".." / "a.png")
