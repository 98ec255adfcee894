import json
import weakref
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn

from pixelwise.errors import ConfigError
from pixelwise.models.families import CAFFE_MEAN, FAMILIES
from pixelwise.models.fcn import FCN
from pixelwise.models.names import model_names

SMALL = "fcn8s_vgg11"


@pytest.fixture
def no_work(monkeypatch):
    """Sizes and types without the work: on the meta device, which knows no autocast to switch off."""
    monkeypatch.setattr(torch, "autocast", lambda *args, **kwargs: nullcontext())
    with torch.device("meta"):
        yield


@pytest.mark.parametrize("family", FAMILIES)
def test_every_network_gives_logits_of_the_pictures_size(family, no_work):
    for name in model_names():
        model = FCN(name, 3, family=family).eval()
        for batch, height, width in ((1, 1, 1), (2, 33, 47)):
            logits = model(torch.zeros(batch, 3, height, width, dtype=torch.uint8))
            assert logits.shape == (batch, 3, height, width), name
            assert logits.dtype == torch.float32, name


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("stride", [32, 2])
def test_no_size_leaves_a_crop_beyond_a_map(stride, family, no_work):
    model = FCN(f"fcn{stride}s_vgg11", 1, family=family).eval()
    for height in range(1, 34):  # all cases: sizes repeat after 32
        assert model(torch.zeros(1, 3, height, 66 - height)).shape == (1, 1, height, 66 - height)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [(1, 1), (33, 47)])
@torch.no_grad()
def test_bytes_and_floats_give_the_same_finite_logits(family, size, quick_fcn):
    model = quick_fcn(SMALL, 2, family=family)
    images = torch.randint(0, 256, (1, 3, *size), dtype=torch.uint8)
    logits = model(images)
    assert logits.shape == (1, 2, *size)
    assert logits.isfinite().all()
    assert logits.std() > 0
    assert torch.equal(logits, model(images.float()))


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_scores_are_float32_under_autocast(family, quick_fcn):
    model = quick_fcn(SMALL, 2, family=family)
    images = torch.rand(1, 3, 33, 47) * 255
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(images)
    assert logits.dtype == torch.float32
    exact = model(images)
    assert (logits - exact).abs().max() < 0.1 * exact.abs().max()
    assert not torch.equal(logits, exact), "autocast had no effect on the backbone"


@pytest.mark.parametrize("family", ["plain", "aligned"])
@torch.no_grad()
def test_what_is_padded_is_of_the_mean_colour(family, quick_fcn):
    model = quick_fcn(SMALL, 2, family=family)
    images = torch.rand(1, 3, 20, 50) * 255
    padded = model.mean.repeat(1, 1, 32, 64).clone()
    padded[..., :20, :50] = images
    assert torch.allclose(model(images), model(padded)[..., :20, :50], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_aligned_networks_have_no_shift(quick_fcn):
    """A mirrored network sees in a mirrored picture what the network sees in the picture, mirrored."""
    model, mirrored = quick_fcn("fcn2s_vgg11", 2), quick_fcn("fcn2s_vgg11", 2)
    for layer in mirrored.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.copy_(layer.weight.flip(-1))
    images = torch.rand(1, 3, 64, 96) * 255
    logits = model(images)
    assert torch.allclose(mirrored(images.flip(-1)).flip(-1), logits, atol=1e-4 * float(logits.abs().max()))


@pytest.mark.parametrize("family", FAMILIES)
def test_mean_0_and_deviation_1_leave_the_picture_as_it_is(family, quick_fcn):
    model = quick_fcn(SMALL, 2, family=family, mean=(0, 0, 0), std=(1, 1, 1))
    images = torch.rand(1, 3, 32, 32) * 255
    assert torch.equal(_seen_by_backbone(model, images), images.flip(1) if family == "caffe" else images)


@pytest.mark.parametrize("family", ["plain", "aligned"])
def test_pictures_are_normalised_as_torchvision_does_it(family, quick_fcn):
    images = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = (images / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    seen = _seen_by_backbone(quick_fcn(SMALL, 2, family=family), images)
    assert torch.allclose(seen, expected, atol=1e-5)


def test_caffe_networks_take_rgb_and_turn_it_inside(quick_fcn):
    images = torch.tensor(CAFFE_MEAN).view(1, 3, 1, 1) + torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1)
    seen = _seen_by_backbone(quick_fcn(SMALL, 2, family="caffe"), images.expand(1, 3, 5, 4))
    assert torch.allclose(seen[0, :, 0, 0], torch.tensor([3.0, 2.0, 1.0]), atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("channels", [1, 5])
def test_other_channels_stay_in_their_order(family, channels, quick_fcn):
    model = quick_fcn(SMALL, 2, family=family, in_channels=channels, mean=[0] * channels, std=[2] * channels)
    images = torch.rand(1, channels, 32, 32) * 255
    assert torch.equal(_seen_by_backbone(model, images), images / 2)


def _seen_by_backbone(model, images):
    seen = []

    def look(module, inputs):
        seen.append(inputs[0])
        raise InterruptedError  # the rest is of no interest

    model.backbone.register_forward_pre_hook(look)
    with pytest.raises(InterruptedError):
        model(images)
    return seen[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_network_is_rebuilt_from_its_configuration(family, no_init):
    model = FCN("fcn16s_vgg11_bn", 4, family=family, in_channels=2, mean=(1, 2), std=(3, 4))
    again = FCN(**model.config())
    assert again.config() == model.config()
    assert again.mean.flatten().tolist() == [1, 2]
    assert {n: t.shape for n, t in again.state_dict().items()} == {
        n: t.shape for n, t in model.state_dict().items()
    }
    assert FCN(**FCN("fcn8s_vgg11", 2, family="caffe", at_once=True).config()).at_once


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.array])
def test_whole_numbers_of_numpy_are_counts(kind, no_init):
    model = FCN(SMALL, kind(5), in_channels=kind(4))
    same = FCN(SMALL, 5, in_channels=4)
    assert json.dumps(model.config()) == json.dumps(same.config())
    assert model.score_fr.weight.shape == same.score_fr.weight.shape


def test_mean_and_deviation_are_no_part_of_the_state_dict(no_init):
    assert not {"mean", "std"} & set(FCN(SMALL, 2).state_dict())


def test_score_layers_of_caffe_networks_start_at_zero(no_init):
    model = FCN("fcn2s_vgg11", 2, family="caffe")
    assert len(model.score_layers()) == 5
    assert not any(layer.weight.any() or layer.bias.any() for layer in model.score_layers())


@pytest.mark.parametrize(
    ("family", "kind"), [("plain", nn.Dropout2d), ("caffe", nn.Dropout), ("aligned", nn.Dropout)]
)
def test_dropout_is_by_channel_in_plain_and_by_element_elsewhere(family, kind, no_init):
    assert type(FCN(SMALL, 2, family=family).drop6) is kind
    if family != "aligned":
        assert FCN(SMALL, 2, family=family).drop7.p == 0.5


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((1, 1, 8, 8), r"\(1, 1, 8, 8\)"),
        ((3, 8, 8), r"\(3, 8, 8\)"),
        ((1, 8, 8, 3), r"\(1, 8, 8, 3\)"),
        ((3,), r"\(3,\)"),
        ((), r"\(\)"),
    ],
)
def test_images_of_another_shape_are_refused(shape, told, no_init):
    with pytest.raises(ConfigError, match=rf"found images of shape {told}, expected \(N, 3, H, W\)"):
        FCN(SMALL, 2)(torch.zeros(shape))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"num_classes": 0}, "found 0 and 3"),
        ({"in_channels": 0}, "found 2 and 0"),
        ({"num_classes": "6"}, "are whole numbers from 1, found '6' and 3"),
        ({"family": "crisp"}, "no family is named 'crisp'"),
        ({"name": "fcn8s_resnet"}, "no network is named 'fcn8s_resnet'"),
        ({"num_classes": np.int64(0)}, "are whole numbers from 1"),
        ({"num_classes": np.array([6, 6])}, "are whole numbers from 1"),
        ({"in_channels": 2.0}, "found 2 and 2.0"),
        ({"mean": (1, float("nan"), 1)}, r"mean must be finite, found \[1, nan, 1\]"),
        ({"mean": (1, 1, float("inf"))}, "mean must be finite"),
        ({"mean": (1, 2)}, "found 2 values in mean, expected one a channel: 3"),
        ({"std": (1, 1, 1, 1)}, "found 4 values in std, expected one a channel: 3"),
        ({"std": (1, 0, 1)}, "std must be above 0"),
        ({"std": (1, float("nan"), 1)}, "std must be above 0"),
        ({"at_once": True}, "at_once is a form of the 16s and 8s networks of the family caffe"),
        ({"at_once": True, "family": "caffe", "name": "fcn32s_vgg11"}, "at_once is a form of"),
    ],
)
def test_impossible_networks_are_refused(arguments, told, no_init):
    with pytest.raises(ConfigError, match=told):
        FCN(**{"name": SMALL, "num_classes": 2, **arguments})


@torch.no_grad()
def test_maps_are_measured_without_changing_anything_but_the_factors(quick_fcn):
    model = quick_fcn("fcn16s_vgg11_bn", 2).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    pictures = [torch.rand(3, 40, 64) * 255, torch.rand(3, 32, 32) * 255]
    model.measure_maps(pictures)
    assert model.training
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"scale_pool5.factor", "scale_pool4.factor"}

    maps = [model._maps(picture[None])[3] for picture in pictures]  # in training, as the scores will get them
    cells = torch.cat([of_picture.flatten() for of_picture in maps])
    assert torch.allclose(model.scale_pool4.factor, cells.square().mean().rsqrt(), rtol=1e-4)

    model.measure_maps([torch.zeros(3, 32, 32)])
    assert torch.allclose(model.scale_pool4.factor, cells.square().mean().rsqrt(), rtol=1e-4)


def test_measuring_does_not_keep_the_maps_of_pictures_before(quick_fcn, monkeypatch):
    model = quick_fcn("fcn16s_vgg11", 2)
    seen = []

    def maps(picture):
        of_picture = tuple(torch.ones(1, 1, 2, 2) for _ in range(5))
        seen.append(weakref.ref(of_picture[4]))
        return of_picture

    def pictures():
        for _ in range(4):
            assert sum(of_picture() is not None for of_picture in seen) <= 1
            yield torch.zeros(3, 32, 32)

    monkeypatch.setattr(model, "_maps", maps)
    model.measure_maps(pictures())
    assert len(seen) == 4
