"""The input of a run over many machines: files cut into splits that can be read on their own, with their rows numbered.

Rows are numbered through all files, in the order of the files and, within a file, of the rows; so a number means the
same row wherever and whenever a split is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from curator.dedup.scale.row_text import TextOf, ranks_of
from curator.errors import CuratorError, FormatError

SPLIT_BYTES = 32 << 20
"""How much of a file is one split, about; a row group of Parquet is never cut."""

BATCH_BYTES = 8 << 20
"""How much of a split is held as a table at once, about."""

_MOST_ROWS = 1 << 16
_ENDINGS = {".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@dataclass(frozen=True)
class Split:
    """A part of one file.

    Attributes:
        path: the file.
        start: where it begins: a row group of Parquet, a byte of JSON Lines. A line is in the split in which it begins.
        stop: where it ends, exclusive.
        first: the number of its first row.
        rows: how many rows it has; -1 while they are not counted.
        size_bytes: how large it is, uncompressed.
    """

    path: str
    start: int
    stop: int
    first: int
    rows: int
    size_bytes: int

    @property
    def batch_rows(self) -> int:
        """How many rows are held at once."""
        return max(1, min(_MOST_ROWS, BATCH_BYTES * max(1, self.rows) // max(1, self.size_bytes)))


def container_of(path: str) -> str:
    """Return what kind of file this is: `parquet` or `jsonl`; "" for any other."""
    return _ENDINGS.get(Path(path).suffix.lower(), "")


def found_files(files: Sequence[str | Path]) -> list[str]:
    """Return the files that are meant.

    Args:
        files: files, folders (all Parquet and JSON Lines in them, at any depth), patterns with `*`, or addresses such
            as `s3://bucket/folder`.

    Returns:
        Their paths: in the order given, and sorted within a folder or pattern.

    Raises:
        FormatError: nothing is there, or it is neither, or both.
        CuratorError: what reads them is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ModuleNotFoundError as error:
        raise CuratorError(
            "the engine daft needs pyarrow, which is not installed: pip install 'instruct-curator[scale]'"
        ) from error
    paths = [path for given in files for path in _found(str(given))]
    if not paths:
        raise FormatError("no file to read: give a file, a folder or a pattern")
    for path in paths:
        if not container_of(path):
            raise FormatError(f"{path}: is neither .parquet nor .jsonl; export it as one of these first")
    if len({container_of(path) for path in paths}) > 1:
        raise FormatError("Parquet and JSON Lines together; give files of one kind")
    return paths


def cut(paths: Sequence[str]) -> list[Split]:
    """Cut files into splits.

    Args:
        paths: the files.

    Returns:
        The splits, in order. Those of JSON Lines are not counted yet; see `numbered`.

    Raises:
        FormatError: a file cannot be read.
    """
    return [split for path in paths for split in (_row_groups if container_of(path) == "parquet" else _bytes)(path)]


def checked(paths: Sequence[str], text: TextOf, best: str) -> None:
    """See that files have what is compared, as far as that is known without reading them.

    Args:
        paths: the files.
        text: what is compared.
        best: a column of numbers that must be there too; "" for none.

    Raises:
        FormatError: a file of Parquet has no such column, or is damaged.
    """
    from pyarrow import parquet

    seen = []
    for path in paths:
        if container_of(path) != "parquet":
            continue
        with naming(path):
            files, inner = filesystem(path)
            schema = parquet.read_schema(inner, filesystem=files)
            if schema in seen:
                continue
            seen.append(schema)
            text(schema.empty_table())
            if best:
                ranks_of(schema.empty_table(), best)


def numbered(splits: Sequence[Split], rows: Sequence[int]) -> list[Split]:
    """Return the splits with their rows counted and numbered.

    Args:
        splits: the splits, in order.
        rows: how many rows each has.

    Returns:
        The splits that have any.
    """
    done, first = [], 0
    for split, count in zip(splits, rows, strict=True):
        if count:
            done.append(replace(split, first=first, rows=count))
        first += count
    return done


def reachable(path: str | Path, ray: str) -> str:
    """Return a path as the workers have to be told it.

    Args:
        path: the path.
        ray: the cluster's address; "" for this process.

    Returns:
        The path; as the workers of a cluster stand in other folders, in full for them.
    """
    return str(Path(path).absolute()) if ray and "://" not in str(path) else str(path)


def filesystem(path: str) -> tuple[Any, str]:
    """Return where a path leads, as `pyarrow` sees it: (file system, path in it)."""
    from pyarrow import fs

    if "://" in path:
        files, inner = fs.FileSystem.from_uri(path)
        return files, str(inner)
    return fs.LocalFileSystem(), str(Path(path).absolute())


def _found(given: str) -> list[str]:
    if "://" not in given and any(sign in given for sign in "*?["):
        above = Path(given).anchor
        paths = sorted(str(path) for path in Path(above).glob(given[len(above) :]) if container_of(path.name))
        if not paths:
            raise FormatError(f"{given}: no .parquet or .jsonl file is called so")
        return paths
    from pyarrow import fs

    with naming(given):
        files, inner = filesystem(given)
        info = files.get_file_info(inner)
        if info.type == fs.FileType.NotFound:
            raise FormatError("there is no such file or folder")
        if info.type == fs.FileType.File:
            return [given]
        inside = files.get_file_info(fs.FileSelector(inner, recursive=True))
        names = sorted(each.path[len(inner) :].lstrip("/\\") for each in inside if each.type == fs.FileType.File)
        visible = [name for name in names if not any(step.startswith((".", "_")) for step in Path(name).parts)]
        if not (wanted := [name for name in visible if container_of(name)]):
            raise FormatError("there is no .parquet or .jsonl file in this folder")
        return [f"{given.rstrip('/')}/{name}" for name in wanted]


def _row_groups(path: str) -> Iterator[Split]:
    from pyarrow import parquet

    with naming(path):
        files, inner = filesystem(path)
        footer = parquet.read_metadata(inner, filesystem=files)
    start, rows, size = 0, 0, 0
    for at in range(footer.num_row_groups):
        group = footer.row_group(at)
        rows, size = rows + group.num_rows, size + group.total_byte_size
        if size >= SPLIT_BYTES or at == footer.num_row_groups - 1:
            yield Split(path, start, at + 1, -1, rows, size)
            start, rows, size = at + 1, 0, 0


def _bytes(path: str) -> Iterator[Split]:
    with naming(path):
        files, inner = filesystem(path)
        size = files.get_file_info(inner).size
    for start in range(0, size, SPLIT_BYTES):
        stop = min(size, start + SPLIT_BYTES)
        yield Split(path, start, stop, -1, -1, stop - start)


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Say which file an error is about.

    Args:
        path: the file.

    Yields:
        Nothing.

    Raises:
        FormatError: the file is damaged, or holds what was not expected.
    """
    import pyarrow as pa

    try:
        yield
    except FormatError as error:
        raise error if str(error).startswith(path) else FormatError(f"{path}: {error}") from error
    except (pa.ArrowException, OSError, UnicodeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FormatError(f"{path}: cannot be read: {reason}") from error
