"""What a check found is believed as long as the files stay as they were, and not a moment longer."""

import contextlib
import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelwise.data import check, leaks
from pixelwise.data import memory as module
from pixelwise.data.archive import temporary_folder
from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.memory import Kind, Memory
from pixelwise.errors import DataError, ImageError
from pixelwise.inspection.survey import survey

TEXT = Kind("text", lambda path: (path,), str, str)


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    monkeypatch.setattr(module, "SETTLED", 0)


@pytest.fixture
def file(tmp_path):
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "a.txt"
    path.write_text("first")
    return path


@pytest.fixture
def read(file, tmp_path):
    """Return a function that reads the file through a memory, and says whether it was really read."""

    def look():
        reads = []

        def really(path):
            reads.append(path)
            return path.read_text()

        with Memory(file.parent, tmp_path / "memory") as memory:
            text = memory.remembering(TEXT, really)(file)
        return text, bool(reads)

    assert look() == ("first", True)
    return look


def test_a_file_that_stays_is_read_once(read):
    assert read() == ("first", False)


def test_what_could_be_otherwise_the_next_time_is_not_kept(file, tmp_path):
    found = iter([ImageError("no memory"), "text", "other"])
    kind = replace(TEXT, to_plain=lambda record: None if isinstance(record, ImageError) else record)
    texts = []
    for _ in range(3):
        with Memory(file.parent, tmp_path / "memory") as memory:
            texts.append(str(memory.remembering(kind, lambda path: next(found))(file)))
    assert texts == ["no memory", "text", "text"]


def test_files_that_are_gone_with_the_process_are_not_kept(tmp_path):
    passing = temporary_folder() / "a.txt"
    passing.write_text("first")
    with Memory(tmp_path, tmp_path / "memory") as memory:
        memory.remembering(TEXT, Path.read_text)(passing)
        assert memory._ask("SELECT count(*) FROM found", ()) == (0,)


def with_times_of(stat, path):
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def grow(file):
    stat = file.stat()
    file.write_text("firsts")
    with_times_of(stat, file)


def touch(file):
    stat = file.stat()
    file.write_text("other")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))


def keep_size_and_time(file):
    stat = file.stat()
    file.write_text("other")
    with_times_of(stat, file)


def put_in_place(file):
    """As rsync and `mv` do: another file of the same size and time under the name."""
    other = file.with_name("b.txt")
    other.write_text("other")
    with_times_of(file.stat(), other)
    other.replace(file)


def swap_folders(file):
    copy = file.parent.with_name("copy")
    shutil.copytree(file.parent, copy)  # with its times
    stat = (copy / file.name).stat()
    (copy / file.name).write_text("other")
    with_times_of(stat, copy / file.name)
    file.parent.rename(file.parent.with_name("old"))
    copy.rename(file.parent)


def link_elsewhere(file):
    other = file.with_name("b.txt")
    other.write_text("other")
    with_times_of(file.stat(), other)
    file.unlink()
    file.symlink_to(other)


CHANGES = [grow, touch, keep_size_and_time, put_in_place, swap_folders, link_elsewhere]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_was_changed_in_any_way_is_read_again(change, file, read):
    change(file)
    text, again = read()
    assert again
    assert text == file.read_text() != "first"


@pytest.mark.parametrize("name", ["__version__", "_FORM"])
def test_what_another_version_wrote_is_not_believed(name, read, monkeypatch):
    monkeypatch.setattr(module, name, "99")
    assert read() == ("first", True)


def test_a_file_that_changes_while_it_is_read_is_not_remembered(file, tmp_path):
    def slowly(path):
        text = path.read_text()
        path.write_text("after")
        return text

    with Memory(file.parent, tmp_path / "memory") as memory:
        assert memory.remembering(TEXT, slowly)(file) == "first"
        assert memory.remembering(TEXT, lambda path: path.read_text())(file) == "after"


def test_a_file_that_was_written_just_now_is_not_remembered(file, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SETTLED", 3_600_000_000_000)
    with Memory(file.parent, tmp_path / "memory") as memory:
        for text in ("one", "two"):
            assert memory.remembering(TEXT, lambda path, text=text: text)(file) == text


@pytest.fixture
def locked(read, tmp_path):
    """Return a function that locks the memory as another process does, and the lock."""
    (path,) = (tmp_path / "memory").iterdir()
    with contextlib.closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as other:
        yield lambda how: other.execute(f"BEGIN {how}") and other


def test_a_memory_that_is_locked_is_gone_without_and_kept(read, locked, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    (path,) = (tmp_path / "memory").iterdir()
    before, other = path.stat().st_ino, locked("EXCLUSIVE")
    assert read() == ("first", True)
    other.rollback()
    assert path.stat().st_ino == before
    assert read() == ("first", False)


def test_who_finds_the_memory_locked_does_not_keep_the_other_from_writing(
    file, locked, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    other = locked("IMMEDIATE")
    other.execute("DELETE FROM found")
    new = [file.with_name(name) for name in "bc"]
    with Memory(file.parent, tmp_path / "memory") as memory:
        look = memory.remembering(TEXT, lambda path: path.read_text())
        for path in new:
            path.write_text(path.name)
            assert look(path) == path.name
        other.commit()  # raises where it may not


@pytest.fixture
def root(put_pair, tmp_path):
    for split in ("train", "val"):
        for number in range(3):
            put_pair(split, f"{number}", np.eye(8, dtype=np.uint8) + number)
    return tmp_path


@pytest.fixture
def reads(monkeypatch):
    """The files that a training's check really reads."""
    from pixelwise.data import scan

    found = []
    for where, name in ((check, "verify_image"), (check, "mark"), (scan, "read_mask_values")):
        function = getattr(where, name)
        monkeypatch.setattr(where, name, lambda path, f=function: found.append(path) or f(path))
    return found


def start(root, folder):
    """Open and check a data set as a training does."""
    with Memory(root, folder) as memory:
        data = open_data(root, memory=memory)
        marks = []
        check_data(data, memory=memory, marks=marks)
    assert marks == [leaks.mark(pair.image) for name in ("train", "val") for pair in data.split(name)]
    return data


def test_a_fault_that_may_be_the_machines_is_forgotten(root, tmp_path, monkeypatch):
    with monkeypatch.context() as context:
        context.setattr(check, "verify_image", lambda path: (_ for _ in ()).throw(ImageError("no memory")))
        with pytest.raises(DataError, match="no memory"):
            start(root, tmp_path / "memory")
    assert start(root, tmp_path / "memory")


@pytest.mark.parametrize("described", [False, True])
def test_a_training_after_a_check_reads_nothing_again(described, root, tmp_path, reads):
    if described:
        (root / "dataset.yaml").write_text("names: [a, b, c, d]")
    with Memory(root, tmp_path / "memory") as memory:
        survey(root, memory=memory)
    few = start(root, tmp_path / "memory")
    assert set(reads) <= (
        {pair.mask for pairs in few.splits.values() for pair in pairs} if described else set()
    )
    assert not any(path.parent.name == "images" for path in reads)


def test_a_second_training_reads_nothing_again_and_sees_what_has_changed(root, tmp_path, reads):
    first = start(root, tmp_path / "memory")
    assert len(reads) == 18  # pictures twice: decoded, then marked
    reads.clear()
    again = start(root, tmp_path / "memory")
    assert reads == []
    assert (again.labels, again.codec) == (first.labels, first.codec)
    mask = first.split("train")[0].mask
    Image.fromarray(np.full((8, 8), 9, np.uint8)).save(mask)
    assert "class_9" in start(root, tmp_path / "memory").labels.class_names
    assert reads == [mask]
