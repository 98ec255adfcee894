"""What is wrong with a data set: one kind of fault, where it is, why it hurts and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..data.pairs import Pair

LISTED = 200
"""Files of one finding that are named; the rest are counted."""


class Severity(StrEnum):
    """How bad a finding is: it stops a training, or spoils it, or is worth a look."""

    BLOCKS = "blocks"
    WARNING = "warning"
    REMARK = "remark"


@dataclass(frozen=True)
class Finding:
    """One kind of fault.

    Attributes:
        kind: Short name that never changes, for programs: "size-mismatch".
        severity: How bad it is.
        title: What was found, in a line.
        why: Why it hurts.
        mend: The command or line that mends it by hand.
        files: The files it is in, the first `LISTED` of them, each with what was found there.
        number: How many files, or values, there are in all.
        pairs: Pairs to show, a few.
        fix: What `--fix` does about it; "" where it leaves it to a person.
        once: What must be done to the data set before `--fix` can; "" where nothing.
    """

    kind: str
    severity: Severity
    title: str
    why: str
    mend: str
    files: tuple[tuple[str, str], ...] = ()
    number: int = 0
    pairs: tuple[Pair, ...] = field(default=(), repr=False)
    fix: str = ""
    once: str = ""

    @property
    def safe(self) -> bool:
        """Whether `--fix` mends it, in the data set as it is."""
        return bool(self.fix) and not self.once

    @property
    def advice(self) -> str:
        """What mends it, by hand and with `--fix`."""
        if not self.fix:
            return self.mend
        return f"{self.mend}; `--fix`{f', once {self.once},' if self.once else ''} {self.fix}"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain values, for JSON."""
        return {
            "kind": self.kind,
            "severity": str(self.severity),
            "title": self.title,
            "number": self.number,
            "files": [{"file": file, "found": text} for file, text in self.files],
            "why": self.why,
            "mend": self.advice,
            "fixed_by_fix": self.safe,
        }


class Found:
    """Pairs, each with what was found there: the first `LISTED` of them, while the rest are counted.

    Attributes:
        first: These pairs and texts.
    """

    def __init__(self, entries: Iterable[tuple[Pair, str]] = ()) -> None:
        """Go through pairs and texts."""
        self.first: list[tuple[Pair, str]] = []
        self._number = 0
        for pair, text in entries:
            self.add(pair, text)

    def add(self, pair: Pair, text: str) -> None:
        """Count a pair, and keep it if it is among the first."""
        if self._number < LISTED:
            self.first.append((pair, text))
        self._number += 1

    def __len__(self) -> int:
        return self._number


def finding(
    kind: str,
    severity: Severity,
    title: str,
    *,
    why: str,
    mend: str,
    files: Sequence[tuple[object, str]] = (),
    number: int | None = None,
    pairs: Sequence[Pair] = (),
    fix: str = "",
) -> Finding:
    """Return a finding of these files, or of `number` files, the first of which these are.

    `pairs` are examples to show.
    """
    named = tuple((str(file), text) for file, text in files[:LISTED])
    number = len(files) if number is None else number
    return Finding(kind, severity, title, why, mend, named, number, tuple(pairs[:3]), fix)


def on_masks(
    kind: str, severity: Severity, title: str, found: Found, *, why: str, mend: str, fix: str = ""
) -> Finding:
    """Return a finding that names the masks of pairs."""
    files = [(pair.mask, text) for pair, text in found.first]
    return _on_pairs(kind, severity, title, found, files, why=why, mend=mend, fix=fix)


def on_pictures(
    kind: str, severity: Severity, title: str, found: Found, *, why: str, mend: str, fix: str = ""
) -> Finding:
    """Return a finding that names the pictures of pairs."""
    files = [(pair.image, text) for pair, text in found.first]
    return _on_pairs(kind, severity, title, found, files, why=why, mend=mend, fix=fix)


def _on_pairs(
    kind: str,
    severity: Severity,
    title: str,
    found: Found,
    files: Sequence[tuple[object, str]],
    *,
    why: str,
    mend: str,
    fix: str,
) -> Finding:
    pairs = [pair for pair, _ in found.first]
    return finding(
        kind, severity, title, why=why, mend=mend, files=files, number=len(found), pairs=pairs, fix=fix
    )


def count(number: int, thing: str, things: str = "") -> str:
    """Return "1 mask" or "3 masks"; `things` is the plural where it needs more than an s."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {things or thing + 's'}"
