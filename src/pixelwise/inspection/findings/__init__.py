"""The kinds of faults that are looked for, a function each: survey in, findings out."""

from __future__ import annotations

from dataclasses import replace

from ..finding import Finding, Severity
from ..survey import Survey
from .classes import classes
from .files import FILES
from .palettes import numbered_anew
from .pictures import PICTURES
from .splits import SPLITS
from .values import values

KINDS = (*FILES, values, numbered_anew, classes, *PICTURES, *SPLITS)

_ORDER = list(Severity)


def find(survey: Survey) -> tuple[Finding, ...]:
    """Return everything that is wrong with a data set, the worst first."""
    found = [replace(finding, once=survey.once) for kind in KINDS for finding in kind(survey)]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))
