"""Benchmarks as they lie in files and on the Hub: read into what `curator.contamination` looks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from itertools import count
from pathlib import Path
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from curator.contamination import Benchmark, Item
from curator.errors import FormatError
from curator.formats import read_rows
from curator.formats.containers import Row
from curator.formats.hub_dataset import open_hub_dataset
from curator.formats.intake import record_of
from curator.formats.meaning import check_parts, understood
from curator.formats.provenance import COLUMN
from curator.record import Record
from curator.registry import formats
from curator.text.fields import text_of

BenchmarkField = Literal["instruction", "response", "both"]
"""What of an item is looked for; of `both` each by itself."""

OWN_IDS = ("id", "_id", "task_id", "question_id")
"""Columns by which the items of a benchmark are known; without one, by the number of their row."""


class BenchmarkSource(BaseModel):
    """Where a benchmark lies; a text alone is a file's path.

    Attributes:
        file: a dataset file, relative to the workspace; or `dataset`.
        dataset: a dataset of the Hub, as `organisation/name`, in place of `file`.
        config: which of the dataset's configurations.
        split: which of the dataset's splits.
        revision: which version of the dataset: a branch, tag or commit.
        columns: the column of each part (`instruction`, `response`, `input`), for layouts that are not recognised.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path | None = None
    dataset: str = ""
    config: str = ""
    split: str = "test"
    revision: str = ""
    columns: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, given: Any) -> Any:
        return {"file": given} if isinstance(given, str | Path) else given

    @field_validator("columns")
    @classmethod
    def _parts(cls, columns: dict[str, str]) -> dict[str, str]:
        check_parts(columns)
        return columns

    @model_validator(mode="after")
    def _one_origin(self) -> BenchmarkSource:
        if (self.file is None) == (not self.dataset):
            raise ValueError("name a `file` or a `dataset`, one of the two")
        if self.file is not None and (self.config or self.revision):
            raise ValueError("`config` and `revision` belong to a `dataset`, and a `file` is given")
        return self

    @property
    def name(self) -> str:
        """What the benchmark is called in reports."""
        if self.file is not None:
            return self.file.as_posix()
        return self.dataset + (f"/{self.config}" if self.config else "") + f":{self.split}"


class OpenedBenchmark(msgspec.Struct, frozen=True):
    """A benchmark that was read.

    Attributes:
        benchmark: what is looked for.
        labels: the labels that its items bear in their origin, as (name, value), with the id of the first item that
            has each; none but for what was exported with its provenance.
        left_out: the rows that are no items, because nothing is asked in them, and why.
    """

    benchmark: Benchmark
    labels: Mapping[tuple[str, str], str]
    left_out: tuple[str, ...] = ()

    def notes(self) -> tuple[str, ...]:
        """Return, in a sentence, how many rows are left out; none if all are items."""
        if not self.left_out:
            return ()
        rows = "1 row is" if len(self.left_out) == 1 else f"{len(self.left_out):,} rows are"
        return (f"{self.benchmark.name}: {rows} left out as no item; {self.left_out[0]}",)


def open_benchmark(source: BenchmarkSource, folder: Path, field: BenchmarkField = "both") -> OpenedBenchmark:
    """Read a benchmark.

    Args:
        source: where it lies.
        folder: the folder that its path is relative to.
        field: what of its items is looked for.

    Returns:
        The benchmark. Records that were dropped before their export are no items of it.

    Raises:
        FormatError: it cannot be read, its columns are not known, a row is damaged, or none holds anything to look for.
    """
    items: list[Item] = []
    left_out: list[str] = []
    labels: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    known = [formats.load(name)() for name in formats.names()]
    format, rows = understood(source.name, _rows(source, folder), known, source.columns)
    for row in rows:
        try:
            record, _mended = record_of(row, format, known)
        except FormatError as error:
            if row.value is not None:
                left_out.append(f"row {row.number}: {error}")
                continue
            raise FormatError(
                f"{source.name}: row {row.number} cannot be read: {error}; mend it or take it out"
            ) from error
        if record.drop is not None:
            continue
        name = _item_id(source.name, row, record, taken)
        taken.add(name)
        question = text_of(record, "instruction") if field != "response" else ""
        items.append(Item(name, question, record.response if field != "instruction" else ""))
        for label in record.origin.labels:
            labels.setdefault(label, name)
    if not any(item.question.strip() or item.answer.strip() for item in items):
        what = "text" if field == "both" else field
        why = left_out[0] if left_out else "see `benchmark_field`"
        raise FormatError(f"{source.name}: no item has any {what} to look for; {why}")
    return OpenedBenchmark(Benchmark(source.name, tuple(items)), labels, tuple(left_out))


def _rows(source: BenchmarkSource, folder: Path) -> Iterator[Row]:
    if source.file is not None:
        return read_rows(folder / source.file)
    return open_hub_dataset(source.dataset, source.config, split=source.split, revision=source.revision).rows


def _item_id(benchmark: str, row: Row, record: Record, taken: Set[str]) -> str:
    return next(name for name in _item_ids(benchmark, row, record) if name not in taken)


def _item_ids(benchmark: str, row: Row, record: Record) -> Iterator[str]:
    """Yield what an item may be called, the best name first; names without end, for other items may have some."""
    value = row.value or {}
    if value.get(COLUMN):
        yield record.id
    own = next((value[name] for name in OWN_IDS if isinstance(value.get(name), str | int)), "")
    if own != "":
        yield f"{benchmark}:{own}"
    yield f"{benchmark}:{row.number}"
    yield f"{benchmark}:row-{row.number}"
    yield from (f"{benchmark}:row-{row.number}-{again}" for again in count(2))
