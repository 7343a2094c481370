"""The terminal's picture of `curator coverage`: a row of shades for each chapter."""

from __future__ import annotations

import sys
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from curator.text.coverage import Coverage
from ui.cli.coverage_counts import Rests, highest, level, step_names, steps, summary
from ui.cli.output import console, counted, print_rich, printable, say, shortened, tell

_SHADES = "·░▒▓█"
_ASCII_SHADES = ".-+*#"
_LONGEST_TITLE_CHARS = 44
_NARROW_COLUMNS = 72
"""Below this width a tenth of a chapter is one character wide instead of two."""


def print_coverage(found: Rests, run: int) -> None:
    """Print what the accepted records of a run rest on, and what of them is not shown.

    Args:
        found: what they rest on.
        run: the run's number.
    """
    tell(f"Run {run}: {counted(found.records, 'accepted record')}")
    most = highest(found)
    lowest = steps(most)
    for one in found.coverages:
        tell(f"\n{one.title or one.document}: {summary(one)}.\n")
        print_rich(_table(one, lowest))
        if one.outside:
            tell(f"{counted(one.outside, 'passage')} outside the chapters.")
        if placed := sum(one.positions):
            shares = " ".join(f"{100 * count / placed:.0f}" for count in one.positions)
            tell(f"\nWhere in its passage the evidence stands, in tenths (% of {placed:,}): {shares}")
    if most:
        shades = _shades()
        names = [f"{shades[0]} none", *(f"{shades[at]} {name}" for at, name in enumerate(step_names(lowest, most), 1))]
        tell(f"\nRecords in a tenth of a chapter: {'  '.join(names)}")
    for text in _left_out(found):
        say(text)


def _table(one: Coverage, lowest: tuple[int, ...]) -> Any:
    shades, wide = _shades(), 1 if console().width < _NARROW_COLUMNS else 2
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("chapter", overflow="ellipsis", no_wrap=True, max_width=_LONGEST_TITLE_CHARS)
    table.add_column("start to end", no_wrap=True, min_width=wide * len(one.positions))
    table.add_column("records", justify="right", no_wrap=True)
    for chapter in one.chapters:
        cells = "".join(shades[level(count, lowest)] * wide for count in chapter.cells)
        title = shortened(printable(chapter.title), _LONGEST_TITLE_CHARS) or "the whole document"
        table.add_row(Text(title), Text(cells, style="green"), f"{chapter.total:,}" if chapter.total else "")
    return table


def _shades() -> str:
    """Return the characters for rising counts; plain ones where the terminal's encoding has no others."""
    try:
        _SHADES.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return _ASCII_SHADES
    return _SHADES


def _left_out(found: Rests) -> list[str]:
    told = []
    if found.sourceless:
        told.append(f"Not shown: {counted(found.sourceless, 'accepted record')} made from no document.")
    if found.unknown:
        told.append(f"The text of {', '.join(found.unknown)} is not in this store, so what rests on it is not shown.")
    if not found.coverages:
        told.append("No record of this run was made from a document, so there is nothing to draw.")
    return told
