import copy
import re
from types import SimpleNamespace

import numpy as np
import pytest

from pixelwise.checkpoint import save_model
from pixelwise.engines import choose, openvino
from pixelwise.engines.choose import ModelFiles, load_engine
from pixelwise.engines.openvino import read_graph
from pixelwise.engines.torch import TorchEngine
from pixelwise.errors import CheckpointError, ConfigError, MissingExtraError
from pixelwise.extras import require


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Set what is found on the machine; by default torch, whose engine is a stand-in, and no CUDA device."""

    def set_up(*, cuda=False, torch=True, onnxruntime=True, int8=True):
        there = {"torch": torch, "onnxruntime": onnxruntime}

        def check(package):
            if not there.get(package, True):
                raise MissingExtraError(package, "train")
            require(package)

        monkeypatch.setattr(choose, "_has_cuda", lambda: cuda)
        monkeypatch.setattr(choose, "fast_int8", lambda: int8)
        monkeypatch.setattr(choose, "_is_installed", there.__getitem__)
        monkeypatch.setattr(choose, "require", check)

    def load(path, device, compiled):
        return SimpleNamespace(name=f"torch {device}{' compiled' * compiled}")

    monkeypatch.setattr(TorchEngine, "load", load)
    set_up()
    return set_up


@pytest.fixture
def stale_folder(run_folder, small_model, small_labels):
    """A run folder whose weights were trained on after they were exported."""
    model = copy.deepcopy(small_model)
    model.score_fr.bias.data += 1
    save_model(run_folder / "model.safetensors", model, small_labels)
    return run_folder


@pytest.mark.parametrize("name", ["", "model.xml", "model.safetensors"])
def test_a_run_folder_and_both_of_its_files_take_openvino(run_folder, name):
    assert load_engine(run_folder / name).name.startswith("openvino")


def test_a_cuda_device_takes_torch(run_folder, machine):
    machine(cuda=True)
    assert load_engine(run_folder).name == "torch auto"
    assert load_engine(run_folder, device="cuda:1").name == "torch cuda:1"
    assert load_engine(run_folder, device="cpu").name.startswith("openvino")


def test_an_exported_file_that_is_named_is_computed_itself_unless_a_gpu_is_asked_for(run_folder, machine):
    machine(cuda=True)
    assert load_engine(run_folder / "model.xml").name.startswith("openvino")
    assert load_engine(run_folder / "model.xml", device="cuda").name == "torch cuda"


def test_weights_alone_take_torch(small_model_path):
    assert load_engine(small_model_path).name.startswith("torch")
    assert load_engine(small_model_path.parent).name.startswith("torch")


def test_an_export_alone_takes_openvino_even_with_a_cuda_device(exported_model_path, machine):
    machine(cuda=True)
    assert load_engine(exported_model_path).name.startswith("openvino")


def test_a_named_engine_is_taken(run_folder):
    assert load_engine(run_folder, "torch").name.startswith("torch")
    assert load_engine(run_folder / "model.xml", "torch").name.startswith("torch")
    assert load_engine(run_folder / "model.safetensors", "openvino").name.startswith("openvino")
    assert load_engine(run_folder, "torch-compiled").name == "torch auto compiled"


@pytest.fixture
def onnx_folder(run_folder, onnx_model_path):
    """A run folder with exports for OpenVINO and for ONNX Runtime."""
    (run_folder / "model.onnx").hardlink_to(onnx_model_path)
    return run_folder


def test_an_onnx_file_is_taken_when_it_is_named(onnx_folder):
    assert load_engine(onnx_folder / "model.onnx").name == "onnxruntime float32"
    assert load_engine(onnx_folder, "onnx").name == "onnxruntime float32"
    assert load_engine(onnx_folder / "model.xml", "onnx").name == "onnxruntime float32"


def test_openvino_goes_before_onnx_runtime_and_that_before_torch(onnx_folder):
    assert load_engine(onnx_folder).name.startswith("openvino")
    (onnx_folder / "model.xml").unlink()
    assert load_engine(onnx_folder).name == "onnxruntime float32"


@pytest.fixture
def int8_folder(run_folder, exported_model_path):
    """A run folder with a second export, called as one in int8 is."""
    for suffix in (".xml", ".bin"):
        (run_folder / f"model-int8{suffix}").hardlink_to(exported_model_path.with_suffix(suffix))
    return run_folder


def taken(path, monkeypatch, engine="auto"):
    """Return which file an engine is loaded from."""

    def load(file):
        return SimpleNamespace(name=file.name, card=read_graph(file)[1], warm_up=lambda: None)

    with monkeypatch.context() as patch:
        patch.setattr("pixelwise.engines.openvino.OpenVinoEngine", load)
        return load_engine(path, engine).name


def test_int8_goes_first_where_the_processor_is_quick_in_it(int8_folder, machine, monkeypatch):
    assert taken(int8_folder, monkeypatch) == "model-int8.xml"
    assert taken(int8_folder / "model.safetensors", monkeypatch) == "model-int8.xml"
    machine(int8=False)
    assert taken(int8_folder, monkeypatch) == "model.xml"


def test_masks_in_int8_count_as_those_of_another_model_and_of_each_quantisation(int8_folder):
    exact = load_engine(int8_folder, "openvino").card.fingerprint
    first, same = (load_engine(int8_folder, "openvino-int8").card.fingerprint for _ in range(2))
    assert first == same
    assert first.startswith(f"{exact}+int8-")
    weights = int8_folder / "model-int8.bin"
    content = weights.read_bytes()
    weights.unlink()  # a link to the file of other tests
    weights.write_bytes(content[:-4] + np.float32(0.5).tobytes())
    assert load_engine(int8_folder, "openvino-int8").card.fingerprint != first


def test_of_two_graphs_the_one_that_is_named_is_taken(int8_folder, machine, monkeypatch):
    assert taken(int8_folder / "model.xml", monkeypatch) == "model.xml"
    machine(int8=False)
    assert taken(int8_folder / "model-int8.xml", monkeypatch) == "model-int8.xml"
    assert taken(int8_folder, monkeypatch, "openvino-int8") == "model-int8.xml"
    assert taken(int8_folder / "model-int8.xml", monkeypatch, "openvino") == "model.xml"


def test_a_stale_int8_file_is_passed_over_with_its_mend(int8_folder, small_model, small_labels, caplog):
    model = copy.deepcopy(small_model)
    model.score_fr.bias.data += 1
    save_model(int8_folder / "model.safetensors", model, small_labels)
    assert load_engine(int8_folder).name.startswith("torch")
    assert re.search(
        r"passed over: .*model-int8\.xml: made from other weights .*pixelwise quantize", caplog.text
    )
    with pytest.raises(CheckpointError, match=r"model-int8\.xml: made from other weights"):
        load_engine(int8_folder, "openvino-int8")


def test_a_stale_int8_file_beside_a_fresh_export_is_told(int8_folder, monkeypatch, caplog):
    check = ModelFiles.check_fresh

    def check_others(files, engine, card):
        if engine == "openvino-int8":
            raise CheckpointError("model-int8.xml: made from other weights")
        check(files, engine, card)

    monkeypatch.setattr(ModelFiles, "check_fresh", check_others)
    assert load_engine(int8_folder).name in ("openvino float32", "openvino bf16")
    assert "passed over: model-int8.xml: made from other weights" in caplog.text


def test_without_onnx_runtime_its_file_is_passed_over_or_the_install_line_is_said(
    onnx_folder, onnx_model_path, machine
):
    machine(onnxruntime=False)
    (onnx_folder / "model.xml").unlink()
    assert load_engine(onnx_folder).name == "torch auto"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(MissingExtraError, match=r"pip install 'pixelwise\[onnx\]'"):
            load_engine(onnx_model_path)


def test_the_log_says_which_engine_was_taken(run_folder, caplog):
    caplog.set_level("INFO", "pixelwise")
    name = load_engine(run_folder).name
    assert f"engine: {name}" in caplog.messages


def test_a_stale_export_is_never_used_silently(stale_folder, machine, caplog):
    stale = r"model\.xml: made from other weights \(\w+\) than model\.safetensors beside it \(\w+\)"
    assert load_engine(stale_folder).name.startswith("torch")
    assert re.search(f"passed over: .*{stale}", caplog.text)
    assert load_engine(stale_folder / "model.safetensors").name.startswith("torch")
    for path, engine in ((stale_folder, "openvino"), (stale_folder / "model.xml", "auto")):
        with pytest.raises(CheckpointError, match=stale):
            load_engine(path, engine)
    with pytest.raises(CheckpointError, match=stale):
        load_engine(stale_folder / "model.xml", "torch")
    machine(torch=False)
    with pytest.raises(CheckpointError, match=stale):
        load_engine(stale_folder)


def test_without_torch_weights_alone_say_the_install_line(small_model_path, machine):
    machine(torch=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'pixelwise\[train\]'"):
        load_engine(small_model_path)


def test_without_torch_a_run_folder_takes_openvino(run_folder, machine):
    machine(torch=False)
    assert load_engine(run_folder).name.startswith("openvino")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "model.pth",
            "model.pth: expected a run folder, or a file that ends in .safetensors, -int8.xml, .xml, .onnx",
        ),
        ("nothing", "nothing: no such run folder or model file"),
        ("model.safetensors", "model.safetensors: no such model file"),
        ("model.xml", "model.xml: no such model file"),
        ("", "holds none of model.safetensors, model-int8.xml, model.xml, model.onnx"),
    ],
)
def test_a_path_without_a_model_says_what_was_expected(tmp_path, name, words):
    (tmp_path / "model.pth").touch()
    with pytest.raises(CheckpointError) as caught:
        load_engine(tmp_path / name)
    assert words in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_openvino_is_for_the_processor(run_folder):
    with pytest.raises(ConfigError, match="openvino computes on the cpu, found the device 'cuda'"):
        load_engine(run_folder, "openvino", "cuda")


def test_an_unknown_engine_is_refused(run_folder):
    with pytest.raises(ConfigError, match="no engine is named 'tensorrt', expected auto, torch, torch-c"):
        load_engine(run_folder, "tensorrt")


def test_an_export_beside_weights_of_someone_else_is_not_trusted(run_folder):
    (run_folder / "model.safetensors").unlink()
    (run_folder / "model.safetensors").write_bytes(b"weights of someone else")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: not a safetensors file"):
        load_engine(run_folder / "model.xml")


def test_an_exported_model_is_read_once(run_folder, monkeypatch):
    read, paths = openvino.read_graph, []
    monkeypatch.setattr(openvino, "read_graph", lambda path: paths.append(path) or read(path))
    load_engine(run_folder)
    assert paths == [run_folder / "model.xml"]


def test_an_engine_that_is_loaded_warms_up_by_itself(run_folder):
    engine = load_engine(run_folder)
    with engine._turn:  # the warm-up holds it to its end
        assert set(engine._requests) == {"whole", "masks"}
    cold = openvino.OpenVinoEngine(run_folder / "model.xml")
    images = np.random.default_rng(0).integers(0, 256, (1, 3, 50, 70), np.uint8)
    np.testing.assert_array_equal(engine.masks(images), cold.masks(images))


def test_what_goes_wrong_in_the_warm_up_is_said_by_the_first_picture(run_folder, monkeypatch):
    monkeypatch.setattr(openvino.OpenVinoEngine, "_compile", lambda self, part: 1 / 0)
    engine = load_engine(run_folder)
    with pytest.raises(ZeroDivisionError):
        engine.masks(np.zeros((1, 3, 8, 8), np.uint8))
