"""Recognise how a data set is laid out, by the names of its files."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from ..errors import ConfigError, DataError
from .formats import ade20k, camvid, cityscapes, coco, cvat, huggingface, label_studio, labelme, voc, yolo
from .formats.base import Format, Request
from .listing import content_of
from .splits import split_folders


def _is_folder(root: Path) -> bool:
    """Say whether a folder has our own layout; one whose YAML says that it is Ultralytics' is theirs."""
    places = [root, *chain(*split_folders(root).values())]
    whole = any((place / "images").is_dir() and (place / "masks").is_dir() for place in places)
    return whole and not yolo.looks_like(root)


def _is_begun(root: Path) -> bool:
    """Say whether a part of our own layout is there, so that its own errors say best what is missing."""
    places = chain(*split_folders(root).values())
    return any((place / kind).is_dir() for place in places for kind in ("images", "masks"))


def _open_folder(request: Request) -> Path:
    return request.root


FOLDER = Format(
    "folder",
    "{train,val,test}/{images,masks}/NAME.* and for {images,masks}/NAME.*",
    _is_folder,
    _open_folder,
)

FORMATS = (
    FOLDER,
    voc.FORMAT,
    coco.FORMAT,
    yolo.FORMAT,
    cityscapes.FORMAT,
    camvid.FORMAT,
    ade20k.FORMAT,
    labelme.FORMAT,
    cvat.FORMAT,
    label_studio.FORMAT,
    huggingface.FORMAT,
)
"""Every format, in the order in which they are looked for."""


def detect(root: Path, name: str | None = None) -> Format:
    """Return the format of a data set.

    Args:
        root: Folder or file of the data set.
        name: Name of the format, where the user gives it; the files are not looked at then.

    Raises:
        DataError: there is nothing, nothing is recognised, or more than one format is.
        ConfigError: there is no format of that name.
    """
    named = {known.name: known for known in FORMATS}
    if name is not None and name not in named:
        raise ConfigError(f"there is no format '{name}', expected {', '.join(named)}")
    if not root.exists():
        raise DataError(f"{root}: no such folder or file, expected a data set")
    if name is not None:
        return named[name]
    found = [known for known in FORMATS if known.looks_like(root)]
    if len(found) > 1:
        both = " and ".join(known.name for known in found)
        raise DataError(
            f"{root}: looks like {both} at once; say which with --format {found[0].name}, with a line "
            f"'format: {found[0].name}' in dataset.yaml, or move what does not belong there"
        )
    if not found and _is_begun(root):
        return FOLDER
    if not found:
        what = (
            f"no data set found; {looked_for()}; found {content_of(root)}"
            if root.is_dir()
            else (f"is a file, expected a folder with a data set, or one of its own files; {looked_for()}")
        )
        raise DataError(f"{root}: {what}")
    return found[0]


def looked_for() -> str:
    """Return what is looked for, in words."""
    others = "; ".join(f"{known.name}: {known.looked_for}" for known in FORMATS[1:])
    return f"looked for {FOLDER.looked_for}; {others}"
