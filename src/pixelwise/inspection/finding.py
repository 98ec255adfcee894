"""What is wrong with a data set: one kind of fault, where it is, why it hurts and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
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


def finding(
    kind: str,
    severity: Severity,
    title: str,
    *,
    why: str,
    mend: str,
    files: Sequence[tuple[object, str]] = (),
    pairs: Sequence[Pair] = (),
    fix: str = "",
) -> Finding:
    """Return a finding of these files; `pairs` are examples to show."""
    named = tuple((str(file), text) for file, text in files[:LISTED])
    return Finding(kind, severity, title, why, mend, named, len(files), tuple(pairs[:3]), fix)


def count(number: int, thing: str, things: str = "") -> str:
    """Return "1 mask" or "3 masks"; `things` is the plural where it needs more than an s."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {things or thing + 's'}"
