import gc
import pickle
import tracemalloc
from pathlib import Path

import pytest

from pixelwise.data.folder import list_pairs
from pixelwise.data.formats.drawing import DrawnMask, Outline
from pixelwise.data.pairs import Pair

PER_PAIR = 200
"""Bytes of memory that a pair may take: hardly more than its name."""


@pytest.mark.parametrize(
    ("name", "image", "mask"),
    [
        ("a", "data/images/a.jpg", "data/masks/a.png"),
        ("b/a", "images/b/a.jpg", "masks/b/a.tif"),
        ("a", "aa/a/aa.jpg", "no/where/else.png"),
        ("é", "e\u0301.jpg", "é.png"),  # the file's name is written in another way than the pair's
        ("", "x.jpg", "y.png"),
        ("\udcff", "images/\udcff.jpg", "masks/\udcff.png"),
    ],
)
def test_files_come_back_as_they_were(name, image, mask):
    pair = Pair(name, Path(image), Path(mask))
    for same in (pair, pickle.loads(pickle.dumps(pair))):
        assert (same.name, same.image, same.mask) == (name, Path(image), Path(mask))
        assert same == pair
        assert hash(same) == hash(pair)


def test_a_mask_that_is_drawn_comes_back_with_its_regions():
    mask = DrawnMask("here", Path("a.jpg"), (4, 4), (Outline(1, ()),), 0)
    found = Pair("a", Path("a.jpg"), mask).mask
    assert (str(found), found.size, found.regions[0].value) == ("here", (4, 4), 1)


def test_a_listing_takes_hardly_more_memory_than_its_names(tmp_path):
    for number in range(2000):
        for kind, suffix in (("images", "jpg"), ("masks", "png")):
            path = tmp_path / "train" / kind / f"{number:06}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    taken = []
    for _ in range(3):  # the table of interned words may grow meanwhile, for all that there is
        gc.collect()
        tracemalloc.start()
        try:
            listing = list_pairs(tmp_path)
            gc.collect()
            taken.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
    assert sum(map(len, listing.splits.values())) == 2000
    assert min(taken) < 2000 * PER_PAIR
