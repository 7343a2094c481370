"""Apache Parquet, the typed columns that the Hub and most trainers prefer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from curator.errors import FormatError
from curator.formats.containers.arrow import BATCH_ROWS, batches, schema_of
from curator.formats.containers.base import Container, Row


class Parquet(Container):
    """One Parquet file, lists and messages as nested columns, a row group for every thousand rows."""

    name: ClassVar[str] = "parquet"
    suffixes: ClassVar[tuple[str, ...]] = (".parquet",)
    packages: ClassVar[tuple[str, ...]] = ("pyarrow",)

    def read(self, path: Path) -> Iterator[Row]:
        """Read batch by batch."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        number = 0
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH_ROWS):
                    for value in batch.to_pylist():
                        number += 1
                        yield Row(number, value)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise FormatError(f"{path}: is damaged or no Parquet file, after row {number}: {error}") from error

    def write(self, path: Path, columns: Mapping[str, object], rows: Iterable[Mapping[str, Any]]) -> None:
        """Write batch by batch."""
        import pyarrow.parquet as pq

        schema = schema_of(columns)
        with pq.ParquetWriter(path, schema) as writer:
            for batch in batches(rows, schema):
                writer.write_batch(batch)
