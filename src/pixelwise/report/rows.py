"""One example as a row of pictures: picture, truth, prediction and error, with a legend below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ..labels import Color, Labels
from .lettering import Lettering, letters_wide

WRONG: Color = (214, 39, 40)
IGNORED: Color = (110, 110, 110)
RIGHT: Color = (222, 222, 222)
INK = "#222222"

LONGEST_SIDE = 800
"""Pixels that a picture is thinned out to before it is drawn; it is shown smaller still."""

MASKS = ("truth", "prediction")

# In inches:
WIDEST, NARROWEST, TALLEST, FLATTEST = 3.2, 1.5, 4.2, 0.15
MARGIN, HEADLINE, HEADING, LEGEND_LINE = 0.1, 0.32, 0.26, 0.21


def example_row(
    picture: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    labels: Labels,
    path: Path,
    title: str = "",
) -> None:
    """Write picture, truth, prediction and error side by side as a PNG picture.

    Args:
        picture: RGB (H, W, 3).
        truth: Ids (H, W) with the ignored id.
        prediction: Ids (H, W).
        labels: Names and colours of the ids.
        path: The .png file to write.
        title: A line above the pictures.
    """
    counted = truth != labels.ignore_index
    wrong = float((truth != prediction)[counted].mean()) if counted.any() else 0.0
    title = title.encode(errors="replace").decode()  # names of files need not be text
    lettering = Lettering(title, *labels.class_names)
    classes = _class_patches(truth, prediction, labels, lettering.names(labels.class_names))
    step = math.ceil(max(truth.shape) / LONGEST_SIDE)
    picture, truth, prediction = picture[::step, ::step], truth[::step, ::step], prediction[::step, ::step]
    panels = {
        "picture": picture,
        "truth": labels.colorize(truth),
        "prediction": labels.colorize(prediction),
        f"error: {100 * wrong:.1f} % of the pixels": error_picture(picture, truth, prediction, labels),
    }

    tallness = truth.shape[0] / truth.shape[1]
    width = max(NARROWEST, min(WIDEST, TALLEST / tallness))
    height = min(TALLEST, max(FLATTEST, width * tallness))
    errors = [_patch(RIGHT, "right"), _patch(WRONG, "wrong"), _patch(IGNORED, "ignored")]
    class_columns = _columns(classes, 3 * width)
    error_columns = _columns(errors, width)
    lines = max(math.ceil(len(classes) / class_columns), math.ceil(len(errors) / error_columns))
    sheet = (
        4 * width + 5 * MARGIN,
        HEADLINE + HEADING + height + 2 * MARGIN + lines * LEGEND_LINE,
    )

    figure = Figure(figsize=sheet)
    corner = MARGIN / sheet[0], 1 - 0.08 / sheet[1]
    figure.text(
        *corner,
        lettering.drawn(title),
        va="top",
        fontsize=11,
        fontfamily=lettering.families,
        color=INK,
        parse_math=False,
    )
    top = sheet[1] - HEADLINE - HEADING
    for place, (heading, image) in enumerate(panels.items()):
        left = MARGIN + place * (width + MARGIN)
        axes = figure.add_axes(
            (left / sheet[0], (top - height) / sheet[1], width / sheet[0], height / sheet[1])
        )
        axes.imshow(image, interpolation="nearest" if heading in MASKS else "antialiased")
        axes.set_anchor("NW")
        axes.set_title(heading, fontsize=10, color=INK, loc="left", pad=4)
        axes.set_axis_off()
    below = (top - height - MARGIN) / sheet[1]
    corners = (MARGIN / sheet[0], below), ((MARGIN + 3 * (width + MARGIN)) / sheet[0], below)
    _put_legend(figure, classes, class_columns, corners[0], lettering.families)
    _put_legend(figure, errors, error_columns, corners[1], lettering.families)
    figure.savefig(path, dpi=120)


def error_picture(
    picture: NDArray[np.uint8], truth: NDArray[np.uint8], prediction: NDArray[np.uint8], labels: Labels
) -> NDArray[np.uint8]:
    """Return RGB (H, W, 3): the picture pale and grey where the prediction is right, red where it is wrong.

    Pixels that the truth ignores are dark grey.
    """
    grey = picture @ np.array([0.299, 0.587, 0.114])
    error = np.repeat((165 + grey * (90 / 255))[..., None], 3, axis=2).astype(np.uint8)
    error[truth != prediction] = WRONG
    error[truth == labels.ignore_index] = IGNORED
    return error


def _class_patches(
    truth: NDArray[np.uint8], prediction: NDArray[np.uint8], labels: Labels, names: Sequence[str]
) -> list[Patch]:
    """Return the legend of the classes that are in truth or prediction, and of what is ignored."""
    there = np.zeros(256, bool)
    there[np.unique(truth)] = there[np.unique(prediction)] = True
    patches = [
        _patch(color, name)
        for color, name, present in zip(labels.palette, names, there, strict=False)
        if present
    ]
    if there[labels.ignore_index]:
        patches.append(_patch(labels.ignore_color, "ignored"))
    return patches


def _put_legend(
    figure: Figure,
    patches: Sequence[Patch],
    columns: int,
    corner: tuple[float, float],
    families: Sequence[str],
) -> None:
    """Draw a legend whose upper left corner is at `corner` (x, y), in shares of the figure."""
    legend = figure.legend(
        # matplotlib fills column by column; this order makes the rows read on
        handles=[patch for column in range(columns) for patch in patches[column::columns]],
        ncols=columns,
        loc="upper left",
        bbox_to_anchor=corner,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.1,
        handleheight=1.1,
        handletextpad=0.5,
        columnspacing=1.4,
        frameon=False,
        prop={"family": families, "size": 9},
        labelcolor=INK,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _patch(color: Color, name: str) -> Patch:
    red, green, blue = color
    return Patch(facecolor=(red / 255, green / 255, blue / 255), label=name)


def _columns(patches: Sequence[Patch], width: float) -> int:
    """Return how many legend entries stand side by side in `width` inches."""
    widest = max(letters_wide(str(patch.get_label())) for patch in patches)
    return max(1, min(len(patches), int(width / (0.42 + 0.075 * widest))))
