"""The restart of `pixelwise train` with an allocator that keeps memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pixelwise.training import allocator
from pixelwise.training.allocator import keeps_memory, kept_memory, restart_with_kept_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the allocator is OpenVINO's for Linux")

TRAIN = ["/bin/pixelwise", "train", "DATA"]
SCRIPT = """
import os
from pixelwise.training.allocator import keeps_memory, restart_with_kept_memory
restart_with_kept_memory("cpu")
print(os.getpid(), keeps_memory(), os.environ.get("LD_PRELOAD"))
"""


def run_with_the_allocator(code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process that keeps its memory."""
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=os.environ | kept_memory(), capture_output=True, text=True, check=False
    )


@pytest.fixture
def restarts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """What the process was replaced by, had it been `pixelwise train`."""
    replaced: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _, words, environment: replaced.append((words, environment)))
    monkeypatch.setattr(sys, "argv", TRAIN)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "dev", *TRAIN])
    monkeypatch.setattr(allocator, "_has_cuda", lambda: False)
    monkeypatch.delenv("LD_PRELOAD", raising=False)
    return replaced


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_training_is_started_again_with_the_allocator_and_the_same_words(restarts, device) -> None:
    restart_with_kept_memory(device)

    [(words, environment)] = restarts
    assert words == [sys.executable, "-X", "dev", *TRAIN]
    assert Path(environment["LD_PRELOAD"]).is_file()
    assert environment.items() >= kept_memory().items()


def test_the_second_start_goes_on_and_leaves_the_allocator_to_nobody_else(restarts, monkeypatch) -> None:
    for name, value in kept_memory().items():
        monkeypatch.setenv(name, value)

    restart_with_kept_memory("cpu")

    assert restarts == []
    assert "LD_PRELOAD" not in os.environ


@pytest.mark.parametrize("chosen", ["", "/usr/lib/libjemalloc.so.2"])
def test_an_allocator_that_the_user_has_chosen_stays(restarts, monkeypatch, chosen) -> None:
    monkeypatch.setenv("LD_PRELOAD", chosen)

    restart_with_kept_memory("cpu")

    assert restarts == []
    assert os.environ["LD_PRELOAD"] == chosen


def test_a_gpu_is_left_alone(restarts, monkeypatch) -> None:
    restart_with_kept_memory("gpu")
    monkeypatch.setattr(allocator, "_has_cuda", lambda: True)
    restart_with_kept_memory("auto")
    assert restarts == []

    restart_with_kept_memory("cpu")
    assert len(restarts) == 1


def test_a_program_that_calls_the_command_is_not_started_again(restarts, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["notebook", "--port", "80"])
    restart_with_kept_memory("cpu")
    assert restarts == []


def test_without_the_allocator_training_goes_on(restarts, monkeypatch) -> None:
    monkeypatch.setattr(allocator, "kept_memory", dict)
    restart_with_kept_memory("cpu")
    assert restarts == []


@pytest.mark.parametrize("folder", ["plain", "with space", "with:colon"])
def test_a_path_that_the_linker_would_cut_is_not_preloaded(tmp_path, monkeypatch, restarts, folder) -> None:
    library = tmp_path / folder / "libs" / "libtbbmalloc_proxy.so.2"
    library.parent.mkdir(parents=True)
    library.touch()
    found = SimpleNamespace(origin=str(tmp_path / folder / "__init__.py"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: found)

    restart_with_kept_memory("cpu")

    preloaded = [environment["LD_PRELOAD"] for _, environment in restarts]
    assert preloaded == ([str(library)] if folder == "plain" else [])


def test_a_process_keeps_its_number_and_has_the_allocator(tmp_path, monkeypatch) -> None:
    assert not keeps_memory()
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    monkeypatch.delenv("LD_PRELOAD", raising=False)

    process = subprocess.Popen([sys.executable, script, "train"], stdout=subprocess.PIPE, text=True)
    out, _ = process.communicate(timeout=60)

    assert out.split() == [str(process.pid), "True", "None"]


def test_what_is_kept_can_be_given_back() -> None:
    code = """
import re, torch
from pixelwise.training.allocator import release_memory
for megabytes in range(100, 40, -6):
    torch.ones(megabytes << 18)
    release_memory()
print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""
    released, kept = (
        float(run_with_the_allocator(script).stdout)
        for script in (code, code.replace("    release_memory()", "    pass"))
    )
    assert kept - released > 200  # megabytes: all are kept, or the largest alone


def test_openvino_computes_behind_the_allocator() -> None:
    code = """
import numpy as np
from pixelwise.engines.runtime import ops, ov
x = ops.parameter([1, 2], ov.Type.f32)
print(ov.Core().compile_model(ov.Model([ops.relu(x)], [x]), "CPU")(np.array([[-1.0, 2.0]], np.float32))[0])
"""
    done = run_with_the_allocator(code)
    assert (done.returncode, done.stdout) == (0, "[[0. 2.]]\n"), done.stderr
