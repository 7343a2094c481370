"""The picture of `curator coverage`: a heat map of each document, as an SVG of its own or in a page.

Nothing is loaded from anywhere: fonts are the reader's, colours follow the reader's light or dark setting.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from curator.text.coverage import Coverage
from ui.cli.coverage_counts import Rests, highest, level, step_names, steps, summary
from ui.cli.output import shortened

KINDS = (".svg", ".html")
"""The endings of the files that can be drawn."""

WIDTH = 960
MARGIN = 32
_HEAD = 92
_PANEL_HEAD = 84
_LABELS = 268
_CELL = 44
_GAP = 2
_BAR = 150
_HISTOGRAM = 110
_HISTOGRAM_SPACE = 232
_LONGEST_TITLE_CHARS = 35
_ROW_HEIGHTS = ((12, 30), (30, 24), (10_000, 18))
"""Up to so many chapters, a row is so many pixels high."""


class Cell(NamedTuple):
    """One rectangle of the heat map."""

    x: float
    records: int
    level: int
    told: str


class Row(NamedTuple):
    """One chapter."""

    y: float
    title: str
    whole_title: str
    cells: tuple[Cell, ...]
    total: int
    bar: float


class Bar(NamedTuple):
    """One bar of the histogram of positions."""

    x: float
    y: float
    height: float
    told: str


class Panel(NamedTuple):
    """One document, with the measures of its part of the picture."""

    top: float
    title: str
    summary: str
    rows: tuple[Row, ...]
    row_height: int
    histogram_top: float
    bars: tuple[Bar, ...]
    even_y: float
    placed: int
    outside: int


def draw(found: Rests, run: int, out: Path) -> None:
    """Write the picture.

    Args:
        found: what the records rest on.
        run: the run's number.
        out: the file; its ending, one of `KINDS`, decides the kind.
    """
    from curator.text.prompt import render, sandbox

    most = highest(found)
    lowest = steps(most)
    panels: list[Panel] = []
    top: float = _HEAD
    for one in found.coverages:
        panels.append(_panel(one, lowest, top))
        top = panels[-1].histogram_top + (_HISTOGRAM_SPACE if panels[-1].placed else MARGIN)
    values = {
        "run": run,
        "records": found.records,
        "panels": panels,
        "legend": step_names(lowest, most),
        "width": WIDTH,
        "height": top,
        "margin": MARGIN,
        "labels": MARGIN + _LABELS,
        "cell": _CELL,
        "gap": _GAP,
        "histogram": _HISTOGRAM,
    }
    environment = sandbox(Path(__file__).parents[1] / "assets")
    picture = render(environment.get_template("coverage.svg.jinja"), "coverage.svg.jinja", values)
    if out.suffix.lower() == ".html":
        page = environment.get_template("coverage.html.jinja")
        picture = render(page, "coverage.html.jinja", {"picture": picture, "run": run})
    out.write_text(picture + "\n", encoding="utf-8")


def _panel(one: Coverage, lowest: tuple[int, ...], top: float) -> Panel:
    height = next(height for most, height in _ROW_HEIGHTS if len(one.chapters) <= most)
    begin = top + _PANEL_HEAD
    fullest = max((chapter.total for chapter in one.chapters), default=0) or 1
    rows = []
    for number, chapter in enumerate(one.chapters):
        title = chapter.title or "The whole document"
        cells = tuple(
            Cell(MARGIN + _LABELS + part * _CELL, count, level(count, lowest), f"{title}, tenth {part + 1}: {count}")
            for part, count in enumerate(chapter.cells)
        )
        label = shortened(title, _LONGEST_TITLE_CHARS)
        rows.append(Row(begin + number * height, label, title, cells, chapter.total, _BAR * chapter.total / fullest))
    below = begin + len(rows) * height + MARGIN
    placed = sum(one.positions)
    highest_bar = max(one.positions) or 1
    base = below + 40 + _HISTOGRAM
    bars = tuple(
        Bar(
            MARGIN + _LABELS + part * _CELL,
            base - _HISTOGRAM * count / highest_bar,
            _HISTOGRAM * count / highest_bar,
            f"tenth {part + 1} of the passage: {count} of {placed}",
        )
        for part, count in enumerate(one.positions)
    )
    even = base - _HISTOGRAM * placed / len(one.positions) / highest_bar
    return Panel(
        top, one.title or one.document, summary(one), tuple(rows), height, below, bars, even, placed, one.outside
    )
