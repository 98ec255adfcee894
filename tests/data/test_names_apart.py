"""What is said where pictures and masks do not find each other."""

import numpy as np
import pytest

from pixelwise.data.folder import open_data
from pixelwise.errors import DataError


def test_names_that_never_match_are_shown_from_both_sides(put, tmp_path):
    put("train/images/a.jpg", np.zeros((1, 2, 3), np.uint8))
    put("train/masks/a_mask.png", np.array([[0, 1]], np.uint8))
    with pytest.raises(DataError) as error:
        open_data(tmp_path)
    assert "no picture has a mask; found 1 pictures such as a.jpg and 1 masks such as a_mask.png" in str(
        error.value
    )
    assert str(error.value).endswith("up to the suffix: rename the masks without '_mask'")


def test_a_mask_of_another_number_is_not_one_to_rename(put, tmp_path):
    put("images/1.jpg", np.zeros((1, 2, 3), np.uint8))
    put("masks/10.png", np.array([[0, 1]], np.uint8))
    with pytest.raises(DataError, match=r"such as 10\.png; .* up to the suffix$"):
        open_data(tmp_path)


def test_masks_that_lie_in_other_folders_than_their_pictures_are_shown_with_these(put, tmp_path):
    put("images/s0/a.jpg", np.zeros((1, 2, 3), np.uint8))
    put("masks/a.png", np.array([[0, 1]], np.uint8))
    with pytest.raises(DataError, match=r"such as s0/a\.jpg .* such as a\.png; .* in equal folders"):
        open_data(tmp_path)


def test_masks_of_a_kind_that_is_not_read_are_told(put, tmp_path):
    put("images/a.png", np.zeros((1, 2, 3), np.uint8))
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.npy").touch()
    with pytest.raises(DataError, match=r"0 masks but a\.npy, of a kind that is not read: save as PNG"):
        open_data(tmp_path)


def test_empty_folders_are_named(tmp_path):
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    with pytest.raises(DataError, match="no picture has a mask; found 0 pictures and 0 masks"):
        open_data(tmp_path)


def test_a_folder_that_cannot_be_listed_is_named(put_pair, tmp_path, monkeypatch):
    put_pair("train", "a", [[0, 1]])

    def refuse(top, onerror, **options):
        onerror(PermissionError(13, "Permission denied", str(top)))
        return iter(())

    monkeypatch.setattr("pixelwise.data.listing.os.walk", refuse)
    with pytest.raises(DataError, match=r"images: cannot be listed \(Permission denied\)"):
        open_data(tmp_path)


@pytest.mark.parametrize(
    ("images", "masks"),
    [(["cam", "x"], ["camera_1"]), (["frame"], ["frame_001"]), (["001"], ["001/mask"])],
)
def test_what_only_looks_like_a_common_ending_is_no_advice(put, tmp_path, images, masks):
    for name in images:
        put(f"train/images/{name}.jpg", np.zeros((1, 2, 3), np.uint8))
    for name in masks:
        put(f"train/masks/{name}.png", np.array([[0, 1]], np.uint8))
    with pytest.raises(DataError, match=r"up to the suffix$"):
        open_data(tmp_path)
