"""What commands on plain files begin with: which text of a row counts; and what they say about rows that were odd."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curator.errors import FormatError, RecipeError
from curator.text.fields import Field
from ui.cli.output import console, counted, say

if TYPE_CHECKING:
    from curator.formats.batch_text import BatchText
    from curator.formats.row_reading import Reading
    from curator.formats.row_source import ArrowRows, TextRows

JUDGED_ROWS = 1_000
"""The columns of a file are those that one of so many first rows has: rows of JSON leave out what they lack."""

File = Annotated[str, typer.Argument(metavar="FILE", help="A dataset: .jsonl, .json, .csv, .parquet, or a folder.")]
Compared = Annotated[
    Field | None, typer.Option("--field", help="Which part of a row counts; the whole dialogue unless said.")
]
Kept = Annotated[
    str,
    typer.Option(
        "--out",
        "-o",
        metavar="PATH",
        help="For the rows that stay: .jsonl, .json, .csv, .parquet, or a folder/. What is there is replaced.",
    ),
]
Dropped = Annotated[
    str,
    typer.Option("--dropped", metavar="PATH", help="For the rows that go, each with the reason in further columns."),
]
Column = Annotated[
    str, typer.Option("--column", metavar="NAME", help="The one column that holds the text, whatever else there is.")
]
OfFormat = Annotated[
    str, typer.Option("--format", "-f", metavar="NAME", help="The rows' format, where the columns do not tell.")
]


def text_chosen(source: TextRows | ArrowRows, format: str, field: Field | None, column: str) -> BatchText:
    """Return which text of the rows counts.

    Args:
        source: the file.
        format: a registered format; "" to tell it by the columns.
        field: which part of a record; None for the whole dialogue.
        column: the one column with the text; "" to go by the format.

    Returns:
        What takes it out of the rows.

    Raises:
        RecipeError: the options contradict each other.
        PluginError: there is no such format.
        FormatError: the file fits no format, or has no such column.
    """
    from curator.formats.batch_text import BatchText
    from curator.formats.columns import Columns, usual_columns
    from curator.formats.detection import detected
    from curator.registry import formats
    from curator.text.near_miss import did_you_mean

    where, rows = str(source.path), source.sample(JUDGED_ROWS)
    columns = frozenset(chain.from_iterable(row.value or () for row in rows))
    if column:
        if format or field:
            raise RecipeError(f"--column {column} is the text itself; leave out --{'format' if format else 'field'}")
        if rows and column not in columns:
            raise FormatError(
                f"{where}: there is no column {column!r}{_separator(source) or did_you_mean(column, columns)}"
            )
        return BatchText(None, column=column)
    known = [formats.load(name)() for name in formats.names()]
    named = formats.load(format)() if format else None
    usual = usual_columns(columns)
    if named is None and usual and not any(each.recognises(columns) for each in known):
        return BatchText(Columns(usual), field or "dialogue")
    try:
        return BatchText(detected(where, iter(rows), named, known)[0], field or "dialogue")
    except FormatError as error:
        advice = "" if not rows or named is not None else "; or name the column with the text: --column NAME"
        raise FormatError(f"{error}{_separator(source) or advice}") from error


def _separator(source: TextRows | ArrowRows) -> str:
    """Return what to do about a CSV file whose cells are separated otherwise; "" where that cannot be it."""
    from curator.formats.row_source import TextRows

    header = source.csv_header()[0] if isinstance(source, TextRows) else []
    sign = next((sign for sign in (";", "\t", "|") if len(header) == 1 and sign in header[0]), "")
    said = "tabs" if sign == "\t" else f"the sign {sign}"
    return f"; its cells seem to be separated by {said}: save it with commas" if sign else ""


def is_folder_of_files(path: str) -> bool:
    """Return whether a path is a folder or a pattern of data files, rather than one file or one dataset.

    Args:
        path: what was typed.

    Returns:
        Whether several files are meant.
    """
    from curator.formats.atomic import DATASET_FILES

    folder = Path(path)
    if not folder.is_dir():
        return not folder.exists() and any(sign in path for sign in "*?[")
    return not (folder / DATASET_FILES[0]).exists() and any(
        each.suffix in (".parquet", ".jsonl", ".ndjson") for each in folder.iterdir()
    )


def tell_problems(reading: Reading, dropped: str) -> None:
    """Say on stderr which rows could not be compared, and what became of them.

    Args:
        reading: the file's first reading.
        dropped: where the rows that go are written; "" for nowhere.
    """
    unreadable = len(reading.unreadable)
    if unreadable:
        fate = f"see {dropped}" if dropped else "left out; --dropped FILE would keep what is written there"
        say(f"Not readable as rows: {unreadable:,} ({fate}).")
    if reading.without_text:
        say(f"Kept though without text to compare: {counted(reading.without_text, 'row')}.")
    for problem in reading.problems:
        say(f"  row {problem.number}: {problem.problem}")
    left = unreadable + reading.unfit - len(reading.problems)
    if left > 0:
        say(f"  … and {left:,} more")


@contextmanager
def showing_rows() -> Iterator[Callable[[str, int], None]]:
    """Show on a terminal how far the work on a file is; elsewhere nothing.

    Yields:
        To be called with what is being done and how many more rows it was done to; 0 where it has no rows to count.
    """
    if not sys.stderr.isatty():
        yield lambda _doing, _rows: None
        return
    from rich.text import Text

    counts: dict[str, int] = {}
    shown_s = [0.0]
    with console(to_stderr=True).status("") as status:

        def show(doing: str, rows: int) -> None:
            counts[doing] = counts.get(doing, 0) + rows
            if rows and time.monotonic() - shown_s[0] < 0.1:
                return
            shown_s[0] = time.monotonic()
            status.update(Text(f"{doing}: {counted(counts[doing], 'row')}" if counts[doing] else doing))

        yield show
