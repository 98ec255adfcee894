import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from pixelwise.data.dataset import TrainingSet
from pixelwise.data.folder import open_data
from pixelwise.data.form import PHOTOS
from pixelwise.errors import DataError, TrainingError
from pixelwise.training import loaders as loaders_module
from pixelwise.training.loaders import Place, check_validation, make_loaders
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


@pytest.mark.parametrize(("pictures", "steps"), [(8, 50), (7, 50), (5, 50), (3, 50)])
def test_an_epoch_of_a_small_set_has_about_fifty_steps(squares: Path, pictures: int, steps: int) -> None:
    data = open_data(squares)
    few = replace(data, splits={**data.splits, "train": data.split("train")[:pictures]})
    settings = TrainSettings(weights="none", workers=0, batch_size=4)
    form = replace(PHOTOS, fill=(0.0, 0.0, 0.0))
    assert len(make_loaders(few, settings, form, None, Place()).training) == pytest.approx(steps, abs=2)


@pytest.mark.parametrize(("devices", "found"), [(4, "3 validation pictures"), (9, "8 training pictures")])
def test_fewer_pictures_than_devices_are_an_error(squares: Path, devices: int, found: str) -> None:
    settings = TrainSettings(weights="none", batch_size=devices, devices=devices, workers=0)
    form = replace(PHOTOS, fill=(0.0, 0.0, 0.0))
    with pytest.raises(DataError, match=f"{found} are too few for {devices} devices"):
        make_loaders(open_data(squares), settings, form, None, Place(world=devices))


def test_a_picture_that_validation_has_no_memory_for_is_refused_before_training(
    squares: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = open_data(squares).split("val")
    with Image.open(pairs[0].image) as picture:
        pixels = picture.width * picture.height  # all are of one size
    needed = pixels * (4 * 128 + 3 * 4 * 2)
    monkeypatch.setattr(loaders_module, "free_memory", lambda: needed)
    check_validation(pairs, 2, "32-true", torch.device("cpu"), 1)
    monkeypatch.setattr(loaders_module, "free_memory", lambda: needed - 1)
    check_validation(pairs, 2, "bf16-mixed", torch.device("cpu"), 1)
    with pytest.raises(
        TrainingError, match=rf"{pairs[0].image.name}: .* in validation, .*cut large pictures"
    ):
        check_validation(pairs, 2, "32-true", torch.device("cpu"), 1)
    with pytest.raises(TrainingError, match="a process has"):
        check_validation(pairs, 2, "bf16-mixed", torch.device("cpu"), 2)
    monkeypatch.setattr(loaders_module, "free_memory", lambda: needed + 16 * 1000 - 1)  # weights and AdamW's
    with pytest.raises(TrainingError, match="beside the network"):
        check_validation(pairs, 2, "32-true", torch.device("cpu"), 1, 1000)
    monkeypatch.setattr(loaders_module, "free_memory", lambda: None)
    check_validation(pairs, 2, "32-true", torch.device("cpu"), 1)


@pytest.mark.parametrize(
    ("cores", "devices", "on_gpu", "workers"),
    [(64, 1, True, 8), (6, 1, True, 6), (6, 2, True, 3), (1, 2, True, 1), (64, 1, False, 1)],
)
def test_processes_that_read_pictures_share_the_cores(
    cores: int, devices: int, on_gpu: bool, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaders_module, "count_cores", lambda: cores)
    settings = TrainSettings(devices=devices)
    assert loaders_module._default_workers(settings, on_gpu) == workers


def test_an_allocator_that_must_not_be_forked_is_not(squares: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form = replace(PHOTOS, fill=(0.0, 0.0, 0.0))
    data = open_data(squares)
    expected = make_loaders(data, TrainSettings(weights="none", workers=0), form, None, Place()).training
    monkeypatch.setattr(loaders_module, "keeps_memory", lambda: True)

    training = make_loaders(data, TrainSettings(weights="none", workers=1), form, None, Place()).training

    assert training.multiprocessing_context.get_start_method() == "forkserver"
    for batch, same in zip(training, expected, strict=True):
        assert torch.equal(batch.image, same.image)
        assert torch.equal(batch.target, same.target)


BEGINNING = """
import sys, time
from dataclasses import replace
from pixelwise.data.folder import open_data
from pixelwise.data.form import PHOTOS
from pixelwise.training import loaders
from pixelwise.training.settings import TrainSettings

loaders.keeps_memory = lambda: True
settings, form = TrainSettings(weights="none", workers=2), replace(PHOTOS, fill=(0.0, 0.0, 0.0))
batches = iter(loaders.make_loaders(open_data(sys.argv[1]), settings, form, None, loaders.Place()).training)
next(batches)
print(*(worker.pid for worker in batches._workers), flush=True)
time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a fork server is in use under Linux alone")
def test_processes_that_read_pictures_end_with_a_training_that_is_killed(squares: Path) -> None:
    training = subprocess.Popen(
        [sys.executable, "-c", BEGINNING, squares],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert training.stdout is not None
    try:
        workers = training.stdout.readline().split()
        assert len(workers) == 2
        training.kill()
        training.communicate(timeout=60)  # ends when neither they nor their server hold the pipe any more
    finally:
        with suppress(ProcessLookupError):
            os.killpg(training.pid, signal.SIGKILL)
        training.stdout.close()
