"""The examples of docs/export.md run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelwise.export.write import export_model

DOCS = Path(__file__).parents[2] / "docs/export.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime", "torch"])
def test_the_example_gives_a_mask_and_the_names(
    runtime, exported_model_path, onnx_model_path, small_model_path, tmp_path, small_labels
):
    (example,) = (text for text in EXAMPLES if f", {runtime}" in text)
    if runtime == "torch":
        export_model(small_model_path, "torch", out=tmp_path / "model.pt2")
    source = {"openvino": exported_model_path, "onnxruntime": onnx_model_path}.get(runtime)
    for file in source.parent.iterdir() if source else ():
        (tmp_path / file.name).hardlink_to(file)
    Image.fromarray(np.full((30, 40, 3), 200, np.uint8)).save(tmp_path / "street.jpg")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"(30, 40) {list(small_labels.class_names)}"
