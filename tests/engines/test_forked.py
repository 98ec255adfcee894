"""Processes that are forked after a model was loaded: they say so, and do not wait for ever."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")

CODE = """
import os, signal, sys
import numpy as np
import torch
from pixelwise.predict.predictor import Predictor

path, engine, anew, threads = sys.argv[1:]
load = lambda: Predictor.load(path, engine=engine, device="cpu")
torch.set_num_threads(2)
predictor = load()
if os.fork() == 0:
    signal.alarm(60)
    torch.set_num_threads(int(threads))
    try:
        print((load() if anew == "True" else predictor)(np.zeros((40, 50, 3), np.uint8)).shape, flush=True)
    except Exception as error:
        print(type(error).__name__, error, flush=True)
    os._exit(0)
os.wait()
"""


def told(*arguments: object) -> str:
    """Return what a forked process prints, with these arguments of `CODE`."""
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize(("engine", "library"), [("openvino", "OpenVINO"), ("torch", "torch")])
def test_a_forked_process_says_that_it_cannot_compute(engine, library, anew, run_folder):
    said = told(run_folder, engine, anew, 2)
    assert said.startswith("ConfigError a model was loaded before this process was forked")
    assert (
        f"threads of {library} are not in it: start processes with multiprocessing.get_context('spawn')"
        in said
    )


def test_a_forked_process_computes_what_was_only_read_before(run_folder):
    code = CODE.replace(
        "predictor = load()",
        "from pixelwise.engines.openvino import read_graph\n"
        "read_graph(__import__('pathlib').Path(path) / 'model.xml')",
    )
    command = [sys.executable, "-c", code, run_folder, "openvino", "True", "2"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    assert said == "(40, 50)\n"


def test_torch_computes_in_a_forked_process_of_one_thread_as_data_loaders_have(run_folder):
    assert told(run_folder, "torch", False, 1) == "(40, 50)\n"
