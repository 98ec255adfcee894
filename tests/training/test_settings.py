import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

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
        ({"strategy": "fsdp"}, "strategy is fsdp, expected auto or ddp"),
        ({"resume": True}, "--out"),
    ],
)
def test_an_unusable_setting_is_named_with_its_value(options: dict[str, Any], found: str) -> None:
    with pytest.raises(ConfigError, match=found):
        TrainSettings(**options)


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
