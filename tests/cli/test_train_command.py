"""`pixelwise train` as a command: what it says in the end."""

from pathlib import Path

import numpy as np
import pytest

from pixelwise.cli.app import main
from pixelwise.metrics import Scores
from pixelwise.training import run
from pixelwise.training.run import TrainResult


@pytest.mark.parametrize(("failed", "code"), [((), 0), (("a.png: cannot be read",), 1)])
def test_pictures_without_a_score_are_named_and_make_the_exit_code_1(failed, code, monkeypatch, capsys):
    scores = Scores.from_confusion(np.eye(2, dtype=np.int64))
    result = TrainResult(Path("RUN"), Path("RUN/model.safetensors"), scores, failed)
    monkeypatch.setattr(run, "train", lambda *_, **__: result)
    assert main(["train", "DATA"]) == code
    captured = capsys.readouterr()
    assert "val mIoU 1.0000" in captured.out
    assert captured.err == "".join(f"not scored: {line}\n" for line in failed)
