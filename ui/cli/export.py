"""`curator export`: write the accepted records to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.options import HERE, AsJson, Workspace, print_json, say


def command(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file; .jsonl, .json, .csv, .parquet, or a folder with a / at its end.")],
    workspace: Workspace = HERE,
    format: Annotated[str, typer.Option("--format", "-f", help="alpaca, sharegpt, messages, prompt-completion, preference …")] = "messages",
    include_dropped: Annotated[bool, typer.Option("--include-dropped", help="The dropped records too, with their reasons.")] = False,
    provenance: Annotated[bool, typer.Option("--provenance", help="Add the column `curator`: origin, source, scores.")] = False,
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Take the latest run though it has not come to its end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the accepted records of the latest finished run to a file.

    Example: curator export --format alpaca --out train.jsonl
    """
    from curator.recipe.model import ExportTarget
    from curator.run.export import export_run
    from ui.cli.workspace import latest_run, open_store

    target = ExportTarget(format=format, path=out.absolute(), include_dropped=include_dropped, provenance=provenance)
    with open_store(workspace) as store:
        run = store.runs.latest() if unfinished else None
        run = run or latest_run(store, finished=True)
        newest = store.runs.latest()
        if newest is not None and newest.id != run.id:
            say(f"Run {newest.id} has not come to its end ({newest.status}); this is run {run.id} of {run.started_at}.")
        exported = export_run(store, run, target, workspace)
    if as_json:
        print_json({"path": str(out), "written": exported.written, "refused": exported.refused})
        return
    print(f"{exported.written} records are in {out}")
    for record, why in exported.refused[:5]:
        say(f"  left out {record}: {why}")
    if len(exported.refused) > 5:
        say(f"  … and {len(exported.refused) - 5} more; --json lists all")
