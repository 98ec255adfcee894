"""Names in the letters of matplotlib's own font, and of the system's fonts where it lacks some."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from ..predict.fonts import other_fonts

OWN = "DejaVu Sans"
"""The font that matplotlib brings."""

_BOX = "\u25a1"


class Lettering:
    """How matplotlib draws some texts.

    Attributes:
        families: The fonts that have their letters, to be given as `fontfamily`.
    """

    def __init__(self, *texts: str) -> None:
        """Find the fonts."""
        self.families = [OWN]
        self._missing = set().union(*texts) - _letters(findfont(OWN))
        for path in other_fonts():
            if self._missing & _letters(path):
                self.families.append(_family(path))
                self._missing -= _letters(path)

    def drawn(self, text: str) -> str:
        """Return one of the texts with boxes for the letters that no font has; matplotlib warns of each."""
        return "".join(_BOX if letter in self._missing else letter for letter in text)

    def names(self, class_names: Sequence[str]) -> list[str]:
        """Return class names as they are drawn, with the id in front where that takes boxes."""
        return [
            f"{id_}: {self.drawn(name)}" if self._missing & set(name) else name
            for id_, name in enumerate(class_names)
        ]


def letters_wide(text: str) -> int:
    """Return how wide a text is drawn, in letters of Europe: those of East Asia are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


@cache
def _letters(path: str) -> frozenset[str]:
    return frozenset(map(chr, get_font(path).get_charmap()))


@cache
def _family(path: str) -> str:
    """Let matplotlib know a font, and return its name."""
    fontManager.addfont(path)
    return FontProperties(fname=path).get_name()
