"""Options that several commands share, and how results are printed: data on stdout, talk on stderr."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Workspace = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="CURATOR_WORKSPACE", help="The folder with recipe.yaml and curator.db."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Changes = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe for this call, as in stages.book-qa.options.per_chunk=2."),
]

HERE = Path()


def say(text: str = "") -> None:
    """Tell the user something on stderr.

    Args:
        text: what to say.
    """
    typer.echo(text, err=True)


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout.

    Args:
        value: anything msgspec can encode.
    """
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(columns: tuple[str, ...], rows: list[tuple[str, ...]], *, title: str = "", right: tuple[str, ...] = ()) -> None:
    """Print a table on stdout, as wide as the terminal.

    Args:
        columns: the headings.
        rows: the cells, as text.
        title: what stands above it.
        right: the headings of columns whose cells are numbers.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


def console(*, to_stderr: bool = False) -> Any:
    """Return the terminal to write to.

    Args:
        to_stderr: write to stderr instead of stdout.
    """
    from rich.console import Console

    terminal = Console(stderr=to_stderr, highlight=False)
    # Without a terminal there is no width; a table folded at 80 columns is harder to read in a log than a wide one.
    return terminal if terminal.is_terminal else Console(stderr=to_stderr, highlight=False, width=120)


def usd(value: float | None) -> str:
    """Return an amount of money for a table.

    Args:
        value: US dollars; None when unknown.
    """
    return "unknown" if value is None else "$0" if value == 0 else f"${value:.4f}" if value < 1 else f"${value:.2f}"


def percent(share: float | None) -> str:
    """Return a share for a table.

    Args:
        share: 0..1; None when there is none.
    """
    return "–" if share is None else f"{100 * share:.0f}%"
