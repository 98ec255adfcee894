"""The page of a check: one HTML file that needs nothing else, with everything in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ..data.pairs import Pair
from .finding import Finding, Severity, count
from .samples import chosen, sample
from .survey import Survey

_SHOWN = 24
_FEW = 5
_SIZES = 12

_STYLE = """
:root { --ink: #1d2430; --soft: #667085; --line: #e3e6eb; --paper: #fff; --ground: #f5f6f8 }
* { box-sizing: border-box }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 64px }
h1 { font-size: 26px; margin: 0; overflow-wrap: anywhere }
h2 { font-size: 19px; margin: 40px 0 12px }
h3 { font-size: 16px; margin: 0; overflow-wrap: anywhere }
p { margin: 6px 0 }
.soft { color: var(--soft) }
.verdict {
  display: inline-block; margin: 14px 0 4px; padding: 8px 14px; border-radius: 8px; color: #fff;
  font-weight: 600;
}
.card {
  background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px;
  margin: 12px 0; overflow-x: auto;
}
.finding { border-left: 6px solid var(--tone) }
.tag {
  background: var(--tone); color: #fff; border-radius: 5px; padding: 1px 8px; font-size: 12px;
  font-weight: 600;
}
.kind { font: 12px ui-monospace, "DejaVu Sans Mono", monospace; color: var(--soft); margin-left: 8px }
.blocks { --tone: #c4320a }
.warning { --tone: #b97700 }
.remark { --tone: #3b6fd4 }
.clean { --tone: #16803c }
table { border-collapse: collapse; width: 100% }
td, th {
  text-align: left; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line);
  vertical-align: top;
}
th { font-weight: 600; color: var(--soft); font-size: 13px }
.number { text-align: right; white-space: nowrap }
td.file { font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
.swatch {
  display: inline-block; width: 16px; height: 16px; border-radius: 4px; border: 1px solid #0003;
  vertical-align: -3px;
}
.bar { background: var(--line); border-radius: 4px; height: 10px; min-width: 120px; margin-top: 6px }
.bar i { display: block; height: 10px; border-radius: 4px; min-width: 1px }
.samples { display: flex; flex-wrap: wrap; gap: 14px }
figure { margin: 0; max-width: 100% }
figure img { max-width: 100%; display: block; border-radius: 6px }
figcaption { font-size: 12px; color: var(--soft); overflow-wrap: anywhere; max-width: 514px }
summary { cursor: pointer; color: var(--soft) }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 14px }
@media (max-width: 720px) { .two { grid-template-columns: 1fr } }
"""

_WORDS = {Severity.BLOCKS: "blocks training", Severity.WARNING: "warning", Severity.REMARK: "remark"}


def page(survey: Survey, findings: Sequence[Finding], facts: Mapping[str, Any]) -> str:
    """Return the page's HTML.

    Reads a fixed number of pairs again, for the small pictures.

    Args:
        survey: The data set.
        findings: What is wrong with it.
        facts: What `summary` says of both.
    """
    title = f"pixelwise check: {survey.root.resolve().name}"
    shown = _Samples(survey)
    parts = [
        _head(survey, facts),
        "<h2>Findings</h2>",
        *([_finding(entry, shown) for entry in findings] or [_card("<p>Nothing is wrong.</p>")]),
        "<h2>Classes</h2>",
        _card(_classes(facts)),
        "<h2>Samples</h2>",
        _card(_figures(chosen(survey), _Samples(survey)) or "<p>No pair can be read.</p>"),
        "<h2>Files</h2>",
        _files(facts),
        f'<p class="soft">Made by pixelwise {escape(str(facts["pixelwise"]))}.</p>',
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head>\n<body><main>\n" + "\n".join(parts) + "\n</main></body></html>\n"
    )


class _Samples:
    """Gives small pictures, up to a fixed number, so that the page stays small."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._left = _SHOWN

    def of(self, pair: Pair) -> str | None:
        if self._left == 0:
            return None
        found = sample(self._survey, pair)
        self._left -= found is not None
        return found


def _head(survey: Survey, facts: Mapping[str, Any]) -> str:
    counts = facts["counts"]
    said = [count(counts[severity], *words) for severity, words in _COUNTED.items() if counts[severity]]
    tone = next((str(severity) for severity in Severity if counts[severity]), "clean")
    verdict = ", ".join(said) or "clean: nothing found"
    splits = ", ".join(f"{number:,} {split}" for split, number in facts["splits"].items())
    notes = "".join(f'<p class="soft">{escape(note)}</p>' for note in facts["notes"])
    return (
        f"<h1>{escape(str(survey.root))}</h1>"
        f'<p class="verdict {tone}" style="background: var(--tone)">{escape(verdict)}</p>'
        f"<p>{escape(splits)} pairs; {count(survey.labels.num_classes, 'class', 'classes')}</p>{notes}"
    )


_COUNTED = {
    Severity.BLOCKS: ("finding that blocks training", "findings that block training"),
    Severity.WARNING: ("warning",),
    Severity.REMARK: ("remark",),
}


def _card(content: str, kind: str = "") -> str:
    return f'<div class="card {kind}">{content}</div>'


def _finding(entry: Finding, shown: _Samples) -> str:
    rows = [
        f'<tr><td class="file">{escape(file)}</td><td>{escape(text)}</td></tr>' for file, text in entry.files
    ]
    more = entry.number - len(entry.files)
    if more > 0:
        rows.append(f'<tr><td colspan="2" class="soft">and {more:,} more</td></tr>')
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    if len(rows) > _FEW:
        entries = count(entry.number, "entry", "entries")
        table = f"<details><summary>{entries}</summary>{table}</details>"
    mended = '<span class="kind">--fix</span>' if entry.safe else ""
    return _card(
        f'<p><span class="tag">{_WORDS[entry.severity]}</span><span class="kind">{entry.kind}</span></p>'
        f"<h3>{escape(entry.title)}</h3><p>{escape(entry.why[:1].upper() + entry.why[1:])}.</p>"
        f"<p><b>Mend:</b> {escape(entry.advice.replace('`', ''))}.{mended}</p>"
        f"{table}{_figures(entry.pairs, shown)}",
        f"finding {entry.severity}",
    )


def _figures(pairs: Sequence[Pair], shown: _Samples) -> str:
    made = [(pair, source) for pair in pairs if (source := shown.of(pair)) is not None]
    figures = [
        f'<figure><img src="{source}" alt=""><figcaption>{escape(pair.name)}</figcaption></figure>'
        for pair, source in made
    ]
    return f'<div class="samples">{"".join(figures)}</div>' if figures else ""


def _classes(facts: Mapping[str, Any]) -> str:
    splits = list(facts["splits"])
    rows = []
    for row in facts["classes"]:
        numbers = "".join(f'<td class="number">{row["pictures"][split]:,}</td>' for split in splits)
        values = ", ".join(map(str, row["values"]))
        rows.append(
            f'<tr><td><span class="swatch" style="background: {row["color"]}"></span></td>'
            f'<td>{escape(row["name"])}</td><td class="file">{escape(values)}</td>'
            f'<td class="number">{_percent(row["share"])}</td><td><div class="bar">'
            f'<i style="width: {100 * row["share"]:.2f}%; background: {row["color"]}"></i></div></td>'
            f"{numbers}</tr>"
        )
    heads = "".join(f'<th class="number">pictures, {escape(split)}</th>' for split in splits)
    head = f'<tr><th></th><th>class</th><th>in masks</th><th class="number">pixels</th><th></th>{heads}</tr>'
    return f"<table>{head}{''.join(rows)}</table>"


def _percent(share: float) -> str:
    return "-" if share == 0 else f"{100 * share:.2g} %" if share < 0.01 else f"{100 * share:.1f} %"


def _files(facts: Mapping[str, Any]) -> str:
    sizes = [(f"{row['width']} x {row['height']}", row["pictures"]) for row in facts["picture_sizes"]]
    rest = sum(number for _, number in sizes[_SIZES:])
    sizes = sizes[:_SIZES] + ([(f"{len(sizes) - _SIZES:,} other sizes", rest)] if rest else [])
    kinds = [(f"pictures: {kind}", number) for kind, number in facts["picture_kinds"].items()]
    kinds += [(f"masks: {kind}", number) for kind, number in facts["mask_kinds"].items()]
    tables = [_counts("size (width x height)", sizes), _counts("format and mode", kinds)]
    return f'<div class="two">{"".join(map(_card, tables))}</div>'


def _counts(head: str, rows: Sequence[tuple[str, int]]) -> str:
    lines = "".join(f'<tr><td>{escape(text)}</td><td class="number">{n:,}</td></tr>' for text, n in rows)
    return f'<table><tr><th>{head}</th><th class="number">files</th></tr>{lines}</table>'
