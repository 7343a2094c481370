"""`curator coverage`: which parts of the sources the accepted records rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curator.errors import RecipeError
from ui.cli.options import HERE, AsJson, RunNumber, Workspace
from ui.cli.output import print_json, tell


def command(
    workspace: Workspace = HERE,
    number: RunNumber = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="PATH", help="Draw it into a file too: .svg or .html.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show which parts of the sources the accepted records rest on, chapter by chapter.

    Each chapter is divided into ten parts; a record counts where its evidence stands, or, where it quotes none, in the
    middle of its passage.

    Example: curator coverage --out coverage.svg
    """
    from ui.cli.coverage_chart import KINDS, draw
    from ui.cli.coverage_counts import rests_data, rests_of
    from ui.cli.coverage_table import print_coverage
    from ui.cli.workspace import chosen_run, open_store

    if out is not None and out.suffix.lower() not in KINDS:
        raise RecipeError(f"--out {out}: the name must end in {' or '.join(KINDS)}")
    with open_store(workspace) as store:
        run = chosen_run(store, number)
        found = rests_of(store, run)
    if out is not None and found.coverages:
        draw(found, run.id, out)
    if as_json:
        print_json({"run": run.id, **rests_data(found)})
        return
    print_coverage(found, run.id)
    if out is not None and found.coverages:
        tell(f"\nDrawn in {out}")
