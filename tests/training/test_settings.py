import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelwise.errors import ConfigError, TrainingError
from pixelwise.training.settings import MACHINE_SETTINGS, TrainSettings


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"model": "fcn7s_vgg16"}, "fcn8s_vgg16"),
        ({"epochs": 0}, "epochs is 0"),
        ({"lr": -1.0}, "lr is -1.0"),
        ({"crop": (0, 32)}, "crop is"),
        ({"scale": (2.0, 0.5)}, "scale is"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"style_mixing": -0.1}, "style_mixing is -0.1"),
        ({"val_fraction": 1.0}, "val_fraction is 1.0"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
        ({"workers": -1}, "workers is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**64}, "seed is 18446744073709551616"),
        ({"patience": 0}, "patience is 0"),
        ({"batch_size": 3, "devices": 2}, "shared out evenly"),
        ({"batch_size": 4, "devices": 4, "style_mixing": 0.5}, "1 for each: give --batch-size 8"),
        ({"batch_size": 1, "style_mixing": 0.5}, "1 for each: give --batch-size 2"),
        ({"strategy": "fsdp"}, "strategy is fsdp, expected auto or ddp"),
        ({"resume": True}, "--out"),
        ({"epochs": "1"}, "epochs is '1', expected a whole number"),
        ({"epochs": 1.5}, "epochs is 1.5, expected a whole number"),
        ({"epochs": True}, "epochs is True, expected a whole number"),
        ({"epochs": None}, "epochs is None, expected a whole number"),
        ({"lr": "1e-4"}, "lr is '1e-4', expected a number"),
        ({"flip": 1}, "flip is 1, expected True or False"),
        ({"crop": 64}, "crop is 64, expected 2 numbers"),
        ({"crop": (64, 64, 3)}, "expected 2 numbers"),
        ({"crop": "64"}, "crop is '64', expected 2 numbers"),
        ({"crop": (64, "64")}, "crop is '64', expected a whole number"),
        ({"family": "fcn"}, "family is 'fcn', expected plain, caffe, aligned"),
        ({"out": 3}, "out is 3, expected a path"),
        ({"model": 8}, "model is 8, expected a text"),
    ],
)
def test_an_unusable_setting_is_named_with_its_value(options: dict[str, Any], found: str) -> None:
    with pytest.raises(ConfigError, match=found):
        TrainSettings(**options)


def test_settings_take_what_stands_for_their_type() -> None:
    settings = TrainSettings(crop=[64, np.int64(96)], lr=1, out="runs/a", weights=Path("w.pth"))  # type: ignore[arg-type]
    assert (settings.crop, settings.lr, settings.out) == ((64, 96), 1.0, Path("runs/a"))
    assert (type(settings.crop[1]), type(settings.lr), settings.weights) == (int, float, "w.pth")


def test_the_users_own_folder_is_found_where_no_shell_has_done_so() -> None:
    assert TrainSettings(init_from="~/runs/a").init_from == Path.home() / "runs" / "a"  # type: ignore[arg-type]


def test_settings_survive_writing_and_reading(tmp_path: Path) -> None:
    stored = TrainSettings(
        model="fcn16s_vgg13",
        crop=(64, 96),
        scale=(1.0, 1.5),
        init_from=Path("a.safetensors"),
        dropout=0.0,
        seed=7,
    )
    stored.write(tmp_path / "settings.json")
    resumed = TrainSettings(out=tmp_path, resume=True, workers=0).resumed(tmp_path / "settings.json")
    assert resumed == replace(stored, out=tmp_path, resume=True, workers=0)


def test_a_resumed_run_refuses_another_recipe(tmp_path: Path) -> None:
    TrainSettings(epochs=5).write(tmp_path / "settings.json")
    with pytest.raises(TrainingError, match="started with epochs 5, found 9"):
        TrainSettings(epochs=9, out=tmp_path, resume=True).resumed(tmp_path / "settings.json")


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"crop": None, "nonsense": 1})])
def test_damaged_settings_are_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content)
    with pytest.raises(TrainingError, match=r"settings\.json"):
        TrainSettings(out=tmp_path, resume=True).resumed(path)


def test_machine_settings_are_settings() -> None:
    assert set(MACHINE_SETTINGS) <= {setting.name for setting in fields(TrainSettings)}
