"""`pixelwise predict`: masks for pictures, files, folders and globs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..engines.names import EngineName, TtaName

if TYPE_CHECKING:
    from ..predict.folder import PredictReport


def predict(
    model: Path,
    /,
    *pictures: str,
    out: Path,
    overlay: bool = False,
    classes: bool = False,
    probs: bool = False,
    areas: bool = False,
    engine: EngineName = "auto",
    device: str = "auto",
    tta: TtaName = "none",
) -> int:
    """Write a mask for every picture.

    Masks are PNG files of the picture's own size: class ids, shown in the colours of the classes. Pictures
    that are finished are skipped when the command is run again; one that cannot be read is reported at the
    end.

    Args:
        model: A run folder, or a model file (.safetensors, .xml or .onnx).
        pictures: Files, folders (searched with all folders in them) and patterns such as "shots/*.jpg".
        out: Folder for the results; folders below the pictures' common one are kept.
        overlay: Also write OUT/overlays: the classes laid over the picture, with a legend.
        classes: Also write OUT/classes: a grey picture for each class, white where it is certain.
        probs: Also write OUT/probs: probabilities as .npz, float16 (classes, height, width).
        areas: Also write OUT/areas.csv: pixels and share of each class in each picture.
        engine: What computes the network; auto takes the fastest that is there.
        device: auto, cpu, gpu, or a CUDA device such as cuda:1.
        tta: Average the answers for the picture and its mirror image (flip, 2 times the work), or for both at
            three scales (multiscale, 6 times the work).

    Returns:
        Exit code: 0, or 1 when pictures could not be predicted.

    Example:
        pixelwise predict runs/first PICTURES --out masks --overlay
    """
    from ..predict.predictor import Predictor
    from .log import log_to_terminal

    with log_to_terminal():
        predictor = Predictor.load(model, engine=engine, device=device, tta=tta)

    from ..predict.folder import predict_folder  # while the engine warms up
    from .progress import progress_bar

    with progress_bar("predicting") as progress:
        report = predict_folder(
            predictor,
            pictures,
            out,
            overlay=overlay,
            classes=classes,
            probs=probs,
            areas=areas,
            progress=progress,
        )
    _print_report(report, out, predictor.engine.name)
    return 1 if report.failed else 0


def _print_report(report: PredictReport, out: Path, engine: str) -> None:
    from rich.console import Console
    from rich.markup import escape

    from .log import complain

    console = Console(highlight=False, soft_wrap=True)
    for note in report.notes:
        console.print(f"[dim]note:[/] {escape(note)}")
    counts = [f"{len(report.written)} written"]
    if report.skipped:
        counts.append(f"{len(report.skipped)} skipped (finished before)")
    if report.failed:
        counts.append(f"{len(report.failed)} failed")
    console.print(f"{', '.join(counts)}; engine: {engine}; results: {out}", markup=False)
    complain("failed", (reason for _, reason in report.failed))
