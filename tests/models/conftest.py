import pytest
import reference_networks as reference
import torch
from torch import nn

from pixelwise.models.fcn import FCN


@pytest.fixture
def no_init(monkeypatch):
    """Make networks of 130 million parameters in no time: what is not loaded stays as memory left it."""
    for name in ("kaiming_uniform_", "kaiming_normal_", "uniform_", "normal_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *args, **kwargs: tensor)


@pytest.fixture
def quick_fcn(no_init):
    """Return `FCN` with cheap random weights, in evaluation mode; equal arguments give equal networks."""

    def make(*args, **kwargs):
        model = FCN(*args, **kwargs).eval()
        numbers = torch.rand(99_991, generator=torch.Generator().manual_seed(0)) * 2 - 1
        with torch.no_grad():
            for parameter in model.parameters():
                size, fan_in = parameter.numel(), parameter[0].numel()
                scaled = numbers * (3 / fan_in) ** 0.5
                flat = parameter.view(-1)
                whole = size - size % len(numbers)
                flat[:whole].view(-1, len(numbers))[:] = scaled
                flat[whole:] = scaled[: size - whole]
        return model

    return make


@pytest.fixture
def vgg11():
    """Random convolutions of vgg11 under torchvision's names."""
    torch.manual_seed(0)
    return reference.features_weights("vgg11")
