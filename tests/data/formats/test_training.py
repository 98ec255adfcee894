"""Training starts on every format, and evaluation runs."""

import published
import pytest

from pixelwise.data.folder import open_data
from pixelwise.evaluation import evaluate
from pixelwise.training.run import train

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", published.BUILDERS)
def test_training_starts_and_evaluation_runs(tmp_path, name):
    expected = published.build(name, tmp_path / "data")
    result = train(expected.root, **published.QUICK, out=tmp_path / "run")
    evaluation = evaluate(result.run, expected.root, engine="torch")
    assert evaluation.labels.class_names == expected.names
    assert len(evaluation.per_picture) == len(open_data(expected.root).split("val"))
    assert not evaluation.failed
