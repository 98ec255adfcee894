import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from pixelwise.errors import ConfigError
from pixelwise.models.cost import cost
from pixelwise.models.families import FAMILIES
from pixelwise.models.fcn import FCN
from pixelwise.models.names import DEPTHS, Architecture, model_names


@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_are_those_of_the_built_networks(family):
    for name in model_names():
        with torch.device("meta"):
            model = FCN(name, 5, family=family, in_channels=4)
        found = cost(name, 5, (64, 64), family, in_channels=4)
        assert found.parameters == sum(parameter.numel() for parameter in model.parameters()), name
        assert found.stride == model.architecture.stride


@pytest.mark.parametrize(
    ("name", "family", "size"),
    [
        ("fcn8s_vgg16", "plain", (70, 50)),
        ("fcn4s_vgg13_bn", "plain", (512, 512)),
        ("fcn2s_vgg11_bn", "caffe", (33, 47)),
        ("fcn32s_vgg19", "caffe", (500, 375)),
        ("fcn16s_vgg13", "aligned", (1, 65)),
        ("fcn2s_vgg16", "aligned", (352, 480)),
    ],
)
def test_operations_are_those_that_torch_counts(name, family, size):
    with FakeTensorMode():
        model, images = FCN(name, 7, family=family), torch.zeros(1, 3, *size)
        with FlopCounterMode(display=False) as counter:
            model(images)
    assert cost(name, 7, size, family).operations == counter.get_total_flops()


def test_the_measured_network_has_its_160_thousand_million_operations():
    assert cost("fcn8s_vgg16", 21, (512, 512), "plain").operations == pytest.approx(160e9, rel=0.07)


@pytest.mark.parametrize(
    "wrong", [{"num_classes": 0}, {"size": (0, 5)}, {"in_channels": 0}, {"family": "crisp"}]
)
def test_impossible_questions_are_refused(wrong):
    with pytest.raises(ConfigError):
        cost("fcn8s_vgg16", **wrong)


def test_the_receptive_field_of_pool5_of_vgg16_is_the_published_212():
    # `plain` adds nothing to it: fc6 is 1x1, and the kernels on the way up are as large as their strides
    assert cost("fcn32s_vgg16", family="plain").receptive_field == 212


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("stride", [32, 8, 2])
def test_the_receptive_field_is_as_far_as_gradients_reach(stride, family):
    architecture, kind = Architecture(stride, "vgg11"), FAMILIES[family]
    line = torch.ones(1, 1, 1024, requires_grad=True)
    x = line
    for depth in DEPTHS["vgg11"]:
        for _ in range(depth):
            x = _ones(nn.Conv1d(1, 1, 3, padding=1))(x)
        x = nn.functional.avg_pool1d(x, 2)  # sees what max pooling sees, and passes on all gradients
    x = _ones(nn.Conv1d(1, 1, kind.fc6_kernel, padding=kind.fc6_kernel // 2))(x)
    for _ in architecture.skips:
        x = _step_up(x, 2, family)
        if kind.decodes:
            x = _ones(nn.Conv1d(1, 1, 3, padding=1))(x)
    x = _step_up(x, stride, family)
    middle = x.shape[-1] // 2
    reached = [_reach(x[0, 0, pixel], line) for pixel in range(middle, middle + 32)]
    assert cost(architecture.name, family=family).receptive_field == max(reached)


def _step_up(x, factor, family):
    if family == "aligned":
        return nn.functional.interpolate(x, scale_factor=factor, mode="linear", align_corners=False)
    kernel = factor if family == "plain" else 2 * factor
    return _ones(nn.ConvTranspose1d(1, 1, kernel, factor))(x)


def _ones(layer):
    nn.init.constant_(layer.weight, 0.5)
    nn.init.zeros_(layer.bias)
    return layer


def _reach(score, line):
    (gradient,) = torch.autograd.grad(score, line, retain_graph=True)
    return int((gradient != 0).sum())
