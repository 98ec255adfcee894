import pytest

from pixelwise.errors import ConfigError
from pixelwise.models.families import check_family
from pixelwise.models.names import Architecture, backbone_names, check_backbone, model_names


def test_there_are_twenty_networks_and_twenty_with_batch_norm():
    names = model_names()
    assert len(names) == len(set(names)) == 40
    assert sum(name.endswith("_bn") for name in names) == 20
    assert set(backbone_names()) == {name.partition("_")[2] for name in names}


@pytest.mark.parametrize("name", model_names())
def test_a_name_is_read_back_from_what_it_stands_for(name):
    assert Architecture.parse(name).name == name


@pytest.mark.parametrize(
    ("stride", "skips"), [(32, ()), (16, (4,)), (8, (4, 3)), (4, (4, 3, 2)), (2, (4, 3, 2, 1))]
)
def test_the_stride_says_which_pools_are_fused(stride, skips):
    assert Architecture(stride, "vgg16").skips == skips


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [("fcn8s_vgg17", "fcn8s_vgg16"), ("FCN8s_VGG16", "fcn8s_vgg16"), ("fcn8_vgg16_bn", "fcn8s_vgg16_bn")],
)
def test_an_unknown_name_lists_the_nearest(unknown, nearest):
    with pytest.raises(ConfigError, match=rf"no network is named '{unknown}'.*\b{nearest}\b"):
        Architecture.parse(unknown)


def test_an_unknown_backbone_or_family_lists_what_there_is():
    with pytest.raises(ConfigError, match=r"'resnet'.*vgg11"):
        check_backbone("resnet")
    with pytest.raises(ConfigError, match="'crisp', expected plain, caffe or aligned"):
        check_family("crisp")
