"""What fails in the middle of a training is told in one line."""

import errno
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.utils.data import get_worker_info

from pixelwise.data.dataset import TrainingSet
from pixelwise.errors import CheckpointError, DataError, ImageError, PixelwiseError, TrainingError
from pixelwise.models.fcn import FCN
from pixelwise.training.failures import told_in_one_line
from pixelwise.training.run import train

from .tiny import SMALL


def test_a_file_that_goes_while_another_process_reads_is_told_in_one_line(
    squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = shutil.copytree(squares, tmp_path / "data")
    measure = FCN.measure_maps

    def measure_and_lose_a_mask(*arguments: object) -> None:
        measure(*arguments)
        (data / "train" / "masks" / "3.png").unlink()

    monkeypatch.setattr(FCN, "measure_maps", measure_and_lose_a_mask)
    run = tmp_path / "the run"
    with pytest.raises(ImageError) as caught:
        train(data, **{**SMALL, "workers": 1}, epochs=1, out=run)
    assert str(caught.value) == (
        f"{data / 'train' / 'masks' / '3.png'}: no such file; mend that, and "
        f"go on with the same command and  --out '{run}' --resume"
    )


def test_a_process_that_is_killed_while_it_reads_is_told_in_one_line(
    squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Callable[..., object] = TrainingSet.__getitem__

    def read_or_die(*arguments: object) -> object:
        if get_worker_info() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(*arguments)

    monkeypatch.setattr(TrainingSet, "__getitem__", read_or_die)
    with pytest.raises(TrainingError, match=r"^a process .* has died.* --workers, and go on .*--resume$"):
        train(squares, **{**SMALL, "workers": 1}, epochs=1, out=tmp_path / "run")


def test_want_of_memory_in_a_step_is_told_in_one_line(
    squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FCN, "forward", lambda *_: torch.empty(1 << 60))
    with pytest.raises(TrainingError, match=r"^the memory is too small: give .* --crop; or, .* --resume$"):
        train(squares, **SMALL, epochs=1, out=tmp_path / "run")


def test_want_of_memory_before_the_first_step_leaves_no_run_to_go_on_with(
    squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FCN, "measure_maps", lambda *_: torch.empty(1 << 60))
    with pytest.raises(TrainingError, match=r"^the memory is too small: give .* --crop$"):
        train(squares, **SMALL, epochs=1, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory."),
            "^the GPU's memory is .* --device cpu; or,",
        ),
        (MemoryError(), "^the memory is too small"),
        (RuntimeError("std::bad_alloc"), "^the memory is too small"),
    ],
)
def test_each_want_of_memory_is_recognised(error: Exception, told: str) -> None:
    with pytest.raises(PixelwiseError, match=told), told_in_one_line(Path("run")):
        raise error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "a file of the run cannot be written: No space left",
        ),
        (OSError(errno.EMFILE, "Too many open files", "logs/a"), "logs/a: Too many open files"),
        (DataError("state/a.ckpt: cannot be written"), "state/a.ckpt: cannot be written"),
        (
            CheckpointError("model: cannot be written (I/O error); is the disk full?"),
            "model: cannot be written .I/O error.; mend",
        ),
        (
            RuntimeError(
                "unable to allocate shared memory(shm) for file </torch_1_2_0>: No space left on device"
            ),
            "the shared memory .* --workers 0",
        ),
        (
            RuntimeError(
                "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that "
                "dataloader's workers are out of shared memory."
            ),
            "the shared memory .* --workers 0",
        ),
    ],
)
def test_what_cannot_be_written_is_told_with_the_way_on(error: Exception, told: str) -> None:
    with (
        pytest.raises(PixelwiseError, match=f"^{told}.* and go on with .* --resume$"),
        told_in_one_line(Path("run")),
    ):
        raise error


def test_an_error_of_ours_stays_as_it_is() -> None:
    with pytest.raises(RuntimeError, match=r"^sizes differ$"), told_in_one_line(Path("run")):
        raise RuntimeError("sizes differ")
