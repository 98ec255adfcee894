"""What a section of the measurements has to show: some text and a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Section:
    """One measurement.

    Attributes:
        name: What `--only` calls it.
        title: Its heading.
        text: What was measured and how.
        header: Names of the columns.
        rows: Cells as they are printed.
        numbers: What the picture is drawn from.
    """

    name: str
    title: str
    text: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]
    numbers: dict[str, Any] = field(default_factory=dict)

    def to_markdown(self) -> str:
        """Return heading, text and table; columns but the first are aligned to the right."""
        lines = [f"### {self.title}", "", self.text, ""]
        lines.append(f"| {' | '.join(self.header)} |")
        lines.append(f"|---{'|--:' * (len(self.header) - 1)}|")
        lines += [f"| {' | '.join(row)} |" for row in self.rows]
        return "\n".join(lines)


def milliseconds(seconds: float) -> str:
    """Return a time as it is printed."""
    return f"{1000 * seconds:.0f}" if seconds >= 0.01 else f"{1000 * seconds:.1f}"


def times(ratio: float) -> str:
    """Return how many times something is quicker, as it is printed."""
    return f"{ratio:.1f} x"
