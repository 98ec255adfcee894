"""What is written for one picture: whole files or none, and a mask that knows what it was made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..data.listing import real
from ..data.masks import indexed
from ..errors import DataError
from ..labels import Labels
from ..writing import replacing
from . import render

ORIGIN_KEY = "pixelwise"
"""The entry of a result, PNG or .npz, that says which model and picture it was made from."""

HEAD_BYTES = 4096
"""Bytes from the beginning of a result in which that entry lies."""

END_PNG, END_NPZ, END_BYTES = b"IEND\xaeB`\x82", b"PK\5\6", 22
"""What a whole PNG ends with, what the last bytes of a whole .npz begin with, and how many those are."""

FAST = 1
"""PNG compression: the quickest level; masks hardly get larger by it."""


@dataclass(frozen=True)
class Layout:
    """Where the results of a folder of pictures go, and which are wanted beside the masks.

    Attributes:
        out: The folder.
        labels: The model's classes.
        overlay: Whether to write OUT/overlays/NAME.png.
        classes: Whether to write OUT/classes/NAME/CLASS.png.
        probs: Whether to write OUT/probs/NAME.npz.
    """

    out: Path
    labels: Labels
    overlay: bool = False
    classes: bool = False
    probs: bool = False

    def mask(self, name: PurePosixPath) -> Path:
        """Return where a mask goes."""
        return self.out / f"{name}.png"

    def overlay_picture(self, name: PurePosixPath) -> Path:
        """Return where an overlay goes."""
        return self.out / "overlays" / f"{name}.png"

    def class_pictures(self, name: PurePosixPath) -> list[Path]:
        """Return where the pictures of the classes go, one a class."""
        return [self.out / "classes" / name / f"{file}.png" for file in file_names(self.labels.class_names)]

    def probs_file(self, name: PurePosixPath) -> Path:
        """Return where probabilities go."""
        return self.out / "probs" / f"{name}.npz"

    def wanted(self, name: PurePosixPath) -> list[Path]:
        """Return all files that are to be written for a picture."""
        wanted = [self.mask(name)]
        if self.overlay:
            wanted.append(self.overlay_picture(name))
        if self.classes:
            wanted += self.class_pictures(name)
        if self.probs:
            wanted.append(self.probs_file(name))
        return wanted

    def check_source(self, name: PurePosixPath, picture: Path) -> None:
        """Make sure that a picture's folder is not called like one of ours, and its mask goes elsewhere.

        Raises:
            DataError: it is, or does not.
        """
        if picture.name == self.mask(name).name and real(picture) == real(self.mask(name)):
            raise DataError(f"{picture}: its mask would go where it lies itself: give another --out")
        ours = {"overlays": self.overlay, "classes": self.classes, "probs": self.probs}
        if len(name.parts) > 1 and ours.get(name.parts[0]):
            raise DataError(
                f"the masks of the pictures in the folder '{name.parts[0]}' would mix with the results that "
                f"go to {self.out / name.parts[0]}: rename that folder, or predict it by itself"
            )

    def write(
        self,
        name: PurePosixPath,
        origin: str,
        picture: NDArray[np.uint8] | None,
        mask: NDArray[np.uint8],
        probs: NDArray[np.float32] | None,
    ) -> None:
        """Write everything that is wanted of one picture, the mask last.

        Only the mask is waited for until the disk holds it; of the others, those that a power cut leaves
        without their end are made again (see `is_cut_short`).

        Args:
            name: The picture's name.
            origin: What the files say that they were made from.
            picture: RGB (H, W, 3); needed for the overlay only.
            mask: Class ids (H, W).
            probs: Probabilities (C, H, W); needed for class pictures and probabilities only.

        Raises:
            DataError: a file cannot be written.
        """
        if self.overlay and picture is not None:
            _save(render.overlay(picture, mask, self.labels), self.overlay_picture(name), origin, sync=False)
        if self.classes and probs is not None:
            for path, plane in zip(self.class_pictures(name), probs, strict=True):
                _save(render.grey(plane), path, origin, sync=False)
        if self.probs and probs is not None:
            first, names = np.array(origin.encode()), np.array(self.labels.class_names)
            with replacing(self.probs_file(name), sync=False) as file:
                np.savez(file, pixelwise=first, probs=probs.astype(np.float16), class_names=names)
        _save(indexed(mask, self.labels), self.mask(name), origin, sync=True)


def _save(picture: Image.Image, path: Path, origin: str, *, sync: bool) -> None:
    text = PngInfo()
    text.add_text(ORIGIN_KEY, origin)
    with replacing(path, sync=sync) as file:
        picture.save(file, "PNG", compress_level=FAST, pnginfo=text)


def describe_origin(fingerprint: str, picture: Path) -> str:
    """Return what a result says that it was made from: fingerprints of the model and of the picture.

    Raises:
        OSError: the picture cannot be read.
    """
    with picture.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return json.dumps({"model": fingerprint, "picture": digest})


def is_made_from(path: Path, origin: str) -> bool:
    """Tell whether a file is a result of ours, of this very picture and model.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return origin.encode() in file.read(HEAD_BYTES)


def is_cut_short(path: Path) -> bool:
    """Tell whether a power cut left nothing of a file but zeros, or a result of ours without its end.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(max(0, path.stat().st_size - END_BYTES))
        end = file.read()
    whole = end.endswith(END_PNG) or end.startswith(END_NPZ)
    return not head.strip(b"\0") or (b'{"model": ' in head and not whole)


def is_result(path: Path) -> bool:
    """Tell whether a file is a picture that we wrote, of whatever picture and model."""
    try:
        with path.open("rb") as file:
            return f'{ORIGIN_KEY}\0{{"model": '.encode() in file.read(HEAD_BYTES)
    except OSError:
        return False


def file_names(class_names: tuple[str, ...]) -> list[str]:
    """Return a file name, without suffix, for each class; ids are put before names that would be equal."""
    names = ["".join(c if c.isalnum() or c in " -_.+()" else "_" for c in name) for name in class_names]
    names = [name.strip(". ") or "_" for name in names]
    alike = len({name.casefold() for name in names}) < len(names)
    return [f"{i:03}_{name}" for i, name in enumerate(names)] if alike else names
