"""Leaving rows out of a file: those that stay are the same rows, those that go say why.

A file is read twice: first for what decides (`curator.formats.row_reading`), then to put each row where it belongs.
What stays keeps all columns and, in the same kind of file, the very bytes or types it had.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from curator.errors import FormatError
from curator.formats.atomic import replacing
from curator.formats.containers import container_of
from curator.formats.row_reading import Reading
from curator.formats.row_sink import Added, open_sink
from curator.formats.row_source import ArrowRows, TextRows, WrittenRows

REASON = "dropped_reason"
"""The added column that says why a row went."""

UNREADABLE = "unreadable"
"""The reason of rows that are no rows at all."""

FILE_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".parquet")
"""With these, a name is that of a file, not of a folder of files."""

_UNREADABLE_COLUMNS: Mapping[str, type] = {"problem": str, "raw_text": str}


def refuse_overwriting(path: str, out: str, dropped: str, *, folders: bool = False) -> None:
    """Refuse to write two of the three files into one.

    Args:
        path: the file that is read.
        out: where the rows go that stay.
        dropped: where the others go; "" for nowhere.
        folders: whether the new ones are folders of parts, whose names need no ending.

    Raises:
        FormatError: two of them are the same, or a new one is of an unknown kind, or a file where folders are written.
    """
    places = {"--out": out, **({"--dropped": dropped} if dropped else {})}
    taken = {os.path.realpath(path): "the input"}
    for option, place in places.items():
        if not folders:
            container_of(place)
        elif Path(place).suffix.lower() in FILE_ENDINGS:
            raise FormatError(f"{option} {place}: --engine daft writes a folder of files; name a folder")
        other = taken.setdefault(os.path.realpath(place), option)
        if other != option:
            raise FormatError(f"{option} {place} is {other}, and would be written over; give another file")


def write_filtered(
    source: TextRows | ArrowRows,
    reading: Reading,
    going: Mapping[int, Added],
    columns: Mapping[str, type],
    out: str,
    dropped: str = "",
    on_rows: Callable[[int], None] = lambda _: None,
) -> None:
    """Write the rows that stay, and those that go.

    Args:
        source: the file.
        reading: what its first reading found; unreadable rows go.
        going: for each row that goes, by its place, a value for each of `columns`.
        columns: the names and types of what is said about rows that go, `dropped_reason` first.
        out: the new file for what stays; its ending says what kind of file it is.
        dropped: the new file for what goes; "" for none.
        on_rows: told how many rows were written, block by block.

    Raises:
        FormatError: rows cannot be written to that kind of file.
        OSError: a file cannot be written; nothing is left behind.
    """
    unreadable = set(reading.unreadable)
    added = {**columns, **(_UNREADABLE_COLUMNS if unreadable else {})}
    with ExitStack() as open_files:
        # Both are begun before one is filled, so that both are whole before one takes its place.
        new = [open_files.enter_context(replacing(Path(named))) for named in filter(None, (out, dropped))]
        kept = open_files.enter_context(open_sink(new[0], out, source, reading.columns))
        gone = open_sink(new[1], dropped, source, reading.columns, added) if dropped else None
        if gone is not None:
            open_files.enter_context(gone)
        start = 0
        for block in source.blocks():
            places = range(start, start + len(block))
            stay = [place - start for place in places if place not in going and place not in unreadable]
            kept.put(block, stay)
            if gone is not None and len(stay) < len(block):
                leave = [place for place in places if place in going or place in unreadable]
                said = [going.get(place) or _unreadable(block, place - start, added) for place in leave]
                gone.put(block, [place - start for place in leave], said)
            start += len(block)
            on_rows(len(block))


def _unreadable(block: WrittenRows, place: int, added: Mapping[str, type]) -> dict[str, Any]:
    text = block.written[place].decode(errors="replace").rstrip("\r\n")
    return {name: None for name in added} | {
        REASON: UNREADABLE,
        "problem": block.rows[place].problem,
        "raw_text": text,
    }
