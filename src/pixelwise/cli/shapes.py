"""`pixelwise shapes`: generated pictures and masks to try every command on."""

from __future__ import annotations

import shlex
from pathlib import Path

from ..data.shapes import write_shapes
from .progress import progress_bar


def shapes(
    out: Path,
    /,
    *,
    seed: int = 0,
    train: int = 200,
    val: int = 40,
    test: int = 8,
    size: tuple[int, int] = (96, 128),
) -> None:
    """Write a data set of generated pictures, to try things on.

    Discs, squares, triangles, stars and bars, cut out of paper, lie on paper, some over others; each class
    has hues and a texture of its own. Masks are palette pictures; outlines are ignored.

    Args:
        out: Folder to make; it may exist if it is empty.
        seed: Which pictures; the same number gives the same ones.
        train: Number of pictures to train on.
        val: Number of pictures to validate with.
        test: Number of pictures to predict.
        size: Height and width in pixels; single pictures differ by up to an eighth.

    Example:
        pixelwise shapes DATA
    """
    with progress_bar("drawing") as progress:
        write_shapes(out, seed=seed, train=train, val=val, test=test, size=size, progress=progress)
    print(f"wrote {train} train, {val} val and {test} test pictures with their masks to {out}")
    print(f"next: pixelwise train {shlex.quote(str(out))}")
