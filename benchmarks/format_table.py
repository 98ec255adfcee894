"""Print the table of formats: does training start, does evaluation run, does convert keep every mask.

    python benchmarks/format_table.py

The sets are those of the tests: in the format's published layout, and written by its own library where the
name says so.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "data" / "formats"))
import published

from pixelwise import evaluate, train
from pixelwise.data.folder import open_data
from pixelwise.data.masks import read_mask
from pixelwise.data.write import write_folder
from pixelwise.errors import PixelwiseError


def masks_of(root: Path) -> dict[str, np.ndarray]:
    data = open_data(root)
    return {
        f"{split}/{pair.name}": read_mask(pair.mask, data.codec)
        for split, pairs in data.splits.items()
        for pair in pairs
    }


def starts(root: Path, place: Path) -> bool:
    train(root, **published.QUICK, out=place / "run")
    return True


def runs(root: Path, place: Path) -> bool:
    return not evaluate(place / "run", root, engine="torch").failed


def round_trips(root: Path, place: Path) -> bool:
    """Convert, open again, and compare masks, names and colours."""
    write_folder(open_data(root), place / "out")
    before, after = masks_of(root), masks_of(place / "out")
    same = before.keys() == after.keys() and all(np.array_equal(before[name], after[name]) for name in before)
    return same and open_data(root).labels == open_data(place / "out").labels


def answer(question: Callable[[Path, Path], bool], root: Path, place: Path) -> str:
    try:
        return "yes" if question(root, place) else "NO"
    except PixelwiseError as error:
        return f"NO: {error}"


def main() -> int:
    logging.getLogger("pixelwise").setLevel(logging.ERROR)
    questions = {
        "train starts": starts,
        "evaluate runs": runs,
        "convert round-trips": round_trips,
    }
    print("| set | " + " | ".join(questions) + " |")
    print("|---" * (1 + len(questions)) + "|")
    wrong = 0
    for name in published.BUILDERS:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            root = published.build(name, place / "data").root
            answers = [answer(question, root, place) for question in questions.values()]
        wrong += sum(word != "yes" for word in answers)
        print(f"| {name} | " + " | ".join(answers) + " |", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
