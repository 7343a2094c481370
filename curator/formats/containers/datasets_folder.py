"""A folder as `datasets.Dataset.save_to_disk` leaves it and `datasets.load_from_disk` takes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from curator.errors import FormatError
from curator.formats.containers.arrow import BATCH_ROWS, batches, schema_of
from curator.formats.containers.base import Container, Row


class DatasetsFolder(Container):
    """One split of a dataset in a folder of its own; of a folder with several splits, each is read by its own path."""

    name: ClassVar[str] = "datasets"
    suffixes: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ("datasets", "pyarrow")

    def read(self, path: Path) -> Iterator[Row]:
        """Read batch by batch."""
        number = 0
        for columns in open_split(path).with_format(None).iter(batch_size=BATCH_ROWS):
            for values in zip(*columns.values(), strict=True):
                number += 1
                yield Row(number, dict(zip(columns, values, strict=True)))

    def write(self, path: Path, columns: Mapping[str, object], rows: Iterable[Mapping[str, Any]]) -> None:
        """Write an Arrow file batch by batch, then have `datasets` make a folder of it."""
        import pyarrow as pa

        schema, stream = schema_of(columns), path.with_name("rows.arrow")
        with pa.OSFile(str(stream), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
            for batch in batches(rows, schema):
                writer.write_batch(batch)
        save_stream(stream, path)


def open_split(path: Path) -> Any:
    """Open a folder that holds one split.

    Args:
        path: the folder.

    Returns:
        A `datasets.Dataset`, its rows still on the disk.

    Raises:
        FormatError: the folder is none of `datasets`, is not whole, or holds several splits.
    """
    import datasets
    import pyarrow as pa

    try:
        dataset = datasets.load_from_disk(str(path))
    except (FileNotFoundError, KeyError, ValueError, pa.ArrowException) as error:
        raise FormatError(f"{path}: is no whole folder of Dataset.save_to_disk: {error}") from error
    if isinstance(dataset, datasets.DatasetDict):
        splits = list(dataset)
        raise FormatError(f"{path}: holds the splits {', '.join(splits)}; name one, as in {path / splits[0]}")
    return dataset


def save_stream(stream: Path, path: Path) -> None:
    """Make a folder of a file of the Arrow stream format.

    Args:
        stream: the file; features that an older dataset had are taken from its schema.
        path: the new folder.
    """
    from datasets import Dataset, DatasetInfo, Features
    from datasets.table import MemoryMappedTable

    with stream.open("rb") as written:
        # The fingerprint is written into the folder; left to the library it would hang on the clock.
        fingerprint = hashlib.file_digest(written, "md5").hexdigest()[:16]
    table = MemoryMappedTable.from_file(str(stream))
    features = Features.from_arrow_schema(table.schema)
    with _without_progress_bars():
        Dataset(table, info=DatasetInfo(features=features), fingerprint=fingerprint).save_to_disk(str(path))


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    """Keep the library from drawing on a terminal that is the command line's; only there for the block."""
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
