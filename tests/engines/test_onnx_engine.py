import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
import torch

from pixelwise.engines.onnx import OnnxEngine, read_onnx_card
from pixelwise.errors import CheckpointError


@pytest.fixture(scope="module")
def engine(onnx_model_path):
    return OnnxEngine(onnx_model_path)


def pictures(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (2, 3, 33, 47), (1, 3, 200, 150)])
def test_logits_and_masks_are_torchs_at_sizes_that_were_not_traced(engine, small_model, shape):
    images = pictures(*shape)
    with torch.inference_mode():
        wanted = small_model(torch.from_numpy(images)).numpy()
    logits, masks = engine.logits(images), engine.masks(images)
    assert (logits.dtype, masks.dtype) == (np.float32, np.uint8)
    assert np.abs(logits - wanted).max() < 1e-4 * np.abs(wanted).max()
    np.testing.assert_array_equal(masks, logits.argmax(axis=1))


def test_float_pictures_are_not_cut_to_whole_numbers(engine):
    images = pictures(1, 3, 40, 40)
    np.testing.assert_allclose(engine.logits(images.astype(np.float32)), engine.logits(images), atol=1e-5)
    dark = engine.logits(np.full((1, 3, 40, 40), 0.9, np.float32))
    assert np.abs(dark - engine.logits(np.zeros((1, 3, 40, 40), np.float32))).max() > 1e-6


def test_threads_may_share_an_engine(engine):
    batches = [pictures(1, 3, 30 + 5 * k, 60 - 3 * k) for k in range(8)]
    wanted = [engine.masks(images) for images in batches]
    with ThreadPoolExecutor(4) as pool:
        for mask, found in zip(wanted, pool.map(engine.masks, batches), strict=True):
            np.testing.assert_array_equal(found, mask)


def test_the_model_is_described_in_the_file(onnx_model_path, small_labels, small_model):
    card = read_onnx_card(onnx_model_path)
    assert card.labels == small_labels
    assert card.network == small_model.config()
    assert len(card.fingerprint) == 16


def test_torch_is_never_imported(onnx_model_path, tmp_path):
    script = """
        import sys
        for name in ("torch", "openvino", "onnx", "onnxscript"):
            sys.modules[name] = None
        import numpy as np
        from PIL import Image
        from pixelwise import Predictor

        Image.fromarray(np.full((30, 40, 3), 200, np.uint8)).save(f"{sys.argv[2]}/a.png")
        predictor = Predictor.load(sys.argv[1])
        assert predictor(f"{sys.argv[2]}/a.png").shape == (30, 40)
        print(predictor.engine.name)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(onnx_model_path), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "onnxruntime float32\n"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"model\.onnx: no such model file"):
        OnnxEngine(tmp_path / "model.onnx")


def test_a_file_that_is_cut_off_or_is_no_model_is_refused(onnx_model_path, tmp_path):
    path = tmp_path / "model.onnx"
    for content in (onnx_model_path.read_bytes()[:100_000], b"this is no model"):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"model\.onnx: not an ONNX model, or damaged \(.+\)"):
            OnnxEngine(path)


def test_a_damaged_graph_is_refused_in_one_line(onnx_model_path, tmp_path):
    model = onnx.load(onnx_model_path)
    del model.graph.initializer[:]
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(CheckpointError, match=r"model\.onnx: not an ONNX model, or damaged") as caught:
        OnnxEngine(tmp_path / "model.onnx")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["someone else's", ""])
def test_a_model_of_someone_else_is_refused(onnx_model_path, tmp_path, content):
    model = onnx.load(onnx_model_path)
    model.metadata_props[0].key = "author"
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString() if content else b"")
    with pytest.raises(CheckpointError, match=r"an ONNX model that does not name its classes"):
        OnnxEngine(path)
