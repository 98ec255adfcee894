"""Model files: what is saved is what is loaded, and damage is found."""

import json
import os

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.numpy import save_file

from pixelwise.checkpoint import ModelCard, load_model, read_card, save_model
from pixelwise.errors import CheckpointError, ConfigError, WeightsError
from pixelwise.labels import Labels
from pixelwise.models.fcn import FCN

LABELS = Labels(("ground", "cat"), ((10, 20, 30), (220, 20, 60)), ignore_color=(1, 2, 3))
OPTIONS = {"family": "plain", "in_channels": 2, "mean": (10.0, 20.0), "std": (3.0, 4.0)}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return FCN("fcn16s_vgg11_bn", 2, **OPTIONS).eval()


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "deep" / "model.safetensors"
    save_model(path, model, LABELS, {"epochs": 3})
    return path


def test_a_loaded_model_is_the_saved_one(model, saved):
    loaded, card = load_model(saved)
    assert not loaded.training
    assert loaded.config() == model.config()
    assert card.labels == LABELS
    assert card.training == {"epochs": 3}
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    picture = torch.rand(1, 2, 40, 50) * 255
    with torch.inference_mode():
        assert torch.equal(loaded(picture), model(picture))


def test_the_card_is_read_without_the_weights(saved):
    card = read_card(saved)
    assert card.in_channels == 2
    assert card.network["name"] == "fcn16s_vgg11_bn"
    assert card.network["mean"] == [10.0, 20.0]


def test_a_card_survives_json(saved):
    card = read_card(saved)
    assert ModelCard.from_json(card.to_json(), saved) == card


def test_the_fingerprint_names_the_weights_and_nothing_else(model, saved, tmp_path):
    fingerprint = read_card(saved).fingerprint
    other_names = Labels.numbered(2)
    assert save_model(tmp_path / "same.safetensors", model, other_names).fingerprint == fingerprint
    changed, _ = load_model(saved)
    with torch.no_grad():
        next(changed.parameters()).view(-1)[0] += 1
    assert save_model(tmp_path / "other.safetensors", changed, LABELS).fingerprint != fingerprint


def test_labels_must_fit_the_network(model, tmp_path):
    with pytest.raises(ConfigError, match="found 3 class names for 2 classes"):
        save_model(tmp_path / "model.safetensors", model, Labels.numbered(3))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [OSError(28, "No space left"), SafetensorError("No space left")])
def test_a_failed_save_leaves_the_old_model_and_no_rest(error, model, saved, tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    path.write_bytes(saved.read_bytes())

    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("safetensors.torch.save_file", fail)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: cannot be written .*No space"):
        save_model(path, model, LABELS)
    assert path.read_bytes() == saved.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_model_is_on_the_disk_before_it_takes_its_name(model, saved, tmp_path, monkeypatch):
    kept = []

    def keep(number):
        kept.append((os.fstat(number).st_size, [path.suffix for path in tmp_path.iterdir()]))

    monkeypatch.setattr(os, "fsync", keep)
    save_model(tmp_path / "model.safetensors", model, LABELS, {"epochs": 3})
    assert kept == [(saved.stat().st_size, [".part"])]


def with_header(path, metadata):
    save_file({"a": np.zeros(1, np.float32)}, path, metadata)
    return path


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing\.safetensors: no such model file"):
        read_card(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("content", [b"", b"no model", b"\xff" * 64])
def test_a_file_that_is_no_model_is_refused(content, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a safetensors file, or damaged"):
        read_card(path)


def test_a_file_cut_off_is_refused(saved, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(saved.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="damaged"):
        read_card(path)


def test_weights_alone_are_refused_with_the_option_that_takes_them(tmp_path):
    with pytest.raises(CheckpointError, match="--weights"):
        read_card(with_header(tmp_path / "vgg.safetensors", {}))


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"network": 1}', '{"network": {}, "labels": []}'])
def test_a_damaged_card_is_refused_with_the_file(text, tmp_path):
    path = with_header(tmp_path / "model.safetensors", {"pixelwise": text})
    with pytest.raises(CheckpointError, match=r"model\.safetensors: its description cannot be read"):
        read_card(path)


@pytest.mark.parametrize("change", [{"name": "fcn7s_vgg16"}, {"colour": "blue"}, {"num_classes": 0}])
def test_a_network_this_version_does_not_know_is_refused(change, saved, tmp_path):
    values = json.loads(read_card(saved).to_json())
    values["network"].update(change)
    path = with_header(tmp_path / "model.safetensors", {"pixelwise": json.dumps(values)})
    with pytest.raises(CheckpointError, match=r"model\.safetensors: describes a network"):
        load_model(path)


def test_missing_and_surplus_tensors_are_named(saved, tmp_path):
    path = with_header(tmp_path / "model.safetensors", {"pixelwise": read_card(saved).to_json()})
    with pytest.raises(WeightsError, match=r"score_fr\.weight"):
        load_model(path)
