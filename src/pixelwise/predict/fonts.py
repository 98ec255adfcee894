"""A font that has the letters of a text; the one that Pillow brings has hardly more than ASCII."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

OTHERS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "arial.ttf",
    "msyh.ttc",
)
"""Fonts of Linux, macOS and Windows, those with more letters of Europe first."""

_NO_LETTER = "\U0010ffff"


def find_font(text: str, size: int) -> Font:
    """Return a font that has all letters of a text, or the one that has most of those on this machine.

    Where Pillow's own has them all it is taken, so that the same picture is drawn on every machine.
    """
    own = ImageFont.load_default(size)
    if not missing_letters(text, own):
        return own
    fonts = (own, *(ImageFont.truetype(path, size) for path in other_fonts()))
    return min(fonts, key=lambda font: len(missing_letters(text, font)))


def missing_letters(text: str, font: Font) -> set[str]:
    """Return the letters of a text that a font draws as it draws what is no letter: a box."""
    box = bytes(font.getmask(_NO_LETTER))
    return {letter for letter in set(text) if bytes(font.getmask(letter)) == box}


@cache
def other_fonts() -> tuple[str, ...]:
    """Return the files of `OTHERS` that are installed, with the system or with matplotlib."""
    names = list(OTHERS)
    if (matplotlib := importlib.util.find_spec("matplotlib")) and matplotlib.origin:
        names.append(str(Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf" / OTHERS[0]))
    return tuple(path for name in names if (path := _path(name)))


def _path(name: str) -> str:
    try:
        return str(ImageFont.truetype(name).path)
    except OSError:
        return ""
