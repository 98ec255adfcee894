"""What holds for every format: the masks that were meant come out, pass the check, and survive convert."""

import pickle

import numpy as np
import published
import pytest

from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.image import read_size
from pixelwise.data.masks import read_mask
from pixelwise.data.write import write_folder


@pytest.fixture(params=published.BUILDERS)
def built(request, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    expected = published.BUILDERS[request.param](root)
    expected.root = expected.root or root
    return expected


def all_masks(data):
    return {
        f"{split}/{pair.name}": read_mask(pair.mask, data.codec)
        for split, pairs in data.splits.items()
        for pair in pairs
    }


def test_the_classes_and_masks_that_were_meant_come_out(built):
    data = open_data(built.root)
    assert data.labels.class_names == built.names
    for id_, color in built.palette.items():
        assert data.labels.palette[id_] == color
    found = all_masks(data)
    if "" in built.masks:  # the format has no splits, ours are drawn by name
        found = {key.partition("/")[2]: mask for key, mask in found.items()}
        wanted = built.masks[""]
        assert set(data.splits) == {"train", "val"}
    else:
        wanted = {
            f"{split}/{name}": mask for split, names in built.masks.items() for name, mask in names.items()
        }
    assert set(found) == set(wanted)
    for name, mask in wanted.items():
        np.testing.assert_array_equal(found[name], mask, err_msg=name)


def test_the_check_passes_and_masks_are_ids_of_the_size_of_their_pictures(built):
    data = open_data(built.root)
    check_data(data)
    for pairs in data.splits.values():
        for pair in pairs:
            mask = read_mask(pair.mask, data.codec)
            assert mask.dtype == np.uint8
            assert mask.shape == read_size(pair.image)
            assert np.all((mask < data.labels.num_classes) | (mask == 255))


def test_converted_data_is_the_same_bit_for_bit(built, tmp_path):
    data = open_data(built.root)
    written = write_folder(data, tmp_path / "out")
    assert not written.failed
    again = open_data(tmp_path / "out")
    assert again.labels == data.labels
    before, after = all_masks(data), all_masks(again)
    assert before.keys() == after.keys()
    for name, mask in before.items():
        np.testing.assert_array_equal(after[name], mask, err_msg=name)
    for split, pairs in data.splits.items():
        copies = {pair.name: pair.image for pair in again.split(split)}
        assert all(copies[pair.name].read_bytes() == pair.image.read_bytes() for pair in pairs)


def test_the_notes_say_what_was_recognised(built):
    assert any("recognised as" in note for note in open_data(built.root).notes)


def test_training_reads_these_masks_in_other_processes_too(built):
    from pixelwise.data.dataset import ValidationSet

    data = open_data(built.root)
    pairs = pickle.loads(pickle.dumps(data.split("val")))  # as workers get them
    read = ValidationSet(pairs, data.codec)
    for index, pair in enumerate(data.split("val")):
        np.testing.assert_array_equal(read[index].target.numpy(), read_mask(pair.mask, data.codec))
