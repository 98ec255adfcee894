import numpy as np
import openvino as ov
import pytest

from pixelwise.engines.openvino import OpenVinoEngine
from pixelwise.export.write import export_network

from .tiny import card_of, make_tiny


@pytest.mark.parametrize(
    "options", [{"in_channels": 1}, {"in_channels": 5}, {"at_once": True, "family": "caffe"}]
)
def test_channels_and_the_at_once_form_are_kept(tmp_path, options):
    model = make_tiny(classes=1, **options)
    export_network(model, card_of(model), tmp_path / "model.xml")
    images = np.zeros((1, model.in_channels, 20, 30), np.uint8)
    assert OpenVinoEngine(tmp_path / "model.xml").logits(images).shape == (1, 1, 20, 30)


def test_the_file_takes_any_number_of_pictures_of_any_size_and_has_half_precision_weights(tmp_path):
    model = make_tiny()
    path = export_network(model, card_of(model), tmp_path / "model.xml").path
    graph = ov.Core().read_model(path)
    assert str(graph.input(0).partial_shape) == "[?,3,?,?]"
    assert graph.input(0).element_type == ov.Type.u8
    numbers = sum(tensor.numel() for tensor in model.state_dict().values())
    assert path.with_suffix(".bin").stat().st_size < 2.1 * numbers


def test_nothing_is_reported_to_the_makers_of_openvino(tmp_path, monkeypatch):
    telemetry = pytest.importorskip("openvino_telemetry.main")

    def refuse(*args, **kwargs):
        raise AssertionError("telemetry is started")

    monkeypatch.setattr(telemetry.Telemetry, "init", refuse)
    monkeypatch.setattr(telemetry.TelemetrySender, "send", refuse)
    model = make_tiny()
    export_network(model, card_of(model), tmp_path / "model.xml")
