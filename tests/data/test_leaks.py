from array import array
from pathlib import Path

import numpy as np
import pytest

from pixelwise.data.leaks import in_both, mark
from pixelwise.errors import ImageError

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
    assert in_both([*map(mark, train)], [*map(mark, val)]) == [(1, 0), (2, 2), (1, 3)]


@pytest.mark.parametrize("place", [0, 110_000, 199_999])
def test_one_other_byte_makes_another_file(place, put):
    other = bytearray(LONG)
    other[place] = 1
    assert mark(put("a", LONG)) != mark(put("b", bytes(other)))
    assert mark(put("a", LONG)) != mark(put("b", LONG[:-1]))


def test_places_are_those_that_a_look_at_each_finds():
    train, val = np.random.default_rng(0).integers(2**64 - 40, 2**64, (2, 60), dtype=np.uint64).tolist()
    wanted = [(train.index(one), place) for place, one in enumerate(val) if one in train]
    assert wanted
    assert in_both(array("Q", train), array("Q", val)) == wanted
    assert in_both([], val) == in_both(train, []) == []


def test_a_file_that_cannot_be_read_is_an_error_of_the_picture(tmp_path):
    with pytest.raises(ImageError, match=r"a\.png: cannot be read \(No such file or directory\)"):
        mark(tmp_path / "a.png")
