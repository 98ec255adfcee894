"""Training starts on every format, and evaluation runs."""

import published
import pytest

from pixelwise.data.folder import open_data
from pixelwise.evaluation import evaluate
from pixelwise.training.run import train

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", published.BUILDERS)
def test_training_starts_and_evaluation_runs(tmp_path, name):
    root = tmp_path / "data"
    root.mkdir()
    expected = published.BUILDERS[name](root)
    root = expected.root or root
    result = train(
        root,
        model="fcn32s_vgg11",
        weights="none",
        workers=0,
        device="cpu",
        epochs=1,
        batch_size=1,
        out=tmp_path / "run",
    )
    evaluation = evaluate(result.run, root, engine="torch")
    assert evaluation.labels.class_names == expected.names
    assert len(evaluation.per_picture) == len(open_data(root).split("val"))
    assert not evaluation.failed
