"""`pixelwise models`: what there is to choose from, and what it costs."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from ..models.cost import cost
from ..models.families import FamilyName
from ..models.names import STRIDES, model_names


def models(
    *, size: tuple[int, int] = (480, 640), num_classes: int = 21, family: FamilyName = "aligned"
) -> None:
    """List the networks, with their cost for a picture.

    The smaller the stride, the finer the edges of the masks. Operations are the multiplications and additions
    of all convolutions; the receptive field is how many pixels, along each axis, the scores of one pixel
    depend on.

    Args:
        size: Height and width of the picture in pixels.
        num_classes: Classes to tell apart, background included.
        family: Form of the network: aligned is the default for training, plain the form of the tutorials,
            caffe the paper's release.

    Example:
        pixelwise models --size 360 480 --num-classes 11
    """
    table = Table(
        title=f"family {family}, {size[0]} x {size[1]} pixels, {num_classes} classes",
        title_justify="left",
        caption="M: millions. G: thousand millions. Receptive field: pixels.",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
    )
    table.add_column("name")
    for heading in ("parameters", "operations", "stride", "receptive field"):
        table.add_column(heading, justify="right")
    for name in model_names():
        row = cost(name, num_classes, size, family)
        table.add_row(
            name,
            f"{row.parameters / 1e6:.1f} M",
            f"{row.operations / 1e9:.1f} G",
            str(row.stride),
            str(row.receptive_field),
            end_section=row.stride == STRIDES[-1],
        )
    Console().print(table)
