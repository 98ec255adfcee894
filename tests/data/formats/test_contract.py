"""What holds for every format: the masks that were meant come out, pass the check, and survive convert."""

import pickle
import re
import shutil

import numpy as np
import published
import pytest
import yaml

from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.image import read_size
from pixelwise.data.masks import read_mask
from pixelwise.data.write import write_folder


@pytest.fixture(params=published.BUILDERS)
def built(request, tmp_path):
    return published.build(request.param, tmp_path / "data")


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


def test_classes_are_merged_dropped_and_renamed_in_every_format(built):
    names = open_data(built.root).labels.class_names
    first, second, *rest = names
    place = built.root if built.root.is_dir() else built.root.parent
    choices = {"merge": {"both of them": [first, second]}}
    if rest:
        choices["rename"] = {rest[-1]: "another"}
    if rest[:-1]:
        choices["drop"] = [rest[0]]
    before = all_masks(open_data(built.root))
    path = next(
        (path for path in place.glob("*.yaml") if "train:" in path.read_text()), place / "dataset.yaml"
    )
    with path.open("a") as file:  # of Ultralytics, in its own YAML
        yaml.safe_dump(choices, file)
    data = open_data(built.root)
    kept = [name for name in rest if name not in choices.get("drop", ())]
    new = ["both of them", *("another" if name in choices.get("rename", ()) else name for name in kept)]
    assert data.labels.class_names == tuple(new)
    table = np.full(256, 255, np.uint8)
    table[[0, 1]] = 0
    for name in kept:
        table[names.index(name)] = 1 + kept.index(name)
    for name, mask in all_masks(data).items():
        np.testing.assert_array_equal(mask, table[before[name]], err_msg=name)


WITHOUT_VAL = {
    "sbd": "dataset/val.txt",
    "cityscapes": "gtFine/val",
    "ade20k": "annotations/validation",
    "yolo": "val: images/val\n",
    "yolo masks_dir": "val: images/val\n",
    "huggingface": "saved/validation",
    "voc by datumaro": "ImageSets/Segmentation/val.txt",
    "coco by datumaro": "annotations/instances_val.json",
    "cvat by datumaro": "val.xml",
    "camvid by datumaro": "valannot",
}
"""What makes the val split of a format: a file or folder, or a line of the YAML file."""


def drop_val(root, what):
    if what.endswith("\n"):
        path = next(root.glob("*.yaml"))
        path.write_text(path.read_text().replace(what, ""))
    elif (root / what).is_dir():
        shutil.rmtree(root / what)
    else:
        (root / what).unlink()


def double_train(root):
    """Give train a second picture, by copies of all its files under names that begin with x."""
    for path in [path for path in root.rglob("*") if path.is_file()]:
        if "train" in path.relative_to(root).parent.as_posix() or path.stem == "2008_000001":
            shutil.copy(path, path.with_name(f"x{path.name}"))
    if (root / "dataset" / "train.txt").exists():
        (root / "dataset" / "train.txt").write_text("2008_000001\nx2008_000001\n")


@pytest.mark.parametrize("name", WITHOUT_VAL)
def test_where_a_format_has_no_val_it_is_taken_out_of_train(name, tmp_path):
    root = published.BUILDERS[name](tmp_path).root or tmp_path
    drop_val(tmp_path, WITHOUT_VAL[name])
    if name == "huggingface":
        (root / "dataset_dict.json").write_text('{"splits": ["train"]}')
    elif "by datumaro" not in name:
        double_train(root)
    data = open_data(root)
    assert all(data.split(split) for split in ("train", "val"))
    assert any(re.search("no val split: it is taken out of train|split by name", note) for note in data.notes)
