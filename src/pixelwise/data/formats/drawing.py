"""Make a mask from outlines: which pixels an outline covers, and which outline wins where two overlap.

A pixel belongs to an outline when its centre lies inside, by the even-odd rule; a centre that lies exactly
on an edge belongs to the outline on its right, or below. So outlines that share an edge neither overlap nor
leave a gap between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, ImageError
from ...labels import IGNORE_INDEX, Color
from ..choices import MAX_VALUE, Choices, Overlap
from ..description import Description
from ..image import read_size
from ..masks import MaskValues
from .reading import Points

Size = tuple[int, int]
"""Height and width."""

BACKGROUND = "background"
_LARGE = 4096 * 4096


@dataclass(frozen=True)
class Patch:
    """Pixels that something covers: `inside` (h, w) bool, whose corner lies at (top, left) in the picture."""

    top: int
    left: int
    inside: NDArray[np.bool_]

    @classmethod
    def around(cls, inside: NDArray[np.bool_]) -> Patch:
        """Return what is covered of a whole picture (H, W), cut to its box: many of them fit into memory."""
        rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
        if not rows.size:
            return cls(0, 0, np.zeros((0, 0), np.bool_))
        top, left = int(rows[0]), int(columns[0])
        return cls(top, left, inside[top : rows[-1] + 1, left : columns[-1] + 1].copy())

    @property
    def pixels(self) -> int:
        """How many pixels are covered."""
        return int(np.count_nonzero(self.inside))

    def paint(self, canvas: NDArray[Any], value: int) -> None:
        """Set the covered pixels of a canvas (H, W)."""
        height, width = self.inside.shape
        window = canvas[self.top : self.top + height, self.left : self.left + width]
        window[self.inside] = value


class Region(Protocol):
    """A part of a picture that has a class."""

    @property
    def value(self) -> int:
        """Value of the class."""
        ...

    def cover(self, size: Size) -> Patch:
        """Return the pixels that it covers in a picture of a size.

        Raises:
            ValueError: it does not fit the picture.
        """
        ...


@dataclass(frozen=True, eq=False)
class Outline:
    """One or more closed outlines; a point is inside when an odd number of them surround it.

    Attributes:
        value: Value of the class.
        rings: Corners of each outline (N, 2).
        relative: Whether corners are shares of the picture's width and height.
    """

    value: int
    rings: tuple[Points, ...]
    relative: bool = False

    def cover(self, size: Size) -> Patch:
        """Return the pixels whose centres lie inside."""
        scale = np.array(size[::-1], np.float64) if self.relative else 1.0
        return fill([ring * scale for ring in self.rings], size)


@dataclass(frozen=True, eq=False)
class Stamp:
    """Pixels that were painted, at a place in a picture; what lies outside is cut off."""

    value: int
    patch: Patch

    def cover(self, size: Size) -> Patch:
        """Return the part within the picture."""
        top, left = max(self.patch.top, 0), max(self.patch.left, 0)
        inside = self.patch.inside[top - self.patch.top :, left - self.patch.left :]
        return Patch(top, left, inside[: max(size[0] - top, 0), : max(size[1] - left, 0)])


def fill(rings: Sequence[Points], size: Size) -> Patch:
    """Return the pixels of a picture of `size` whose centres lie inside outlines, by the even-odd rule."""
    starts = np.concatenate(rings)
    ends = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    (height, width), middle = size, 0.5
    low, high = np.minimum(starts, ends)[:, 1], np.maximum(starts, ends)[:, 1]
    first = np.ceil(low - middle).clip(0, height).astype(np.int64)  # the first row that the edge crosses
    past = np.ceil(high - middle).clip(0, height).astype(np.int64)
    counts = past - first
    if not counts.any():
        return Patch(0, 0, np.zeros((0, 0), np.bool_))
    edge = np.repeat(np.arange(len(starts)), counts)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    run, rise = (ends - starts)[edge].T
    x = starts[edge, 0] + (row + middle - starts[edge, 1]) * run / rise
    column = np.ceil(x - middle).clip(0, width).astype(np.int64)  # the first pixel right of the crossing
    top, left, right = int(row.min()), int(column.min()), int(column.max())
    shape = int(row.max()) + 1 - top, right + 1 - left
    inside = np.zeros(shape, np.bool_)
    np.logical_xor.at(inside, (row - top, column - left), True)
    np.logical_xor.accumulate(inside, axis=1, out=inside)
    return Patch(top, left, inside[:, :-1])


def box(left: float, top: float, right: float, bottom: float, turn: float = 0.0) -> Points:
    """Return the corners of a box, turned clockwise by `turn` degrees around its first corner (left, top)."""
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
    return turned(corners, turn, (left, top))


def ellipse(x: float, y: float, radius_x: float, radius_y: float, turn: float = 0.0) -> Points:
    """Return an ellipse as 256 corners, turned clockwise by `turn` degrees around its middle."""
    angle = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    corners = np.stack([x + radius_x * np.cos(angle), y + radius_y * np.sin(angle)], axis=1)
    return turned(corners, turn, (x, y))


def turned(points: Points, degrees: float, middle: tuple[float, float]) -> Points:
    """Return points turned clockwise (as one sees a picture) around a middle."""
    if not degrees:
        return points
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    offset = points - middle
    rotated: Points = offset @ np.array([(cosine, sine), (-sine, cosine)]) + middle
    return rotated


@dataclass(frozen=True, eq=False)
class DrawnMask:
    """A mask that is made of regions whenever it is read.

    Attributes:
        origin: What messages call it: the file that the regions stand in, and which picture they are for.
        image: The picture.
        size: Height and width as the file has them; None to take those of the picture.
        regions: What lies in the picture, in the order of the file.
        base: Value of the pixels that nothing covers.
        overlap: Which region wins.
    """

    origin: str
    image: Path
    size: Size | None
    regions: tuple[Region, ...]
    base: int
    overlap: Overlap = "later"

    def __str__(self) -> str:
        return self.origin

    def read(self) -> MaskValues:
        """Paint the regions over each other.

        Raises:
            ImageError: the picture that has the size cannot be read, or a region does not fit.
        """
        size = self._true_size()
        most = max(self.base, *(region.value for region in self.regions), 0)
        canvas = np.full(size, self.base, np.uint8 if most < 256 else np.uint16)
        patches: Iterator[tuple[int, Patch]] = ((region.value, region.cover(size)) for region in self.regions)
        try:
            if self.overlap == "small-over-large":
                patches = iter(sorted(patches, key=lambda entry: -entry[1].pixels))
            for value, patch in patches:
                patch.paint(canvas, value)
        except ValueError as error:
            raise ImageError(f"{self.origin}: a region cannot be drawn ({error}); correct it") from error
        return MaskValues(canvas)

    def _true_size(self) -> Size:
        """Return the size; a large one is believed only if the picture has it, since memory must hold it."""
        if self.size is not None and self.size[0] * self.size[1] <= _LARGE:
            return self.size
        size = read_size(self.image)
        if self.size is not None and self.size != size:
            raise ImageError(
                f"{self.origin}: says that the picture is {self.size[1]} x {self.size[0]} pixels, but "
                f"{self.image} is {size[1]} x {size[0]}: export the labels again"
            )
        return size


@dataclass(frozen=True)
class Canvas:
    """How all masks of a data set are drawn.

    Attributes:
        values: Value of each class by its name.
        description: The classes.
        base: Value of the pixels that nothing covers.
        ignore: Value of ignored pixels.
        overlap: Which region wins.
        notes: How overlaps and uncovered pixels are treated, a sentence each.
    """

    values: dict[str, int]
    description: Description
    base: int
    ignore: int
    overlap: Overlap
    notes: tuple[str, ...]

    def mask(self, origin: str, image: Path, size: Size | None, regions: Sequence[Region]) -> DrawnMask:
        """Return a mask of this data set."""
        return DrawnMask(origin, image, size, tuple(regions), self.base, self.overlap)


def plan(
    names: Sequence[str], choices: Choices, *, colors: dict[str, Color] | None = None, whole: bool = False
) -> Canvas:
    """Give each class a value, and decide about pixels that nothing covers.

    Where these pixels are background, that is class 0, unless the data set names a class "background", in
    small letters or capitals.

    Args:
        names: Names of the classes in their order; all differ.
        choices: What the user wants.
        colors: Colour of some classes.
        whole: Whether the regions of this format usually cover all of a picture, so that what is left is
            unknown and ignored.

    Raises:
        DataError: there is no class, or more than values; how many may be left after merging, `Labels` says.
    """
    uncovered = choices.uncovered or ("ignore" if whole else "background")
    overlap = choices.overlap or "later"
    names = list(dict.fromkeys(names))
    alike = [name for name in names if name.casefold() == BACKGROUND]
    rest = BACKGROUND if BACKGROUND in alike or not alike else alike[0]
    if uncovered == "background" and not alike:
        names.insert(0, rest)
    ignore = IGNORE_INDEX if len(names) <= IGNORE_INDEX else MAX_VALUE
    if not names or len(names) > ignore:
        raise DataError(f"found {len(names):,} classes, background included; expected 1 to {ignore:,}")
    values = {name: value for value, name in enumerate(names)}
    description = Description(
        {value: name for name, value in values.items()},
        {values[name]: color for name, color in (colors or {}).items()},
        ignore=(ignore,),
    )
    wins = "the later one" if overlap == "later" else "the smaller one"
    what = f"the class '{rest}'" if uncovered == "background" else "ignored"
    notes = (f"where outlines overlap, {wins} wins; pixels that no outline covers are {what}",)
    base = values[rest] if uncovered == "background" else ignore
    return Canvas(values, description, base, ignore, overlap, notes)
