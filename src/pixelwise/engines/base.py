"""What every engine offers, and the checks that all of them make. Needs no torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..checkpoint import ModelCard
from ..errors import ConfigError, ImageError
from ..room import check_room

STAGE_ONE_PLANES = 2 * 64
"""Planes of the picture's size that are alive at once where a VGG needs most: in and out of conv1_2."""


class Engine(Protocol):
    """Computes one network: a batch of pictures in, logits or masks out, at the pictures' own size.

    Engines may be called from several threads: a batch waits for its turn, and only then is what it needs
    held against the free memory. Normalisation and padding are inside the network. Pictures are
    (N, in_channels, H, W), uint8 or float, in 0..255, RGB where there are three channels; any H and W from 1
    up.

    Attributes:
        name: What computes and how exactly, to show to people: "openvino bf16", "torch cpu float32".
        card: What the model file says of itself.
    """

    name: str
    card: ModelCard

    def logits(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Return the scores (N, num_classes, H, W) of every pixel."""
        ...

    def masks(self, images: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the best class's id (N, H, W) for every pixel."""
        ...


_PROCESSES: dict[str, int] = {}
"""The process in which each library that computes began to; those that are forked from it inherit this."""


def check_process(library: str) -> None:
    """Refuse to compute where a library would wait for ever.

    A process that is forked has the memory of the other one and none of its threads: locks may be held by
    nobody, and work is handed to threads that are not there, by a model that is loaded anew too.

    Args:
        library: What computes, and has threads of its own.

    Raises:
        ConfigError: this process was forked from one in which the library had begun.
    """
    if _PROCESSES.setdefault(library, os.getpid()) != os.getpid():
        raise ConfigError(
            f"a model was loaded before this process was forked, and the threads of {library} are not in it: "
            "start processes with multiprocessing.get_context('spawn'), or load models in them alone"
        )


def check_images(images: NDArray[Any], card: ModelCard) -> NDArray[Any]:
    """Return a batch as uint8 or float32 (N, in_channels, H, W).

    In memory it is without gaps, in this order or, as pictures are read, with the channels last.

    Raises:
        ConfigError: shape or type is not a picture batch's.
    """
    if images.ndim != 4 or images.shape[1] != card.in_channels or 0 in images.shape:
        raise ConfigError(
            f"found a batch of shape {images.shape}, expected (N, {card.in_channels}, H, W), none of them 0"
        )
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise ConfigError(
            f"found pictures of type {images.dtype}, expected uint8 or float, with values 0..255"
        )
    images = images.astype(np.uint8 if images.dtype == np.uint8 else np.float32, copy=False)
    return images if images.transpose(0, 2, 3, 1).flags.c_contiguous else np.ascontiguousarray(images)


@contextmanager
def computing(
    images: NDArray[Any], failure: type[Exception] = RuntimeError, mend: str = ""
) -> Iterator[None]:
    """Tell what an engine fails at in the block, most often for want of memory, which each says in its way.

    Args:
        images: The batch (N, in_channels, H, W).
        failure: What the engine raises.
        mend: What to do where pictures can be too large for the engine, and not for the memory.

    Raises:
        ImageError: in place of it.
    """
    try:
        yield
    except failure as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        height, width = images.shape[2:]
        raise ImageError(
            f"{height} x {width} pixels (height x width) cannot be computed, for want of memory or else: "
            f"{reason}{mend and f'; {mend}'}"
        ) from error


def softmax(logits: NDArray[np.float32], axis: int = 0) -> NDArray[np.float32]:
    """Turn scores into probabilities of the same shape that sum to 1 over the classes, which are `axis`."""
    exponents: NDArray[np.float32] = logits - logits.max(axis=axis, keepdims=True)
    np.exp(exponents, out=exponents)
    exponents /= exponents.sum(axis=axis, keepdims=True)
    return exponents


def check_memory(images: NDArray[Any], card: ModelCard, value_bytes: int) -> None:
    """Refuse a batch that main memory cannot hold, when it is computed in one piece.

    Args:
        images: The batch (N, in_channels, H, W).
        card: The model's card.
        value_bytes: Bytes of a number inside the network: 4, or 2 for bf16.

    Raises:
        ImageError: more memory is needed than is free.
    """
    check_fits(images, whole_bytes(images[:, 0].size, int(card.network["num_classes"]), value_bytes))


def whole_bytes(pixels: int, num_classes: int, value_bytes: int) -> int:
    """Return about how much memory so many pixels take that are computed in one piece.

    The estimate counts the planes of the first stage, and three times the logits in float32. At 1536 x 1536
    an fcn8s_vgg11 of 3 classes, whose first stage is the lightest, took 70 % of it in OpenVINO and 78 % in
    torch.

    Args:
        pixels: Pixels of all pictures of a batch.
        num_classes: Classes.
        value_bytes: Bytes of a number inside the network: 4, or 2 for bf16.
    """
    return pixels * (value_bytes * STAGE_ONE_PLANES + 3 * 4 * num_classes)


def check_fits(images: NDArray[Any], needed: int) -> None:
    """Refuse a batch that needs more memory than is free, before the system kills the process for it.

    Args:
        images: The batch (N, in_channels, H, W).
        needed: Bytes that computing it will take.

    Raises:
        ImageError: more memory is needed than is free.
    """
    count, _, height, width = images.shape
    check_room(needed, f"{count} x {height} x {width} pixels (pictures x height x width)")
