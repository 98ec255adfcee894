"""What the numbers in a mask mean: class names, their colours, and the id that is ignored."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ConfigError

Color = tuple[int, int, int]

IGNORE_INDEX = 255
"""Id of pixels that take no part in training or scores, unless a data set says otherwise."""


@dataclass(frozen=True)
class Labels:
    """Names, colours and the ignored id of a set of classes.

    Attributes:
        class_names: One name a class, in the order of their ids; background counts, ignore does not.
        palette: One RGB colour (0..255) a class.
        ignore_index: Id in 0..255 that marks pixels without a class; never the id of a class.
        ignore_color: RGB colour that such pixels are drawn in.
    """

    class_names: tuple[str, ...]
    palette: tuple[Color, ...]
    ignore_index: int = IGNORE_INDEX
    ignore_color: Color = (0, 0, 0)

    def __post_init__(self) -> None:
        if not 1 <= len(self.class_names) <= 255:
            raise ConfigError(f"found {len(self.class_names)} classes, expected 1 to 255")
        if len(self.palette) != len(self.class_names):
            raise ConfigError(f"found {len(self.palette)} colours for {len(self.class_names)} classes")
        doubled = sorted({name for name in self.class_names if self.class_names.count(name) > 1})
        if doubled:
            raise ConfigError(f"class names must differ, found twice: {', '.join(doubled)}")
        if not self.num_classes <= self.ignore_index <= 255:
            raise ConfigError(
                f"ignore_index is {self.ignore_index}, expected {self.num_classes} to 255: "
                f"0 to {self.num_classes - 1} are the ids of the classes"
            )

    @property
    def num_classes(self) -> int:
        """Number of classes; background counts, ignore does not."""
        return len(self.class_names)

    @classmethod
    def numbered(cls, num_classes: int, ignore_index: int = IGNORE_INDEX) -> Labels:
        """Make labels for classes of which only the number is known: class_0, class_1, ..."""
        names = tuple(f"class_{i}" for i in range(num_classes))
        return cls(names, default_palette(num_classes), ignore_index)

    def color_table(self) -> NDArray[np.uint8]:
        """Return a (256, 3) RGB table: row i is the colour of id i, the ignore colour where i is no class."""
        table = np.empty((256, 3), np.uint8)
        table[:] = self.ignore_color
        table[: self.num_classes] = self.palette
        return table

    def colorize(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint a mask: ids (H, W) uint8 to RGB (H, W, 3) uint8."""
        return self.color_table()[mask]

    def to_dict(self) -> dict[str, Any]:
        """Return the labels as plain lists and numbers, for JSON."""
        return {
            "class_names": list(self.class_names),
            "palette": [list(color) for color in self.palette],
            "ignore_index": self.ignore_index,
            "ignore_color": list(self.ignore_color),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Labels:
        """Make labels from what `to_dict` gave.

        Raises:
            ConfigError: a value is missing or not usable.
        """
        try:
            return cls(
                tuple(str(name) for name in values["class_names"]),
                tuple(as_color(color) for color in values["palette"]),
                int(values["ignore_index"]),
                as_color(values["ignore_color"]),
            )
        except (KeyError, TypeError) as error:
            raise ConfigError(f"labels are incomplete: {error}") from error


def as_color(value: Any) -> Color:
    """Return `value` ([r, g, b] with 0..255, or "#rrggbb") as a colour.

    Raises:
        ConfigError: it is neither.
    """
    if isinstance(value, str) and re.fullmatch("#[0-9a-fA-F]{6}", value):
        value = list(bytes.fromhex(value[1:]))
    if (
        isinstance(value, list | tuple)
        and len(value) == 3
        and all(isinstance(part, int) and 0 <= part <= 255 for part in value)
    ):
        return (value[0], value[1], value[2])
    raise ConfigError(f"found the colour {value!r}, expected [r, g, b] with 0..255 or '#rrggbb'")


def default_palette(num_classes: int) -> tuple[Color, ...]:
    """Return colours that are easy to tell apart, one a class; class 0 is dark grey, the usual background.

    Hues step by the golden ratio, so that neighbouring ids differ most, and lightness steps slowly, so that
    hues that come round again differ too.
    """
    colors: list[Color] = [(64, 64, 64)]
    for i in range(num_classes - 1):
        hue = (0.98 + i * 0.618034) % 1.0
        value = (1.0, 0.72, 0.88)[i // 7 % 3]
        saturation = (0.85, 0.6, 0.95)[i // 3 % 3]
        red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
        colors.append((round(red * 255), round(green * 255), round(blue * 255)))
    return tuple(colors[:num_classes])
