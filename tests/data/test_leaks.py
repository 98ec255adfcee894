from pathlib import Path

import pytest

from pixelwise.data.leaks import in_both

LONG = bytes(200_000)


@pytest.fixture
def put(tmp_path):
    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def test_files_of_the_same_bytes_are_found_under_any_name(put):
    train = [put("a", b"one"), put("b", b"two"), put("c", LONG)]
    val = [put("d", b"two"), put("e", b"six"), put("f", LONG), put("g", b"two")]
    assert in_both(train, val) == [(train[1], val[0]), (train[1], val[3]), (train[2], val[2])]


@pytest.mark.parametrize("place", [0, 110_000, 199_999])
def test_one_other_byte_makes_another_file(place, put):
    other = bytearray(LONG)
    other[place] = 1
    assert in_both([put("a", LONG)], [put("b", bytes(other))]) == []


def test_a_file_in_both_lists_is_in_both(put):
    path = put("a", b"one")
    assert in_both([path], [path]) == [(path, path)]


def test_files_of_other_sizes_are_not_opened(put, monkeypatch):
    train, val = [put("a", b"one")], [put("b", b"three")]
    monkeypatch.setattr(Path, "open", None)
    assert in_both(train, val) == []
