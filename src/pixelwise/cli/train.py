"""`pixelwise train`: the settings of `pixelwise.train` as options."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from ..processor import fast_int8
from ..training.allocator import restart_with_kept_memory
from ..training.settings import TrainSettings
from .log import complain, log_to_terminal
from .progress import progress_bar


def train(
    data: Path,
    /,
    *,
    config: Path | None = None,
    settings: Annotated[TrainSettings, Parameter(name="*")] = TrainSettings(),  # noqa: B008
) -> int:
    """Train a network on a folder of pictures and masks.

    Checks all pairs first, trains, keeps the best model by validation mIoU, exports it for fast prediction
    and scores it. The run folder then holds model.safetensors, model.xml, curves.png, metrics.csv,
    evaluation-val with the scores, and examples with pictures to look at.

    Args:
        data: Data set: DATA/{train,val}/{images,masks}, DATA/{images,masks}, or a folder, file or zip of any
            other format that is recognised: COCO, VOC, YOLO, ...
        config: Recipe to take settings from, a YAML file with lines such as `epochs: 60`; an option given
            beside it wins.
        settings: Settings of the run.

    Returns:
        Exit code: 0, or 1 when pictures of val could not be scored.

    Example:
        pixelwise train DATA --epochs 10 --out runs/first
    """
    restart_with_kept_memory(settings.device)
    from ..training.run import train as run_training

    with log_to_terminal(), progress_bar("checking pairs") as progress:
        result = run_training(data, settings, progress=progress)
    if result.scores is None:  # another process tells the user
        return 0
    console = Console(highlight=False, soft_wrap=True)
    scores = result.scores
    console.print(f"\nval mIoU {scores.mean_iou:.4f}, pixel accuracy {scores.pixel_accuracy:.4f}")
    console.print(
        f"model     {result.run}/model.safetensors, and model.xml for fast prediction", markup=False
    )
    console.print(f"look at   {result.run}/examples, {result.run}/curves.png", markup=False)
    run, data_set = shlex.quote(str(result.run)), shlex.quote(str(data))
    if settings.format is not None:
        data_set += f" --format {shlex.quote(settings.format)}"
    console.print(f"next      pixelwise predict {run} PICTURES --out masks --overlay", markup=False)
    if fast_int8():
        console.print(
            f"quicker   pixelwise quantize {run} {data_set}  (int8: about half the time on a CPU)",
            markup=False,
        )
    complain("not scored", result.failed)
    return 1 if result.failed else 0
