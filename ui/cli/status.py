"""`curator status`: the funnel and the cost of the latest run."""

from __future__ import annotations

from ui.cli.options import HERE, AsJson, Workspace, print_json


def command(workspace: Workspace = HERE, as_json: AsJson = False) -> None:
    """Show what happened to every candidate of the latest run, and what it cost.

    Example: curator status --workspace demo
    """
    from ui.cli.funnel import print_funnel
    from ui.cli.workspace import latest_run, open_store

    with open_store(workspace) as store:
        run = store.runs.latest() or latest_run(store)
        if as_json:
            print_json({"run": run, "funnel": store.ledger.funnel(run), "cost": store.ledger.cost(run)})
            return
        print_funnel(store, run)
        print(f"Started {run.started_at}" + (f", ended {run.ended_at}." if run.ended_at else "; it has not ended."))
        if run.status not in ("done", "running"):
            print("`curator run` goes on from there; nothing that was paid for is asked again.")
