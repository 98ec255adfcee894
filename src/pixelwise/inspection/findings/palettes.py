"""Findings on palettes: masks that a tool numbered anew."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from ...data.description import FILE_NAME, Description
from ...data.masks import hex_color, is_renumbered, pack_color
from ...labels import default_palette
from ..finding import Finding, Found, Severity, count, on_masks
from ..survey import Survey


def numbered_anew(survey: Survey) -> Iterator[Finding]:
    """Find masks of ids whose palettes hold the colours of the other masks at other ids."""
    if survey.meaning.by_color or survey.codec.colors:  # which tell the classes
        return
    colors: dict[int, Counter[int]] = defaultdict(Counter)
    for _, facts in survey.masks():
        for id_, color in facts.record.palette.items():
            colors[id_][color] += 1
    usual = {id_: found.most_common(1)[0][0] for id_, found in sorted(colors.items())}
    described = {*usual.values()}
    found = Found(
        (entry.pair, ", ".join(f"id {id_} is {hex_color(color)}" for id_, color in palette.items()))
        for entry, facts in survey.masks()
        if is_renumbered(palette := facts.record.palette, usual, described)
    )
    if found:
        yield on_masks(
            "palette-numbered-anew",
            Severity.WARNING,
            f"{count(len(found), 'mask')} with the colours of the others at other ids",
            found,
            why="a tool may have numbered them anew; the ids are taken, which stand for other classes then",
            mend=survey.mends_values or _colors_line(survey.meaning.source, usual),
        )


def _colors_line(source: Description, usual: Mapping[int, int]) -> str:
    """Return the line that has masks read by their usual colours; classes that are in none get spare ones."""
    spare = (color for color in map(pack_color, default_palette(512)) if color not in usual.values())
    colors = {id_: usual[id_] if id_ in usual else next(spare) for id_ in source.names}
    colors |= {id_: usual[id_] for id_ in source.ignore if id_ in usual}
    if len({*colors.values()}) < len(colors):  # which no mask can be read by
        return "if the colours are right, save these masks with the ids of the others"
    lines = ", ".join(f'{id_}: "{hex_color(color)}"' for id_, color in colors.items())
    return f"if the colours are right, write in {FILE_NAME}  colors: {{{lines}}}  , and they are taken"
