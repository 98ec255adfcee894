"""`pixelwise export`: a model for other runtimes, with the proof that it computes the same."""

from __future__ import annotations

from pathlib import Path

from ..export.formats import FormatName


def export(
    model: Path,
    /,
    *,
    format: FormatName = "openvino",
    out: Path | None = None,
    pictures: Path | None = None,
) -> int:
    """Write a model for another runtime, and prove it.

    The file takes any number of pictures of any size, and holds class names, colours, ignored id and
    normalisation. Its answers are compared with the network's at three sizes; it appears only when they
    agree, with the numbers beside it in FILE.parity.json.

    Args:
        model: A run folder, or a .safetensors file.
        format: openvino (.xml and .bin), onnx (.onnx), or torch (.pt2, a program of torch.export).
        out: File to write; by default beside the model, with its name. Earlier files are replaced.
        pictures: Folder of pictures to compare the answers on; generated ones by default.

    Returns:
        Exit code: 0, or 1 when pictures could not be read.

    Example:
        pixelwise export runs/first --format onnx
    """
    from ..extras import require

    require("torch")
    from rich.console import Console

    from ..export.write import export_model
    from .log import complain

    done = export_model(model, format, out=out, pictures=pictures)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    parity = done.parity
    console.print(f"wrote {done.path}; {parity.engine} against the network:")
    for trial in parity.trials:
        console.print(
            f"  {trial.pictures} x {trial.height} x {trial.width}: largest difference of logits "
            f"{trial.largest_difference:.1e} of the largest, {trial.equal:.4%} of the pixels equal"
        )
    console.print(f"report: {done.report}")
    complain("not compared on", done.unread)
    return 1 if done.unread else 0
