"""The result of a check as plain values: what stands in the JSON file, and what the page is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from .. import __version__
from ..data.masks import hex_color, pack_color
from .finding import Finding, Severity
from .findings.classes import use
from .survey import Survey


def summary(survey: Survey, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return all that a check found out about a data set, for JSON."""
    counts = Counter(finding.severity for finding in findings)
    sizes: Counter[tuple[int, int]] = Counter()
    picture_kinds: Counter[str] = Counter()
    for _, facts in survey.pictures():
        sizes[facts.size] += 1
        picture_kinds[facts.kind] += 1
    return {
        "pixelwise": __version__,
        "data": str(survey.root),
        "format": survey.format,
        "notes": list(survey.notes),
        "findings": [finding.to_dict() for finding in findings],
        "counts": {str(severity): counts[severity] for severity in Severity},
        "blocks_training": counts[Severity.BLOCKS] > 0,
        "splits": {name: len(survey.entries.pairs[name]) for name in survey.splits},
        "classes": classes(survey),
        "picture_sizes": _ranked(sizes),
        "picture_kinds": dict(picture_kinds.most_common()),
        "mask_kinds": dict(Counter(facts.kind for _, facts in survey.masks()).most_common()),
    }


def classes(survey: Survey) -> list[dict[str, Any]]:
    """Return a row a class: name, values in the masks, colour, share of pixels, and pictures by split."""
    uses = use(survey)
    pixels = sum(used.pixels for used in uses.values()) or 1
    names = dict(enumerate(survey.labels.class_names))
    colors = dict(enumerate(survey.labels.palette))
    rows = []
    for id_ in (*names, 255):
        values = sorted(value for value, known in survey.codec.ids.items() if known == id_)
        used = uses[id_]
        rows.append(
            {
                "id": id_,
                "name": names.get(id_, "ignored"),
                "values": [hex_color(value) if survey.meaning.by_color else value for value in values],
                "color": hex_color(pack_color(colors.get(id_, survey.labels.ignore_color))),
                "pixels": used.pixels,
                "share": used.pixels / pixels,
                "pictures": {split: used.pictures.get(split, 0) for split in survey.splits},
            }
        )
    return rows


def _ranked(sizes: Counter[tuple[int, int]]) -> list[dict[str, int]]:
    """Return the sizes, the most frequent first."""
    return [
        {"height": size[0], "width": size[1], "pictures": number} for size, number in sizes.most_common(1000)
    ]
