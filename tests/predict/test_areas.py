import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pixelwise.errors import DataError
from pixelwise.labels import Labels
from pixelwise.predict import lock as lock_module
from pixelwise.predict.areas import check_areas, write_areas
from pixelwise.predict.counts import count_pixels

LABELS = Labels.numbered(2)


def test_every_class_of_every_picture_has_a_row(tmp_path):
    write_areas(tmp_path / "areas.csv", {"a": np.array([3, 1]), 'b, "c"': np.array([0, 2])}, LABELS)
    assert (tmp_path / "areas.csv").read_text().splitlines() == [
        "picture,class,pixels,share",
        "a,class_0,3,0.750000",
        "a,class_1,1,0.250000",
        '"b, ""c""",class_0,0,0.000000',
        '"b, ""c""",class_1,2,1.000000',
    ]


def test_rows_of_other_pictures_stay_and_those_of_the_same_are_replaced(tmp_path):
    path = tmp_path / "areas.csv"
    write_areas(path, {"a": np.array([3, 1]), "b": np.array([4, 0])}, LABELS)
    write_areas(path, {"b": np.array([0, 4]), "c": np.array([2, 2])}, LABELS)
    rows = [line.split(",")[:3] for line in path.read_text().splitlines()[1:]]
    assert rows == [
        ["a", "class_0", "3"],
        ["a", "class_1", "1"],
        ["b", "class_0", "0"],
        ["b", "class_1", "4"],
        ["c", "class_0", "2"],
        ["c", "class_1", "2"],
    ]


@pytest.mark.parametrize("cut", ["shots/b", '"b, ', "b,class_0", "b,class_0,4"])
def test_a_row_that_was_cut_off_goes(tmp_path, cut):
    path = tmp_path / "areas.csv"
    write_areas(path, {"a": np.array([3, 1])}, LABELS)
    whole = path.read_text()
    path.write_text(whole + cut)
    write_areas(path, {"a": np.array([3, 1])}, LABELS)
    assert path.read_text() == whole


def test_names_that_are_no_text_keep_their_bytes(tmp_path):
    path = tmp_path / "areas.csv"
    for name in (b"caf\xe9", b"th\xe9"):
        write_areas(path, {os.fsdecode(name): np.array([3, 1])}, LABELS)
    assert [path.read_bytes().count(name) for name in (b"caf\xe9", b"th\xe9")] == [2, 2]


def test_those_who_write_at_once_lose_no_rows(tmp_path):
    path = tmp_path / "new" / "areas.csv"
    names = [f"{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: write_areas(path, {name: np.array([3, 1])}, LABELS), names))
    assert len(path.read_text().splitlines()) == 1 + 40 * 2
    assert list(path.parent.iterdir()) == [path]


def test_a_lock_that_a_killed_process_left_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "PATIENCE", 0)
    (tmp_path / ".areas.csv.lock").touch()
    write_areas(tmp_path / "areas.csv", {"a": np.array([3, 1])}, LABELS)
    assert (tmp_path / "areas.csv").read_text().count("\n") == 3
    assert list(tmp_path.iterdir()) == [tmp_path / "areas.csv"]


def wait_until(come):
    for _ in range(20_000):
        if come():
            return
        time.sleep(0.001)
    pytest.fail("has not come")


def test_the_lock_of_a_process_that_writes_for_long_does_not_stay_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "BEAT", 0.001)
    lock = tmp_path / ".areas.csv.lock"
    with lock_module.alone(tmp_path / "areas.csv"):
        for _ in range(2):
            os.utime(lock, (1, 1))
            wait_until(lambda: lock.stat().st_mtime != 1)
    assert not lock.exists()


def test_the_lock_of_another_process_is_neither_touched_nor_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "BEAT", 0.001)
    looks, read = [], Path.read_bytes

    def count(path):
        looks.append(path)
        return read(path)

    lock = tmp_path / ".areas.csv.lock"
    with lock_module.alone(tmp_path / "areas.csv"):
        lock.unlink()
        lock.write_bytes(b"another")
        os.utime(lock, (1, 1))
        monkeypatch.setattr(Path, "read_bytes", count)
        wait_until(lambda: len(looks) > 2)
    assert (lock.read_bytes(), lock.stat().st_mtime) == (b"another", 1)


def test_a_lock_that_changes_is_waited_for_and_told_once(tmp_path, monkeypatch, caplog):
    now, lock = [0.0], tmp_path / ".areas.csv.lock"
    lock.write_bytes(b"another")

    def wait(seconds):  # the other process touches its lock twenty times, and is done
        assert lock.read_bytes() == b"another"
        now[0] += lock_module.PATIENCE / 2
        os.utime(lock, (now[0], now[0]))
        if now[0] > 10 * lock_module.PATIENCE:
            lock.unlink()

    monkeypatch.setattr(lock_module, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=wait))
    with caplog.at_level("INFO", "pixelwise"):
        write_areas(tmp_path / "areas.csv", {"a": np.array([3, 1])}, LABELS)
    assert now[0] > 10 * lock_module.PATIENCE
    assert caplog.messages == [f"waiting for another process that writes the table of areas: it holds {lock}"]


@pytest.mark.parametrize("content", [b"", b"name,size\n", b"\xff\xfe\x00"])
def test_a_table_of_someone_else_is_left_alone(tmp_path, content):
    (tmp_path / "areas.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"areas\.csv: is no table of areas"):
        check_areas(tmp_path / "areas.csv")
    with pytest.raises(DataError):
        write_areas(tmp_path / "areas.csv", {"a": np.array([3, 1])}, LABELS)
    assert (tmp_path / "areas.csv").read_bytes() == content


def test_pixels_are_counted_by_class():
    assert count_pixels(np.array([[0, 1, 1], [3, 3, 3]], np.uint8), 4).tolist() == [1, 2, 0, 3]
