"""What the values in masks mean, in words that a person can write: `dataset.yaml`, read and drafted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..errors import ConfigError, DataError
from ..labels import Color, Labels, as_color, default_palette
from .choices import CHOICES, read_ignored, read_value
from .masks import MaskCodec, hex_color, pack_color

FILE_NAME = "dataset.yaml"
"""Where a description stands, in the folder of the data set."""

_MAX_BYTES = 1_000_000
_MAX_ENTRIES = 200_000
_KEYS = ("names", "colors", *CHOICES)
_IGNORED = 255


@dataclass(frozen=True)
class Description:
    """The classes of a data set by the values in its masks.

    Attributes:
        names: Name of each class by its value. Values need not follow each other; values of one name are one
            class.
        colors: Colour by value; in colour masks the colour that stands for the class.
        ignore: Values that are ignored.
        ignore_colors: Colours that are ignored, in colour masks.
        order: Names of the classes in the order of their ids, where that is not the order of the values.
        standard_colors: Whether the colours are a format's own, so that a mask whose palette holds them at
            other values was numbered anew by a tool, and is read by them.
    """

    names: Mapping[int, str]
    colors: Mapping[int, Color] = field(default_factory=dict)
    ignore: tuple[int, ...] = ()
    ignore_colors: tuple[Color, ...] = ()
    order: tuple[str, ...] = ()
    standard_colors: bool = False

    def __post_init__(self) -> None:
        for name in self.names.values():
            if re.search("[\ud800-\udfff]", name):  # JSON can hold halves of characters, no file can
                raise DataError(f"the class name {name!r} is no text: correct it")

    @property
    def values(self) -> tuple[int, ...]:
        """Values of the classes, ascending, which is the order of the ids 0, 1, ... but for `order`."""
        return tuple(sorted(self.names))

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class, in the order of the ids."""
        return self.order or tuple(dict.fromkeys(self.names[value] for value in self.values))

    @property
    def packed_colors(self) -> set[int]:
        """Colours of classes, and of what is ignored, as numbers 0xRRGGBB."""
        return {pack_color(color) for color in (*self.colors.values(), *self.ignore_colors)}

    def labels(self) -> Labels:
        """Return names and palette in the order of the ids; colours that are not given are made up."""
        names = self.class_names
        spare = default_palette(len(names))
        first = {self.names[value]: self.colors[value] for value in self.values[::-1] if value in self.colors}
        palette = tuple(first.get(name, spare[id_]) for id_, name in enumerate(names))
        given = [*self.ignore_colors, *(self.colors[value] for value in self.ignore if value in self.colors)]
        greys: list[Color] = [(0, 0, 0), (255, 255, 255), (224, 224, 224), (127, 127, 127)]
        ignore_color = next((color for color in [*given, *greys] if color not in palette), (0, 0, 0))
        return Labels(names, palette, ignore_color=ignore_color)

    def codec(self, by_color: bool) -> MaskCodec:
        """Return how masks of ids, or of colours, become class ids.

        Raises:
            DataError: masks hold colours and a class has none, or two have the same.
        """
        id_of = {name: id_ for id_, name in enumerate(self.class_names)}
        if not by_color:
            ids = dict.fromkeys(self.ignore, _IGNORED)
            ids |= {value: id_of[self.names[value]] for value in self.values}
            own = self.colors if self.standard_colors else {}
            return MaskCodec(ids, colors={value: pack_color(color) for value, color in own.items()})
        bare = [self.names[value] for value in self.values if value not in self.colors]
        if bare:
            raise DataError(
                f"the masks are colour pictures, but no colour is given for {', '.join(bare)}: "
                "add it under colors"
            )
        ids = {pack_color(color): _IGNORED for color in self.ignore_colors}
        ids |= {pack_color(self.colors[value]): _IGNORED for value in self.ignore if value in self.colors}
        for value in self.values:
            color, id_ = pack_color(self.colors[value]), id_of[self.names[value]]
            if ids.get(color, id_) != id_:
                raise DataError(
                    f"the colour {hex_color(color)} stands for '{self.names[value]}' and for something else: "
                    "give every class, and what is ignored, a colour of its own"
                )
            ids[color] = id_
        return MaskCodec(ids, by_color=True)


def read_description(path: Path) -> Description:
    """Read a `dataset.yaml`.

    Raises:
        DataError: it is not what it should be; the message says where and what is expected.
    """
    try:
        return _parse(load_yaml(path))
    except (ConfigError, DataError) as error:
        raise DataError(f"{path}: {error}") from error


def read_content(path: Path) -> dict[Any, Any]:
    """Return the entries of a `dataset.yaml`; none where there is no such file.

    Raises:
        DataError: it cannot be read, or holds something else than entries; the message lacks the file's name.
    """
    content = load_yaml(path) if path.exists() else {}
    if content is None:  # nothing but comments, such as `pixelwise classes` drafts
        return {}
    if not isinstance(content, dict):
        raise DataError(
            "lacks names; expected a line 'names:' and below it a line 'VALUE: NAME' for each class"
        )
    return content


class _Loader(yaml.SafeLoader):
    """YAML's plain types only, and no key twice in a mapping."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=True)
        if len(mapping) < len(node.value):
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            doubled = next(key for key in keys if keys.count(key) > 1)
            raise DataError(f"{doubled!r} stands there twice: remove one of them")
        return mapping


def load_yaml(path: Path) -> Any:
    """Return what a small YAML file holds, as plain types.

    Raises:
        DataError: it cannot be read, is no YAML, or holds a key twice; the message lacks the file's name.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataError(
                "is larger than a description of classes can be; expected names, colors and ignore"
            )
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
        _refuse_bombs(content)
        return content
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text: save it as UTF-8") from error
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataError(f"is not valid YAML ({' '.join(str(error).split())})") from error


def _refuse_bombs(content: Any) -> None:
    """Raise where aliases (*x) make a small file endless; nobody could even print it."""
    todo, seen = [content], 0
    while todo:
        seen += 1
        if seen > _MAX_ENTRIES:
            raise DataError("holds aliases (*) that multiply it without end; write out what is meant")
        entry = todo.pop()
        if isinstance(entry, dict):
            todo += [*entry.keys(), *entry.values()]
        elif isinstance(entry, list | tuple | set):
            todo += entry


def _parse(content: Any) -> Description:
    if not isinstance(content, dict) or "names" not in content:
        raise DataError(
            "lacks names; expected a line 'names:' and below it a line 'VALUE: NAME' for each class"
        )
    unknown = [str(key) for key in content if key not in _KEYS]
    if unknown:
        raise DataError(f"found the unknown key {', '.join(unknown)}, expected {', '.join(_KEYS)}")
    names = _names(content["names"])
    ignore, ignore_colors = read_ignored(content.get("ignore", [] if _IGNORED in names else [_IGNORED]))
    both = [str(value) for value in ignore if value in names]
    if both:
        raise DataError(f"value {', '.join(both)} stands under names and under ignore: remove one of them")
    colors = _colors(content.get("colors") or {})
    homeless = [str(value) for value in colors if value not in names and value not in ignore]
    if homeless:
        raise DataError(f"colors names value {', '.join(homeless)}, which is neither under names nor ignore")
    description = Description(names, colors, ignore, ignore_colors)
    doubled = [name for name in names.values() if [*names.values()].count(name) > 1]
    if doubled:
        raise DataError(
            f"class names must differ, found twice: {', '.join(dict.fromkeys(doubled))}; give each a name of "
            "its own and join them under merge"
        )
    description.labels()  # raises for too many classes
    return description


def _names(content: Any) -> dict[int, str]:
    if isinstance(content, list):
        content = dict(enumerate(content))
    if not isinstance(content, dict) or not content:
        raise DataError(f"names is {content!r}, expected a line 'VALUE: NAME' for each class")
    names: dict[int, str] = {}
    for value, name in content.items():
        if isinstance(name, bool) or not isinstance(name, str | int | float) or not str(name).strip():
            raise DataError(f"names: {value!r} has the name {name!r}, expected a word (in quotes if need be)")
        names[read_value(value, "names")] = str(name).strip()
    return names


def _colors(content: Any) -> dict[int, Color]:
    if not isinstance(content, dict):
        raise DataError(f"colors is {content!r}, expected a line 'VALUE: [r, g, b]' for each class")
    return {read_value(value, "colors"): as_color(color) for value, color in content.items()}


def draft(description: Description, comments: Mapping[int, str], by_color: bool) -> str:
    """Return the text of a `dataset.yaml` that `read_description` reads as `description`.

    Args:
        description: What to write.
        comments: What to say of a value (of a colour 0xRRGGBB in colour masks).
        by_color: Whether the masks are colour pictures.
    """

    def comment(value: int) -> str:
        key = pack_color(description.colors[value]) if by_color else value
        return f"  # {comments[key]}" if key in comments else ""

    lines = ["# What the values in the masks mean.", ""]
    lines.append("names:  # value in the masks: name of the class" if not by_color else "names:")
    entries = {value: f"  {value}: {_quoted(description.names[value])}" for value in description.values}
    width = max(map(len, entries.values()))
    lines += [f"{entry:{width}}{comment(value)}".rstrip() for value, entry in entries.items()]
    meaning = "the colour in the masks that stands for the class" if by_color else "what classes are drawn in"
    lines += ["", f"colors:  # {meaning}"]
    labels = description.labels()
    palette = dict(zip(labels.class_names, labels.palette, strict=True))
    shown = {value: palette[name] for value, name in sorted(description.names.items())}
    shown |= {value: color for value, color in description.colors.items() if value not in shown}
    lines += [f"  {value}: {list(color)}" for value, color in shown.items()]
    hint = 'colours such as "#000000"' if by_color else "values"
    lines += ["", f"# {hint} that take no part in training or scores; move there what should not be learned"]
    ignored = [str(value) for value in description.ignore]
    ignored += [f'"{hex_color(pack_color(color))}"' for color in description.ignore_colors]
    lines.append(f"ignore: [{', '.join(ignored)}]")
    described = {pack_color(color) for color in shown.values()} if by_color else {*description.names}
    for value, text in comments.items():
        if value not in described:
            known = value in description.ignore
            word = hex_color(value) if by_color else str(value)
            lines.append(f"# {word}{'' if known else ', which is not described'}: {text}")
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    """Return a name as YAML text that reads back as this very string."""
    return yaml.safe_dump(name, allow_unicode=True, width=10_000).removesuffix("\n...\n").rstrip("\n")
