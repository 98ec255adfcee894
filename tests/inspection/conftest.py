import shutil

import pytest

from pixelwise.data.shapes import write_shapes


@pytest.fixture(scope="session")
def clean_root(tmp_path_factory):
    """A small data set without a fault; it is not to be changed."""
    root = tmp_path_factory.mktemp("clean") / "shapes"
    return write_shapes(root, seed=5, train=20, val=6, test=0, size=(96, 128))


@pytest.fixture
def root(clean_root, tmp_path):
    """A copy of the clean data set, to plant faults in."""
    return shutil.copytree(clean_root, tmp_path / "data")
