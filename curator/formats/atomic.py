"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from curator.errors import FormatError

DATASET_FILES = ("state.json", "dataset_info.json")
"""The files by which a folder is known for one that `datasets` wrote."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file or a folder beside its place, and put it there once it is complete and on the disk.

    Missing parent folders are made. When the block fails, what stood at `path` stands there still, and nothing else.

    Args:
        path: the place. Of folders, only an empty one or an older dataset is replaced.

    Yields:
        Where to write, in a folder that is thrown away afterwards with all that is left in it.

    Raises:
        FormatError: a folder stands there that is not ours to replace.
        OSError: it cannot be written.
    """
    target = Path(os.path.realpath(path))  # through a link, which is to stay one
    if target.is_dir() and any(target.iterdir()) and not all((target / name).exists() for name in DATASET_FILES):
        raise FormatError(f"{path}: is a folder with other things in it; choose a new name or an empty folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".curator-") as work:
        new = Path(work) / target.name
        yield new
        for written in [*new.rglob("*"), new]:
            _sync(written)
        _swap(new, target, Path(work) / ".old")
        _sync(target.parent)


def _swap(new: Path, target: Path, aside: Path) -> None:
    if not (new.is_dir() and target.is_dir()):
        new.replace(target)
        return
    target.rename(aside)  # a folder cannot be replaced in one step
    try:
        new.rename(target)
    except OSError:
        aside.rename(target)
        raise


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # there, a folder cannot be opened
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
