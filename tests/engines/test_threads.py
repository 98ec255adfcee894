import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from pixelwise.engines import onnx as onnx_engine
from pixelwise.engines import openvino as openvino_engine
from pixelwise.engines import torch as torch_engine
from pixelwise.engines.onnx import OnnxEngine
from pixelwise.engines.openvino import OpenVinoEngine
from pixelwise.engines.torch import TorchEngine


def test_openvino_starts_no_more_threads_than_a_container_leaves(exported_model_path, monkeypatch):
    monkeypatch.setattr(openvino_engine, "limited_cores", lambda: None)
    assert openvino_engine._threads() == {}
    monkeypatch.setattr(openvino_engine, "limited_cores", lambda: 1)
    monkeypatch.setattr(openvino_engine, "count_cores", lambda whole: 1)
    engine = OpenVinoEngine(exported_model_path)
    engine.masks(np.zeros((1, 3, 8, 8), np.uint8))
    compiled = engine._requests["whole"].get_compiled_model()
    assert compiled.get_property("INFERENCE_NUM_THREADS") == 1
    assert compiled.get_property("ENABLE_CPU_PINNING") is False


def test_torch_starts_no_more_threads_than_a_container_leaves(small_model_path, monkeypatch):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        for limit, threads in ((None, 3), (4, 3), (2, 2)):
            monkeypatch.setattr(torch_engine, "limited_cores", lambda limit=limit: limit)
            TorchEngine.load(small_model_path, "cpu")
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("module", "check", "load", "model"),
    [
        (openvino_engine, "check_fits", OpenVinoEngine, "exported_model_path"),
        (onnx_engine, "check_memory", OnnxEngine, "onnx_model_path"),
        (torch_engine, "check_memory", TorchEngine.load, "small_model_path"),
    ],
)
def test_memory_is_asked_for_when_no_other_thread_computes(request, monkeypatch, module, check, load, model):
    engine = load(request.getfixturevalue(model))
    alone = []
    monkeypatch.setattr(module, check, lambda *_: alone.append(engine._turn.locked()))
    engine.masks(np.zeros((1, 3, 8, 8), np.uint8))
    engine.logits(np.zeros((1, 3, 8, 8), np.float32))
    assert alone == [True, True]


def test_onnx_runtime_is_told_how_many_threads_to_start(onnx_model_path, monkeypatch):
    monkeypatch.setattr(onnx_engine, "count_cores", lambda whole: 3)
    engine = OnnxEngine(onnx_model_path)
    (session,) = engine._sessions.values()
    assert session.get_session_options().intra_op_num_threads == 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_onnx_runtime_stays_on_the_processors_that_it_was_given(onnx_model_path):
    code = """if True:
        import os, sys

        given = {min(os.sched_getaffinity(0))}
        os.sched_setaffinity(0, given)  # before others start threads
        from pathlib import Path
        from pixelwise.engines.onnx import OnnxEngine

        engine = OnnxEngine(Path(sys.argv[1]))
        assert all(os.sched_getaffinity(int(thread)) == given for thread in os.listdir("/proc/self/task"))
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(onnx_model_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
