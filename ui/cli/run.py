"""`curator run`: carry out the workspace's recipe."""

from __future__ import annotations

from typing import Annotated

import typer

from ui.cli.options import HERE, AsJson, Changes, Workspace, print_json, say


def command(
    workspace: Workspace = HERE,
    limit: Annotated[int | None, typer.Option(min=1, help="Candidates each generator may make at most, for a quick look.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Spend what the plan says without asking.")] = False,
    changes: Changes = [],  # noqa: B006 - typer copies it
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask every model anew instead of replaying stored replies.")] = False,
    samples: Annotated[int, typer.Option(min=0, help="How many accepted records to show at the end.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Carry out the workspace's recipe; after an interruption, go on from there.

    Every reply is stored the moment it arrives, so running again repeats nothing that was paid for. A changed prompt,
    option or source asks anew exactly what it changes.

    Example: curator run --workspace demo --limit 20
    """
    import asyncio

    from curator.recipe.plan import make_plan
    from curator.run import run_plan
    from curator.store import Store
    from ui.cli.consent import agree
    from ui.cli.funnel import print_funnel, print_samples
    from ui.cli.progress import showing
    from ui.cli.workspace import open_recipe

    recipe = open_recipe(workspace, changes)
    plan = make_plan(recipe)
    with showing() as progress:
        resolved = asyncio.run(agree(plan, progress, limit=limit, yes=yes))
        if fresh:
            with Store.open(workspace) as store:
                say(f"{store.replies.set_aside()} stored replies are set aside: every model is asked anew.")
        result = asyncio.run(run_plan(plan, resolved=resolved, limit=limit, progress=progress))
    with Store.open(workspace, create=False) as store:
        if as_json:
            print_json({"run": result.run, "funnel": store.ledger.funnel(result.run), "cost": store.ledger.cost(result.run),
                        "exported": [{"path": str(e.path), "written": e.written, "refused": e.refused} for e in result.exported],
                        "shortfalls": result.shortfalls})
            return
        print_funnel(store, result.run)
        if samples:
            print_samples(store, result.run, samples)
    print()
    for shortfall in result.shortfalls:
        say(f"Short: {shortfall}")
    for exported in result.exported:
        print(f"{exported.written} records are in {exported.path}")
        if exported.refused:
            record, why = exported.refused[0]
            say(f"  {len(exported.refused)} records were left out; the first, {record}: {why}")
    where = "" if workspace == HERE else f" -w {workspace}"
    print(f"Next: curator ls{where} --status dropped   curator show{where} ID   curator export{where} --format alpaca --out train.jsonl")
