"""Same weights, same logits as networks written independently, and the checkpoints' names on the way."""

import pytest
import reference_networks as reference
import torch

from pixelwise.models.convert import load_exactly, load_weights
from pixelwise.models.fcn import FCN

CLASSES = 3
STRIDES = (32, 16, 8, 4, 2)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(scope="module", params=reference.SLICES)
def plain(request):
    torch.manual_seed(0)
    return request.param, reference.plain_weights(request.param, CLASSES)


@pytest.fixture(scope="module")
def caffe():
    torch.manual_seed(0)
    return reference.caffe_weights("vgg16", CLASSES)


def assert_same(logits, expected):
    assert logits.shape == expected.shape
    assert logits.dtype == torch.float32
    assert (logits - expected).abs().max() < 1e-4 * expected.abs().max()
    assert expected.std() > 1e-3 * expected.abs().max(), "constant logits prove nothing"


@pytest.mark.parametrize("stride", STRIDES)
@torch.no_grad()
def test_plain_networks_compute_what_the_reference_computes(plain, stride, no_init):
    backbone, weights = plain
    images = torch.randint(0, 256, (1, 3, 64, 32), dtype=torch.uint8)
    model = FCN(f"fcn{stride}s_{backbone}", CLASSES, family="plain").eval()
    report = load_weights(model, reference.plain_checkpoint(weights, stride))
    assert report.fresh == report.dropped == ()
    assert_same(model(images), reference.plain_logits(weights, backbone, stride, images))


@torch.no_grad()
def test_plain_networks_pad_right_and_bottom_with_the_mean_colour_and_crop(plain, no_init):
    backbone, weights = plain
    images = torch.rand(1, 3, 33, 27) * 255
    model = FCN(f"fcn8s_{backbone}", CLASSES, family="plain").eval()
    load_weights(model, reference.plain_checkpoint(weights, 8))
    padded = torch.tensor([0.485, 0.456, 0.406]).mul(255).view(1, 3, 1, 1).repeat(1, 1, 64, 32)
    padded[:, :, :33, :27] = images
    assert_same(model(images), reference.plain_logits(weights, backbone, 8, padded)[:, :, :33, :27])


@pytest.mark.parametrize("stride", [32, 16, 8])
@torch.no_grad()
def test_caffe_networks_compute_what_the_reference_computes(caffe, stride, no_init):
    images = torch.randint(0, 256, (1, 3, 37, 51), dtype=torch.uint8)
    model = FCN(f"fcn{stride}s_vgg16", CLASSES, family="caffe").eval()
    report = load_weights(model, reference.caffe_checkpoint(caffe, stride))
    assert report.fresh == report.dropped == ()
    assert_same(model(images), reference.caffe_logits(caffe, "vgg16", stride, images))
    if stride < 32:
        at_once = FCN(f"fcn{stride}s_vgg16", CLASSES, family="caffe", at_once=True).eval()
        at_once.load_state_dict(model.state_dict(), assign=True)
        assert_same(at_once(images), reference.caffe_logits(caffe, "vgg16", stride, images, at_once=True))


@pytest.mark.parametrize("stride", [4, 2])
@torch.no_grad()
def test_finer_caffe_networks_compute_what_the_reference_computes(caffe, stride, no_init):
    images = torch.randint(0, 256, (1, 3, 1, 33), dtype=torch.uint8)
    model = FCN(f"fcn{stride}s_vgg16", CLASSES, family="caffe").eval()
    load_exactly(model, _own_names(caffe, stride), "reference")
    assert_same(model(images), reference.caffe_logits(caffe, "vgg16", stride, images))


def _own_names(weights, stride):
    own = {}
    for name, tensor in weights.items():
        layer, leaf = name.split(".")
        if layer.startswith("conv"):
            pool, number = int(layer[4]), int(layer[6])
            layer = f"backbone.pool{pool}.{reference.convolution_numbers('vgg16')[pool - 1][number - 1]}"
        layer = f"upscore_pool{layer[2]}" if layer.startswith("up") else layer
        layer = "upscore_final" if layer == f"last{stride}" else layer
        finer = stride == 4 and layer in ("score_pool1", "upscore_pool2")
        if not layer.startswith("last") and not finer:
            own[f"{layer}.{leaf}"] = tensor
    return own
