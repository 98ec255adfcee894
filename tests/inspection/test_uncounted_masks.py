"""Masks whose values nobody can trust do not say which classes are there, and not which are missing."""

import pytest
from PIL import Image

from pixelwise.inspection.findings import find
from pixelwise.inspection.survey import survey

from .faults import change, files


def as_jpeg(mask):
    with Image.open(mask) as picture:
        picture.convert("L").save(mask.with_suffix(".jpg"), quality=50)
    mask.unlink()


@pytest.mark.parametrize("splits", [("train",), ("train", "val")])
def test_classes_of_masks_that_are_jpegs_are_not_missed(splits, root):
    for split in splits:
        for mask in files(root, split):
            as_jpeg(mask)
    assert {finding.kind for finding in find(survey(root))} == {"jpeg-mask"}


def test_one_mask_that_counts_is_not_taken_for_all_of_them(root):
    kept, *rest = files(root)
    change(kept, lambda values: values * 0)
    for mask in (*rest, *files(root, "val")):
        as_jpeg(mask)
    assert "nothing-to-learn" not in {finding.kind for finding in find(survey(root))}
