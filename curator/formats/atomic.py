"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from curator.errors import FormatError

DATASET_FILES = ("state.json", "dataset_info.json")
"""The files by which a folder is known for one that `datasets` wrote."""

_PREFIX, _LOCK = ".curator-", ".lock"

_YOUNG_S = 1.0
"""A folder that is younger may not have been locked yet by who made it."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file or a folder beside its place, and put it there once it is complete and on the disk.

    Missing parent folders are made. When the block fails, what stood at `path` stands there still, and nothing else.
    A process that is killed leaves a hidden folder, which the next one that writes beside it takes away.

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
    with _workplace(target.parent) as work:
        new = work / target.name
        yield new
        for written in [*new.rglob("*"), new]:
            _sync(written)
        _swap(new, target, work / ".old")
        _sync(target.parent)


@contextmanager
def _workplace(beside: Path) -> Iterator[Path]:
    """Make a hidden folder for a while, locked as long as its maker lives."""
    from filelock import FileLock

    _clear_up(beside)
    with TemporaryDirectory(dir=beside, prefix=_PREFIX) as work, FileLock(Path(work) / _LOCK):
        yield Path(work)


def _clear_up(beside: Path) -> None:
    """Remove the hidden folders of processes that are no more."""
    from filelock import FileLock, Timeout

    for left in beside.glob(f"{_PREFIX}*"):
        try:
            if (left / _LOCK).is_file() and time.time() - left.stat().st_mtime > _YOUNG_S:
                with FileLock(left / _LOCK, timeout=0):
                    shutil.rmtree(left, ignore_errors=True)
        except (Timeout, OSError):
            continue  # at work, or somebody else's


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
