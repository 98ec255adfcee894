"""Small models that many tests predict with, made once a session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pixelwise.labels import Labels

if TYPE_CHECKING:
    from pixelwise.models.fcn import FCN

SMALL_LABELS = Labels(
    ("background", "cat", "dog", "bird"), ((64, 64, 64), (220, 20, 60), (0, 130, 200), (255, 225, 25))
)


@pytest.fixture(scope="session")
def small_labels() -> Labels:
    """The four classes of the small model."""
    return SMALL_LABELS


@pytest.fixture(scope="session")
def small_model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An fcn8s_vgg11 of four classes with random weights: a .safetensors file without an export beside it."""
    import torch

    from pixelwise.checkpoint import save_model
    from pixelwise.models.fcn import FCN

    with torch.random.fork_rng():
        torch.manual_seed(4)  # one whose masks hold all four classes
        model = FCN("fcn8s_vgg11", 4)
    path = tmp_path_factory.mktemp("small_model") / "model.safetensors"
    save_model(path, model, SMALL_LABELS)
    return path


@pytest.fixture(scope="session")
def small_model(small_model_path: Path) -> FCN:
    """The small model in memory, in evaluation mode; it is not to be changed."""
    from pixelwise.checkpoint import load_model

    return load_model(small_model_path)[0]


@pytest.fixture(scope="session")
def exported_model_path(
    small_model_path: Path, small_model: FCN, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The small model's OpenVINO export: an .xml file that has no .safetensors beside it."""
    from pixelwise.checkpoint import read_card
    from pixelwise.export.write import export_network

    path = tmp_path_factory.mktemp("exported_model") / "model.xml"
    return export_network(small_model, read_card(small_model_path), path).path


@pytest.fixture(scope="session")
def onnx_model_path(
    small_model_path: Path, small_model: FCN, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The small model's ONNX export, with nothing beside it but its report."""
    from pixelwise.checkpoint import read_card
    from pixelwise.export.write import export_network

    path = tmp_path_factory.mktemp("onnx_model") / "model.onnx"
    return export_network(small_model, read_card(small_model_path), path).path


@pytest.fixture
def run_folder(small_model_path: Path, exported_model_path: Path, tmp_path: Path) -> Path:
    """A folder with the small model and its export, as a training leaves them.

    The files are links to those of other tests: they may be replaced, but not written into.
    """
    folder = tmp_path / "run"
    folder.mkdir()
    for file in (small_model_path, exported_model_path, exported_model_path.with_suffix(".bin")):
        (folder / file.name).hardlink_to(file)
    return folder
