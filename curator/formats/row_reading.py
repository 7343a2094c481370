"""The first reading of a file of rows: the compared text of each, and what else must be known before one may go."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from curator.errors import FormatError
from curator.formats.batch_text import BatchText
from curator.formats.containers import Row
from curator.formats.files import BadRow
from curator.formats.provenance import COLUMN, Provenance
from curator.formats.row_source import ArrowRows, TextRows, WrittenRows
from curator.text.near_miss import did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from curator.dedup.texts import Texts

ID_COLUMNS = ("id", "_id")
"""What a column that identifies rows is called."""

SHOWN = 5
"""Of how many rows with a problem it is said what is wrong."""


class Reading(NamedTuple):
    """What the first reading found; everything is by a row's place, from 0.

    Attributes:
        texts: the compared texts; "" where a row has none.
        numbers: the rows' numbers, as the file counts them. Shape: (rows,).
        names: the rows' own ids; "" where they have none. Empty unless asked for.
        ranks: what the rows are worth, -inf where they do not say. Shape: (rows,); empty unless asked for.
        columns: the columns that some row has.
        unreadable: the places of the rows that are no rows at all: broken JSON, too many cells.
        without_text: how many rows have nothing to compare; of these, `unfit` cannot be read as records.
        unfit: see `without_text`.
        problems: what is wrong with the first unreadable and the first unfit rows.
    """

    texts: Texts
    numbers: npt.NDArray[np.int64]
    names: Texts
    ranks: npt.NDArray[np.float64]
    columns: tuple[str, ...]
    unreadable: tuple[int, ...]
    without_text: int
    unfit: int
    problems: tuple[BadRow, ...]

    def name(self, place: int) -> str:
        """Return what a row is called: its own id, or its number in the file."""
        return (self.names[place] if len(self.names) else "") or f"row {self.numbers[place]}"


def read_through(
    source: TextRows | ArrowRows,
    text: BatchText,
    *,
    rank: str = "",
    names: bool = False,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Reading:
    """Read a file once, and keep of it what decides which rows stay.

    Args:
        source: the file.
        text: what of a row is compared.
        rank: a column of numbers, or the name of a score in the provenance column, by which rows are ranked.
        names: whether the rows' own ids are wanted.
        on_rows: told how many rows were read, block by block.

    Returns:
        What was found.

    Raises:
        FormatError: the file cannot be read, is empty, no row of it can be read, or no row has the rank.
    """
    gathered = _Gathered(text, rank, names=names)
    wanted = None
    if isinstance(source, ArrowRows):
        extra = {rank, COLUMN, *ID_COLUMNS} if rank or names else set()
        own = text.needs(source.schema.names)
        wanted = [name for name in source.schema.names if name in own or name in extra]
        gathered.columns.update(dict.fromkeys(source.schema.names))
    for block in source.blocks(wanted):
        if isinstance(block, WrittenRows):
            gathered.add_rows(block.rows)
        else:
            gathered.add_table(block)
        on_rows(len(block))
    return gathered.reading(str(source.path))


class _Growing:
    """A column of texts that is being made."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._offsets = array("q", [0])

    def add(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._data += text.encode("utf-8", "surrogatepass")
            self._offsets.append(len(self._data))

    def add_arrow(self, texts: pa.Array) -> None:
        from curator.dedup.texts import Texts

        part = Texts.from_arrow(texts)
        shift = len(self._data) - int(part.offsets[0])
        self._data += part.data[part.offsets[0] : part.offsets[-1]].data
        self._offsets.frombytes((part.offsets[1:] + shift).tobytes())

    def texts(self) -> Texts:
        import numpy as np

        from curator.dedup.texts import Texts

        return Texts(np.frombuffer(self._data, dtype=np.uint8), np.frombuffer(self._offsets, dtype=np.int64))


class _Gathered:
    """What the rows so far have told."""

    def __init__(self, text: BatchText, rank: str, *, names: bool) -> None:
        self._text, self._rank, self._with_names = text, rank, names
        self._texts, self._names = _Growing(), _Growing()
        self._numbers, self._ranks = array("q"), array("d")
        self.columns: dict[str, None] = {}
        self._unreadable: list[int] = []
        self._without_text = self._unfit = 0
        self._problems: list[BadRow] = []

    def add_rows(self, rows: Sequence[Row]) -> None:
        for row in rows:
            text = self._text_of(row)
            self._without_text += not text
            self._texts.add([text])
            self._numbers.append(row.number)
            value = row.value or {}
            if not value.keys() <= self.columns.keys():
                self.columns.update(dict.fromkeys(value))
            if self._with_names:
                self._names.add([_name(value)])
            if self._rank:
                self._ranks.append(_worth(value, self._rank))

    def add_table(self, table: pa.Table) -> None:
        import pyarrow.compute as pc

        texts, before = self._text(table), len(self._numbers)
        self._numbers.extend(range(before + 1, before + len(texts) + 1))
        unfit = pc.indices_nonzero(texts.is_null())
        for place in unfit[: SHOWN - len(self._problems)].to_pylist():
            self._text_of(Row(before + place + 1, table.slice(place, 1).to_pylist()[0]), count=False)
        self._unfit += len(unfit)
        texts = pc.fill_null(texts, "")
        self._without_text += pc.sum(pc.equal(texts, "")).as_py() or 0
        self._texts.add_arrow(texts)
        if self._with_names or self._rank:
            told = [name for name in table.column_names if name in {self._rank, COLUMN, *ID_COLUMNS}]
            rows: list[dict[str, Any]] = table.select(told).to_pylist() if told else [{}] * len(table)
            if self._with_names:
                self._names.add(map(_name, rows))
            if self._rank:
                self._ranks.extend(_worth(row, self._rank) for row in rows)

    def _text_of(self, row: Row, *, count: bool = True) -> str:
        try:
            return self._text.of_row(row)
        except FormatError as error:
            if len(self._problems) < SHOWN:
                self._problems.append(BadRow(row.number, str(error), kept=row.value is not None))
            if row.value is None:
                self._unreadable.append(len(self._numbers))
                self._without_text -= 1
            elif count:
                self._unfit += 1
            return ""

    def reading(self, where: str) -> Reading:
        import numpy as np

        if not len(self._numbers):
            raise FormatError(f"{where}: the file is empty; there is nothing to compare")
        if len(self._unreadable) + self._unfit == len(self._numbers):
            first = self._problems[0]
            raise FormatError(f"{where}: no row can be read; row {first.number}: {first.problem}")
        ranks = np.frombuffer(self._ranks, dtype=np.float64)
        if self._rank in self.columns and np.isneginf(ranks).all():
            raise FormatError(f"{where}: the column {self._rank!r} holds no number, so no row can be called the best")
        if self._rank and np.isneginf(ranks).all():
            near = did_you_mean(self._rank, self.columns)
            raise FormatError(f"{where}: no row has a number in a column, or a score, called {self._rank!r}{near}")
        return Reading(
            self._texts.texts(),
            np.frombuffer(self._numbers, dtype=np.int64),
            self._names.texts(),
            ranks,
            tuple(self.columns),
            tuple(self._unreadable),
            self._without_text,
            self._unfit,
            tuple(self._problems),
        )


def _name(row: Any) -> str:
    for column in ID_COLUMNS:
        if (value := row.get(column)) not in (None, ""):
            return str(value)
    provenance = _provenance(row)
    return "" if provenance is None else provenance.id


def _worth(row: Any, rank: str) -> float:
    """Return the number in the column `rank`, or the score of that name; -inf where there is none."""
    value = row.get(rank)
    if value is None and (provenance := _provenance(row)) is not None:
        value = next((score.value for score in provenance.scores if score.name == rank), None)
    try:
        worth = float(value) if isinstance(value, str | int | float) else -math.inf
    except ValueError:
        return -math.inf
    return -math.inf if math.isnan(worth) else worth


def _provenance(row: Any) -> Provenance | None:
    try:
        return msgspec.json.decode(row[COLUMN], type=Provenance) if row.get(COLUMN) else None
    except (ValueError, RecursionError, TypeError):
        return None  # somebody else's column of that name
