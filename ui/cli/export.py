"""`curator export`: write the accepted records to a file."""

from __future__ import annotations

from typing import Annotated

import typer

from ui.cli.options import HERE, OUT_HELP, AsJson, Format, RunNumber, Workspace, placed
from ui.cli.output import counted, print_json, say, tell


def command(
    out: Annotated[str, typer.Option("--out", "-o", metavar="PATH", help=OUT_HELP)],
    workspace: Workspace = HERE,
    format: Format = "messages",
    include_dropped: Annotated[
        bool, typer.Option("--include-dropped", help="The dropped records too, with their reasons.")
    ] = False,
    provenance: Annotated[
        bool, typer.Option("--provenance", help="Add the column `curator`: origin, source, scores.")
    ] = False,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Take the latest run though it has not come to its end.")
    ] = False,
    number: RunNumber = None,
    as_json: AsJson = False,
) -> None:
    """Write the accepted records of the latest finished run to a file.

    Example: curator export --format alpaca --out train.jsonl
    """
    from curator.recipe.model import ExportTarget
    from curator.run.export import export_run
    from ui.cli.workspace import chosen_run, open_store

    target = ExportTarget(format=format, path=placed(out), include_dropped=include_dropped, provenance=provenance)
    with open_store(workspace) as store:
        run = chosen_run(store, number, finished=not unfinished)
        exported = export_run(store, run, target, workspace)
    if as_json:
        refused = [{"record": record, "why": why} for record, why in exported.refused]
        print_json({"path": out, "format": format, "written": exported.written, "refused": refused})
        return
    tell(f"{counted(exported.written, 'record')} {'is' if exported.written == 1 else 'are'} in {out}")
    for record, why in exported.refused[:5]:
        say(f"  left out {record}: {why}")
    if len(exported.refused) > 5:
        say(f"  … and {len(exported.refused) - 5} more; --json lists all")
