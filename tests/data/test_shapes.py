import numpy as np
import pytest
from PIL import Image

from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.image import read_image
from pixelwise.data.masks import read_mask
from pixelwise.data.shapes import DESCRIPTION, draw_scene, write_shapes
from pixelwise.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    return write_shapes(tmp_path_factory.mktemp("shapes") / "data", train=30, val=6, test=2)


def pixels(folder):
    return {path.name: np.asarray(Image.open(path)).tobytes() for path in sorted(folder.rglob("*.png"))}


def test_the_data_set_is_clean_and_described(shapes):
    data = open_data(shapes)
    assert {name: len(pairs) for name, pairs in data.splits.items()} == {"train": 30, "val": 6, "test": 2}
    assert data.labels.class_names == ("background", "disc", "square", "triangle", "star", "bar")
    assert data.labels == DESCRIPTION.labels()
    assert not data.notes
    check_data(data, ("train", "val", "test"))


def test_masks_are_palette_pictures_in_the_colours_of_the_classes(shapes):
    with Image.open(next((shapes / "train" / "masks").iterdir())) as mask:
        assert mask.mode == "P"
        colors = np.array(mask.getpalette(), np.uint8).reshape(-1, 3)
    np.testing.assert_array_equal(colors, DESCRIPTION.labels().color_table()[: len(colors)])


def test_every_class_and_void_occur_often(shapes):
    data = open_data(shapes)
    counts = sum(
        np.bincount(read_mask(pair.mask, data.codec).ravel(), minlength=256) for pair in data.split("train")
    )
    shares = counts / counts.sum()
    assert (shares[:6] > 0.02).all()
    assert shares[0] < 0.8
    assert 0.02 < shares[255] < 0.15
    assert shares[6:255].sum() == 0


def test_objects_lie_within_void_borders(shapes):
    data = open_data(shapes)
    for pair in data.split("train")[:5]:
        mask = read_mask(pair.mask, data.codec).astype(int)
        for a, b in ((mask[1:], mask[:-1]), (mask[:, 1:], mask[:, :-1])):
            touching = (a != b) & (a != 255) & (b != 255)
            assert touching.mean() < 0.001


def test_sizes_vary_around_the_size_asked_for(shapes):
    sizes = {read_image(pair.image).shape[:2] for pair in open_data(shapes).split("train")}
    assert len(sizes) > 10
    assert all(84 <= height <= 108 and 112 <= width <= 144 for height, width in sizes)


def test_the_same_seed_gives_the_same_pictures_and_another_gives_others(shapes, tmp_path):
    again = write_shapes(tmp_path / "again", train=30, val=6, test=2)
    assert pixels(again) == pixels(shapes)
    other = write_shapes(tmp_path / "other", seed=1, train=30, val=6, test=2)
    assert not set(pixels(other).values()) & set(pixels(shapes).values())


def test_pictures_do_not_depend_on_how_many_there_are(shapes, tmp_path):
    few = pixels(write_shapes(tmp_path / "few", train=2, val=3, test=0))
    assert {name: pixels(shapes)[name] for name in few} == few


def test_no_picture_is_in_two_splits(shapes):
    everything = pixels(shapes / "train") | pixels(shapes / "val") | pixels(shapes / "test")
    assert len(set(everything.values())) == len(everything) == 38


@pytest.mark.parametrize("size", [(48, 48), (64, 200), (300, 50)])
def test_other_sizes_work(size):
    image, mask = draw_scene(np.random.default_rng(0), size)
    assert image.shape == (*mask.shape, 3)
    assert all(abs(side - wanted) <= wanted // 8 for side, wanted in zip(mask.shape, size, strict=True))


def test_a_picture_is_more_than_its_pixels_colours(shapes):
    """Telling each pixel by its colour alone, as learned from other pictures, stays far from the truth."""
    data = open_data(shapes)
    table = np.zeros((4096, 256))
    right = total = 0
    for split in ("train", "val"):
        for pair in data.split(split):
            colors = read_image(pair.image).astype(int) // 16 @ (256, 16, 1)
            mask = read_mask(pair.mask, data.codec)
            if split == "train":
                np.add.at(table, (colors, mask), 1)
            else:
                objects = (mask > 0) & (mask < 255)
                right += (table[:, :255].argmax(axis=1)[colors] == mask)[objects].sum()
                total += objects.sum()
    assert 0.3 < right / total < 0.8


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"train": -1}, "found -1 train, 40 val and 8 test pictures"),
        ({"train": 0, "val": 0, "test": 0}, "expected one or more in all"),
        ({"size": (47, 100)}, "size is 47 x 100, expected at least 48"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_numbers_that_cannot_be_used_are_named(tmp_path, how, words):
    with pytest.raises(ConfigError, match=words):
        write_shapes(tmp_path / "out", **how)
    assert not (tmp_path / "out").exists()


def test_nothing_that_exists_is_touched(tmp_path):
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(DataError, match="exists and is not an empty folder"):
            write_shapes(place, train=1, val=0, test=0)
    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_folder_may_be_given(tmp_path):
    assert write_shapes(tmp_path, train=1, val=0, test=0) == tmp_path


def test_progress_counts_the_pictures(tmp_path):
    calls = []
    write_shapes(
        tmp_path / "out", train=1, val=1, test=1, progress=lambda done, total: calls.append((done, total))
    )
    assert calls == [(1, 3), (2, 3), (3, 3)]
