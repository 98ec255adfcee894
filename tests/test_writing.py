import errno
import os
from pathlib import Path

import pytest

from pixelwise.errors import DataError
from pixelwise.writing import check_writable, new_folder, replacing, write_text


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "a.png"

    def write(data, halt=False):
        with replacing(path) as file:
            file.write(data)
            assert not path.exists()
            if halt:
                raise InterruptedError("halted")

    with pytest.raises(DataError, match="halted"):
        write(b"half", halt=True)
    assert list(path.parent.iterdir()) == []
    write(b"whole")
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    kept = []

    def keep(number):
        kept.append((os.fstat(number).st_size, [path.suffix for path in tmp_path.iterdir()]))

    monkeypatch.setattr(os, "fsync", keep)
    write_text(tmp_path / "a.csv", "12345")
    assert kept == [(5, [".part"])]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "a.png"
    with replacing(path) as one, replacing(path) as two:
        one.write(b"one")
        two.write(b"another")
    assert path.read_bytes() == b"one"  # the last to end
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path):
    write_text(tmp_path / ("a" * 255), "here")
    assert next(tmp_path.iterdir()).read_text() == "here"


def test_a_file_has_the_permissions_of_any_other(tmp_path):
    write_text(tmp_path / "ours", "")
    (tmp_path / "other").write_text("")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(DataError, match=r"a\.png: cannot be written \(.+\)"),
        replacing(tmp_path / "file/a.png"),
    ):
        pass


def test_a_place_where_nothing_can_be_made_is_found_before_anything_is(tmp_path):
    (tmp_path / "file").touch()
    check_writable(tmp_path / "a/b/c")
    check_writable(tmp_path / "file")
    for path in (tmp_path / "file/b", tmp_path / "file/b/c"):
        with pytest.raises(DataError, match=f"{path}: cannot be written .Not a directory."):
            check_writable(path)
    with pytest.raises(DataError, match="/proc/new: cannot be written"):
        check_writable(Path("/proc/new"))
    assert [path.name for path in tmp_path.rglob("*")] == ["file"]


@pytest.mark.parametrize("was_there", [True, False])
def test_a_folder_that_is_not_filled_leaves_nothing(was_there, tmp_path):
    folder = tmp_path / "above" / "new"
    if was_there:
        folder.mkdir(parents=True)

    def fill(error):
        with new_folder(folder) as partial:
            (partial / "below").mkdir()
            (partial / "below/file").write_text("one")
            (partial / "file").write_text("two")
            assert all(path.name.startswith(".") for path in folder.iterdir())  # if we were killed here
            if error is not None:
                raise error

    with pytest.raises(KeyboardInterrupt):
        fill(KeyboardInterrupt())
    assert folder.exists() == was_there
    with pytest.raises(FileNotFoundError, match="source"):
        fill(FileNotFoundError(errno.ENOENT, "gone", "source"))
    with pytest.raises(DataError, match=f"{folder}: cannot be written .No space left"):
        fill(OSError(errno.ENOSPC, "No space left on device"))
    assert not list(folder.glob("*"))
    fill(None)
    assert sorted(path.name for path in folder.rglob("*")) == ["below", "file", "file"]
    with pytest.raises(DataError, match="exists and is not an empty folder"):
        fill(None)


def test_of_two_that_fill_a_folder_the_first_to_end_has_it(tmp_path):
    def fill_both(folder):
        with new_folder(folder) as ours:
            (ours / "train").mkdir()
            (ours / "train/ours").touch()
            (folder / "train").mkdir()
            (folder / "train/theirs").touch()

    with pytest.raises(DataError, match=r"new: exists and is not an empty folder \(it holds "):
        fill_both(tmp_path / "new")
    assert [path.name for path in tmp_path.rglob("*")] == ["new", "train", "theirs"]


def test_a_folder_below_a_link_to_itself_cannot_be_made(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with (
        pytest.raises(DataError, match=r"new: cannot be written .Too many levels of symbolic links"),
        new_folder(tmp_path / "loop/new", outside=tmp_path / "data"),
    ):
        pass
