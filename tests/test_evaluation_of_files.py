"""Scoring a model that is loaded from a file."""

import numpy as np
import pytest

from pixelwise.errors import ConfigError
from pixelwise.evaluation import evaluate
from red_channel import write_pair


def test_a_model_file_is_computed_on_the_device_and_averaged_as_asked(small_model_path, tmp_path):
    write_pair(tmp_path / "val", "a", np.zeros((8, 8)), np.zeros((8, 8)))
    (tmp_path / "dataset.yaml").write_text("names: {0: background, 1: cat, 2: dog, 3: bird}\n")
    evaluation = evaluate(small_model_path, tmp_path, engine="torch", device="cpu", tta="flip")
    assert evaluation.engine.startswith("torch cpu")
    assert evaluation.engine.endswith(", flip")
    with pytest.raises(ConfigError, match="device"):
        evaluate(small_model_path, tmp_path, engine="torch", device="nowhere")


def test_a_model_file_scores_as_its_engines_do(small_model_path, exported_model_path, tmp_path):
    random = np.random.default_rng(0)
    for name in "ab":
        truth, picture = random.integers(0, 4, (20, 30)), random.integers(0, 256, (20, 30))
        write_pair(tmp_path / "val", name, truth, picture)
    (tmp_path / "dataset.yaml").write_text("names: {0: background, 1: cat, 2: dog, 3: bird}\n")
    with_torch = evaluate(small_model_path, tmp_path, engine="torch")
    with_openvino = evaluate(exported_model_path, tmp_path, engine="openvino")
    assert with_torch.engine.startswith("torch")
    assert with_openvino.engine.startswith("openvino")
    moved = np.abs(with_torch.scores.confusion - with_openvino.scores.confusion).sum()
    assert moved <= 0.02 * with_torch.scores.confusion.sum()
