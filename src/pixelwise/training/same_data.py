"""Which data a run was begun on, so that a resumed run learns from the same. Needs no torch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ..data.pairs import SegmentationData
from ..errors import TrainingError

DATA = "data.json"
"""The file in a run folder that tells of the data; older runs have none."""

_ROOT = "data"


def write_data(run: Path, data: SegmentationData) -> None:
    """Write into the run folder what it learns from: for people, and for `check_same_data`."""
    (run / DATA).write_text(json.dumps(_facts(data), indent=2) + "\n", encoding="utf-8")


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
                f"{now}; expected {then.get(what)}. Resume with that data, or start a new run with "
                f"--init-from {run}"
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
