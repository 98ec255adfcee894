"""Masks, and what there is to look at, for many pictures; an interrupted run goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.image import IMAGE_SUFFIXES, open_picture, read_size
from ..data.preview import preview
from ..engines.base import softmax
from ..errors import ConfigError, ImageError, MissingExtraError
from ..room import check_room
from ..writing import check_writable
from .ahead import ahead
from .areas import check_areas, write_areas
from .counts import count_pixels
from .outputs import Layout, describe_origin, is_cut_short, is_made_from
from .predictor import Predictor
from .sources import Source, find_sources

_OF_ONE_PICTURE = (ImageError, MissingExtraError, OSError, MemoryError)
"""What goes wrong with a picture and stops no other."""

LARGE_BYTES = 2**28
"""Pictures that fill more bytes, with their results, go through by themselves, one after the other."""

OVERLAY_BYTES = 5
"""Bytes of a pixel that its overlay fills: Pillow keeps RGB in 4, and in what it compresses."""


@dataclass(frozen=True)
class PredictReport:
    """What became of the pictures.

    Attributes:
        written: Masks that were written.
        skipped: Masks that an earlier run had finished.
        failed: Pictures without a mask, each with the reason.
        notes: What people should know about the names of the results.
    """

    written: tuple[Path, ...]
    skipped: tuple[Path, ...]
    failed: tuple[tuple[Path, str], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Done:
    """A picture that nothing is left to do for; `problem` says why it failed, `counts` its areas (C,)."""

    source: Source
    skipped: bool = False
    problem: str = ""
    counts: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class _Large:
    """A picture that is read only when it is its turn, since it fills much memory."""

    source: Source
    origin: str


@dataclass(frozen=True)
class _Loaded:
    """A picture (H, W, channels) that was read."""

    source: Source
    origin: str
    picture: NDArray[Any]


@dataclass(frozen=True)
class _Predicted:
    """A picture with its mask (H, W) and, if they are wanted, its probabilities (C, H, W)."""

    loaded: _Loaded
    mask: NDArray[np.uint8]
    probs: NDArray[np.float32] | None


def predict_folder(
    predictor: Predictor,
    pictures: Sequence[str | Path],
    out: str | Path,
    *,
    overlay: bool = False,
    classes: bool = False,
    probs: bool = False,
    areas: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> PredictReport:
    """Write a mask of its own size for every picture: OUT/NAME.png, ids with the palette of the classes.

    A picture is skipped when all that is wanted of it is there from an earlier run with the same model and
    the same picture; a result that was made from something else is never replaced, unless it is empty or cut
    short. A picture that cannot be read, or is too large for the memory, is reported, and the others are
    done. Pictures are read and results written while the network computes; a few are in memory at a time, of
    large ones a single one.

    Args:
        predictor: The model.
        pictures: Files, folders (searched with all folders in them) and glob patterns.
        out: Folder for the results; it is made if it is missing.
        overlay: Write OUT/overlays/NAME.png, the classes laid over the picture, with a legend.
        classes: Write OUT/classes/NAME/CLASS.png, each class's probability in grey.
        probs: Write OUT/probs/NAME.npz: `probs` (C, H, W) float16 and `class_names`.
        areas: Write OUT/areas.csv: pixels and share of each class in each picture.
        progress: Called with the pictures done and the number of all.

    Raises:
        ConfigError: `out` is a file, or named like a picture.
        DataError: there are no pictures, or results cannot be written.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: is a file, expected a folder for the results")
    if out.suffix.lower() in IMAGE_SUFFIXES and not out.exists():
        raise ConfigError(f"{out}: is named like a picture, expected a folder for the results")
    sources, notes = find_sources(pictures, out)
    work = _Work(predictor, Layout(out, predictor.labels, overlay, classes, probs), areas)
    for source in sources:
        work.layout.check_source(source.name, source.path)
    if areas:
        check_areas(out / "areas.csv")
    check_writable(out)

    written: list[Path] = []
    skipped: list[Path] = []
    failed: list[tuple[Path, str]] = []
    counts: dict[str, NDArray[np.int64]] = {}
    predictions = map(work.predict, ahead(work.load, sources))
    for number, done in enumerate(ahead(work.write, predictions), start=1):
        mask = work.layout.mask(done.source.name)
        if done.problem:
            failed.append((done.source.path, done.problem))
        else:
            (skipped if done.skipped else written).append(mask)
        if done.counts is not None:
            counts[str(done.source.name)] = done.counts
        if progress is not None:
            progress(number, len(sources))
    if counts:
        write_areas(out / "areas.csv", counts, predictor.labels)
    return PredictReport(tuple(written), tuple(skipped), tuple(failed), notes)


@dataclass(frozen=True)
class _Work:
    """The three steps of every picture; a step leaves alone what an earlier one has finished with.

    Attributes:
        predictor: The model.
        layout: Where results go, and which.
        areas: Whether pixels are counted.
    """

    predictor: Predictor
    layout: Layout
    areas: bool

    def load(self, source: Source) -> _Loaded | _Large | _Done:
        """Read a picture that is not finished, unless it is large."""
        try:
            origin = describe_origin(self.predictor.card.fingerprint, source.path)
            wanted = self.layout.wanted(source.name)
            there = [path for path in wanted if path.exists() and not is_cut_short(path)]
            foreign = next((path for path in there if not is_made_from(path, origin)), None)
            if foreign is not None:
                return _Done(source, problem=_FOREIGN.format(picture=source.path, result=foreign))
            if there == wanted:
                return _Done(source, skipped=True, counts=self._count_again(source))
            height, width = read_size(source.path)
            if self._pixel_bytes() * height * width > LARGE_BYTES:
                return _Large(source, origin)
            return _Loaded(source, origin, self._read(source))
        except _OF_ONE_PICTURE as error:
            return _Done(source, problem=_reason(source, error))

    def predict(self, loaded: _Loaded | _Large | _Done) -> _Predicted | _Done:
        """Compute the mask of a picture that was read; of a large one, do everything."""
        if isinstance(loaded, _Done):
            return loaded
        try:
            if isinstance(loaded, _Large):
                return self.write(
                    self._compute(_Loaded(loaded.source, loaded.origin, self._read(loaded.source)))
                )
            return self._compute(loaded)
        except _OF_ONE_PICTURE as error:
            return _Done(loaded.source, problem=_reason(loaded.source, error))

    def _read(self, source: Source) -> NDArray[Any]:
        return self.predictor.card.form.read(source.path)

    def _pixel_bytes(self) -> int:
        """Return the bytes that a pixel of the picture and its results fills, until they are written."""
        form = self.predictor.card.form
        scores = 2 * 4 * self.layout.labels.num_classes if self._scores_wanted() else 0
        return (
            form.channels * np.dtype(form.dtype).itemsize + 1 + OVERLAY_BYTES * self.layout.overlay + scores
        )

    def _scores_wanted(self) -> bool:
        return self.layout.classes or self.layout.probs

    def _compute(self, loaded: _Loaded) -> _Predicted:
        """Compute the mask of a picture that was read.

        Raises:
            ImageError: the memory does not suffice for the picture and what is wanted of it.
        """
        height, width = loaded.picture.shape[:2]
        check_room(
            self._pixel_bytes() * height * width, f"the results of {height} x {width} pixels (height x width)"
        )
        if not self._scores_wanted():
            return _Predicted(loaded, self.predictor(loaded.picture), None)
        logits = self.predictor.logits(loaded.picture)
        return _Predicted(loaded, logits.argmax(axis=0).astype(np.uint8), softmax(logits))

    def write(self, predicted: _Predicted | _Done) -> _Done:
        """Write the results of a picture that was predicted."""
        if isinstance(predicted, _Done):
            return predicted
        loaded, mask = predicted.loaded, predicted.mask
        try:
            seen = preview(loaded.picture) if self.layout.overlay else None
            self.layout.write(loaded.source.name, loaded.origin, seen, mask, predicted.probs)
            return _Done(loaded.source, counts=self._count(mask))
        except MemoryError as error:
            return _Done(loaded.source, problem=_reason(loaded.source, error))

    def _count_again(self, source: Source) -> NDArray[np.int64] | None:
        """Count the pixels of a mask that is there already, if they are wanted."""
        if not self.areas:
            return None
        try:
            return self._count(np.asarray(open_picture(self.layout.mask(source.name))))
        except ImageError as error:
            raise ImageError(f"its mask is made again once you delete it: {error}") from error

    def _count(self, mask: NDArray[np.uint8]) -> NDArray[np.int64] | None:
        return count_pixels(mask, self.layout.labels.num_classes) if self.areas else None


_FOREIGN = (
    "{picture}: not predicted, since {result} is there already and was made from another picture or by "
    "another model (or with another --tta, or in int8), or was edited; take another --out, or delete it"
)


def _reason(source: Source, error: Exception) -> str:
    """Return what went wrong with a picture, in one line that names it."""
    if isinstance(error, MemoryError):
        return f"{source.path}: does not fit into the memory: cut it into smaller pictures"
    text = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return text if text.startswith(str(source.path)) else f"{source.path}: {text}"
