"""The errors a user can meet, all under `PixelwiseError`.

A message says what was found, where, what was expected and how to mend it. The command line prints it in
one line and exits with code 1; a traceback is always a bug of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


class PixelwiseError(Exception):
    """Base of every error that pixelwise raises on purpose."""


class ConfigError(PixelwiseError, ValueError):
    """An option or argument has a value that cannot be used."""


class DataError(PixelwiseError):
    """A data set, or a file in it, is not what it should be."""


class ImageError(DataError):
    """One picture or mask cannot be read."""


class WeightsError(PixelwiseError):
    """Tensors do not fit the network that they are loaded into."""


class CheckpointError(PixelwiseError):
    """A model file is missing, damaged, or not one of ours."""


class TrainingError(PixelwiseError):
    """Training cannot start or go on."""


class MissingExtraError(PixelwiseError, ImportError):
    """A package that an optional part needs is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        """Say which install line brings `package`, which belongs to `extra`, one or several with commas."""
        super().__init__(
            f"this needs the package '{package}', which is not installed: "
            f"run  pip install 'pixelwise[{extra}]', or in a clone  pip install '.[{extra}]'"
        )
        self._made_of = package, extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """Travel between processes."""
        return MissingExtraError, self._made_of


def as_path(value: object, what: str) -> Path:
    """Return the path of `what` that a caller gave.

    Raises:
        ConfigError: it is no path.
    """
    if not isinstance(value, str | os.PathLike):
        raise ConfigError(f"found {type(value).__name__}, expected the path of {what}")
    return Path(value)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a message on an unknown word: a colon and the nearest known one, if any is near.

    Near is also what shortens it to its initials, as lr does learning_rate.
    """
    import difflib  # which a start without an error can do without

    known = list(known)
    initials = "".join(part[:1] for part in word.replace("_", "-").split("-"))
    shorter = [name for name in known if name.strip("-") == initials]
    nearest = difflib.get_close_matches(word, known, n=1) or shorter
    return f": did you mean {nearest[0]}?" if nearest else ""
