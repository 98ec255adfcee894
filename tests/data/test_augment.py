from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pixelwise.data.augment import Augmentation, default_crop

STILL = Augmentation(crop=(32, 48), scale=(1.0, 1.0), flip=False, color=0.0, fill=(7.0, 8.0, 9.0))


def _sample(height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A mask of random blocks, and a picture that shows the mask: red is 40 times the id."""
    rng = np.random.default_rng(1)
    blocks = rng.integers(0, 6, (-(-height // 8), -(-width // 8)))
    mask = np.kron(blocks, np.ones((8, 8), int))[:height, :width].astype(np.uint8)
    image = np.stack([mask * 40, np.full_like(mask, 90), 255 - mask * 40], axis=-1)
    return image, mask


@pytest.mark.parametrize("size", [(64, 96), (20, 30), (20, 96), (64, 30), (1, 1), (32, 48)])
def test_every_size_of_picture_gives_the_crop(size: tuple[int, int]) -> None:
    varied = replace(STILL, scale=(0.5, 2.0), flip=True, color=0.3)
    for seed in range(5):
        image, target = varied(*_sample(*size), np.random.default_rng(seed))
        assert image.shape == (3, 32, 48)
        assert target.shape == (32, 48)
        assert image.dtype == target.dtype == torch.uint8


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("size", [(64, 96), (20, 30)])
def test_picture_and_mask_move_together(size: tuple[int, int], flip: bool) -> None:
    for seed in range(6):
        image, target = replace(STILL, flip=flip)(*_sample(*size), np.random.default_rng(seed))
        inside = target != 255
        assert inside.any()
        assert torch.equal(image[0][inside], target[inside] * 40)


def test_scaled_picture_and_mask_agree_away_from_edges_between_classes() -> None:
    for seed in range(6):
        image, target = replace(STILL, scale=(0.6, 1.8))(*_sample(64, 96), np.random.default_rng(seed))
        inside = target != 255
        close = (image[0][inside].int() - target[inside].int() * 40).abs() < 20
        assert close.float().mean() > 0.7


def test_what_lies_outside_the_picture_is_filled_and_ignored() -> None:
    image, target = STILL(*_sample(20, 30), np.random.default_rng(0))
    outside = target == 255
    assert int(outside.sum()) == 32 * 48 - 20 * 30
    assert torch.equal(image[:, outside].unique(dim=1).flatten(), torch.tensor([7, 8, 9], dtype=torch.uint8))


def test_half_of_the_pictures_are_mirrored() -> None:
    image, mask = _sample(32, 48)
    mirrored = 0
    for seed in range(100):
        _, target = replace(STILL, flip=True)(image, mask, np.random.default_rng(seed))
        assert np.array_equal(target, mask) or np.array_equal(target, mask[:, ::-1])
        mirrored += not np.array_equal(target, mask)
    assert 30 < mirrored < 70


def test_colors_change_and_the_mask_does_not() -> None:
    image, mask = _sample(32, 48)
    changed, target = replace(STILL, color=0.3)(image, mask, np.random.default_rng(0))
    assert not np.array_equal(changed.permute(1, 2, 0), image)
    assert np.array_equal(target, mask)


def test_brightness_changes_by_stops() -> None:
    """By one: a grey of 100 becomes one of 50 to 200."""
    grey, mask = np.full((32, 48, 3), 100, np.uint8), np.zeros((32, 48), np.uint8)
    varied = replace(STILL, color=0.25, stops=1.0)
    found = [float(varied(grey, mask, np.random.default_rng(seed))[0].float().mean()) for seed in range(100)]
    stops = np.log2(np.array(found) / 100)
    assert -1.01 < stops.min() < -0.8
    assert 0.8 < stops.max() < 1.01
    assert abs(np.median(stops)) < 0.2  # as often darker as brighter


def test_the_same_generator_gives_the_same_sample() -> None:
    varied = replace(STILL, scale=(0.5, 2.0), flip=True, color=0.3)
    first, second = (varied(*_sample(64, 96), np.random.default_rng(3)) for _ in range(2))
    other = varied(*_sample(64, 96), np.random.default_rng(4))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("channels", [1, 5])
def test_pictures_of_other_channel_counts_are_varied_too(channels: int) -> None:
    varied = replace(STILL, scale=(0.5, 2.0), color=0.3, fill=(0.0,) * channels)
    image, _ = varied(
        np.full((40, 50, channels), 100, np.uint8), np.zeros((40, 50), np.uint8), np.random.default_rng(0)
    )
    assert image.shape == (channels, 32, 48)


def test_numbers_beyond_8_bits_stay_what_they_are() -> None:
    still = replace(STILL, fill=(3e4, -1.0), std=(100.0, 0.5))
    values = np.random.default_rng(0).normal(3e4, 100, (32, 48, 2)).astype(np.float32)
    image, _ = still(values, np.zeros((32, 48), np.uint8), np.random.default_rng(0))
    assert image.dtype == torch.float32
    assert np.array_equal(image.permute(1, 2, 0), values)


def test_contrast_and_brightness_change_by_shares_of_the_deviation_for_all_channels_alike() -> None:
    fill, std = (3e4, -1.0), (100.0, 0.5)
    varied = replace(STILL, color=0.25, fill=fill, std=std)
    units = np.random.default_rng(0).normal(0, 1, (32, 48, 1)).repeat(2, 2)
    values = (np.array(fill) + units * np.array(std)).astype(np.float32)
    changed = set()
    for seed in range(10):
        image, _ = varied(values, np.zeros((32, 48), np.uint8), np.random.default_rng(seed))
        found = (image.permute(1, 2, 0).numpy() - np.array(fill)) / np.array(std)
        np.testing.assert_allclose(found[..., 0], found[..., 1], atol=2e-3)
        contrast, brightness = np.polyfit(units[..., 0].ravel(), found[..., 0].ravel(), 1)
        assert 0.74 < contrast < 1.26
        assert -0.26 < brightness < 0.26
        changed.add(round(contrast, 3))
    assert len(changed) == 10


@pytest.mark.parametrize(
    ("sizes", "crop"),
    [
        ([(360, 480)] * 3, (352, 480)),
        ([(2000, 3000)], (512, 512)),
        ([(5, 700)], (32, 512)),
        ([(64, 64), (128, 96), (500, 500)], (128, 96)),
    ],
)
def test_the_default_crop_is_the_median_size_in_whole_cells(
    sizes: list[tuple[int, int]], crop: tuple[int, int]
) -> None:
    assert default_crop(sizes) == crop


def test_of_several_places_the_one_with_most_of_a_rare_class_is_taken() -> None:
    mask = np.zeros((200, 300), np.uint8)
    mask[20:30, 250:260] = 1
    image = np.repeat(mask[..., None] * 200, 3, axis=2)
    shown = {}
    for tries in (1, 8):
        varied = replace(STILL, tries=tries, rarity=(0.1, 1.9))
        shown[tries] = sum(
            bool((varied(image, mask, np.random.default_rng(seed))[1] == 1).any()) for seed in range(100)
        )
    assert shown[8] > 2 * shown[1] > 0


def test_a_mask_of_ignored_pixels_alone_can_be_cropped() -> None:
    mask = np.full((60, 80), 255, np.uint8)
    varied = replace(STILL, tries=3, rarity=(1.0, 1.0))
    assert (varied(np.zeros((60, 80, 3), np.uint8), mask, np.random.default_rng(0))[1] == 255).all()
