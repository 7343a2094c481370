"""Records that exist already: a file of somebody else's, a dataset of the Hub, or one that was exported before.

The layouts that are recognised by their columns are those of the registered formats (alpaca, sharegpt, messages,
prompt-completion, preference) and questions with answers under the usual names; any other is mapped with `columns`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from pydantic import Field, field_validator, model_validator

from curator.errors import FormatError
from curator.formats import Format, read_rows
from curator.formats.containers import Row
from curator.formats.hub_dataset import open_hub_dataset
from curator.formats.intake import record_of
from curator.formats.meaning import check_parts, understood
from curator.record import Record, Turn
from curator.registry import formats
from curator.stage import Context, Stage, StageOptions
from curator.stage.ordered import as_stream, followed_by
from curator.text.near_miss import did_you_mean


class ImportOptions(StageOptions):
    """Options of `import`.

    Attributes:
        file: the dataset file, relative to the workspace; or `dataset`.
        dataset: a dataset of the Hub, as `organisation/name`, in place of `file`.
        config: which of the dataset's configurations.
        split: which of the dataset's splits.
        revision: which version of the dataset: a branch, tag or commit.
        format: a registered format; "" to tell it by the columns.
        columns: the column of each part (`instruction`, `response`, `input`, `system`), for other layouts.
        unanswered: "keep" rows without a response, to be answered later, or "drop" them.
        licence: the licence of the data, kept with each record; of the Hub's card unless said.
        source: where the data comes from, kept with each record.
    """

    file: Path | None = None
    dataset: str = ""
    config: str = ""
    split: str = "train"
    revision: str = ""
    format: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    unanswered: Literal["keep", "drop"] = "keep"
    licence: str = ""
    source: str = ""

    @field_validator("format")
    @classmethod
    def _known(cls, name: str) -> str:
        if name and name not in formats.names():
            raise ValueError(f"there is no format {name!r}{did_you_mean(name, formats.names())}")
        return name

    @field_validator("columns")
    @classmethod
    def _parts(cls, columns: dict[str, str]) -> dict[str, str]:
        check_parts(columns)
        return columns

    @model_validator(mode="after")
    def _one_origin(self) -> ImportOptions:
        if (self.file is None) == (not self.dataset):
            raise ValueError("name a `file` or a `dataset`, one of the two")
        if self.file is not None and (self.config or self.revision):
            raise ValueError("`config` and `revision` belong to a `dataset`, and a `file` is given")
        if self.columns and self.format:
            raise ValueError("`columns` says what the columns mean; leave out `format`")
        return self


class Found(msgspec.Struct, frozen=True):
    """A dataset that is open: what it is called, its rows, and what is known about all of them."""

    name: str
    rows: Iterator[Row]
    labels: Mapping[str, str]


class Import(Stage[ImportOptions]):
    """Adds the records of a dataset to the stream; a row that cannot be read is kept, dropped, and says why."""

    name: ClassVar[str] = "import"
    version: ClassVar[int] = 3
    Options: ClassVar[type[StageOptions]] = ImportOptions

    def check(self, context: Context) -> None:
        """Read as far as the first record.

        Args:
            context: the context of the run to come.

        Raises:
            FormatError: the dataset cannot be read, no format fits it, or a mapped column is not there.
        """
        problem = ""
        for record in self._read(context):
            if record.drop is None or record.drop.reason != "bad-row":
                return
            problem = problem or f"{record.instruction}: {record.drop.detail}"
        raise FormatError(f"{self._name}: no row can be read; {problem}")

    def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Pass on what comes from above, then add the dataset's records, at most `context.limit`."""
        return followed_by(records, as_stream(islice(self._read(context), context.limit)))

    @property
    def _name(self) -> str:
        return self.options.dataset or ("" if self.options.file is None else self.options.file.as_posix())

    def _open(self, context: Context) -> Found:
        options = self.options
        if options.file is not None:
            labels = {"file": self._name, "licence": options.licence, "source": options.source}
            return Found(str(context.path(options.file)), read_rows(context.path(options.file)), labels)
        found = open_hub_dataset(options.dataset, options.config, split=options.split, revision=options.revision)
        labels = {
            "dataset": options.dataset,
            "config": options.config,
            "split": options.split,
            "revision": options.revision or found.version,
            "licence": options.licence or found.licence,
            "source": options.source,
        }
        return Found(options.dataset, found.rows, labels)

    def _read(self, context: Context) -> Iterator[Record]:
        found = self._open(context)
        known: list[Format] = [formats.load(name)() for name in formats.names()]
        named = formats.load(self.options.format)() if self.options.format else None
        format, rows = understood(found.name, found.rows, known, self.options.columns, named)
        for row in rows:
            try:
                record, mended = record_of(row, format, known)
            except FormatError as error:
                place = Record((Turn("user", f"row {row.number} of {self._name}"),))
                record, mended = place.dropped(self.key, "bad-row", str(error)), ""
            else:
                record = self._fit(record)
            facts = {**found.labels, "mended": mended}
            labels = dict(record.origin.labels) | {name: text for name, text in facts.items() if text}
            yield record.with_origin(
                stage=self.key,
                method=self.name,
                recipe_hash=context.recipe_hash,
                labels=(*labels.items(), ("row", str(row.number))),
            )

    def _fit(self, record: Record) -> Record:
        """Let a record that was dropped before its export stay dropped, by this stage: the other may not be here."""
        drop = record.drop
        if drop is not None:
            detail = f"by {drop.stage}: {drop.reason}: {drop.detail}".rstrip(": ")
            return record.dropped(self.key, "dropped-before", detail)
        if self.options.unanswered == "drop" and not record.response:
            return record.dropped(self.key, "unanswered", "the row has no response")
        return record
