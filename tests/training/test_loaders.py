from dataclasses import replace
from pathlib import Path

import pytest

from pixelwise.data.dataset import TrainingSet
from pixelwise.data.folder import open_data
from pixelwise.data.form import PHOTOS
from pixelwise.errors import DataError
from pixelwise.training.loaders import Place, make_loaders
from pixelwise.training.settings import TrainSettings


@pytest.mark.parametrize(
    ("weights", "color", "stops"), [("imagenet", 0.25, 1.0), ("none", 0.25, 0.325), ("imagenet", 0.0, 0.0)]
)
def test_brightness_varies_more_for_pretrained_networks(
    squares: Path, weights: str, color: float, stops: float
) -> None:
    settings = TrainSettings(weights=weights, color=color, workers=0)
    form = replace(PHOTOS, fill=(0.0, 0.0, 0.0))
    pictures = make_loaders(open_data(squares), settings, form, None, Place()).training.dataset
    assert isinstance(pictures, TrainingSet)
    assert pictures.augmentation.stops == pytest.approx(stops)


@pytest.mark.parametrize(("devices", "found"), [(4, "3 validation pictures"), (9, "8 training pictures")])
def test_fewer_pictures_than_devices_are_an_error(squares: Path, devices: int, found: str) -> None:
    settings = TrainSettings(weights="none", batch_size=devices, devices=devices, workers=0)
    form = replace(PHOTOS, fill=(0.0, 0.0, 0.0))
    with pytest.raises(DataError, match=f"{found} are too few for {devices} devices"):
        make_loaders(open_data(squares), settings, form, None, Place(world=devices))
