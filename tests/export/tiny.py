"""Networks small enough to be exported in no time."""

import pytest
import torch

from pixelwise.checkpoint import ModelCard
from pixelwise.labels import Labels
from pixelwise.models.fcn import FCN


def make_tiny(name="fcn8s_vgg11", classes=3, **options):
    """Make a network whose fc6 and fc7 are cut to a few channels, so that it is written in no time."""
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        for fill in ("kaiming_normal_", "kaiming_uniform_", "uniform_", "normal_"):
            patch.setattr(torch.nn.init, fill, lambda tensor, *args, **kwargs: tensor)
        model = FCN(name, classes, **options)
        model.fc6 = torch.nn.Conv2d(512, 16, model.fc6.kernel_size, padding=model.fc6.padding)
        model.fc7 = torch.nn.Conv2d(16, 16, 1)
        model.score_fr = torch.nn.Conv2d(16, classes, 1)
        if fuse := getattr(model, "fuse_pool4", None):
            fuse.coarse = torch.nn.Conv2d(16, fuse.coarse.out_channels, 1, bias=False)
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.normal_(layer.weight, std=(2 / layer.weight[0].numel()) ** 0.5)
            if layer.bias is not None:
                torch.nn.init.zeros_(layer.bias)
    return model.eval()


def card_of(model, fingerprint="0123456789abcdef"):
    return ModelCard(model.config(), Labels.numbered(model.num_classes), {"epochs": 1}, fingerprint)
