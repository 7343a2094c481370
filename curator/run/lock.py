"""One run at a time in a workspace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from curator.errors import StoreError

LOCK_NAME = ".curator.lock"


@contextmanager
def workspace_lock(folder: Path) -> Iterator[None]:
    """Hold a workspace for one run; the operating system lets go of it when the process ends, however it ends.

    Args:
        folder: the workspace.

    Yields:
        Nothing.

    Raises:
        StoreError: another run holds it, or the folder cannot be written.
    """
    path = folder / LOCK_NAME
    lock = FileLock(path)
    holder = folder / f"{LOCK_NAME}.pid"
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        pid = holder.read_text(encoding="utf-8").strip() if holder.exists() else "unknown"
        raise StoreError(
            f"another run is at work in {folder.absolute()} (process {pid}); wait until it ends, stop it with Ctrl-C, "
            "or use another --workspace"
        ) from error
    except OSError as error:
        raise StoreError(f"{folder.absolute()} cannot be written: {error.strerror or error}") from error
    try:
        holder.write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
