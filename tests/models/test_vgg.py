import pytest
import torch
from reference_networks import CHANNELS, SLICES, convolution_numbers
from torch import nn

from pixelwise.errors import ConfigError
from pixelwise.models.build import create_backbone
from pixelwise.models.names import backbone_names


@pytest.mark.parametrize("name", backbone_names())
@torch.no_grad()
def test_a_backbone_hands_on_five_maps_of_the_sizes_it_names(name, no_init):
    backbone = create_backbone(name, in_channels=2).eval()
    maps = backbone(torch.zeros(1, 2, 71, 96))
    assert [m.name for m in backbone.maps] == ["pool1", "pool2", "pool3", "pool4", "pool5"]
    assert [m.channels for m in backbone.maps] == list(CHANNELS)
    for described, found in zip(backbone.maps, maps, strict=True):
        sides = (71 // described.stride, 96 // described.stride)
        assert found.shape == (1, described.channels, *sides)


@pytest.mark.parametrize("name", SLICES)
def test_layers_keep_their_number_in_torchvisions_features(name, no_init):
    backbone = create_backbone(name)
    numbers = [
        [int(number) for number, layer in stage.named_children() if isinstance(layer, nn.Conv2d)]
        for stage in backbone.children()
    ]
    assert numbers == convolution_numbers(name)
    for stage, (first, last) in zip(backbone.children(), SLICES[name], strict=True):
        assert [number for number, _ in stage.named_children()] == [str(n) for n in range(first, last)]


def test_layers_with_batch_norm_are_numbered_as_in_torchvision(no_init):
    stages = create_backbone("vgg11_bn").children()
    assert [len(stage) for stage in stages] == [4, 4, 7, 7, 7]
    names = list(create_backbone("vgg11_bn").state_dict())
    assert "pool1.1.running_mean" in names
    assert "pool5.26.num_batches_tracked" in names


@torch.no_grad()
def test_later_stages_do_not_write_into_earlier_maps(no_init):
    backbone = create_backbone("vgg11").eval()
    for parameter in backbone.parameters():
        parameter.uniform_(-0.1, 0.1)
    x = torch.rand(1, 3, 32, 32)
    maps = backbone(x)
    assert torch.equal(maps[0], backbone.pool1(x))
    assert torch.equal(maps[1], backbone.pool2(maps[0]))


def test_wrong_arguments_are_refused():
    with pytest.raises(ConfigError, match="no backbone is named 'vgg12'"):
        create_backbone("vgg12")
    with pytest.raises(ConfigError, match="in_channels starts at 1, found 0"):
        create_backbone("vgg11", in_channels=0)
