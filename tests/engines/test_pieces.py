"""The parts of an exported network, and pictures in pieces: masks and logits stay those of the whole."""

import numpy as np
import openvino as ov
import pytest
import torch

from export.tiny import card_of, make_tiny
from pixelwise import room
from pixelwise.engines import openvino as engine_module
from pixelwise.engines import tiles
from pixelwise.errors import CheckpointError, ImageError
from pixelwise.export.openvino import write_openvino
from pixelwise.models.families import FAMILIES
from pixelwise.models.names import STRIDES


@pytest.fixture(scope="module", params=[(family, stride) for family in FAMILIES for stride in STRIDES])
def model_and_engine(request, tmp_path_factory):
    family, stride = request.param
    model = make_tiny(f"fcn{stride}s_vgg11", 3, family=family)
    with torch.no_grad():  # upsampling as after a training: no kernel is plain interpolation any more
        for layer in model.modules():
            if isinstance(layer, torch.nn.ConvTranspose2d):
                layer.weight.add_(0.1 * torch.rand_like(layer.weight))
    path = tmp_path_factory.mktemp(f"{family}{stride}") / "model.xml"
    return model, write_openvino(model, card_of(model), path)


def pictures(count, height, width):
    patches = np.random.default_rng(1).integers(0, 256, (count, 3, 20, 20), dtype=np.uint8)
    return np.ascontiguousarray(patches.repeat(12, 2).repeat(12, 3)[:, :, :height, :width])


@pytest.mark.slow
def test_masks_are_the_best_of_the_logits_and_logits_those_of_torch(model_and_engine):
    model, engine = model_and_engine
    for shape in ((1, 1, 1), (2, 33, 47), (1, 96, 130)):
        images = pictures(*shape)
        with torch.inference_mode():
            wanted = model(torch.from_numpy(images)).numpy()
        logits = engine.logits(images)
        assert np.abs(logits - wanted).max() <= 0.01 * np.abs(wanted).max()
        np.testing.assert_array_equal(engine.masks(images), logits.argmax(axis=1))


@pytest.mark.slow
def test_a_picture_in_pieces_gives_what_the_whole_gives(model_and_engine, monkeypatch):
    _, engine = model_and_engine
    images = pictures(2, 140, 201)
    whole = engine.logits(images)
    monkeypatch.setattr(engine_module, "WHOLE_PIXELS", 1)
    monkeypatch.setattr(tiles, "TILE", 64)
    monkeypatch.setattr(tiles, "STRIP_BYTES", 20_000)
    assert len(engine._geometry.spans(201)) > 2
    in_pieces = engine.logits(images)
    assert np.abs(in_pieces - whole).max() <= 1e-4 * np.abs(whole).max()
    np.testing.assert_array_equal(engine.masks(images), in_pieces.argmax(axis=1))


def test_a_picture_gives_the_same_whatever_came_before(exported_model_path, monkeypatch):
    engine = engine_module.OpenVinoEngine(exported_model_path)
    small, large = pictures(1, 40, 50), pictures(1, 96, 130)
    monkeypatch.setattr(engine_module, "WHOLE_PIXELS", 40 * 50)
    first, large_first = engine.logits(small), engine.logits(large)
    np.testing.assert_array_equal(engine.logits(small), first)
    np.testing.assert_array_equal(engine.logits(large), large_first)


def test_a_picture_beyond_the_memory_is_refused_with_its_size_and_what_it_needs(
    exported_model_path, monkeypatch, tmp_path
):
    engine = engine_module.OpenVinoEngine(exported_model_path)
    little = tmp_path / "meminfo"
    little.write_text("MemAvailable:     3000000 kB\n")
    monkeypatch.setattr(room, "MEMORY_FILE", little)
    picture = np.broadcast_to(np.uint8(7), (1, 3, 20_000, 20_000))
    with pytest.raises(ImageError, match=r"1 x 20000 x 20000 pixels .* need about .* GB of memory, 3.1 GB"):
        engine.masks(picture)


def test_a_graph_of_another_shape_is_refused_by_name(tmp_path):
    model = make_tiny("fcn32s_vgg11", 2)
    parameter = ov.opset13.parameter([-1, 3, -1, -1], np.uint8)
    graph = ov.Model([ov.opset13.relu(parameter)], [parameter], "other")
    graph.set_rt_info(card_of(model).to_json(), ["pixelwise"])
    ov.save_model(graph, tmp_path / "other.xml")
    with pytest.raises(CheckpointError, match=r"other\.xml: found 0 pools .*export it again"):
        engine_module.OpenVinoEngine(tmp_path / "other.xml")
