"""Model files: one safetensors file with the weights, and everything needed to use them in its header.

`read_card` needs no torch; `save_model` and `load_model` do.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from . import __version__
from .data.form import PictureForm
from .errors import CheckpointError, ConfigError
from .labels import Labels

if TYPE_CHECKING:
    from .models.fcn import FCN

METADATA_KEY = "pixelwise"
"""The entry of a safetensors header, or of an OpenVINO model's runtime information, that holds the card."""


@dataclass(frozen=True)
class ModelCard:
    """What a model file says of itself.

    Attributes:
        network: The arguments that `pixelwise.models.fcn.FCN` builds the network from: name, num_classes,
            family, in_channels, mean, std, at_once.
        labels: Class names, palette and ignored id.
        training: How it was trained and what it scored: plain values, for people to read.
        fingerprint: Names these very weights, so that an export can be matched with its source.
        version: The pixelwise that wrote the file.
        values: What the numbers in its pictures mean, as in `PictureForm`; "" where the file is older than
            that, or nobody has said so.
    """

    network: dict[str, Any]
    labels: Labels
    training: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    version: str = __version__
    values: str = ""

    @property
    def in_channels(self) -> int:
        """Channels of the pictures that the model takes."""
        return int(self.network["in_channels"])

    @property
    def form(self) -> PictureForm:
        """How pictures become the arrays that the model takes."""
        usual: Any = "8-bit" if self.in_channels in (1, 3) else "any"
        values: Any = self.values or usual
        return PictureForm(self.in_channels, values, tuple(self.network.get("mean", ())))

    def to_json(self) -> str:
        """Return the card as one JSON text."""
        return json.dumps(
            {
                "network": self.network,
                "labels": self.labels.to_dict(),
                "training": self.training,
                "fingerprint": self.fingerprint,
                "version": self.version,
                "values": self.values,
            }
        )

    @classmethod
    def from_json(cls, text: str, source: Path) -> ModelCard:
        """Read what `to_json` wrote; `source` is the file it came from, for the error.

        Raises:
            CheckpointError: the text is not a card.
        """
        try:
            values = json.loads(text)
            return cls(
                dict(values["network"]),
                Labels.from_dict(values["labels"]),
                dict(values["training"]),
                str(values["fingerprint"]),
                str(values["version"]),
                str(values.get("values", "")),
            )
        except (ValueError, KeyError, TypeError, ConfigError) as error:
            raise CheckpointError(f"{source}: its description cannot be read ({error})") from error


def read_card(path: Path) -> ModelCard:
    """Read the card of a .safetensors file; the weights stay on disk.

    Raises:
        CheckpointError: the file is missing, damaged, or holds weights alone.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such model file")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not a safetensors file, or damaged ({error})") from error
    if METADATA_KEY not in metadata:
        raise CheckpointError(
            f"{path}: holds weights but no description of the network; expected a model that pixelwise "
            "saved. Other weights are loaded with --weights (pixelwise.load_weights)"
        )
    return ModelCard.from_json(metadata[METADATA_KEY], path)


def save_model(
    path: Path,
    model: FCN,
    labels: Labels,
    training: dict[str, Any] | None = None,
    values: str = "",
) -> ModelCard:
    """Write a model file; it replaces one of that name only when it is whole.

    Args:
        path: The .safetensors file.
        model: The network.
        labels: Its classes.
        training: How it was trained, for people.
        values: What the numbers in its pictures mean (see `ModelCard`).

    Raises:
        CheckpointError: the file cannot be written.
        ConfigError: the labels name more or fewer classes than the network scores.
    """
    import hashlib

    from safetensors.torch import save_file

    if labels.num_classes != model.num_classes:
        raise ConfigError(f"found {labels.num_classes} class names for {model.num_classes} classes")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    digest = hashlib.sha256()
    for tensor in tensors.values():
        digest.update(tensor.numpy().tobytes())
    card = ModelCard(model.config(), labels, training or {}, digest.hexdigest()[:16], values=values)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    os.close(handle)
    try:
        save_file(tensors, partial, metadata={METADATA_KEY: card.to_json()})
        Path(partial).chmod(0o644)
        with Path(partial).open("rb") as file:  # a power cut must not leave the name without the weights
            os.fsync(file.fileno())
        Path(partial).replace(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: cannot be written ({error}); is the disk full?") from error
    finally:
        Path(partial).unlink(missing_ok=True)
    return card


def load_model(path: Path, device: str = "cpu") -> tuple[FCN, ModelCard]:
    """Load a model file into a network in evaluation mode.

    Raises:
        CheckpointError: the file is missing, damaged or not ours.
        WeightsError: tensors are missing, surplus or of the wrong shape; all of them are named.
    """
    from safetensors.torch import load_file

    from .models.convert import load_exactly
    from .models.fcn import FCN

    card = read_card(path)
    try:
        model = FCN(**card.network)
    except (TypeError, ConfigError) as error:
        raise CheckpointError(f"{path}: describes a network this version does not know ({error})") from error
    load_exactly(model, load_file(path), str(path))
    return model.to(device).eval(), card
