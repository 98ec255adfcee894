import pytest

from pixelwise.models.geometry import Grid, head_crops
from pixelwise.models.names import Architecture

SKIP_CROPS = {4: 5, 3: 9, 2: 17, 1: 33}
LAST_CROPS = {32: 19, 16: 27, 8: 31, 4: 33, 2: 34}


@pytest.mark.parametrize("backbone", ["vgg11", "vgg13", "vgg16", "vgg19", "vgg16_bn"])
@pytest.mark.parametrize("stride", LAST_CROPS)
def test_the_crops_of_caffe_networks_are_those_of_the_release(stride, backbone):
    architecture = Architecture(stride, backbone)
    skips, last = head_crops(architecture, "caffe")
    assert skips == {pool: SKIP_CROPS[pool] for pool in architecture.skips}
    assert last == LAST_CROPS[stride]


@pytest.mark.parametrize("family", ["plain", "aligned"])
def test_the_other_families_crop_nothing_at_the_beginning(family):
    assert head_crops(Architecture(2, "vgg16"), family) == ({4: 0, 3: 0, 2: 0, 1: 0}, 0)


def test_maps_that_do_not_meet_on_whole_cells_cannot_be_cropped():
    with pytest.raises(ValueError, match="cannot be cropped"):
        Grid().crop_to(Grid().conv(2))  # half a cell apart
    with pytest.raises(ValueError, match="cannot be cropped"):
        Grid().conv(3).crop_to(Grid())  # begins too late
    with pytest.raises(ValueError, match="cannot be cropped"):
        Grid().crop_to(Grid().conv(2, 2))
