"""`pip install .` without extras, into an empty environment: predicts, and there is no torch."""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_a_plain_installation_predicts_without_torch(
    engine, exported_model_path, onnx_model_path, tmp_path_factory, tmp_path
):
    python = _install(tmp_path_factory.getbasetemp() / "plain", with_onnx=engine == "onnx")
    Image.fromarray(np.full((30, 40, 3), 200, np.uint8)).save(tmp_path / "a.png")
    model = {"openvino": exported_model_path, "onnx": onnx_model_path}[engine]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    found = subprocess.run([python, "-c", "import torch"], env=environment, capture_output=True, check=False)
    assert b"No module named 'torch'" in found.stderr
    command = [python, "-m", "pixelwise", "predict", model, tmp_path / "a.png", "--out", tmp_path / "out"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"1 written; engine: {engine}", done.stdout)
    assert (tmp_path / "out/a.png").is_file()


def _install(folder: Path, *, with_onnx: bool) -> Path:
    """Make an environment with pixelwise and its dependencies alone, once, and return its Python."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not folder.exists():
        venv.create(folder, with_pip=True)
    wanted = [str(ROOT), *(["onnxruntime"] if with_onnx else [])]
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    done = subprocess.run(
        [*pip, "--constraint", ROOT / "constraints.txt", *wanted], capture_output=True, text=True, check=False
    )
    if done.returncode and "hatchling" not in done.stderr and "Could not find" in done.stderr:
        pytest.skip("packages cannot be had here")
    assert done.returncode == 0, done.stderr
    return python
