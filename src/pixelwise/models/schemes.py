"""How others name the tensors of a VGG or an FCN, and how they become ours: pure functions on state dicts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import WeightsError
from .families import CAFFE_MEAN, IMAGENET_MEAN, IMAGENET_STD, FamilyName

Names = dict[str, str]
"""Our name of a tensor: the source's name of it."""


@dataclass(frozen=True)
class Target:
    """The network that tensors are converted for.

    Attributes:
        tensors: Its state dict. That of a backbone alone is under the names it has inside a network.
        family: Its family; None for a backbone alone.
        stride: Its stride; 32 for a backbone alone.
    """

    tensors: Mapping[str, Tensor]
    family: FamilyName | None = None
    stride: int = 32


@dataclass(frozen=True)
class Scheme:
    """A way to name tensors.

    Attributes:
        title: What it is called in reports and errors.
        backbone: Regular expression that its names of backbone tensors begin with, and no other scheme's.
        rename: From a target and the source's names to the names of all tensors that the source must hold.
        family: The family whose heads it names; None if it names none, or those of all.
        imagenet_input: Whether its first convolution is for RGB with ImageNet's mean and deviation taken out.
        bgr_input: Whether its first convolution is for BGR.
        spare: Regular expression of names that a network does without.
    """

    title: str
    backbone: str
    rename: Callable[[Target, set[str]], Names]
    family: FamilyName | None = None
    imagenet_input: bool = False
    bgr_input: bool = False
    spare: str = r"(?!)"  # matches no name


@dataclass(frozen=True)
class Converted:
    """What a source holds for a target.

    Attributes:
        scheme: How the source names its tensors.
        names: The tensors that the source must hold.
        tensors: Those that it does hold, by our names, shaped and scaled for the target.
        dropped: Names in the source that are left out knowingly.
        surplus: Names in the source that nothing is known of.
        notes: What was done to tensors beyond naming them.
    """

    scheme: Scheme
    names: Names
    tensors: dict[str, Tensor]
    dropped: tuple[str, ...]
    surplus: tuple[str, ...]
    notes: tuple[str, ...]


def convert(source: Mapping[str, Tensor], target: Target, source_name: str) -> Converted:
    """Find what a state dict under any of the schemes below holds for `target`.

    Args:
        source: The state dict; it is not changed.
        target: What the tensors are for.
        source_name: Where they came from, for errors.

    Raises:
        WeightsError: the names follow no scheme, or the scheme is that of another family.
    """
    scheme = recognise(source, source_name)
    if scheme.family and target.family not in (None, scheme.family):
        raise WeightsError(
            f"{source_name}: {scheme.title} fits networks of the family {scheme.family}, "
            f"found one of the family {target.family}"
        )
    names = {own: name for own, name in scheme.rename(target, set(source)).items() if own in target.tensors}
    tensors = {own: source[name] for own, name in names.items() if name in source}
    for own in ("fc6.weight", "fc7.weight"):  # (4096, 25088) is seen as (4096, 512, 7, 7)
        if own in tensors and tensors[own].numel() == target.tensors[own].numel():
            tensors[own] = tensors[own].reshape(target.tensors[own].shape)
    notes = _fit_first_convolution(tensors, scheme, target)

    used = set(names.values())
    left = [name for name in source if name not in used]
    spare = scheme.spare if target.family else f"(?!{scheme.backbone})"
    dropped = tuple(name for name in left if re.match(spare, name))
    surplus = tuple(name for name in left if name not in dropped)
    return Converted(scheme, names, tensors, dropped, surplus, notes)


def recognise(names: Iterable[str], source_name: str) -> Scheme:
    """Return the scheme that the names of a state dict follow.

    Raises:
        WeightsError: they follow none.
    """
    names = list(names)
    for scheme in SCHEMES:
        if any(re.match(scheme.backbone, name) for name in names):
            return scheme
    raise WeightsError(
        f"{source_name}: found tensors named {', '.join(names[:3]) or '(none)'}; expected "
        f"{', or '.join(scheme.title for scheme in SCHEMES)}"
    )


def fold_into_caffe_scale(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Make a first convolution for torchvision's input take RGB with the release's mean taken out instead.

    The scale goes into the weight and the difference between the means into the bias. Both are exact on the
    picture; the padding around it then stands for the release's mean colour, not for ImageNet's.

    Args:
        weight: (64, 3, 3, 3), for (x / 255 - mean) / std.
        bias: (64,).

    Returns:
        Weight and bias for x - mean, with x in 0..255.
    """
    mean, std = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)
    folded = weight / std
    difference = torch.tensor(CAFFE_MEAN).view(1, 3, 1, 1) - mean
    return folded, bias + (folded * difference).sum((1, 2, 3))


def fit_channels(weight: Tensor, channels: int) -> Tensor:
    """Make the weight of a first convolution for RGB, (64, 3, 3, 3), one for any number of channels.

    Returns:
        (64, channels, 3, 3): for one channel the sum over the three, else the three in turn, scaled by
        3 / channels so that grey gives about what it gave.
    """
    if channels == 1:
        return weight.sum(1, keepdim=True)
    return weight[:, [channel % 3 for channel in range(channels)]] * (3 / channels)


def _fit_first_convolution(tensors: dict[str, Tensor], scheme: Scheme, target: Target) -> tuple[str, ...]:
    names = ("backbone.pool1.0.weight", "backbone.pool1.0.bias")
    if any(name not in tensors for name in names) or tensors[names[0]].shape[1:] != (3, 3, 3):
        return ()
    weight, bias = (tensors[name] for name in names)
    channels, notes = target.tensors[names[0]].shape[1], []
    if scheme.imagenet_input and target.family == "caffe":
        weight, bias = fold_into_caffe_scale(weight, bias)
        notes.append("first convolution scaled for the input of the family caffe")
        if channels == 3:
            weight = weight.flip(1)
    if channels != 3:
        weight = fit_channels(weight.flip(1) if scheme.bgr_input else weight, channels)
        notes.append(f"first convolution fitted to {channels} channels")
    tensors |= dict(zip(names, (weight, bias), strict=True))
    return tuple(notes)


def _network_names(target: Target, source: set[str]) -> Names:
    return {own: own for own in target.tensors}


def _backbone_names(target: Target, source: set[str]) -> Names:
    return {own: own.removeprefix("backbone.") for own in target.tensors if own.startswith("backbone.")}


def _torchvision_names(target: Target, source: set[str]) -> Names:
    table = {r"backbone\.pool\d\.(\d+)": r"features.\1"}
    if target.family == "caffe" and any(name.startswith("classifier.") for name in source):
        table |= {"fc6": "classifier.0", "fc7": "classifier.3"}
    return _rename(target, table)


def _tutorial_names(target: Target, source: set[str]) -> Names:
    # A step up is named after the pool that it leads from or, in some copies, to: 5, 4, ... or 4, 3, ...
    up = r"upscore_pool\d_x2\."
    back = int(any(re.match(up, name) for name in source) and "upscore_pool5_x2.0.weight" not in source)
    table = {
        r"backbone\.(.+)": r"net_features.\1",
        "fc6": "FC_Layers.0",
        "fc7": "FC_Layers.3",
        "score_fr": "score_pool5",
        r"(score_pool\d)": r"\1",
        "upscore_final": f"final_x{target.stride}",
    }
    table |= {f"upscore_pool{pool}": f"upscore_pool{pool - back}_x2.0" for pool in (5, 4, 3, 2)}
    return _rename(target, table)


def _port_names(target: Target, source: set[str]) -> Names:
    table = {
        r"(fc\d|score_\w+)": r"\1",
        "upscore_pool5": "upscore2",
        r"(upscore_pool\d)": r"\1",
        "upscore_final": "upscore" if target.stride == 32 else f"upscore{target.stride}",
    }
    names = _rename(target, table)
    layers = dict.fromkeys(own.rpartition(".")[0] for own in target.tensors if own.startswith("backbone."))
    for pool in range(1, 6):
        stage = [layer for layer in layers if layer.startswith(f"backbone.pool{pool}.")]
        for number, layer in enumerate(stage, start=1):
            names |= _rename(target, {re.escape(layer): f"conv{pool}_{number}"})
    return names


def _rename(target: Target, table: Names) -> Names:
    """Return new names for the layers that a pattern in `table` matches whole; the first that does wins."""
    names = {}
    for own in target.tensors:
        layer, _, leaf = own.rpartition(".")
        for pattern, replacement in table.items():
            if match := re.fullmatch(pattern, layer):
                names[own] = f"{match.expand(replacement)}.{leaf}"
                break
    return names


OWN = Scheme("a pixelwise network (backbone.pool1.0.weight)", r"backbone\.pool\d\.", _network_names)

SCHEMES = (
    OWN,
    Scheme("a pixelwise backbone (pool1.0.weight)", r"pool\d\.", _backbone_names),
    Scheme(
        "torchvision's VGG (features.0.weight)",
        r"features\.\d",
        _torchvision_names,
        imagenet_input=True,
        spare=r"classifier\.[036]\.",
    ),
    Scheme(
        "the tutorial's FCN (net_features.pool1.0.weight)",
        r"net_features\.pool\d\.",
        _tutorial_names,
        family="plain",
        imagenet_input=True,
    ),
    Scheme(
        "the PyTorch port's FCN (conv1_1.weight)",
        r"conv\d_\d\.",
        _port_names,
        family="caffe",
        bgr_input=True,
    ),
)
