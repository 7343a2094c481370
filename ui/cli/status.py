"""`curator status`: the funnel and the cost of a run."""

from __future__ import annotations

from ui.cli.options import HERE, AsJson, RunNumber, Workspace
from ui.cli.output import print_json, say, tell


def command(workspace: Workspace = HERE, number: RunNumber = None, as_json: AsJson = False) -> None:
    """Show what happened to every candidate of a run, and what it cost.

    Example: curator status --workspace demo
    """
    from ui.cli.funnel import print_funnel, run_data
    from ui.cli.workspace import chosen_run, open_store

    with open_store(workspace) as store:
        run = chosen_run(store, number)
        if as_json:
            print_json(run_data(store, run))
            return
        print_funnel(store, run)
    tell(f"Started {run.started_at}, " + (f"ended {run.ended_at}." if run.ended_at else "not ended."))
    if run.status == "running":
        say("It is at work now, or was killed; then `curator run` goes on from there.")
    elif run.status != "done":
        say("`curator run` goes on from there; nothing that was paid for is asked again.")
