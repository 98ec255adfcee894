"""Pictures to look at: the classes laid over a picture, with a legend; scores as grey pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..labels import Labels
from .counts import count_pixels
from .fonts import find_font, missing_letters

OPACITY = 0.5
"""Share of the class's colour inside an area; the rest is the picture."""

SMALLEST = 400
"""Smaller pictures are enlarged, by a whole factor, until their longer side has this many pixels."""

STRIP_PIXELS = 2**22
"""Pixels that are tinted at a time; it takes some 30 bytes for each."""

LONGEST_NAME = 32
"""Letters of a class name in a legend; what is longer is shortened."""

PAPER = (255, 255, 255)
INK = (30, 30, 30)


def overlay(picture: NDArray[np.uint8], mask: NDArray[np.uint8], labels: Labels) -> Image.Image:
    """Lay the classes over their picture, and put a legend below it.

    Args:
        picture: RGB (H, W, 3) uint8.
        mask: Class ids (H, W).
        labels: Names and colours.

    Returns:
        An RGB picture. Its upper part is the picture, at its own size or, when small, enlarged; it is as wide
        as the legend needs at least.
    """
    factor = enlargement(mask.shape)
    if factor > 1:
        picture = picture.repeat(factor, 0).repeat(factor, 1)
        mask = mask.repeat(factor, 0).repeat(factor, 1)
    height, width = mask.shape
    strip = legend(class_shares(mask, labels), width, font_size=max(14, round((width * height) ** 0.5 / 36)))
    page = Image.new("RGB", (max(width, strip.width), height + strip.height), PAPER)
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):  # of a large picture, no second one is made
        seen = slice(top, top + rows + 1)  # a border depends on the row below
        page.paste(Image.fromarray(blend(picture[seen], mask[seen], labels)[:rows]), (0, top))
    page.paste(strip, (0, height))
    return page


def enlargement(size: tuple[int, ...]) -> int:
    """Return the whole factor by which a picture of a size is enlarged in its overlay."""
    return -(-SMALLEST // max(size)) if max(size) < SMALLEST else 1


def blend(picture: NDArray[np.uint8], mask: NDArray[np.uint8], labels: Labels) -> NDArray[np.uint8]:
    """Tint every pixel with its class's colour, and draw thin light borders between the classes.

    Args:
        picture: RGB (H, W, 3) uint8.
        mask: Class ids (H, W).
        labels: Colours.

    Returns:
        RGB (H, W, 3) uint8.
    """
    colors = labels.color_table()
    tint = (colors * OPACITY).astype(np.uint8)
    blended: NDArray[np.uint8] = (picture * np.float32(1 - OPACITY)).astype(np.uint8) + tint[mask]
    edge = borders(mask)
    blended[edge] = colors[mask[edge]] // 2 + 127  # light, and still of the class where it is one pixel thin
    return blended


def borders(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mark (H, W) the pixels whose neighbour to the right or below has another class."""
    edge = np.zeros(mask.shape, bool)
    edge[:, :-1] = mask[:, :-1] != mask[:, 1:]
    edge[:-1] |= mask[:-1] != mask[1:]
    return edge


@dataclass(frozen=True)
class ClassShare:
    """How much of a mask one class covers.

    Attributes:
        id: The class's id.
        name: Its name.
        color: Its colour.
        share: Its share of the pixels, in 0..1.
    """

    id: int
    name: str
    color: tuple[int, int, int]
    share: float

    @property
    def text(self) -> str:
        """What stands in a legend."""
        name = self.name if len(self.name) <= LONGEST_NAME else f"{self.name[: LONGEST_NAME - 1]}…"
        return f"{name}  {'<0.1' if self.share < 0.001 else format(100 * self.share, '.1f')} %"


def class_shares(mask: NDArray[np.uint8], labels: Labels) -> list[ClassShare]:
    """Return the classes that a mask holds, the largest first."""
    counts = count_pixels(mask, labels.num_classes)
    order = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i]]
    return [
        ClassShare(i, labels.class_names[i], labels.palette[i], float(counts[i] / mask.size)) for i in order
    ]


def legend(shares: list[ClassShare], width: int, font_size: int) -> Image.Image:
    """Draw a strip that names classes, their colours and shares, in as many columns as fit.

    Where no font has all letters of a name, the class's id stands before it.

    Args:
        shares: What to name, in this order, row by row.
        width: Width of the strip; it gets wider when one entry needs more.
        font_size: Height of the letters.
    """
    font = find_font("".join(share.text for share in shares), font_size)
    texts = [
        f"{share.id}: {share.text}" if missing_letters(share.text, font) else share.text for share in shares
    ]
    gap = font_size // 2
    column = 3 * gap + font_size + max((round(font.getlength(text)) for text in texts), default=0)
    columns = max(1, (width - gap) // column)
    line = round(font_size * 1.5)
    rows = -(-len(shares) // columns)
    strip = Image.new("RGB", (max(width, column + gap), rows * line + gap), PAPER)
    draw = ImageDraw.Draw(strip)
    for place, (share, text) in enumerate(zip(shares, texts, strict=True)):
        x, y = gap + place % columns * column, gap // 2 + place // columns * line
        box = (x, y + (line - font_size) // 2, x + font_size, y + (line + font_size) // 2)
        draw.rectangle(box, fill=share.color, outline=INK)
        draw.text((x + font_size + gap, y + line // 2), text, fill=INK, font=font, anchor="lm")
    return strip


def grey(probs: NDArray[Any]) -> Image.Image:
    """Return one class's probabilities (H, W) in 0..1 as a grey picture, black for 0 and white for 1."""
    return Image.fromarray(np.rint(probs * np.float32(255)).astype(np.uint8))
