"""Pairs of files as torch tensors, for training and for validation while training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from .augment import Augmentation
from .form import PHOTOS, PictureForm
from .masks import MaskCodec, read_mask
from .pairs import Pair


class Draw(NamedTuple):
    """One picture of one pass over all: together with the run's seed it fixes the augmented sample."""

    turn: int
    picture: int


class Sample(NamedTuple):
    """What the network trains on.

    Attributes:
        image: (C, H, W) uint8, or float32 for pictures of more than 8 bits; (N, C, H, W) in a batch.
        target: (H, W) int64 class ids with the ignored id, or (N, H, W) in a batch.
        picture: Position of the pair in its split, or (N,) in a batch.
    """

    image: Tensor
    target: Tensor
    picture: int | Tensor


class TrainingSet(Dataset[Sample]):
    """Augmented samples; the same draw gives the same sample, in any worker and after any restart."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        codec: MaskCodec,
        augmentation: Augmentation,
        seed: int,
        form: PictureForm = PHOTOS,
    ) -> None:
        """Keep only the names; files are read when a sample is asked for, pictures as `form` says."""
        self.pairs = pairs
        self.codec = codec
        self.augmentation = augmentation
        self.seed = seed
        self.form = form

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, draw: Draw) -> Sample:
        pair = self.pairs[draw.picture]
        rng = np.random.default_rng((self.seed, draw.turn, draw.picture))
        image, target = self.augmentation(self.form.read(pair.image), read_mask(pair.mask, self.codec), rng)
        return Sample(image, target.long(), draw.picture)


class ValidationSet(Dataset[Sample]):
    """Whole pictures at their own size."""

    def __init__(self, pairs: Sequence[Pair], codec: MaskCodec, form: PictureForm = PHOTOS) -> None:
        """Keep only the names; files are read when a sample is asked for, pictures as `form` says."""
        self.pairs = pairs
        self.codec = codec
        self.form = form

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        pair = self.pairs[index]
        image = torch.from_numpy(self.form.read(pair.image)).permute(2, 0, 1).contiguous()
        target = torch.from_numpy(read_mask(pair.mask, self.codec)).long()
        return Sample(image, target, index)


class EpochSampler(Sampler[Draw]):
    """Every picture once, or several times, an epoch, in an order that the seed and the epoch fix.

    The order is one for all processes: of each whole batch every process takes its share, so that one, two or
    eight processes train on the same batches. What does not fill a batch is left out of that pass.

    Attributes:
        epoch: The epoch that the next iteration draws; Lightning sets it.
    """

    def __init__(
        self, pictures: int, batch_size: int, seed: int, rank: int = 0, world: int = 1, repeats: int = 1
    ) -> None:
        """Go `repeats` times over the pictures in each epoch.

        `batch_size` counts the pictures of all `world` processes together and divides by `world`.
        """
        self.used = pictures // batch_size * batch_size
        self.repeats = repeats
        self.pictures, self.seed, self.rank, self.world = pictures, seed, rank, world
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.used * self.repeats // self.world

    def __iter__(self) -> Iterator[Draw]:
        for turn in range(self.epoch * self.repeats, (self.epoch + 1) * self.repeats):
            order = np.random.default_rng((self.seed, turn)).permutation(self.pictures)
            for index in order[: self.used][self.rank :: self.world]:
                yield Draw(turn, int(index))


class ShareSampler(Sampler[int]):
    """Each process's share of a split: every picture exactly once over all processes, none doubled."""

    def __init__(self, pictures: int, rank: int = 0, world: int = 1) -> None:
        """Give process `rank` of `world` every `world`-th picture."""
        self.share = range(rank, pictures, world)

    def __len__(self) -> int:
        return len(self.share)

    def __iter__(self) -> Iterator[int]:
        return iter(self.share)
