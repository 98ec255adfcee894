"""The settings of a training run: one default, one sentence, one place. Needs no torch."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from numbers import Integral, Real
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from cyclopts import Parameter

from ..errors import ConfigError, TrainingError
from ..models.names import Architecture
from ..writing import write_text

MACHINE_SETTINGS = ("devices", "nodes", "strategy", "workers", "out", "resume")
"""Settings that say where and how a run computes, not what: they may differ when a run is resumed."""


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides a training run; the defaults suit a first run on any data."""

    model: str = "fcn8s_vgg16"
    """The network: a name that `pixelwise models` lists."""

    family: Literal["plain", "caffe", "aligned"] = "aligned"
    """The form of the network; `plain` and `caffe` are for weights and results from elsewhere."""

    weights: str = "imagenet"
    """Weights to start from: `imagenet` (downloaded once), `none`, or a file."""

    init_from: Path | None = None
    """Run or model to start from, of the same stride or a coarser one, as in the paper (32s, then 16s, then
    8s); of other classes, all but its score layers is taken. `--weights` is passed over then."""

    frozen_stages: int | None = None
    """Stages of the backbone, from the first, that keep their weights; by default 2 if pretrained, else 0."""

    epochs: int = 24
    """How often the network is validated, and, for all but small sets, how often it sees every picture."""

    repeats: int | None = None
    """Passes over the training pictures an epoch; by default 1, or as many as make about 50 steps."""

    batch_size: int = 4
    """Pictures a step, over all devices together."""

    crop: tuple[int, int] | None = None
    """Height and width of the training crops; by default the pictures' median size, 512 at most."""

    lr: float = 1e-4
    """Learning rate of the backbone, after warm-up."""

    head_lr_factor: float = 2.0
    """Learning rate of the head, in multiples of the backbone's."""

    decoder_lr_factor: float | None = None
    """Learning rate of the layers that fuse skips (family aligned), in multiples of the backbone's; by
    default 10 if that is pretrained, else the head's."""

    weight_decay: float = 0.01
    """Decoupled weight decay (AdamW) of all weights but biases and normalisation."""

    warmup: float = 0.05
    """Share of the steps in which the rate rises from 0."""

    power: float = 0.9
    """Exponent of the poly schedule, (1 - step / steps) ** power."""

    dropout: float | None = None
    """Share that dropout drops behind fc6 and fc7; by default the family's own."""

    scale: tuple[float, float] = (0.5, 2.0)
    """Smallest and largest factor by which training pictures are scaled."""

    flip: Annotated[bool, Parameter(negative="--no-flip")] = True
    """Mirror half of the training pictures left to right."""

    color: float = 0.25
    """Strength of the colour changes of training pictures; 0 for none. At 0.25, brightness changes by up to a
    stop if pretrained, else by a third of one."""

    style_mixing: float = 0.0
    """How often, in each of the network's first two stages, training pictures get some of the light and
    colours of others; for pictures to come from other cameras, places or hours than those to train on."""

    crop_tries: int = 3
    """Places that are drawn for a training crop; the one that shows most of the rare classes is taken."""

    dice: float = 0.5
    """Weight of the Dice loss, in which rare classes count as much as common ones, beside cross entropy."""

    class_weights: bool = False
    """Weight the cross entropy of each class by the inverse root of its share of the training pixels."""

    patience: int | None = None
    """Stop when the validation mIoU has not risen for this many epochs; by default never."""

    format: str | None = None
    """Format of the data, where it is not recognised by looking: folder, voc, coco, yolo, cityscapes, camvid,
    ade20k, labelme, cvat, label-studio or huggingface."""

    val_fraction: float = 0.2
    """Share of the pictures kept for validation where the data has no split of its own."""

    seed: int = 0
    """Seed of everything random: split, weights, order, augmentation, dropout."""

    precision: Literal["auto", "bf16", "16", "32"] = "auto"
    """Number format of the convolutions; auto is bf16 where the processor or GPU is fast in it, else 32 on
    a processor and 16 on a GPU."""

    device: Literal["auto", "cpu", "gpu"] = "auto"
    """Where to train; auto takes a GPU if there is one."""

    devices: int = 1
    """Processes or GPUs on each machine."""

    nodes: int = 1
    """Machines; start the same command on each, as Lightning's guide to clusters says."""

    strategy: str = "auto"
    """Lightning's strategy for several devices: `auto` or `ddp`; each device holds the whole network."""

    workers: int | None = None
    """Processes that read pictures, a device, and as many again for validation; by default 1 beside a CPU,
    and beside a GPU its share of the cores, 8 at most."""

    out: Path | None = None
    """Run folder to write; by default runs/MODEL-DATE-TIME."""

    resume: bool = False
    """Go on with the interrupted run in `--out`, with the settings it was started with, which are told. To
    give one of them another value is an error; to give one its default has no effect."""

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(TrainSettings).items():
            object.__setattr__(self, name, _converted(name, getattr(self, name), kind))
        Architecture.parse(self.model)
        self._check_ranges()
        if self.strategy not in ("auto", "ddp"):
            raise ConfigError(
                f"strategy is {self.strategy}, expected auto or ddp: "
                "with others no process could write the whole network into the run folder"
            )
        if not 0 <= (self.frozen_stages or 0) <= 5:
            raise ConfigError(f"frozen_stages is {self.frozen_stages}, expected 0 to 5")
        if self.crop is not None and min(self.crop) < 1:
            raise ConfigError(f"crop is {self.crop}, expected a height and a width of at least 1")
        if not 0 < self.scale[0] <= self.scale[1] < math.inf:
            raise ConfigError(f"scale is {self.scale}, expected two factors above 0, the smaller one first")
        if self.resume and self.out is None:
            raise ConfigError("resume needs the run folder: add --out RUN")
        if not self.resume:  # whose batch size stands in the run folder
            self._check_shares()

    def _check_shares(self) -> None:
        """Make sure that each device has its share of a batch."""
        devices = self.devices * self.nodes
        if self.batch_size % devices:
            raise ConfigError(
                f"batch_size {self.batch_size} cannot be shared out evenly over {devices} devices: "
                "make it a multiple"
            )
        if self.style_mixing and self.batch_size == devices:
            raise ConfigError(
                f"style_mixing mixes the pictures that a device has in a step, and batch_size "
                f"{self.batch_size} is 1 for each: give --batch-size {2 * devices}, or --style-mixing 0"
            )

    def _check_ranges(self) -> None:
        rates = ("lr", "head_lr_factor", "decoder_lr_factor", "power")
        counts = ("epochs", "repeats", "batch_size", "crop_tries", "patience", "devices", "nodes")
        for name in (*counts, *rates):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ConfigError(f"{name} is {value}, expected more than 0, and finite")
        shares = dict.fromkeys(("color", "style_mixing", "warmup", "val_fraction", "dropout"), 1)
        limits = {**shares, "dice": 100, "weight_decay": 1000, "workers": 1000, "seed": 2**64}
        for name, high in limits.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value < high:
                raise ConfigError(f"{name} is {value}, expected at least 0 and less than {high}")

    @property
    def is_pretrained(self) -> bool:
        """Whether the backbone starts from weights that were trained before."""
        return self.weights != "none" or self.init_from is not None

    def write(self, path: Path) -> None:
        """Write the settings as JSON."""
        write_text(path, json.dumps(asdict(self), indent=2, default=str) + "\n")

    def changed(self) -> str:
        """Return the settings that differ from the defaults, but for those of the machine, to be read."""
        default = TrainSettings()
        names = [setting.name for setting in fields(self) if setting.name not in MACHINE_SETTINGS]
        return ", ".join(
            f"{name} {getattr(self, name)}" for name in names if getattr(self, name) != getattr(default, name)
        )

    def resumed(self, path: Path) -> TrainSettings:
        """Return the settings stored in `path`, with this run's choice of machine.

        Raises:
            TrainingError: the file cannot be read, or a setting was given that differs from the stored one.
            ConfigError: the stored batch cannot be shared out over this run's devices.
        """
        try:
            stored = TrainSettings(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise TrainingError(f"{path}: the run's settings cannot be read ({error})") from error
        default = TrainSettings()
        for setting in fields(self):
            name = setting.name
            value = getattr(self, name)
            if name not in MACHINE_SETTINGS and value not in (getattr(default, name), getattr(stored, name)):
                raise TrainingError(
                    f"{path}: the run was started with {name} {getattr(stored, name)}, found {value}; "
                    "leave the option out to resume, or start a new run with --init-from"
                )
        settings = replace(stored, **{name: getattr(self, name) for name in MACHINE_SETTINGS})
        settings._check_shares()
        return settings


def _converted(name: str, value: Any, kind: Any) -> Any:
    """Return the value of a setting in its type: a tuple for a list, a path for a text.

    Raises:
        ConfigError: it has another type.
    """
    choices = get_args(kind)
    if isinstance(kind, UnionType):  # with None
        return None if value is None else _converted(name, value, choices[0])
    if get_origin(kind) is Literal:
        if value in choices:
            return value
        raise ConfigError(f"{name} is {value!r}, expected {', '.join(choices)}")
    if get_origin(kind) is tuple:
        if isinstance(value, list | tuple) and len(value) == len(choices):
            return tuple(_converted(name, member, choices[0]) for member in value)
        raise ConfigError(f"{name} is {value!r}, expected {len(choices)} numbers")
    accepted, what = _KINDS[kind]
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"{name} is {value!r}, expected {what}")
    return Path(value).expanduser() if kind is Path else kind(value)


_KINDS: dict[type, tuple[Any, str]] = {
    bool: (bool, "True or False"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str | Path, "a text"),
    Path: (str | Path, "a path"),
}
"""What each type of a setting is made from, and its name in messages."""
