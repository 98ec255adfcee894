"""The first convolution in int8, which takes the picture as it is."""

import numpy as np
import openvino as ov
import pytest
import torch

from export.tiny import card_of, make_tiny
from pixelwise.engines.runtime import core
from pixelwise.export.openvino import write_openvino
from pixelwise.quantization.calibration import read_folded
from pixelwise.quantization.first import fit_first
from pixelwise.quantization.layers import convolutions, put_in

from .test_layers import scene

SIZE = (75, 101)


def export(folder, **options):
    model = make_tiny("fcn32s_vgg11", 3, **options)
    write_openvino(model, card_of(model), folder / "model.xml")
    return model, read_folded(folder / "model.xml")


def first_maps(graph, picture):
    """Return what the first convolution gives, with its bias, without what is only padding for it."""
    (addition,) = convolutions(graph)[0].output(0).get_target_inputs()
    part = ov.Model([addition.get_node()], graph.get_parameters(), "first")
    compiled = core().compile_model(part, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled([picture])[0])


@pytest.mark.parametrize(
    "options", [{"family": "plain"}, {"family": "caffe"}, {}, {"std": (9.0, 60.0, 200.0)}]
)
def test_its_maps_are_those_in_float_up_to_the_rounding_of_weights(tmp_path, options):
    _, graph = export(tmp_path, **options)
    layer = fit_first(graph)
    wanted = first_maps(graph, scene(*SIZE))
    found = first_maps(put_in(graph, [layer]), scene(*SIZE))
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < 0.02 * wanted.std() + 0.02 * np.abs(wanted).max()


@pytest.mark.parametrize("options", [{"family": "plain"}, {"family": "caffe"}, {}])
def test_the_border_is_of_the_mean_colour(tmp_path, options):
    model, graph = export(tmp_path, **options)
    layer = fit_first(graph)
    colour = model.mean.flatten().round().byte().numpy()  # RGB, whatever the order that the weights take
    assert layer.colour.tolist() == colour.tolist()
    picture = np.broadcast_to(colour[None, :, None, None], (1, 3, *SIZE))
    maps, exact = (first_maps(g, np.ascontiguousarray(picture)) for g in (put_in(graph, [layer]), graph))
    assert np.ptp(maps, axis=(2, 3)).max() == 0
    row, column = (side // 2 for side in exact.shape[2:])
    np.testing.assert_allclose(maps[..., 0, 0], exact[..., row, column], atol=0.01)


def test_pictures_of_more_than_8_bits_leave_it_in_float(tmp_path):
    model = make_tiny("fcn32s_vgg11", 3, in_channels=2, mean=(500.0, 600.0), std=(90.0, 80.0))
    write_openvino(model, card_of(model), tmp_path / "model.xml")
    graph = read_folded(tmp_path / "model.xml")
    assert fit_first(graph) is None  # its mean is no colour
    graph.get_parameters()[0].set_element_type(ov.Type.f32)
    assert fit_first(graph) is None


def test_channels_and_a_filter_of_zeros_are_taken_as_they_come(tmp_path):
    model = make_tiny("fcn32s_vgg11", 3, in_channels=5)
    with torch.no_grad():
        model.backbone.pool1[0].weight[0] = 0
    write_openvino(model, card_of(model), tmp_path / "model.xml")
    graph = read_folded(tmp_path / "model.xml")
    picture = np.random.default_rng(0).integers(0, 256, (2, 5, *SIZE), np.uint8)
    wanted, found = (first_maps(g, picture) for g in (graph, put_in(graph, [fit_first(graph)])))
    assert np.abs(found - wanted).max() < 0.03 * np.abs(wanted).max()
    assert (found[:, 0] == model.backbone.pool1[0].bias[0].item()).all()
