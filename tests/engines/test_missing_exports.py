import pytest

from pixelwise.engines.choose import load_engine
from pixelwise.errors import CheckpointError


def test_an_engine_without_its_file_is_refused(small_model_path, exported_model_path):
    with pytest.raises(CheckpointError, match=r"openvino takes an exported model \(\.xml\)"):
        load_engine(small_model_path, "openvino")
    with pytest.raises(CheckpointError, match=r"torch takes a \.safetensors file"):
        load_engine(exported_model_path, "torch")


def test_a_model_that_was_not_quantised_says_how(run_folder):
    with pytest.raises(
        CheckpointError, match=r"\(-int8\.xml\), and there is none beside it: run  pixelwise quant"
    ):
        load_engine(run_folder, "openvino-int8")


@pytest.mark.parametrize(
    ("files", "engine", "advice"),
    [
        ((".safetensors", ".onnx"), "openvino", "run  pixelwise export '{}.safetensors' --format openvino"),
        ((".onnx",), "openvino", "put the .safetensors file there that .+, or take the engine onnx"),
        ((".xml",), "openvino-int8", "run  pixelwise quantize '{}.xml' DATA"),
        ((".onnx",), "openvino-int8", "put the .safetensors file there that .+, or take the engine onnx"),
    ],
)
def test_what_is_advised_for_a_missing_export_can_be_done(tmp_path, files, engine, advice):
    for ending in files:
        (tmp_path / f"my model{ending}").touch()
    with pytest.raises(CheckpointError, match=f"{advice.format(tmp_path / 'my model')}$"):
        load_engine(tmp_path / f"my model{files[-1]}", engine)
