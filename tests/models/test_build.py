import logging

import pytest
import torch

import pixelwise
from pixelwise.errors import ConfigError, WeightsError
from pixelwise.models.build import create_backbone, create_model


def test_the_default_network_is_aligned_and_takes_rgb(no_init):
    model = create_model("fcn8s_vgg11", 4)
    assert (model.family, model.in_channels, model.num_classes) == ("aligned", 3, 4)
    assert model.training
    assert pixelwise.create_model is create_model
    assert pixelwise.create_backbone is create_backbone


def test_arguments_reach_the_network(no_init):
    model = create_model(
        "fcn16s_vgg13_bn", 1, family="caffe", in_channels=2, mean=(1, 2), std=(3, 4), at_once=True
    )
    assert model.config() == {
        "name": "fcn16s_vgg13_bn",
        "num_classes": 1,
        "family": "caffe",
        "in_channels": 2,
        "mean": [1, 2],
        "std": [3, 4],
        "at_once": True,
    }


def test_what_was_loaded_is_logged(vgg11, no_init, caplog):
    with caplog.at_level(logging.INFO, logger="pixelwise"):
        create_model("fcn32s_vgg11", 2, weights=vgg11)
    assert "16 tensors loaded" in caplog.text
    assert "left fresh" in caplog.text


def test_no_weights_asks_for_no_file(monkeypatch, no_init):
    monkeypatch.setenv("PIXELWISE_WEIGHTS_URL", "http://127.0.0.1:9")
    create_model("fcn32s_vgg11", 2)
    create_model("fcn32s_vgg11", 2, weights="none")
    create_backbone("vgg11")


def test_wrong_names_and_files_are_told_before_any_work(tmp_path):
    with pytest.raises(ConfigError, match="no network is named 'unet'"):
        create_model("unet", 2, weights="imagenet")
    with pytest.raises(WeightsError, match="no such weights file"):
        create_backbone("vgg11", weights=tmp_path / "none.pth")


def test_fresh_networks_have_finite_scores_that_differ_by_pixel():
    torch.manual_seed(0)
    model = create_model("fcn8s_vgg11", 3).eval()
    with torch.no_grad():
        logits = model(torch.rand(1, 3, 64, 64) * 255)
    assert logits.isfinite().all()
    assert logits.std() > 0
