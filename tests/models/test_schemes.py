import re

import pytest
import reference_networks as reference
import torch
import torch.nn.functional as F

from pixelwise.errors import WeightsError
from pixelwise.models.build import create_backbone, create_model
from pixelwise.models.convert import load_weights
from pixelwise.models.fcn import FCN
from pixelwise.models.schemes import fit_channels, fold_into_caffe_scale

SMALL = "fcn32s_vgg11"


def test_torchvisions_convolutions_fill_the_backbone_and_the_head_stays_fresh(vgg11, quick_fcn):
    model = quick_fcn(SMALL, 2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    report = load_weights(model, vgg11)
    after = model.state_dict()
    assert torch.equal(after["backbone.pool1.0.weight"], vgg11["features.0.weight"])
    assert torch.equal(after["backbone.pool5.18.bias"], vgg11["features.18.bias"])
    assert len(report.loaded) == len(vgg11) == 16
    assert {name for name in after if not name.startswith("backbone.")} == set(report.fresh)
    assert all(torch.equal(after[name], before[name]) for name in report.fresh)
    assert re.search(
        r"16 tensors loaded from torchvision's VGG.*left fresh: .*fc6, fc7, score_fr", str(report)
    )


@pytest.mark.parametrize("name", reference.SLICES)
def test_every_backbone_takes_torchvisions_names(name, no_init):
    weights = reference.features_weights(name)
    report = load_weights(create_backbone(name), weights)
    assert len(report.loaded) == len(weights)
    assert report.fresh == report.dropped == ()


@torch.no_grad()
def test_batch_norm_is_loaded_with_its_statistics(no_init):
    torch.manual_seed(0)
    weights, inputs, number, x = {}, 3, 0, torch.rand(1, 3, 64, 64)
    picture = x
    for depth, channels in zip((1, 1, 2, 2, 2), reference.CHANNELS, strict=True):
        for _ in range(depth):
            conv, norm = f"features.{number}", f"features.{number + 1}"
            reference.random_convolution(weights, conv, channels, inputs, 3)
            for leaf in ("weight", "bias", "running_mean", "running_var"):
                weights[f"{norm}.{leaf}"] = torch.rand(channels) + 0.1
            x = F.conv2d(x, weights[f"{conv}.weight"], weights[f"{conv}.bias"], padding=1)
            statistics = weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"]
            x = F.relu(F.batch_norm(x, *statistics, weights[f"{norm}.weight"], weights[f"{norm}.bias"]))
            inputs, number = channels, number + 3
        x, number = F.max_pool2d(x, 2), number + 1

    backbone = create_backbone("vgg11_bn").eval()
    report = load_weights(backbone, weights)  # torchvision's older files do not count batches
    assert report.fresh == ()
    assert torch.allclose(backbone(picture)[4], x, rtol=1e-4, atol=1e-5)

    counted = {f"features.{n}.num_batches_tracked": torch.tensor(7) for n in (1, 5, 9, 12, 16, 19, 23, 26)}
    load_weights(backbone, weights | counted)
    assert backbone.pool1[1].num_batches_tracked == 7


def test_torchvisions_classifier_becomes_fc6_and_fc7_in_caffe_only(vgg11, no_init):
    vgg11["classifier.0.weight"] = torch.arange(4096 * 25088.0).view(4096, 25088)
    vgg11["classifier.3.weight"] = torch.rand(4096, 4096)
    for number in (0, 3):
        vgg11[f"classifier.{number}.bias"] = torch.rand(4096)
    vgg11 |= {"classifier.6.weight": torch.rand(1000, 4096), "classifier.6.bias": torch.rand(1000)}

    model = FCN(SMALL, 2, family="caffe")
    report = load_weights(model, vgg11)
    assert model.fc6.weight[5, 3, 2, 1] == vgg11["classifier.0.weight"][5, 3 * 49 + 2 * 7 + 1]
    assert torch.equal(model.fc7.weight[:, :, 0, 0], vgg11["classifier.3.weight"])
    assert torch.equal(model.fc6.bias, vgg11["classifier.0.bias"])
    assert set(report.dropped) == {"classifier.6.weight", "classifier.6.bias"}
    assert {name.partition(".")[0] for name in report.fresh} == {"score_fr", "upscore_final"}

    for other in (FCN(SMALL, 2), create_backbone("vgg11")):
        report = load_weights(other, vgg11)
        assert {name.partition(".")[0] for name in report.dropped} == {"classifier"}
        assert len(report.dropped) == 6
        assert "not used: classifier.0, classifier.3, classifier.6" in str(report)

    del vgg11["classifier.3.bias"]
    with pytest.raises(WeightsError, match=r"missing: classifier\.3\.bias$"):
        load_weights(model, vgg11)


@torch.no_grad()
def test_torchvisions_weights_see_in_a_caffe_network_what_they_see_at_home(vgg11, no_init):
    """With 100 pixels of the release's mean colour around the picture, as the release's padding is."""
    model = FCN(SMALL, 2, family="caffe")
    report = load_weights(model, vgg11)
    assert report.notes == ("first convolution scaled for the input of the family caffe",)
    images = torch.randint(0, 256, (1, 3, 9, 7), dtype=torch.uint8)
    framed = torch.tensor([122.67892, 116.66877, 104.00699]).view(1, 3, 1, 1).repeat(1, 1, 209, 207)
    framed[..., 100:109, 100:107] = images
    at_home = F.conv2d(reference.normalise(framed), vgg11["features.0.weight"], vgg11["features.0.bias"])
    turned = images.float().flip(1) - torch.tensor([104.00699, 116.66877, 122.67892]).view(3, 1, 1)
    assert torch.allclose(model.backbone.pool1[0](turned), at_home, atol=1e-4)


@torch.no_grad()
def test_folding_into_the_caffe_scale_is_arithmetic_on_one_pixel():
    weight, bias = torch.rand(64, 3, 3, 3), torch.rand(64)
    folded, shifted = fold_into_caffe_scale(weight, bias)
    pixel = torch.tensor([200.0, 100.0, 50.0]).view(1, 3, 1, 1).expand(1, 3, 3, 3)
    centred = pixel - torch.tensor([122.67892, 116.66877, 104.00699]).view(3, 1, 1)
    at_home = F.conv2d(reference.normalise(pixel), weight, bias)
    assert torch.allclose(F.conv2d(centred, folded, shifted), at_home, atol=1e-4)


@pytest.mark.parametrize("family", ["plain", "caffe", "aligned"])
@torch.no_grad()
def test_the_first_convolution_is_fitted_to_the_channels(family, vgg11, no_init):
    weight = vgg11["features.0.weight"]
    if family == "caffe":
        weight, _ = fold_into_caffe_scale(weight, vgg11["features.0.bias"])
    for channels, expected in (
        (1, weight.sum(1, keepdim=True)),
        (2, weight[:, :2] * 1.5),
        (4, weight[:, [0, 1, 2, 0]] * 0.75),
        (6, weight[:, [0, 1, 2, 0, 1, 2]] * 0.5),
    ):
        model = FCN(SMALL, 2, family=family, in_channels=channels)
        default = model.mean.clone(), model.std.clone()
        report = load_weights(model, vgg11)
        assert torch.allclose(model.backbone.pool1[0].weight, expected, rtol=1e-6)
        assert f"first convolution fitted to {channels} channels" in report.notes
        assert torch.equal(model.mean, default[0])
        assert torch.equal(model.std, default[1])


def test_grey_in_six_channels_is_what_it_is_in_three():
    weight = torch.rand(64, 3, 3, 3)
    grey = torch.rand(1, 1, 8, 8)
    expected = F.conv2d(grey.expand(1, 3, 8, 8), weight)
    for channels in (1, 3, 6):
        found = F.conv2d(grey.expand(1, channels, 8, 8), fit_channels(weight, channels))
        assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("first", [5, 4])
def test_both_numberings_of_the_tutorials_steps_up_load(first, no_init):
    weights = reference.plain_checkpoint(reference.plain_weights("vgg11", 2), 8)
    renamed = {
        re.sub(r"upscore_pool(\d)", lambda m: f"up{int(m[1]) - 5 + first}", n): t for n, t in weights.items()
    }
    renamed = {re.sub(r"^up(\d)", r"upscore_pool\1", name): tensor for name, tensor in renamed.items()}
    model = FCN("fcn8s_vgg11", 2, family="plain")
    assert load_weights(model, renamed).fresh == ()
    assert torch.equal(model.upscore_pool5.weight, weights["upscore_pool5_x2.0.weight"])
    assert torch.equal(model.upscore_pool4.weight, weights["upscore_pool4_x2.0.weight"])


def test_a_backbone_takes_its_part_of_any_checkpoint(no_init):
    tutorial = reference.plain_checkpoint(reference.plain_weights("vgg11", 2), 32)
    backbone = create_backbone("vgg11", weights=tutorial)
    assert torch.equal(backbone.pool1[0].weight, tutorial["net_features.pool1.0.weight"])
    model = create_model(SMALL, 2)
    report = load_weights(backbone, model.state_dict())
    assert torch.equal(backbone.pool5[2].weight, model.backbone.pool5[2].weight)
    assert "fc6.weight" in report.dropped
    model = create_model(SMALL, 5, weights=backbone.state_dict())
    assert torch.equal(backbone.pool5[2].weight, model.backbone.pool5[2].weight)
    assert "pool1.0.weight" in load_weights(backbone, backbone.state_dict()).loaded


def test_a_port_checkpoint_keeps_blue_first_and_fits_other_channels_from_red_on(no_init):
    weights = reference.port_features("vgg11")
    backbone = create_backbone("vgg11", weights=weights)
    assert torch.equal(backbone.pool1[0].weight, weights["conv1_1.weight"])
    four = create_backbone("vgg11", in_channels=4, weights=weights)
    assert torch.equal(four.pool1[0].weight, weights["conv1_1.weight"][:, [2, 1, 0, 2]] * 0.75)
