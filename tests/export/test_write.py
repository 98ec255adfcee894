"""What holds for every format, tried on the one that is written quickest."""

import copy
import json
import shutil
from dataclasses import replace

import numpy as np
import onnx
import pytest
import tifffile
import torch
from PIL import Image

from pixelwise.data.form import PHOTOS, PictureForm
from pixelwise.data.shapes import write_shapes
from pixelwise.engines.choose import load_engine
from pixelwise.engines.openvino import OpenVinoEngine, read_graph
from pixelwise.errors import CheckpointError, ConfigError, DataError, MissingExtraError
from pixelwise.export import openvino, program, write
from pixelwise.export.formats import SUFFIXES
from pixelwise.export.parity import measure_parity
from pixelwise.export.pictures import SHAPES, make_batches, read_pictures
from pixelwise.export.write import export_model, export_network
from pixelwise.models.fcn import FCN

from .tiny import card_of, make_tiny


@pytest.fixture(scope="module")
def tiny():
    return make_tiny()


@pytest.fixture(scope="module")
def written(tiny, tmp_path_factory):
    """The .xml file of the tiny network."""
    path = tmp_path_factory.mktemp("written") / "model.xml"
    return export_network(tiny, card_of(tiny, "first"), path)


@pytest.fixture
def earlier(written, tmp_path):
    """A copy of that file, of its weights and of its report."""
    for file in written.path.parent.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / "model.xml"


FILES = ["model.bin", "model.xml", "model.xml.parity.json"]


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_the_report_beside_the_file_holds_what_was_measured(written, tiny):
    report = json.loads(written.report.read_text())
    assert written.report.name == "model.xml.parity.json"
    assert report["passed"] is True
    assert report["engine"] == "openvino float32"
    assert (report["network"], report["family"]) == ("fcn8s_vgg11", "aligned")
    assert report["fingerprint"] == "first"
    assert report["pictures"] == "generated"
    assert 0 < report["largest_difference"] == written.parity.largest_difference < report["tolerance"]
    assert report["agreement"] == 1
    assert report["equal"] > 0.99
    assert [(t["pictures"], t["height"], t["width"]) for t in report["trials"]] == list(SHAPES)
    assert set(report["versions"]) == {"pixelwise", "torch", "openvino"}


def test_parity_is_tried_at_three_sizes_that_were_not_traced():
    sizes = {shape[1:] for shape in SHAPES}
    assert len(sizes) == 3
    assert not sizes & {openvino.TRACED_SIZE, program.TRACED_SHAPE[1:]}
    assert {shape[0] for shape in SHAPES} == {1, 2}


def test_nothing_else_is_left_and_nothing_is_printed(tiny, tmp_path, capfd):
    export_network(tiny, card_of(tiny), tmp_path / "new" / "model.xml")
    assert names(tmp_path / "new") == FILES
    assert capfd.readouterr() == ("", "")


def test_the_network_and_the_random_numbers_stay_as_they_were(tmp_path):
    model = make_tiny().to(torch.float64).train()
    model.backbone.pool1.eval()
    model.fc7.weight.requires_grad_(False)
    model.fc6.weight.grad = torch.ones_like(model.fc6.weight)
    tensors = copy.deepcopy(model.state_dict())
    modes = [module.training for module in model.modules()]
    random = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    export_network(model, card_of(model), tmp_path / "model.xml")
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
        export_network(broken, card_of(tiny, "bad"), earlier)
    assert OpenVinoEngine(earlier).card.fingerprint == "first"
    assert names(earlier.parent) == FILES


def test_an_export_that_computes_something_else_is_refused(tiny, tmp_path, monkeypatch):
    other = copy.deepcopy(tiny)
    other.score_fr.weight.data.neg_()
    kept = openvino.write_openvino
    monkeypatch.setattr(openvino, "write_openvino", lambda model, card, path: kept(other, card, path))
    with pytest.raises(
        CheckpointError, match=r"expected at most 0\.01\) and \d\d?\.\d\d% of the pixels agree"
    ):
        export_network(tiny, card_of(tiny), tmp_path / "model.xml")
    assert names(tmp_path) == []


def test_an_earlier_export_is_replaced(tiny, earlier):
    other = copy.deepcopy(tiny)
    other.score_fr.bias.data += 7
    export_network(other, card_of(tiny, "second"), earlier)
    engine = OpenVinoEngine(earlier, exact=True)
    assert engine.card.fingerprint == "second"
    assert measure_parity(other, engine, make_batches(None, PHOTOS), 0.01).passed


def test_another_ending_is_refused(tiny, tmp_path):
    with pytest.raises(
        ConfigError, match=r"model\.trt: the name of an export ends in one of \.xml \(openvino"
    ):
        export_network(tiny, card_of(tiny), tmp_path / "model.trt")


def test_a_model_file_is_exported_beside_itself_on_the_users_pictures(small_model_path, tmp_path):
    shots = tmp_path / "shots"
    write_shapes(shots, train=0, val=0, test=2)
    path = tmp_path / "model.safetensors"
    path.hardlink_to(small_model_path)
    done = export_model(path, pictures=shots)
    assert done.path == tmp_path / "model.xml"
    assert json.loads(done.report.read_text())["pictures"] == str(shots)


def test_what_cannot_be_exported_is_named(small_model_path, exported_model_path, tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="no format is named 'tensorrt', expected openvino, onnx, torch"):
        export_model(small_model_path, "tensorrt")
    with pytest.raises(
        ConfigError, match=r"m\.xml: expected a name that ends in \.onnx, for the format onnx"
    ):
        export_model(small_model_path, "onnx", out=tmp_path / "m.xml")
    with pytest.raises(CheckpointError, match=r"made from a \.safetensors file, and there is none"):
        export_model(exported_model_path)
    with pytest.raises(DataError, match="holds no pictures"):
        export_model(small_model_path, out=tmp_path / "m.xml", pictures=tmp_path)
    monkeypatch.setattr(write, "PACKAGES", {"onnx": ("onnxscript",)})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pixelwise\[onnx\]'"):
        export_model(small_model_path, "onnx")


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_generated_pictures_look_like_pictures(channels):
    for batch, (count, height, width) in zip(make_batches(None, PictureForm(channels)), SHAPES, strict=True):
        assert batch.shape == (count, channels, height, width)
        assert batch.dtype == np.uint8
        smooth = np.abs(np.diff(batch.astype(int), axis=3)).mean()
        assert 1 < smooth < 20 < batch.std()  # neighbours are alike, and there is a lot to see


@pytest.mark.parametrize("format_name", ["openvino", "onnx", "torch"])
def test_a_network_of_numbers_is_proved_on_numbers_and_its_file_takes_them(tmp_path, format_name):
    model = FCN("fcn32s_vgg11", 3, in_channels=5, mean=[3e4] * 5, std=[100.0] * 5).eval()
    card = replace(card_of(model), values="integer")
    batch = next(make_batches(None, card.form, card.network["std"]))
    assert batch.dtype == np.float32
    assert abs(batch.mean() - 3e4) < 150
    assert 20 < batch.std() < 200
    shots = tmp_path / "shots"
    shots.mkdir()
    bands = np.random.default_rng(0).normal(3e4, 100, (40, 50, 5)).astype(np.uint16)
    tifffile.imwrite(shots / "a.tif", bands, photometric="minisblack", planarconfig="contig")
    path = tmp_path / f"model{SUFFIXES[format_name]}"
    for pictures_ in (None, shots):
        assert export_network(model, card, path, pictures=pictures_).parity.passed
    if format_name == "openvino":
        assert read_graph(path)[0].get_parameters()[0].get_element_type().to_string() == "f32"
    if format_name == "onnx":
        assert onnx.load(path).graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    if format_name != "torch":
        engine = load_engine(path)
        with torch.inference_mode():
            wanted = model(torch.from_numpy(batch)).numpy()
        np.testing.assert_allclose(engine.logits(batch), wanted, atol=0.03 * np.abs(wanted).max())


@pytest.fixture
def greys(tmp_path):
    """Return a folder of twice as many pictures as are wanted: 00.png is black, 01.png of grey 1, ..."""
    for number in range(8):
        Image.new("L", (40, 50), number).save(tmp_path / f"{number:02}.png")
    return tmp_path


def values_read(folder):
    found, unread = read_pictures(folder, PHOTOS)
    assert [picture.shape[:2] for picture in found] == [(97, 131), (128, 90), (128, 90), (33, 201)]
    return [int(picture.mean()) for picture in found], unread


def test_the_users_pictures_are_spread_over_their_folder(greys):
    assert values_read(greys) == ([0, 2, 4, 6], ())


def test_others_are_taken_for_pictures_that_cannot_be_read(greys):
    (greys / "02.png").write_bytes(b"no picture")
    (greys / "folder.png").mkdir()
    values, (line,) = values_read(greys)
    assert values == [0, 4, 6, 1]
    assert line.startswith(str(greys / "02.png"))


def test_where_there_are_few_pictures_they_are_taken_again(greys):
    for number in range(2, 8):
        (greys / f"{number:02}.png").unlink()
    assert values_read(greys) == ([0, 1, 0, 1], ())


def test_a_folder_without_a_picture_that_can_be_read_is_named(tmp_path, tiny):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"holds no picture that can be read; the first: .*a\.png"):
        export_network(tiny, card_of(tiny), tmp_path / "m.xml", pictures=tmp_path)
