"""How results are printed: data on stdout, talk on stderr."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import typer

NO_TERMINAL_COLUMNS = 120
"""How wide tables are where there is no terminal: one folded at 80 columns is harder to read in a log."""

# What models write is not to move the cursor or to change the terminal's title.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def say(text: str = "") -> None:
    """Tell the user something on stderr.

    Args:
        text: what to say.
    """
    typer.echo(printable(text), err=True)


def tell(text: str = "") -> None:
    """Print a part of the result on stdout.

    Args:
        text: the text.
    """
    typer.echo(printable(text))


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout, in UTF-8 whatever the terminal's encoding.

    Args:
        value: anything msgspec can encode.
    """
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str = "",
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> None:
    """Print a table on stdout, as wide as the terminal.

    Args:
        columns: the headings.
        rows: the cells, as text.
        title: what stands above it.
        right: the headings of columns whose cells are numbers.
        whole: the headings of columns that, like the first one and numbers, are never folded.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        unfolded = number == 0 or column in right or column in whole
        table.add_column(column, justify="right" if column in right else "left", no_wrap=unfolded, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    if title:
        tell(title)
    print_rich(table)


def print_rich(*parts: Any) -> None:
    """Print rich texts or tables on stdout, without the blanks that fill their lines up.

    Args:
        parts: what rich can render.
    """
    terminal = console()
    with terminal.capture() as captured:
        terminal.print(*parts, sep="\n", soft_wrap=False)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def console(*, to_stderr: bool = False) -> Any:
    """Return the terminal to write to.

    Args:
        to_stderr: write to stderr instead of stdout.

    Returns:
        A rich console.
    """
    from rich.console import Console

    stream = sys.stderr if to_stderr else sys.stdout
    known = stream.isatty() or "COLUMNS" in os.environ
    return Console(stderr=to_stderr, highlight=False, width=None if known else NO_TERMINAL_COLUMNS)


def printable(text: str) -> str:
    """Return `text` with control characters, which a terminal would obey, replaced.

    Args:
        text: somebody else's text.

    Returns:
        The text, harmless.
    """
    return _CONTROLS.sub("\ufffd", text)


def shortened(text: str, most_chars: int) -> str:
    """Return `text` on one line, cut off where it is too long.

    Args:
        text: the text.
        most_chars: the longest line, in characters.

    Returns:
        The line.
    """
    line = " ".join(text.split())
    return line if len(line) <= most_chars else line[: most_chars - 1] + "…"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, as in `1 record` or `1,200 records`.

    Args:
        count: how many.
        noun: what, in the singular.

    Returns:
        As in `3 records`.
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def rounded(count: float) -> str:
    """Return a large count in three figures, as in `43.6k`; one below 10,000 as it is.

    Args:
        count: how many.

    Returns:
        The number as text.
    """
    if count < 10_000:
        return f"{count:,.0f}"
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return f"{count / 1e3:.0f}k"


def usd(value: float | None) -> str:
    """Return an amount of money.

    Args:
        value: US dollars; None when unknown.

    Returns:
        As in `$0.0312`.
    """
    if value is None:
        return "unknown"
    if value == 0:
        return "$0"
    return f"${value:.2f}" if value >= 1 else f"${value:.4f}" if value >= 0.0001 else "<$0.0001"


def percent(share: float | None) -> str:
    """Return a share.

    Args:
        share: 0..1; None when there is none.

    Returns:
        As in `61%`; `-` for none.
    """
    return "-" if share is None else f"{100 * share:.0f}%"
