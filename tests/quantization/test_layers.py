"""Convolutions in int8, put into a network in float."""

import numpy as np
import openvino as ov
import pytest

from pixelwise.checkpoint import METADATA_KEY
from pixelwise.data.shapes import draw_scene
from pixelwise.engines import openvino as engine_module
from pixelwise.engines import tiles
from pixelwise.engines.openvino import OpenVinoEngine, read_graph
from pixelwise.engines.runtime import core
from pixelwise.errors import CheckpointError
from pixelwise.quantization.layers import convolutions, name_of, put_in, read_layers

from .conftest import export_tiny, fit

BACKBONE = ["1.0", "2.3", "3.6", "3.8", "4.11", "4.13", "5.16", "5.18"]
DECODER = [f"fuse_pool{pool}.{layer}" for pool in (4, 3) for layer in ("skip", "coarse", "mix")]


def scene(height, width):
    picture = draw_scene(np.random.default_rng(3), (160, 240))[0][:height, :width]
    return np.ascontiguousarray(picture.transpose(2, 0, 1))[None]


def engine_of(graph, exported, path):
    graph.set_rt_info(read_graph(exported)[1].to_json(), [METADATA_KEY])
    ov.save_model(graph, path)
    return OpenVinoEngine(path)


def int8_weights(graph):
    """Return the names of the layers whose weights are int8."""
    return [
        name_of(node)
        for node in convolutions(graph)
        if node.input_value(1).get_node().get_type_name() == "Multiply"
    ]


def logits(graph, picture):
    network = core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(network([picture])[0])


def test_all_convolutions_but_those_of_the_scores_are_in_int8(fitted):
    graph, layers = fitted
    expected = [*(f"backbone.pool{name}" for name in BACKBONE), "fc6", "fc7", *DECODER]
    assert sorted(layer.name for layer in layers) == sorted(expected)
    assert int8_weights(put_in(graph, layers)) == [layer.name for layer in layers]


def test_zero_stays_zero_so_that_padding_is_exact(fitted):
    for layer in fitted[1][1:]:
        low, high, out_low, out_high = (float(limit.item()) for limit in layer.limits)
        assert (low, out_low, out_high) == (0, 0, high)
        assert layer.levels == 256


def test_int8_weights_times_their_scale_are_the_weights(fitted):
    graph, layers = fitted
    float_weights = {name_of(node): node.input_value(1).get_node().get_data() for node in convolutions(graph)}
    for layer in layers[1:]:
        off = np.abs(layer.weights * layer.scale - float_weights[layer.name])
        assert (off <= 0.51 * layer.scale).all()


def test_the_network_in_float_is_left_as_it_was(fitted):
    graph, layers = fitted
    before = logits(graph, scene(40, 60))
    put_in(graph, layers)
    np.testing.assert_array_equal(logits(graph, scene(40, 60)), before)
    np.testing.assert_array_equal(logits(put_in(graph, []), scene(40, 60)), before)


def test_layers_that_are_put_back_are_in_float_and_move_the_logits_less(fitted):
    graph, layers = fitted
    wanted = logits(graph, scene(96, 130))
    some = [layer for layer in layers if layer.name not in ("fc6", "fuse_pool4.coarse")]
    assert int8_weights(put_in(graph, some)) == [layer.name for layer in some]
    all_moved, some_moved, one_moved = (
        np.square(logits(put_in(graph, chosen), scene(96, 130)) - wanted).mean()
        for chosen in (layers, some, layers[-1:])
    )
    assert all_moved > some_moved > one_moved > 0


def test_the_masks_agree_with_those_in_float(shapes, fitted, exported, tmp_path):
    # Random weights: the classes are all but equal, and uniform ones give room for pairs a whole bit.
    assert agreement(fitted, exported, tmp_path) >= 0.95
    (tmp_path / "coarse").mkdir()
    coarse = export_tiny(shapes, tmp_path / "coarse", "fcn32s_vgg11")
    assert agreement(fit(coarse, shapes), coarse, tmp_path) >= 0.95


def agreement(fitted, exported, folder):
    engine, whole = (
        engine_of(put_in(*fitted), exported, folder / "a.xml"),
        OpenVinoEngine(exported, exact=True),
    )
    assert engine.name == "openvino int8"
    return min(
        (engine.masks(scene(*size)) == whole.masks(scene(*size))).mean() for size in ((33, 47), (96, 130))
    )


def test_a_picture_in_pieces_gives_what_the_whole_gives(fitted, exported, tmp_path, monkeypatch):
    engine = engine_of(put_in(*fitted), exported, tmp_path / "a.xml")
    whole = engine.logits(scene(140, 201))
    monkeypatch.setattr(engine_module, "WHOLE_PIXELS", 1)
    monkeypatch.setattr(tiles, "TILE", 64)
    in_pieces = engine.logits(scene(140, 201))
    assert np.abs(in_pieces - whole).max() <= 0.02 * np.abs(whole).max()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "number"),
    [
        ("fcn32s_vgg11", {"family": "plain"}, 10),
        ("fcn8s_vgg11", {"family": "plain"}, 10),
        ("fcn16s_vgg11", {"family": "caffe"}, 10),
        ("fcn8s_vgg11", {"family": "caffe", "at_once": True}, 10),
        ("fcn2s_vgg11", {}, 22),
        ("fcn4s_vgg11_bn", {}, 19),
        ("fcn8s_vgg11_bn", {"family": "plain"}, 10),
    ],
)
def test_every_kind_of_network_is_quantised(name, options, number, shapes, tmp_path):
    path = export_tiny(shapes, tmp_path, name, **options)
    graph, layers = fit(path, shapes)
    assert len(layers) == number
    engine, whole = (
        engine_of(put_in(graph, layers), path, tmp_path / "a.xml"),
        OpenVinoEngine(path, exact=True),
    )
    wanted = whole.logits(scene(64, 90))
    found = engine.logits(scene(64, 90))
    assert np.sqrt(np.square(found - wanted).mean() / np.square(wanted).mean()) < 0.1


def test_a_network_without_a_convolution_in_int8_is_refused(fitted):
    with pytest.raises(CheckpointError, match="found no convolution that can be computed in int8"):
        read_layers(fitted[0])


def test_no_two_neighbours_of_a_fitted_layer_add_up_to_more_than_16_bits_hold(fitted):
    for layer in fitted[1]:
        even, odd = layer.weights[:, 0:-1:2].astype(int), layer.weights[:, 1::2].astype(int)
        assert np.abs(even + odd).max() <= 128, layer.name
