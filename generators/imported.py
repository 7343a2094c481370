"""Records that exist already: a file of somebody else's, or one that was exported before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

from pydantic import field_validator

from curator.formats import BadRow, read_records
from curator.record import Record, Turn
from curator.registry import formats
from curator.stage import Context, Stage, StageOptions
from curator.stage.ordered import as_stream, followed_by
from curator.text.near_miss import did_you_mean


class ImportOptions(StageOptions):
    """Options of `import`.

    Attributes:
        file: the dataset file, relative to the workspace.
        format: a registered format; "" to tell it by the columns.
    """

    file: Path
    format: str = ""

    @field_validator("format")
    @classmethod
    def _known(cls, name: str) -> str:
        if name and name not in formats.names():
            raise ValueError(f"there is no format {name!r}{did_you_mean(name, formats.names())}")
        return name


class Import(Stage[ImportOptions]):
    """Adds the records of a file to the stream; a row that cannot be read is kept as a dropped record that says why."""

    name: ClassVar[str] = "import"
    Options: ClassVar[type[StageOptions]] = ImportOptions

    def check(self, context: Context) -> None:
        """Read the first record.

        Args:
            context: the context of the run to come.

        Raises:
            FormatError: the file cannot be read, or no format fits it.
        """
        next(self._read(context))

    def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Pass on what comes from above, then add the file's records, at most `context.limit`."""
        return followed_by(records, as_stream(islice(self._read(context), context.limit)))

    def _read(self, context: Context) -> Iterator[Record]:
        path = context.path(self.options.file)
        bad: list[BadRow] = []
        known = [formats.load(name)() for name in formats.names()]
        wanted = formats.load(self.options.format)() if self.options.format else None
        for record in read_records(path, wanted, known, bad.append):
            yield from self._unreadable(bad)
            yield self._still_dropped(record).with_origin(
                stage=self.key,
                method=self.name,
                recipe_hash=context.recipe_hash,
                labels=(*record.origin.labels, ("file", self.options.file.as_posix())),
            )
        yield from self._unreadable(bad)

    def _still_dropped(self, record: Record) -> Record:
        """Let a record that was dropped before its export stay dropped, by this stage: the other may not be here."""
        drop = record.drop
        if drop is None:
            return record
        return record.dropped(self.key, "dropped-before", f"by {drop.stage}: {drop.reason}: {drop.detail}".rstrip(": "))

    def _unreadable(self, bad: list[BadRow]) -> Iterator[Record]:
        """Turn the rows reported since the last record into dropped records, and forget them."""
        for row in bad:
            if not row.kept:
                place = Record((Turn("user", f"row {row.number} of {self.options.file.as_posix()}"),))
                yield place.with_origin(stage=self.key, method=self.name).dropped(self.key, "bad-row", row.problem)
        bad.clear()
