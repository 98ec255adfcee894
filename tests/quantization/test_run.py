"""`pixelwise quantize`: the file appears when the bound holds, and is taken from then on."""

import json
import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import pixelwise
from pixelwise.cli.app import main
from pixelwise.data.folder import open_data
from pixelwise.data.pairs import Pair
from pixelwise.engines import choose
from pixelwise.engines.openvino import OpenVinoEngine, read_graph
from pixelwise.errors import CheckpointError, ConfigError, DataError, MissingExtraError
from pixelwise.evaluation import evaluate
from pixelwise.predict.predictor import Predictor
from pixelwise.quantization import run as run_module
from pixelwise.quantization.run import quantize_model


@pytest.fixture
def folder(exported, tmp_path):
    """Return a folder with the exported network; its files may be replaced, but not written into."""
    for file in exported.parent.iterdir():
        (tmp_path / file.name).hardlink_to(file)
    return tmp_path


@pytest.fixture
def quick(fitted, monkeypatch):
    """Have the layers fitted already."""
    monkeypatch.setattr(run_module, "fit_layers", lambda *_: fitted[1])


@pytest.fixture
def spoiled(fitted, monkeypatch):
    """Have the layers fitted so badly that one of them gives nonsense in int8; return its name."""
    name = "backbone.pool3.6"
    layers = [replace(layer, scale=-layer.scale) if layer.name == name else layer for layer in fitted[1]]
    monkeypatch.setattr(run_module, "fit_layers", lambda *_: layers)
    return name


@pytest.fixture
def agreeing(exported, shapes, tmp_path_factory):
    """Return a data set whose masks are the network's own in float: whatever moves them is a loss."""
    root, predictor = tmp_path_factory.mktemp("agreeing"), Predictor(OpenVinoEngine(exported))
    for place in ("train/images", "train/masks", "val/images", "val/masks"):
        (root / place).mkdir(parents=True)
    for split in ("train", "val"):
        for pair in shapes.split(split):
            (root / split / "images" / pair.image.name).hardlink_to(pair.image)
            Image.fromarray(predictor(pair.image)).save(root / split / "masks" / f"{pair.image.stem}.png")
    names = "".join(f"  {i}: {name}\n" for i, name in enumerate(shapes.labels.class_names))
    (root / "dataset.yaml").write_text(f"names:\n{names}")
    return root


@pytest.fixture
def scored(fitted, monkeypatch):
    """Have networks scored by a rule: what their mean IoU is, by the number of layers in float."""

    def set_up(mean_iou):
        def score(predictor, data, **options):
            found = evaluate(predictor, data, **options)
            path = predictor.engine.name
            in_float = None if path != "openvino int8" else next(counts)
            return replace(found, scores=replace(found.scores, mean_iou=mean_iou(in_float)))

        counts = iter(tried)
        monkeypatch.setattr(run_module, "evaluate", score)

    tried = []
    put_in = run_module.put_in

    def count(graph, layers):
        layers = list(layers)
        tried.append(len(fitted[1]) - len(layers))
        return put_in(graph, layers)

    monkeypatch.setattr(run_module, "put_in", count)
    return set_up


def files_of(folder):
    return {path.name for path in folder.iterdir()}


def test_the_file_lies_beside_the_model_with_its_report(folder, shapes, quick):
    done = quantize_model(folder, shapes, max_drop=100, pictures=3)
    assert done.path == folder / "model-int8.xml"
    assert {"model-int8.xml", "model-int8.bin", "model-int8.xml.quantization.json"} <= files_of(folder)
    assert not [name for name in files_of(folder) if name.startswith(".")]
    assert read_graph(done.path)[1] == read_graph(folder / "model.xml")[1]
    report = json.loads(done.report.read_text())
    assert report["put_back_into_float"] == []
    assert {"backbone.pool5.18", "fc6", "fc7", "fuse_pool3.mix"} <= set(report["int8"])
    assert report["before"]["engine"] in ("openvino bf16", "openvino float32", "openvino f16")
    assert report["after"]["engine"] == "openvino int8"
    assert report["drop"] == pytest.approx(100 * (report["before"]["mean_iou"] - report["after"]["mean_iou"]))
    assert set(report["before"]["classes"]) == set(shapes.labels.class_names)
    assert len(report["calibration"]["pictures"]) == 3
    assert report["versions"].keys() == {"pixelwise", "nncf", "openvino", "torch", "torchmetrics"}


def test_it_is_taken_from_then_on(folder, shapes, quick, monkeypatch):
    quantize_model(folder, shapes, max_drop=100, pictures=1)
    monkeypatch.setattr(choose, "fast_int8", lambda: True)
    assert Predictor.load(folder, device="cpu").engine.name == "openvino int8"
    assert Predictor.load(folder, engine="openvino").engine.name != "openvino int8"
    assert Predictor.load(folder / "model-int8.xml").engine.name == "openvino int8"


def test_a_layer_that_loses_too_much_is_put_back_and_named(folder, agreeing, spoiled):
    done = quantize_model(folder, agreeing, max_drop=10, pictures=2)
    assert done.kept == (spoiled,)
    assert done.drop <= 10 < done.scores[0].drop
    report = json.loads(done.report.read_text())
    assert report["put_back_into_float"] == [spoiled] == list(report["sensitivity"])[:1]
    nodes = {node.get_friendly_name(): node for node in read_graph(done.path)[0].get_ordered_ops()}
    for layer, is_int8 in ((spoiled, False), ("backbone.pool5.18", True)):
        weights = nodes[f"__module.{layer}/aten::_convolution/Convolution"].input_value(1).get_node()
        assert (weights.get_type_name() == "Multiply") == is_int8


def test_as_few_layers_as_hold_the_bound_are_put_back(folder, shapes, quick, scored):
    scored(lambda in_float: 0.9 if in_float is None or in_float >= 5 else 0.8)
    done = quantize_model(folder, shapes, pictures=1)
    assert len(done.kept) == 5
    assert done.scores[0].in_float == 0


def test_a_bound_that_cannot_be_met_is_an_error_and_leaves_nothing(folder, shapes, quick, scored):
    scored(lambda in_float: 0.9 if in_float is None else 0.8)
    before = files_of(folder)
    with pytest.raises(
        CheckpointError,
        match=r"model-int8\.xml: not written, since int8 loses at least 10\.00 points.*at most 0\.3",
    ):
        quantize_model(folder, shapes, pictures=1)
    assert files_of(folder) == before
    assert Predictor.load(folder).engine.name != "openvino int8"


def test_an_interruption_leaves_nothing(folder, shapes, quick, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    before = files_of(folder)
    monkeypatch.setattr(run_module, "write_report", interrupt)
    with pytest.raises(KeyboardInterrupt):
        quantize_model(folder, shapes, max_drop=100, pictures=1)
    assert files_of(folder) == before


def test_prediction_in_int8_imports_neither_torch_nor_nncf(folder, shapes, quick):
    path = quantize_model(folder, shapes, max_drop=100, pictures=1).path
    Image.fromarray(np.full((30, 40, 3), 200, np.uint8)).save(folder / "a.png")
    script = """
        import sys
        sys.modules["torch"] = sys.modules["nncf"] = None
        from pixelwise import Predictor
        predictor = Predictor.load(sys.argv[1], engine="openvino-int8")
        print(predictor.engine.name, predictor(sys.argv[2]).shape, len(predictor.labels.class_names))
    """
    command = [sys.executable, "-c", textwrap.dedent(script), path, folder / "a.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"openvino int8 (30, 40) {shapes.labels.num_classes}"


def test_without_nncf_the_install_line_is_said(folder, shapes, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"'nncf'.*pip install 'pixelwise\[quantize,train\]'"):
        quantize_model(folder, shapes)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (
            {"pictures": 0},
            ConfigError,
            "pictures is 0, expected at least 1",
        ),
        ({"max_drop": -1}, ConfigError, "max_drop is -1, expected at least 0"),
        ({"max_drop": float("nan")}, ConfigError, "max_drop is nan"),
        ({"seed": -1}, ConfigError, "seed is -1"),
        ({"split": "test"}, DataError, "has no split 'test', only train, val"),
        ({"calibration": "test"}, DataError, "has no split 'test', only train, val"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(folder, shapes, options, error, words):
    with pytest.raises(error) as caught:
        quantize_model(folder, shapes, **options)
    assert words in str(caught.value)


def test_a_model_without_weights_or_openvino_export_is_refused(onnx_model_path, shapes):
    with pytest.raises(
        CheckpointError, match=r"int8 is made from a \.safetensors file or from the \.xml file"
    ):
        quantize_model(onnx_model_path, shapes)


def test_other_classes_are_refused(exported_model_path, shapes):
    with pytest.raises(ConfigError, match="classes"):
        quantize_model(exported_model_path, shapes)


def test_pictures_that_cannot_be_read_are_told_at_the_end(folder, shapes, quick, tmp_path):
    first, *others = shapes.split("train")
    broken = Pair(first.name, tmp_path / "broken.png", first.mask)
    broken.image.write_bytes(b"no picture")
    data = replace(shapes, splits={"train": (broken, *others), "val": shapes.split("val")})
    done = quantize_model(folder, data, max_drop=100)
    assert done.calibration.pictures == tuple(pair.name for pair in others)
    (line,) = json.loads(done.report.read_text())["calibration"]["unread"]
    assert "broken.png" in line


def test_a_split_without_a_picture_that_can_be_read_is_named(folder, shapes, tmp_path, monkeypatch):
    first = shapes.split("train")[0]
    broken = Pair(first.name, tmp_path / "broken.png", first.mask)
    broken.image.write_bytes(b"no picture")
    monkeypatch.setattr(run_module, "evaluate", None)
    data = replace(shapes, splits={"train": (broken,), "val": shapes.split("val")})
    with pytest.raises(DataError, match=r"split 'train' holds no picture that can be read; .*broken\.png"):
        quantize_model(folder, data)


@pytest.mark.parametrize("name", ["model-int8.xml", "model.onnx"])
def test_files_that_int8_is_not_made_from_are_refused(folder, shapes, name):
    (folder / name).touch()
    with pytest.raises(CheckpointError, match=f"{name}: int8 is made from .*; name that"):
        quantize_model(folder / name, shapes)


@pytest.mark.slow
def test_weights_that_were_never_exported_are_quantised_from_the_command_line(
    small_model_path, small_labels, tmp_path, capsys
):
    weights = tmp_path / "model.safetensors"
    weights.hardlink_to(small_model_path)
    root = write_noise(tmp_path / "data", small_labels)
    assert main(["quantize", str(tmp_path), str(root), "--pictures", "2", "--max-drop", "100"]) == 0
    out = capsys.readouterr().out
    assert "lost: " in out
    assert "put back into float: none" in out
    assert files_of(tmp_path) >= {"model-int8.xml", "model-int8.bin"}
    assert "model.xml" not in files_of(tmp_path)
    engine = OpenVinoEngine(tmp_path / "model-int8.xml")
    scores = evaluate(Predictor(engine), open_data(root)).scores
    assert f"openvino int8     mean IoU {100 * scores.mean_iou:5.2f} %" in out


def write_noise(root, labels):
    """Write pictures with masks of the small model's classes."""
    random = np.random.default_rng(0)
    names = "\n".join(f"  {i}: {name}" for i, name in enumerate(labels.class_names))
    for split in ("train", "val"):
        for kind, values in (("images", (40, 50, 3)), ("masks", (40, 50))):
            place = root / split / kind
            place.mkdir(parents=True)
            for number in range(2):
                array = random.integers(0, 256 if kind == "images" else labels.num_classes, values)
                Image.fromarray(array.astype(np.uint8)).save(place / f"{number}.png")
    (root / "dataset.yaml").write_text(f"names:\n{names}\n")
    return root


@pytest.mark.slow
def test_nothing_is_reported_to_the_makers_of_nncf_and_loggers_stay_as_they_are():
    script = """
        import logging
        from pixelwise.quantization.calibration import _import_nncf
        kind = logging.getLoggerClass()
        _import_nncf()
        from nncf.telemetry.wrapper import NNCFTelemetry, telemetry
        assert not isinstance(telemetry, NNCFTelemetry)
        assert logging.getLoggerClass() is kind
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_the_public_name_is_the_function():
    assert pixelwise.quantize_model is quantize_model
