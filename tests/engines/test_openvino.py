import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import openvino as ov
import pytest
import torch

from pixelwise.engines import openvino as engine_module
from pixelwise.engines.openvino import OpenVinoEngine
from pixelwise.errors import CheckpointError, ImageError


@pytest.fixture(scope="module")
def engine(exported_model_path):
    return OpenVinoEngine(exported_model_path, exact=True)


def blocks(count, height, width):
    """Return pictures (count, 3, height, width) of random patches of 12 x 12 pixels."""
    patches = np.random.default_rng(0).integers(0, 256, (count, 3, 20, 20), dtype=np.uint8)
    return np.ascontiguousarray(patches.repeat(12, 2).repeat(12, 3)[:, :, :height, :width])


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 33, 47), (1, 200, 150)])
def test_logits_and_masks_are_torchs_at_sizes_that_were_not_traced(engine, small_model, shape):
    images = blocks(*shape)
    with torch.inference_mode():
        wanted = small_model(torch.from_numpy(images)).numpy()
    logits, masks = engine.logits(images), engine.masks(images)
    assert logits.dtype == np.float32
    assert np.abs(logits - wanted).max() < 2e-3 * np.abs(wanted).max()
    assert masks.dtype == np.uint8
    np.testing.assert_array_equal(masks, logits.argmax(axis=1))
    assert (masks == wanted.argmax(axis=1)).mean() >= 0.999
    assert shape == (1, 1, 1) or len(np.unique(masks)) > 1


def test_as_users_run_it_at_least_97_of_100_pixels_are_torchs_even_in_bf16(exported_model_path, small_model):
    images = blocks(1, 120, 120)
    engine = OpenVinoEngine(exported_model_path)
    with torch.inference_mode():
        wanted = small_model(torch.from_numpy(images)).numpy().argmax(axis=1)
    assert engine.name in ("openvino float32", "openvino bf16", "openvino f16")
    assert (engine.masks(images) == wanted).mean() >= 0.97


def test_float_pictures_are_not_cut_to_whole_numbers(engine):
    images = blocks(1, 40, 40)
    np.testing.assert_allclose(engine.logits(images.astype(np.float32)), engine.logits(images), atol=1e-5)
    dark = engine.logits(np.full((1, 3, 40, 40), 0.9, np.float32))
    assert np.abs(dark - engine.logits(np.zeros((1, 3, 40, 40), np.float32))).max() > 1e-6


def test_threads_may_share_an_engine(engine):
    batches = [blocks(1, 30 + 5 * k, 60 - 3 * k) for k in range(8)]
    wanted = [engine.masks(images) for images in batches]
    with ThreadPoolExecutor(4) as pool:
        for mask, found in zip(wanted, pool.map(engine.masks, batches), strict=True):
            np.testing.assert_array_equal(found, mask)


def test_torch_is_never_imported(exported_model_path, tmp_path):
    script = """
        import sys

        class NoTorch:
            def find_spec(self, name, path=None, target=None):
                assert name.partition(".")[0] not in BANNED, f"{name} is imported"

        BANNED = ("torch", "lightning", "kornia", "torchmetrics", "matplotlib")
        sys.meta_path.insert(0, NoTorch())

        import numpy as np
        from PIL import Image
        from pixelwise import Predictor
        from pixelwise.predict.folder import predict_folder

        model, folder = sys.argv[1:]
        Image.fromarray(np.full((30, 40, 3), 200, np.uint8)).save(f"{folder}/a.png")
        predictor = Predictor.load(model, device="cpu")
        assert predictor(f"{folder}/a.png").shape == (30, 40)
        everything = {"overlay": True, "classes": True, "probs": True, "areas": True}
        report = predict_folder(predictor, [f"{folder}/a.png"], f"{folder}/out", **everything)
        assert not report.failed, report
        assert not any(name in sys.modules for name in BANNED)
        print(predictor.engine.name)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(exported_model_path), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("openvino ")


def test_the_model_is_described_in_the_file(engine, small_labels, small_model):
    assert engine.card.labels == small_labels
    assert engine.card.network == small_model.config()
    assert len(engine.card.fingerprint) == 16


@pytest.fixture
def copy_of_export(exported_model_path, tmp_path):
    (tmp_path / "model.xml").write_bytes(exported_model_path.read_bytes())
    (tmp_path / "model.bin").hardlink_to(exported_model_path.with_suffix(".bin"))
    return tmp_path / "model.xml"


def test_a_missing_weights_file_is_named(copy_of_export):
    copy_of_export.with_suffix(".bin").unlink()
    with pytest.raises(
        CheckpointError, match=r"model\.bin: no such file; an OpenVINO model is model\.xml with"
    ):
        OpenVinoEngine(copy_of_export)


def test_a_truncated_weights_file_is_refused(copy_of_export):
    weights = copy_of_export.with_suffix(".bin")
    start = weights.read_bytes()[:100_000]
    weights.unlink()
    weights.write_bytes(start)
    with pytest.raises(CheckpointError, match=r"model\.xml: not an OpenVINO model, or damaged \(.+\)"):
        OpenVinoEngine(copy_of_export)


@pytest.mark.parametrize("text", ["", "this is no model", "<net name='x'>", "<net><layers/></net>"])
def test_a_damaged_graph_is_refused_in_one_line(copy_of_export, text):
    copy_of_export.write_text(text)
    with pytest.raises(CheckpointError, match=r"model\.xml: ") as caught:
        OpenVinoEngine(copy_of_export)
    assert "\n" not in str(caught.value)


def test_a_model_of_someone_else_is_refused(tmp_path):
    parameter = ov.opset13.parameter([-1, 3, -1, -1], np.uint8)
    ov.save_model(ov.Model([ov.opset13.relu(parameter)], [parameter], "other"), tmp_path / "other.xml")
    with pytest.raises(
        CheckpointError, match=r"other\.xml: an OpenVINO model that does not name its classes"
    ):
        OpenVinoEngine(tmp_path / "other.xml")


@pytest.mark.parametrize(
    ("x86", "fast", "exact", "setting"),
    [
        (True, True, False, {"INFERENCE_PRECISION_HINT": "bf16"}),
        (True, False, False, {"INFERENCE_PRECISION_HINT": "f32"}),
        (True, True, True, {"INFERENCE_PRECISION_HINT": "f32"}),
        (False, False, False, {}),
        (False, False, True, {"INFERENCE_PRECISION_HINT": "f32"}),
    ],
)
def test_the_precision_is_what_the_processor_is_quick_in(monkeypatch, x86, fast, exact, setting):
    monkeypatch.setattr(engine_module, "is_x86", lambda: x86)
    monkeypatch.setattr(engine_module, "fast_bf16", lambda: fast)
    assert engine_module._precision(exact) == setting


@pytest.mark.parametrize("module", ["engines.openvino", "export.openvino"])
def test_importing_openvino_does_not_report_it_over_the_network(module):
    script = f"""
        import sys
        import pixelwise.{module}
        import openvino
        strange = [name for name in sys.modules if "telemetry" in name or name.startswith("openvino.tools")]
        assert not strange, strange
        assert not hasattr(openvino, "no_such_name")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)


def test_openvinos_converter_is_there_for_whoever_asks_for_it():
    script = """
        from pixelwise.engines.runtime import ov
        assert callable(ov.convert_model)
        import openvino.tools.ovc
    """
    environment = {**os.environ, "CI": "true"}  # or this reports it
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, env=environment)


def test_what_the_engine_fails_at_is_told_of_the_picture(exported_model_path, monkeypatch):
    engine = OpenVinoEngine(exported_model_path)

    def fail(*_):
        raise RuntimeError("Exception from cpu_memory.cpp:257:\nFailed to allocate 268435456 bytes")

    monkeypatch.setattr(engine, "_run", fail)
    with pytest.raises(ImageError, match=r"5 x 7 pixels .* Failed to allocate 268435456 bytes"):
        engine.masks(np.zeros((1, 3, 5, 7), np.uint8))


LOADED_AND_GONE = """
import os, signal, sys
from pathlib import Path
import numpy as np
from pixelwise.engines.openvino import OpenVinoEngine

engines = [OpenVinoEngine(Path(sys.argv[1])) for _ in range(2)]
for engine in engines:
    engine.masks(np.zeros((1, 3, 32, 32), np.uint8))
del engine, engines[0]
del engines
signal.signal(signal.SIGINT, lambda *_: print("handled"))
os.kill(os.getpid(), signal.SIGINT)
"""


def test_a_signal_is_handled_after_models_were_loaded_and_are_gone(exported_model_path):
    command = [sys.executable, "-c", LOADED_AND_GONE, exported_model_path]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "handled\n"
