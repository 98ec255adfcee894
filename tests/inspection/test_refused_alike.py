"""`check` never passes what training refuses, and says the same of it."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelwise.cli.app import main
from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.masks import read_mask
from pixelwise.errors import DataError
from pixelwise.inspection.findings import find
from pixelwise.inspection.survey import survey

sys.path.insert(0, str(Path(__file__).parents[1] / "data" / "formats"))
import named_pictures
import published


def refusal(refuse):
    with pytest.raises(DataError) as error:
        refuse()
    return str(error.value)


def test_names_in_the_dataset_yaml_of_a_format_that_names_its_classes_itself(tmp_path, capsys):
    published.coco(tmp_path)
    path = tmp_path / "dataset.yaml"
    path.write_text("names: [a, b]\n")
    text = refusal(lambda: open_data(tmp_path))
    assert text.startswith(f"{path}: found names; the format of this data set names its classes itself")
    assert refusal(lambda: survey(tmp_path)) == text
    for command in ("check", "classes"):
        assert main([command, str(tmp_path)]) == 1
        assert "found names;" in " ".join(capsys.readouterr().err.split())


def test_what_check_advises_is_not_refused_when_it_is_followed(tmp_path):
    published.save_picture(tmp_path / "0.png")
    named_pictures.coco(tmp_path, ["0.png"])
    path = tmp_path / "annotations.json"
    more = '{"id": 2, "name": "dog, or so"}, {"id": 3, "name": "void"}'
    path.write_text(path.read_text().replace('"categories": [', f'"categories": [{more}, '))
    mends = {finding.kind: finding.mend for finding in find(survey(tmp_path))}
    assert mends["void-as-class"] == 'write in dataset.yaml  drop: ["void"]'
    line, _, rest = mends["unused-name"].removeprefix("write in dataset.yaml  ").partition("], ")
    assert rest == "or add masks that hold the classes"
    (tmp_path / "dataset.yaml").write_text(line + "]")
    assert open_data(tmp_path).labels.class_names == ("background", "cat")
    assert not {"void-as-class", "unused-name"} & {finding.kind for finding in find(survey(tmp_path))}


def test_values_that_dataset_yaml_cannot_name_are_to_be_mended_in_the_masks(tmp_path):
    published.voc(tmp_path)
    mask = tmp_path / "VOCdevkit/VOC2012/SegmentationClass/2007_000001.png"
    published.save_ids(mask, published.area(published.blank(), 0, 0, 5, 5, 77))
    (mend,) = (finding.mend for finding in find(survey(tmp_path)) if finding.kind == "value-beyond-names")
    assert mend == "correct the masks, or what names the classes of this data set"


def test_void_that_a_format_does_not_know_is_declared_by_the_line_that_check_advises(tmp_path):
    root = tmp_path / "VOCdevkit/VOC2012"
    published.voc(tmp_path)
    (root / "class_names.txt").write_text("_background_\nthing\n")
    masks = [root / "SegmentationClass" / f"2007_00000{number}.png" for number in (1, 2)]
    void = published.area(published.area(published.blank(), 0, 0, 5, 5, 1), 5, 5, 9, 9, 2)
    for mask in masks:
        published.save_ids(mask, void)
    (advised,) = (finding for finding in find(survey(tmp_path)) if finding.kind == "void-not-declared")
    assert advised.advice == "write in dataset.yaml  ignore: [2]"
    (tmp_path / "dataset.yaml").write_text(advised.mend.split("  ")[1])
    data = open_data(tmp_path)
    check_data(data)
    assert read_mask(masks[0], data.codec).tolist() == np.where(void == 2, 255, void).tolist()
    assert "void-not-declared" not in {finding.kind for finding in find(survey(tmp_path))}


def test_colours_that_a_format_does_not_know_are_declared_by_the_line_that_check_advises(tmp_path):
    published.camvid(tmp_path)
    for mask in tmp_path.rglob("*_L.png"):
        with Image.open(mask) as picture:
            values = np.array(picture)
        values[:2] = 255
        Image.fromarray(values).save(mask)
    (advised,) = (finding for finding in find(survey(tmp_path)) if finding.kind == "void-not-declared")
    assert advised.advice == 'write in dataset.yaml  ignore: ["#ffffff"]'
    (tmp_path / "dataset.yaml").write_text(advised.mend.split("  ")[1])
    data = open_data(tmp_path)
    check_data(data)
    assert (read_mask(mask, data.codec)[:2] == 255).all()
    assert survey(tmp_path).codec == data.codec


def test_two_masks_for_one_picture(tmp_path):
    published.save_picture(tmp_path / "0.png")
    published.save_picture(tmp_path / "1.png", seed=1)
    named_pictures.cvat(tmp_path, ["0.png", "1.png"])
    shutil.copy(tmp_path / "annotations.xml", tmp_path / "again.xml")
    text = refusal(lambda: open_data(tmp_path))
    assert f"two pairs called '0.png', {tmp_path / '0.png'} with {tmp_path / 'again.xml'}" in text
    assert refusal(lambda: survey(tmp_path)) == text


def test_values_with_gaps_up_to_beyond_255_are_the_classes_themselves(tmp_path):
    for split, first in (("train", 0), ("val", 30)):
        for kind in ("images", "masks"):
            (tmp_path / split / kind).mkdir(parents=True)
        published.save_picture(tmp_path / split / "images" / "a.png")
        values = np.array([*range(first, first + 191), 399], np.uint16).reshape(12, 16)
        Image.fromarray(values).save(tmp_path / split / "masks" / "a.png")
    data = open_data(tmp_path)
    assert data.labels.num_classes == 222
    assert data.codec.ids[399] == 221
    assert survey(tmp_path).labels == data.labels


def test_more_classes_than_a_network_tells_apart(tmp_path):
    named_pictures.coco(tmp_path, ["0.png"])
    published.save_picture(tmp_path / "0.png")
    text = (tmp_path / "annotations.json").read_text()
    more = ", ".join(f'{{"id": {id_}, "name": "thing {id_}"}}' for id_ in range(2, 300))
    (tmp_path / "annotations.json").write_text(text.replace('"categories": [', f'"categories": [{more}, '))
    text = refusal(lambda: open_data(tmp_path))
    assert "300 classes" in text
    assert refusal(lambda: survey(tmp_path)) == text
