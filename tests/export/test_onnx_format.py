import json

import numpy as np
import onnx
import onnxruntime
import pytest

from pixelwise.engines.onnx import OnnxEngine


def test_the_file_takes_any_number_of_pictures_of_any_size(onnx_model_path):
    session = onnxruntime.InferenceSession(onnx_model_path)
    (images,) = session.get_inputs()
    assert (images.name, images.type, images.shape) == (
        "images", "tensor(uint8)", ["batch", 3, "height", "width"],
    )  # fmt: skip
    assert {output.name: (output.type, output.shape) for output in session.get_outputs()} == {
        "logits": ("tensor(float)", ["batch", 4, "height", "width"]),
        "masks": ("tensor(uint8)", ["batch", "height", "width"]),
    }
    for shape in ((1, 3, 1, 1), (3, 3, 70, 33)):
        logits, masks = session.run(None, {"images": np.zeros(shape, np.uint8)})
        assert (logits.shape, masks.shape) == ((shape[0], 4, *shape[2:]), (shape[0], *shape[2:]))


def test_names_colours_ignored_id_and_normalisation_travel_inside(onnx_model_path, small_labels):
    model = onnx.load(onnx_model_path)
    (entry,) = model.metadata_props
    card = json.loads(entry.value)
    assert entry.key == "pixelwise"
    assert card["labels"]["class_names"] == list(small_labels.class_names)
    assert card["labels"]["palette"] == [list(color) for color in small_labels.palette]
    assert card["labels"]["ignore_index"] == small_labels.ignore_index
    assert len(card["network"]["mean"]) == len(card["network"]["std"]) == 3
    assert {op.domain for op in model.opset_import} == {""}  # no operators that only one runtime has


@pytest.mark.parametrize("channels", [1, 5])
def test_other_channels_are_kept(tmp_path, channels):
    from pixelwise.export.write import export_network

    from .tiny import card_of, make_tiny

    model = make_tiny("fcn32s_vgg11", classes=2, in_channels=channels)
    path = export_network(model, card_of(model), tmp_path / "model.onnx").path
    assert OnnxEngine(path).logits(np.zeros((1, channels, 20, 30), np.uint8)).shape == (1, 2, 20, 30)
