"""Classes are merged and dropped in every kind of format, and SBD joins VOC."""

import published
import pytest

from pixelwise.data.folder import open_data
from pixelwise.data.masks import read_mask
from pixelwise.errors import DataError


def test_classes_of_polygons_are_merged_and_dropped(tmp_path):
    published.coco(tmp_path)
    (tmp_path / "dataset.yaml").write_text("merge: {animal: [person, dog]}\ndrop: [car]\n")
    data = open_data(tmp_path)
    assert data.labels.class_names == ("background", "animal")
    mask = read_mask(data.split("train")[0].mask, data.codec)
    assert (mask[2, 4], mask[9, 9], mask[11, 0], mask[0, 15]) == (1, 1, 0, 255)


def test_the_smaller_outline_wins_on_request(tmp_path):
    published.labelme(tmp_path)
    (tmp_path / "dataset.yaml").write_text("overlap: small-over-large\n")
    data = open_data(tmp_path)
    assert "the smaller one wins" in " ".join(data.notes)
    mask = read_mask(data.split("train")[0].mask, data.codec)
    assert (mask[3, 4], mask[1, 4]) == (1, 2)


def test_choices_may_stand_in_the_yaml_of_ultralytics(tmp_path):
    published.yolo(tmp_path)
    with (tmp_path / "data.yaml").open("a") as file:
        file.write("drop: [person]\n")
    assert open_data(tmp_path).labels.class_names == ("background", "bicycle")


def test_dataset_yaml_decides_beside_the_yaml_of_ultralytics(tmp_path):
    published.yolo(tmp_path)
    with (tmp_path / "data.yaml").open("a") as file:
        file.write("channels: 3\n")
    assert open_data(tmp_path).channels == 3
    (tmp_path / "dataset.yaml").write_text("rename: {person: pedestrian}\nchannels: 4\n")
    data = open_data(tmp_path)
    assert data.labels.class_names == ("background", "pedestrian", "bicycle")
    assert data.channels == 4


def test_names_in_dataset_yaml_are_refused_where_the_format_has_its_own(tmp_path):
    published.cityscapes(tmp_path)
    (tmp_path / "dataset.yaml").write_text("names: [a, b]\n")
    with pytest.raises(DataError, match=r"dataset\.yaml: found names; the format .* names its classes"):
        open_data(tmp_path)


def test_a_choice_beside_a_zip_holds_for_the_zip(tmp_path):
    published.cvat_zip(tmp_path)
    (tmp_path / "dataset.yaml").write_text("drop: [car]\n")
    assert open_data(tmp_path / "task.zip").labels.class_names == ("background", "road")


def test_a_name_that_a_list_of_sbd_has_twice_counts_once(tmp_path):
    published.sbd(tmp_path)
    path = tmp_path / "dataset" / "train.txt"
    names = path.read_text().split()
    path.write_text("\n".join(names * 2))
    assert [pair.name for pair in open_data(tmp_path).split("train")] == names


def test_sbd_joins_the_training_pictures_of_voc_but_not_those_of_its_val(tmp_path):
    published.voc(tmp_path)
    published.sbd(tmp_path)
    held_out = tmp_path / "VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt"
    val_name = held_out.read_text().strip()
    for kind, suffix in (("img", "jpg"), ("cls", "mat")):
        folder = tmp_path / "dataset" / kind
        (folder / f"{val_name}.{suffix}").write_bytes((folder / f"2008_000001.{suffix}").read_bytes())
    with (tmp_path / "dataset" / "train.txt").open("a") as file:
        file.write(f"{val_name}\n")
    data = open_data(tmp_path)
    assert [pair.name for pair in data.split("train")] == ["2007_000001", "2008_000001", "2008_000002"]
    assert [pair.name for pair in data.split("val")] == [val_name]
