"""Merge, drop and rename the classes of a data set as its `dataset.yaml` asks."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from ..errors import DataError
from .choices import Choices, Member
from .description import Description


def remap(description: Description, choices: Choices) -> Description:
    """Return the description with the classes that a person chose, and with what is ignored besides.

    A merged class stands where the first of its members stood, with that member's colour. A class whose value
    or colour is ignored is dropped.

    Raises:
        DataError: a class is not there, is named twice, nothing is left, or a new name is taken.
    """
    names = dict(description.names)
    ignore = [value for value in choices.ignore if value not in description.ignore]
    ignore_colors = [color for color in choices.ignore_colors if color not in description.ignore_colors]
    colors = description.colors
    ignored = (value for value in names if value in ignore or colors.get(value) in ignore_colors)
    choices = replace(choices, drop=(*choices.drop, *ignored))
    if not (choices.merge or choices.drop or choices.rename or ignore or ignore_colors):
        return description
    new_names: dict[int, str] = {}
    dropped: set[int] = set()
    for new, members in choices.merge.items():
        for value in _values(names, members, f"merge: {new}"):
            new_names[value] = new
    for old, new in choices.rename.items():
        for value in _values(names, (old,), "rename"):
            new_names[value] = new
    dropped.update(_values(names, choices.drop, "drop"))
    _refuse_doubles(choices, names)
    _refuse_taken(names, new_names, dropped, choices)

    kept = {value: new_names.get(value, name) for value, name in names.items() if value not in dropped}
    if not kept:
        raise DataError("drop: leaves no class; keep one at least")
    places: dict[str, int] = {}
    for value, name in kept.items():
        place = description.class_names.index(names[value])
        places[name] = min(place, places.get(name, place))
    order = tuple(sorted(places, key=places.__getitem__))
    return replace(
        description,
        names=kept,
        ignore=tuple(dict.fromkeys((*description.ignore, *ignore, *sorted(dropped)))),
        ignore_colors=(*description.ignore_colors, *ignore_colors),
        order=order,
    )


def _values(names: Mapping[int, str], members: tuple[Member, ...], where: str) -> list[int]:
    """Return the values in the masks that members stand for, each by its name or itself a value."""
    found: list[int] = []
    for member in members:
        values = [value for value, name in names.items() if member in (name, value)]
        if not values:
            near = difflib.get_close_matches(str(member), names.values(), n=1)
            known = ", ".join(dict.fromkeys(names.values()))
            hint = f"did you mean '{near[0]}'?" if near else f"expected {known}"
            raise DataError(f"{where}: there is no class {member!r}; {hint}")
        found += values
    return found


def _refuse_doubles(choices: Choices, names: Mapping[int, str]) -> None:
    """Raise where a class is to become two things."""
    lists = [*choices.merge.values(), choices.drop, tuple(choices.rename)]
    counts = Counter(value for members in lists for value in set(_values(names, members, "")))
    for value, count in counts.items():
        if count > 1:
            raise DataError(
                f"class '{names[value]}' stands more than once under merge, drop, rename and ignore: "
                "each class can become one thing; a merge names the class that it makes"
            )


def _refuse_taken(
    names: Mapping[int, str], new_names: Mapping[int, str], dropped: set[int], choices: Choices
) -> None:
    """Raise where a new name is that of a class that stays, or of another new class."""
    staying = {name for value, name in names.items() if value not in new_names and value not in dropped}
    given = [*choices.merge, *choices.rename.values()]
    for new in given:
        if new in staying or given.count(new) > 1:
            raise DataError(
                f"the new name '{new}' is taken by another class: join both under merge, or choose another"
            )
