from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from pixelwise.data.form import PictureForm
from pixelwise.data.pairs import Pair
from pixelwise.errors import DataError
from pixelwise.models.build import create_model
from pixelwise.training.statistics import ChannelStatistics, measure_channels


def _pairs(folder: Path, pictures: list[np.ndarray]) -> list[Pair]:
    pairs = []
    for number, values in enumerate(pictures):
        path = folder / f"{number}.tif"
        tifffile.imwrite(path, values, photometric="minisblack", planarconfig="contig")
        pairs.append(Pair(str(number), path, path))
    return pairs


@pytest.mark.parametrize(("dtype", "values"), [("uint16", "integer"), ("float32", "float")])
def test_the_statistics_are_numpys_over_all_pixels(tmp_path: Path, dtype: str, values: str) -> None:
    rng = np.random.default_rng(0)
    pictures = [
        (rng.normal(3e4, 80, (height, 23, 5)) * [1, 0.5, 0.1, 1, 2]).astype(dtype) for height in (9, 31, 17)
    ]
    found = measure_channels(_pairs(tmp_path, pictures), PictureForm(5, values))  # type: ignore[arg-type]
    pixels = np.concatenate([picture.reshape(-1, 5) for picture in pictures]).astype(np.float64)
    np.testing.assert_allclose(found.mean, pixels.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.std, pixels.std(0), rtol=1e-9)


def test_what_was_not_measured_does_not_count(tmp_path: Path) -> None:
    picture = np.array([[[1, 5], [3, np.nan]], [[np.nan, 5], [np.inf, 5]]], np.float32)
    found = measure_channels(_pairs(tmp_path, [picture]), PictureForm(2, "float"))
    assert found == ChannelStatistics((2.0, 5.0), (1.0, 1.0))  # a channel of one value has deviation 1


def test_a_channel_without_a_number_is_an_error_that_names_a_file(tmp_path: Path) -> None:
    picture = np.array([[[1, np.nan]]], np.float32)
    with pytest.raises(DataError, match=r"0\.tif: .* channel 2 holds no number"):
        measure_channels(_pairs(tmp_path, [picture]), PictureForm(2, "float"))


def test_many_pictures_are_sampled_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixelwise.training.statistics.MOST_PICTURES", 3)
    pairs = _pairs(tmp_path, [np.full((4, 4, 2), number, np.float32) for number in range(6)])
    assert measure_channels(pairs, PictureForm(2, "float")).mean == (2.0, 2.0)  # of 0, 2 and 4


def test_four_bands_of_8_bits_are_measured_in_their_own_units(tmp_path: Path) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (8, 9, 4), np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    found = measure_channels([Pair("a", tmp_path / "a.png", tmp_path)], PictureForm(4))
    np.testing.assert_allclose(found.mean, rgba.mean((0, 1)))


@pytest.mark.parametrize("family", ["aligned", "plain", "caffe"])
def test_every_family_sees_numbers_as_large_as_those_of_photos(family: str) -> None:
    statistics = ChannelStatistics((3000.0, 1.0), (500.0, 0.1))
    model = create_model("fcn32s_vgg11", 2, family=family, **statistics.arguments(family))  # type: ignore
    assert model.in_channels == 2
    assert model.mean.flatten().tolist() == [3000.0, 1.0]
    unit = 1 if family != "caffe" else (58.395 + 57.12 + 57.375) / 3
    np.testing.assert_allclose(model.std.flatten().numpy() * unit, statistics.std, rtol=1e-6)
