import copy
import shutil

import numpy as np
import openvino as ov
import pytest
import torch

from pixelwise.checkpoint import ModelCard
from pixelwise.engines.openvino import OpenVinoEngine
from pixelwise.errors import CheckpointError, ConfigError
from pixelwise.export import PARITY_SHAPES, TRACED_SIZE, export_openvino, measure_parity
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
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.normal_(layer.weight, std=(2 / layer.weight[0].numel()) ** 0.5)
            torch.nn.init.zeros_(layer.bias)
    return model.eval()


@pytest.fixture(scope="module")
def tiny():
    return make_tiny()


@pytest.fixture(scope="module")
def written(tiny, tmp_path_factory):
    """The .xml file of the tiny network."""
    path = tmp_path_factory.mktemp("written") / "model.xml"
    export_openvino(tiny, card_of(tiny, "first"), path)
    return path


@pytest.fixture
def earlier(written, tmp_path):
    """A copy of that file and of its weights."""
    shutil.copy(written, tmp_path)
    shutil.copy(written.with_suffix(".bin"), tmp_path)
    return tmp_path / "model.xml"


def card_of(model, fingerprint="0123456789abcdef"):
    return ModelCard(model.config(), Labels.numbered(model.num_classes), {"epochs": 1}, fingerprint)


@pytest.mark.parametrize("family", ["plain", "aligned", pytest.param("caffe", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["fcn32s_vgg11", "fcn8s_vgg11_bn", "fcn2s_vgg11"])
def test_the_written_file_computes_what_the_network_computes(tmp_path, name, family):
    model = make_tiny(name, family=family)
    parity = export_openvino(model, card_of(model), tmp_path / "model.xml")
    assert parity.largest_difference < 5e-3
    assert parity.agreement == 1
    assert OpenVinoEngine(tmp_path / "model.xml").card == card_of(model)


@pytest.mark.parametrize(
    "options", [{"in_channels": 1}, {"in_channels": 5}, {"at_once": True, "family": "caffe"}]
)
def test_channels_and_the_at_once_form_are_kept(tmp_path, options):
    model = make_tiny(classes=1, **options)
    export_openvino(model, card_of(model), tmp_path / "model.xml")
    images = np.zeros((1, model.in_channels, 20, 30), np.uint8)
    assert OpenVinoEngine(tmp_path / "model.xml").logits(images).shape == (1, 1, 20, 30)


def test_the_file_takes_any_number_of_pictures_of_any_size_and_has_half_precision_weights(tiny, written):
    graph = ov.Core().read_model(written)
    assert str(graph.input(0).partial_shape) == "[?,3,?,?]"
    assert graph.input(0).element_type == ov.Type.u8
    numbers = sum(tensor.numel() for tensor in tiny.state_dict().values())
    assert written.with_suffix(".bin").stat().st_size < 2.1 * numbers


def test_parity_is_tried_at_sizes_that_were_not_traced():
    sizes = {shape[1:] for shape in PARITY_SHAPES}
    assert len(sizes) >= 2
    assert TRACED_SIZE not in sizes
    assert {shape[0] for shape in PARITY_SHAPES} == {1, 2}


def test_nothing_but_the_two_files_is_left_and_nothing_is_printed(tiny, tmp_path, capfd):
    export_openvino(tiny, card_of(tiny), tmp_path / "new" / "model.xml")
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["model.bin", "model.xml"]
    assert capfd.readouterr() == ("", "")


def test_the_network_and_the_random_numbers_stay_as_they_were(tmp_path):
    model = make_tiny().to(torch.float64).train()
    model.backbone.pool1.eval()
    model.fc7.weight.requires_grad_(False)
    model.fc6.weight.grad = torch.ones_like(model.fc6.weight)
    tensors = copy.deepcopy(model.state_dict())
    modes = [module.training for module in model.modules()]
    random = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    export_openvino(model, card_of(model), tmp_path / "model.xml")
    assert [module.training for module in model.modules()] == modes
    assert model.fc6.weight.dtype == torch.float64
    assert model.fc6.weight.grad.eq(1).all()
    assert not model.fc7.weight.requires_grad
    assert all(torch.equal(tensors[name], tensor) for name, tensor in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random[0])
    assert np.random.get_state()[1].tolist() == random[1]  # noqa: NPY002


def test_a_network_with_broken_weights_is_refused_and_earlier_files_stay(tiny, earlier):
    broken = copy.deepcopy(tiny)
    broken.score_fr.weight.data[0, 0] = float("nan")
    with pytest.raises(CheckpointError, match=r"model\.xml: not written, since the export's logits differ"):
        export_openvino(broken, card_of(tiny, "bad"), earlier)
    assert OpenVinoEngine(earlier).card.fingerprint == "first"
    assert sorted(file.name for file in earlier.parent.iterdir()) == ["model.bin", "model.xml"]


def test_an_earlier_export_is_replaced(tiny, earlier):
    other = copy.deepcopy(tiny)
    other.score_fr.bias.data += 7
    export_openvino(other, card_of(tiny, "second"), earlier)
    engine = OpenVinoEngine(earlier, exact=True)
    assert engine.card.fingerprint == "second"
    assert measure_parity(other, engine).largest_difference < 5e-3


def test_parity_sees_another_network(tiny, written):
    other = copy.deepcopy(tiny)
    other.score_pool3.weight.data.neg_()
    parity = measure_parity(other, OpenVinoEngine(written, exact=True))
    assert parity.largest_difference > 0.05
    assert parity.agreement < 0.99


def test_another_ending_than_xml_is_refused(tiny, tmp_path):
    with pytest.raises(ConfigError, match=r"model\.onnx: the name of an OpenVINO model ends in \.xml"):
        export_openvino(tiny, card_of(tiny), tmp_path / "model.onnx")


def test_nothing_is_reported_to_the_makers_of_openvino(tiny, tmp_path, monkeypatch):
    telemetry = pytest.importorskip("openvino_telemetry.main")

    def refuse(*args, **kwargs):
        raise AssertionError("telemetry is started")

    monkeypatch.setattr(telemetry.Telemetry, "init", refuse)
    monkeypatch.setattr(telemetry.TelemetrySender, "send", refuse)
    export_openvino(tiny, card_of(tiny), tmp_path / "model.xml")
