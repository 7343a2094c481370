"""Writing what a run accepted to a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from curator.formats import write_records
from curator.recipe.model import ExportTarget
from curator.registry import formats
from curator.store import Query, Run, Store


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: the file.
        written: how many records it holds.
        refused: the id of each record that the format cannot hold, and why.
    """

    path: Path
    written: int
    refused: tuple[tuple[str, str], ...]


def export_run(store: Store, run: Run, target: ExportTarget, folder: Path) -> Exported:
    """Write a run's accepted records, and the dropped ones if they are wanted.

    Args:
        store: the workspace's store.
        run: the run.
        target: format and path.
        folder: the folder that the path is relative to.

    Returns:
        What was written.

    Raises:
        FormatError: there is nothing to write, or the file cannot be written; no half file is left.
        PluginError: there is no such format.
    """
    kind = formats.load(target.format)
    query = Query(status="settled" if target.include_dropped else "kept", made_by=target.made_by)
    path = os.path.join(folder, target.path)  # noqa: PTH118 - a Path would lose the "/" that stands for a folder
    # A dropped record without its reason is of no use, so provenance comes with it.
    provenance = target.provenance or target.include_dropped
    report = write_records(path, store.candidates.select(run, query), kind(), provenance=provenance)
    return Exported(Path(path), report.written, report.refused)
