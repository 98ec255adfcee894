"""What a network starts from: a model of ours, a file of weights, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from ..checkpoint import read_card
from ..engines.choose import ModelFiles
from ..errors import CheckpointError, WeightsError
from ..labels import Labels
from ..models.convert import load_shared
from ..models.download import check_weights
from ..models.fcn import FCN
from ..models.names import Architecture
from .settings import TrainSettings

log = logging.getLogger("pixelwise")


@dataclass(frozen=True)
class Start:
    """What a network starts from.

    Attributes:
        weights: What `create_model` fills it with: a file, "imagenet", or None for fresh weights.
        model: The model file whose tensors it takes then, where it has the like.
        same_classes: Whether that model tells the same classes apart, so that its scores are taken too.
    """

    weights: Path | str | None = None
    model: Path | None = None
    same_classes: bool = True

    def fill(self, network: FCN) -> None:
        """Take over what the model has.

        Raises:
            WeightsError: it differs in more than stride and classes, such as in the channels of its pictures.
        """
        if self.model is not None:
            load_shared(network, load_file(self.model), str(self.model), same_classes=self.same_classes)


def find_start(settings: TrainSettings, labels: Labels) -> Start:
    """Return what a network starts from.

    Whether it can be had is found out before all files are read, which can take hours; a download, which can
    be large, waits until they are.

    Args:
        settings: The run's settings.
        labels: The classes of its data.

    Raises:
        CheckpointError: there is no model in `init_from`.
        WeightsError: it cannot be started from, or the weights cannot be had.
    """
    if settings.init_from is None:
        if settings.weights == "none":
            return Start()
        check_weights(settings.weights, Architecture.parse(settings.model).backbone)
        return Start(settings.weights)
    path = ModelFiles.find(settings.init_from).weights
    if path is None:
        raise CheckpointError(f"{settings.init_from}: expected a .safetensors file to start from, found none")
    card = read_card(path)
    _check_network(path, card.network, settings)
    same_classes = card.labels.class_names == labels.class_names
    if not same_classes:
        log.info(
            "%s: names other classes than the data, or in another order, so that its score layers are left "
            "out and start anew",
            path,
        )
    return Start(model=path, same_classes=same_classes)


def _check_network(path: Path, network: Mapping[str, Any], settings: TrainSettings) -> None:
    """Make sure that the run's network can start from the one that a model file describes."""
    wanted, theirs = Architecture.parse(settings.model), Architecture.parse(network["name"])
    family = network.get("family", settings.family)
    like = Architecture(min(wanted.stride, theirs.stride), theirs.backbone)
    options = [f"--model {like.name}"] if theirs.backbone != wanted.backbone else []
    options += [f"--family {family}"] if family != settings.family else []
    if options:
        raise WeightsError(
            f"{path}: is an {theirs.name} of the family {family}, expected {wanted.name} of the family "
            f"{settings.family}: to start from it, give {' '.join(options)}"
        )
    if network.get("at_once"):
        raise WeightsError(f"{path}: scales its skips at once, as no network does that is trained here")
    if theirs.stride < wanted.stride:
        raise WeightsError(
            f"{path}: its stride is {theirs.stride}, finer than that of {wanted.name}: what it has learned "
            f"is made for finer maps; give --model {theirs.name}, start from a coarser one, or with --weights"
        )
