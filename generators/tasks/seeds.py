"""Seed tasks: the few that a person wrote, and that many are made from.

Read from a dataset in any format that is registered, or from the layout of Self-Instruct's own seeds, where a task has
several instances: `{"id", "name", "instruction", "instances": [{"input", "output"}], "is_classification"}`.

Source: Wang et al. 2022, "Self-Instruct", arXiv 2212.10560, section 2.2 and appendix A.1 (the fields of a seed task).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from curator.errors import FormatError, StageError
from curator.formats import BadRow, read_records
from curator.formats.containers import Row
from curator.formats.files import read_rows
from curator.record import Record
from curator.registry import formats


class Instance(msgspec.Struct, frozen=True):
    """One case of a task: what it works on ("" if on nothing), and what comes of it."""

    input: str = ""
    output: str = ""


class Seed(msgspec.Struct, frozen=True):
    """A task.

    Attributes:
        id: the file's own name for it, or `seed-N` with N from 1 in the file's order.
        instruction: what is to be done.
        instances: its cases; none where the file has no answer.
        is_classification: whether its outputs are a few fixed labels; None where nobody said.
        name: a short title, if the file has one.
    """

    id: str
    instruction: str
    instances: tuple[Instance, ...] = ()
    is_classification: bool | None = None
    name: str = ""


def read_seeds(path: Path, *, format: str = "") -> tuple[Seed, ...]:
    """Read a file of seed tasks. A row that cannot be read is an error: seeds are few, and each one counts.

    Args:
        path: the file.
        format: a registered format; "" to tell it by the columns.

    Returns:
        The seeds, in the file's order; rows that were dropped before their export are left out.

    Raises:
        StageError: the file is missing or empty, its columns fit no format, or a row is no task; says which.
    """
    try:
        rows = read_rows(path)
        first = next(rows, None)
        if first is not None and first.value is not None and "instances" in first.value:
            seeds = [_task(row, f"seeds: {path}, row {row.number}") for row in chain([first], rows)]
        else:
            seeds = [_of_record(record, number) for number, record in enumerate(_records(path, format), 1)]
    except FormatError as error:
        unknown = "fit no format" in str(error)
        advice = "; or give tasks as {instruction, instances: [{input, output}]}" if unknown else ""
        raise StageError(f"seeds: {error}{advice}") from error
    if not seeds:
        raise StageError(f"seeds: {path} holds no task that was kept; write some, or leave the dropped rows out")
    return tuple(seeds)


def _records(path: Path, format: str) -> list[Record]:
    def refuse(row: BadRow) -> None:
        if not row.kept:
            raise StageError(f"seeds: {path}, row {row.number}: {row.problem}; mend the row or take it out")

    known = [formats.load(name)() for name in formats.names()]
    wanted = formats.load(format)() if format else None
    return [record for record in read_records(path, wanted, known, refuse) if record.drop is None]


def _of_record(record: Record, number: int) -> Seed:
    answer = next((turn.content for turn in record.messages if turn.role == "assistant"), "")
    instances = (Instance(record.input, answer),) if answer or record.input else ()
    return Seed(f"seed-{number}", record.instruction, instances)


def _task(row: Row, where: str) -> Seed:
    if row.value is None:
        raise StageError(f"{where}: {row.problem}")
    missing = [name for name in ("instruction", "instances") if name not in row.value]
    if missing:
        found = ", ".join(sorted(row.value)) or "none"
        raise StageError(f"{where}: the column {missing[0]!r} is missing; found: {found}")
    try:
        seed = msgspec.convert({"id": f"seed-{row.number}", **_told(row.value)}, Seed)
    except msgspec.ValidationError as error:
        raise StageError(f"{where}: {error}") from error
    if not seed.instruction.strip():
        raise StageError(f"{where}: the instruction is empty; write one or take the row out")
    return seed


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that say something: a null is as good as a missing one."""
    return {name: value for name, value in row.items() if value is not None}
