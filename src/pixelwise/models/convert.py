"""Weights from elsewhere into our networks: all of what a file holds is used, named, or refused."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..errors import WeightsError
from .fcn import FCN
from .names import DEPTHS
from .schemes import OWN, Converted, Target, convert, recognise
from .vgg import VGG


@dataclass(frozen=True)
class LoadReport:
    """What became of the tensors of a source. As a text, one line.

    Attributes:
        source: Where they came from.
        scheme: How they were named there.
        loaded: The network's tensors that were filled, by our names.
        fresh: The network's tensors that the source says nothing of; they are as they were.
        dropped: The source's tensors that the network has no use for, by their names there.
        notes: What was done to tensors beyond naming them.
    """

    source: str
    scheme: str
    loaded: tuple[str, ...]
    fresh: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"{self.source}: {len(self.loaded)} tensors loaded from {self.scheme}", *self.notes]
        parts += [f"not used: {_layers(self.dropped)}"] if self.dropped else []
        parts += [f"left fresh: {_layers(self.fresh)}"] if self.fresh else []
        return "; ".join(parts)


def load_weights(model: FCN | VGG, source: str | Path | Mapping[str, Tensor]) -> LoadReport:
    """Load weights into a network or a backbone, under any known naming scheme, recognised by the names.

    Known are: our own networks and backbones; torchvision's VGG files, whose convolutions fill the backbone
    and whose classifier fills fc6 and fc7 of the family `caffe`; checkpoints of the tutorial's FCN (family
    `plain`) and of the PyTorch port (family `caffe`; its 8s and its 8s-at-once form have the same names, so
    build the network with `at_once=True` for the latter). Weights under others' names also fit networks with
    `in_channels` other than 3: the first convolution is summed for one channel, else repeated and scaled. A
    backbone alone gets the weights as they are: torchvision's take RGB, (x / 255 - mean) / std; the port's
    take BGR, x - mean.

    Args:
        model: What the weights are for; it is left untouched when they do not fit.
        source: A .safetensors, .pt or .pth file, or a state dict. A dict that holds one under "state_dict",
            "model_state_dict" or "model" is opened, and the prefix "module." is taken off.

    Returns:
        What was loaded, what was left out of the source and what stays fresh in the model.

    Raises:
        WeightsError: the file cannot be read, the names follow no known scheme, or tensors are missing,
            surplus or of the wrong shape; all of them are named.
    """
    source_name = "the state dict" if isinstance(source, Mapping) else str(source)
    tensors = unwrap(source if isinstance(source, Mapping) else read_tensors(Path(source)), source_name)
    if isinstance(model, FCN) and recognise(tensors, source_name) is OWN:
        try:
            return load_exactly(model, tensors, source_name)
        except WeightsError as error:
            raise WeightsError(
                f"{error}. What networks of other strides or classes share is taken over by --init-from"
            ) from error
    prefix = "" if isinstance(model, FCN) else "backbone."
    own = {prefix + name: tensor for name, tensor in model.state_dict().items()}
    target = Target(own, model.family, model.architecture.stride) if isinstance(model, FCN) else Target(own)
    found = convert(tensors, target, source_name)
    _check(found, own, f"{source_name}{_other_backbone(model, tensors)}")
    _copy(own, found.tensors)
    fresh = [name for name in own if name not in found.tensors and name not in found.names]
    return LoadReport(
        source_name,
        found.scheme.title,
        tuple(name.removeprefix(prefix) for name in found.tensors),
        tuple(name.removeprefix(prefix) for name in fresh),
        found.dropped,
        found.notes,
    )


def load_exactly(model: FCN | VGG, tensors: Mapping[str, Tensor], source_name: str) -> LoadReport:
    """Load a state dict under our own names that fits the model tensor for tensor.

    Args:
        model: Network or backbone; it is left untouched when the tensors do not fit.
        tensors: Every tensor of the model's state dict, and no other.
        source_name: Where the tensors came from, for the error.

    Raises:
        WeightsError: tensors are missing, surplus or of the wrong shape; all of them are named.
    """
    own = model.state_dict()
    names = {name: name for name in own}
    surplus = tuple(name for name in tensors if name not in own)
    _check(Converted(OWN, names, dict(tensors), (), surplus, ()), own, source_name, exact=True)
    _copy(own, {name: tensors[name] for name in own})
    return LoadReport(source_name, OWN.title, tuple(own))


def load_shared(
    model: FCN, tensors: Mapping[str, Tensor], source_name: str, *, same_classes: bool = True
) -> LoadReport:
    """Start a network from a coarser one, as in the paper's stages 32s, 16s, 8s, or one of other classes.

    Every tensor that both have is carried over; `upscore_final` only between networks of one stride, and
    those that score classes, or upsample their scores, only where the classes are the same.

    Args:
        model: The finer network, or one of the same stride; it is left untouched when the tensors do not fit.
        tensors: State dict, under our own names, of a network of the same family, backbone and number of
            channels.
        source_name: Where the tensors came from, for the error.
        same_classes: Whether both networks tell the same classes apart, in the same order.

    Raises:
        WeightsError: the two differ in more than that; the tensors that say so are named.

    Source: Long, Shelhamer, Darrell 2015, section 4.2 and 4.3.
    """
    if recognise(tensors, source_name) is not OWN:
        raise WeightsError(f"{source_name}: expected {OWN.title}; weights from elsewhere load as weights")
    own = model.state_dict()
    in_both = ("backbone.", "fc6.", "fc7.", "score_fr.")
    last = [name for name in own if name.startswith("upscore_final.")]
    one_stride = all(name in tensors and tensors[name].shape == own[name].shape for name in last)
    anew = (() if one_stride else ("upscore_final.",)) if same_classes else ("score_", "upscore_")
    names = {
        name: name
        for name in own
        if not name.startswith(anew) and (name.startswith(in_both) or name in tensors)
    }
    left = tuple(name for name in tensors if name not in names)
    surplus = tuple(name for name in left if name.startswith(in_both) and not name.startswith(anew))
    shared = {name: tensors[name] for name in names if name in tensors}
    where = f"{source_name} differs in more than stride and classes"
    _check(Converted(OWN, names, shared, (), surplus, ()), own, where)
    _copy(own, shared)
    return LoadReport(
        source_name, OWN.title, tuple(shared), tuple(name for name in own if name not in shared), left
    )


def read_tensors(path: Path) -> Mapping[str, Any]:
    """Read what a weights file holds; its tensors arrive on the CPU.

    Raises:
        WeightsError: the file is missing, damaged, or holds more than plain data.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights file")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # weights_only keeps the unpickler to tensors and plain containers: a file cannot run code.
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # whose text advises to let the file run code
        raise WeightsError(
            f"{path}: is damaged, or holds Python objects beside tensors, which are not loaded as they could "
            "run code; expected a .safetensors file, or a .pt or .pth file of a bare state dict"
        ) from error
    except Exception as error:  # a damaged file makes torch's reader fail in a dozen ways
        reason = str(error).strip().partition("\n")[0]
        raise WeightsError(
            f"{path}: cannot be read as weights ({reason}); expected a .safetensors, .pt or .pth file"
        ) from error
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path}: holds a {type(content).__name__}, expected a state dict")
    return content


def unwrap(content: Mapping[str, Any], source_name: str) -> dict[str, Tensor]:
    """Return the state dict in what training scripts save, without the prefix "module.".

    Raises:
        WeightsError: something in the state dict is not a tensor.
    """
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(content.get(key), Mapping):
            content = content[key]
    others = [
        str(name)
        for name, value in content.items()
        if not (isinstance(name, str) and isinstance(value, Tensor))
    ]
    if others:
        raise WeightsError(f"{source_name}: expected a state dict, found no tensor under {', '.join(others)}")
    return {name.removeprefix("module."): tensor for name, tensor in content.items()}


def _check(found: Converted, own: Mapping[str, Tensor], where: str, *, exact: bool = False) -> None:
    # Files from before PyTorch 0.4.1 have no count of batches, and nothing of ours reads it.
    missing = [
        name
        for own_name, name in found.names.items()
        if own_name not in found.tensors and (exact or not own_name.endswith(".num_batches_tracked"))
    ]
    misshapen = [
        f"{name} is {_shape(found.tensors[own_name])}, expected {_shape(own[own_name])}"
        for own_name, name in found.names.items()
        if own_name in found.tensors and found.tensors[own_name].shape != own[own_name].shape
    ]
    kinds = {"missing": missing, "surplus": found.surplus, "wrong shape": misshapen}
    problems = [f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names]
    if problems:
        raise WeightsError(f"{where}: the tensors do not fit the network; {'; '.join(problems)}")


def _copy(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, tensor in tensors.items():
            own[name].copy_(tensor)


def _other_backbone(model: FCN | VGG, tensors: Mapping[str, Tensor]) -> str:
    """Return a remark for the error if the tensors are those of another backbone."""
    name = model.architecture.backbone if isinstance(model, FCN) else model.name
    depth = sum(tensor.ndim == 4 and tensor.shape[2:] == (3, 3) for tensor in tensors.values())
    norm = "_bn" if any(own.endswith(".running_mean") for own in tensors) else ""
    for backbone, depths in DEPTHS.items():
        if sum(depths) == depth and backbone + norm != name:
            return f" (weights of {backbone}{norm}, while the network has {name})"
    return ""


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a number"


def _layers(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name.rpartition(".")[0] or name for name in names))
