"""What a resumed run goes on with: the newest state of the network, and the same data."""

from __future__ import annotations

import hashlib
import json
import logging
import pickle
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from ..checkpoint import read_card
from ..data.pairs import SegmentationData
from ..errors import TrainingError
from ..writing import replacing, write_text
from .record import BEST, LAST

log = logging.getLogger("pixelwise")

DATA = "data.json"
"""The file in a run folder that tells of the data; older runs have none."""

_ROOT = "data"


class StateWriter(TorchCheckpointIO):
    """Has the disk hold a resume state before Lightning deletes the one before it.

    Lightning's own begins a file in the system's temporary folder, which may be too small for it, and is
    done before the disk has it: a power cut could leave no state at all. It also fills memory with it first.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a state, whole or not at all.

        Raises:
            DataError: it cannot be written.
        """
        with replacing(Path(path)) as file:
            try:
                torch.save(checkpoint, file)
            except RuntimeError as error:  # torch's, of the end that does not fit; the first error tells why
                raise error.__context__ or error from None


def latest_state(run: Path) -> Path | None:
    """Return the newest whole resume state; one cut off by a crash while being written is passed over.

    Older ones, which Lightning leaves where a run was resumed from them, are deleted.

    Raises:
        TrainingError: there is none, though one was written once: the run would be trained over.
    """
    states = sorted((run / "state").glob("*.ckpt"), reverse=True)
    for place, path in enumerate(states):
        try:
            torch.load(path, map_location="cpu", mmap=True, weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
            log.warning("%s: damaged, passed over", path)
            continue
        for older in states[place + 1 :]:
            older.unlink(missing_ok=True)  # another process of the run may have been quicker
        return path
    # The models of an epoch are written before its state: after the first, a crash can leave them alone.
    exported = (run / BEST).with_suffix(".xml").exists()
    if exported or ((run / LAST).exists() and read_card(run / LAST).training.get("epoch", 1) > 1):
        raise TrainingError(
            f"{run}: holds a trained model and no resume state, so that it cannot go on; "
            f"start a new run with --init-from {run}"
        )
    log.info("no epoch was finished in %s: beginning with the first", run)
    return None


def next_epoch(state: Path) -> int:
    """Return the number, from 0, of the epoch that a run goes on with from a resume state."""
    return int(torch.load(state, map_location="cpu", mmap=True, weights_only=True)["epoch"]) + 1


def write_data(run: Path, data: SegmentationData) -> None:
    """Write into the run folder what it learns from: for people, and for `check_same_data`."""
    write_text(run / DATA, json.dumps(_facts(data), indent=2) + "\n")


def check_same_data(run: Path, data: SegmentationData) -> None:
    """Make sure that a run goes on with the data it was begun on, wherever that lies now.

    Classes and the names of pairs are compared, not what is in the files.

    Raises:
        TrainingError: it is other data, or the run's record cannot be read.
    """
    path = run / DATA
    if not path.exists():
        return
    try:
        then = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(f"{path}: the record of the run's data cannot be read ({error})") from error
    for what, now in _facts(data).items():
        if what != _ROOT and then.get(what) != now:
            raise TrainingError(
                f"{data.root}: is not the data that {run} was begun on ({then.get(_ROOT)}): found {what}: "
                f"{now}; expected {then.get(what)}{data.left_out()}. Resume with that data, or start a new "
                f"run with --init-from {run}"
            )


def _facts(data: SegmentationData) -> dict[str, str]:
    """Return what makes the data what it is, in words."""
    ids = [f"{data.codec.name(value)} is {id_}" for value, id_ in sorted(data.codec.ids.items())]
    return {
        _ROOT: str(data.root.resolve()),
        "classes": ", ".join(data.labels.class_names),
        "masks": ", ".join(ids),
        "channels": f"{data.channels or 'as found'}, depth {data.depth or 'as found'}",
        **{name: _names(data, name) for name in ("train", "val")},
    }


def _names(data: SegmentationData, split: str) -> str:
    names = sorted(pair.name for pair in data.split(split))
    digest = hashlib.sha256("\n".join(names).encode(errors="surrogateescape")).hexdigest()
    return f"{len(names)} pairs, names {digest[:12]}"
