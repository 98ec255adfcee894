"""Where a data set lies, which format it has and what its `dataset.yaml` decides, before masks are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, DataError
from .archive import is_archive, unpack
from .choices import Choices, read_choices, refuse_others
from .description import FILE_NAME, Description, read_content
from .detect import FOLDER, detect
from .formats.base import Layout, Request
from .pairs import refuse_doubled
from .remap import remap


@dataclass(frozen=True)
class Source:
    """A data set as it lies there.

    Attributes:
        place: Its folder or file; a temporary folder where it is a zip.
        description: Where its `dataset.yaml` is, or would be.
        format: Name of its format.
        layout: What the format found; the folder of our own layout, whose masks say nothing of their classes.
        choices: What the `dataset.yaml`, or the format's own file, decides.
    """

    place: Path
    description: Path
    format: str
    layout: Layout | Path
    choices: Choices

    @property
    def blamed(self) -> Path:
        """The file that errors of the classes name; the data set itself where there is none."""
        return self.description if self.description.exists() else self.place

    @property
    def notes(self) -> tuple[str, ...]:
        """Which format was recognised, unless it is our own."""
        return () if self.format == FOLDER.name else (f"recognised as {self.format}",)

    def remapped(self, description: Description) -> Description:
        """Return classes as `choices` have them; raises a DataError that names the file to blame."""
        with blamed_on(self.blamed):
            return remap(description, self.choices)


def find_source(root: Path, *, format: str | None = None, seed: int = 0, val_fraction: float = 0.2) -> Source:
    """Find a data set's format and what lies there; arguments are those of `open_data`.

    Raises:
        DataError: the data set is of no format that is known, or of two, or a file in it is not usable.
        ConfigError: there is no format of that name.
    """
    place = unpack(root) if is_archive(root) else root
    path = _description_path(root, place)
    with blamed_on(path):
        content = read_content(path)
        choices = read_choices(content)
    chosen = detect(place, format or choices.format)
    layout = chosen.open(Request(place, seed, val_fraction, choices))
    if isinstance(layout, Path):
        return Source(place, path, chosen.name, layout, choices)
    if chosen.name != "yolo":  # whose YAML file may be this very one
        with blamed_on(path):
            refuse_others(content)
    refuse_doubled(root, layout.splits)
    return Source(place, path, chosen.name, layout, layout.choices or choices)


def _description_path(root: Path, place: Path) -> Path:
    """Return where `dataset.yaml` is, or would be: in the folder; beside a file, or in the zip that it is.

    Args:
        root: What the user named.
        place: The same, or the folder that it was unpacked to.
    """
    beside = root.parent / FILE_NAME
    return place / FILE_NAME if place.is_dir() and (root.is_dir() or not beside.exists()) else beside


@contextmanager
def blamed_on(path: Path) -> Iterator[None]:
    """Name a file in the errors of the block."""
    try:
        yield
    except (ConfigError, DataError) as error:
        raise DataError(f"{path}: {error}") from error
