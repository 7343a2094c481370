"""`curator run`: carry out the workspace's recipe."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli.options import HERE, AsJson, Changes, Limit, Workspace, Yes
from ui.cli.output import counted, print_json, say, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curator.recipe.models import ResolvedModel
    from curator.recipe.plan import Plan
    from curator.run import RunResult


def command(
    workspace: Workspace = HERE,
    limit: Limit = None,
    yes: Yes = False,
    changes: Changes = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask everything anew instead of replaying stored replies.")
    ] = False,
    samples: Annotated[int, typer.Option(min=0, metavar="N", help="How many accepted records to show at the end.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Carry out the workspace's recipe; after an interruption, go on from there.

    Every reply is stored the moment it arrives, so running again repeats nothing that was paid for. A changed prompt,
    option or source asks anew exactly what it changes.

    Example: curator run --workspace demo --limit 20
    """
    import asyncio

    from curator.recipe.plan import make_plan
    from ui.cli.consent import agree, priced, replies_planned
    from ui.cli.funnel import print_funnel, print_samples, run_data
    from ui.cli.workspace import open_recipe, open_store

    plan = make_plan(open_recipe(workspace, changes))
    resolved, estimates = asyncio.run(priced(plan, limit))
    agree(resolved, estimates, yes=yes)
    if fresh:
        _set_replies_aside(workspace)
    result = carried_out(plan, resolved, limit=limit, replies_planned=replies_planned(estimates), as_json=as_json)
    with open_store(workspace) as store:
        if as_json:
            print_json({**run_data(store, result.run), **outcome_data(result)})
            return
        print_funnel(store, result.run)
        print_samples(store, result.run, samples)
    tell()
    print_exports(result)
    if limit is not None:
        say(
            f"A quick look: each stage was limited to {counted(limit, 'candidate')}, and nothing was exported; without "
            "--limit the whole recipe is carried out."
        )
    where = "" if workspace == HERE else f" -w {shlex.quote(str(workspace))}"
    say(f"Next: curator ls{where} --status dropped; curator show{where} ID; curator export{where} --help")


def carried_out(
    plan: Plan,
    resolved: Mapping[str, ResolvedModel],
    *,
    limit: int | None = None,
    replies_planned: int = 0,
    as_json: bool = False,
) -> RunResult:
    """Carry out a plan while its progress is shown.

    Args:
        plan: the plan.
        resolved: its models, with their providers chosen.
        limit: how many candidates each stage may make at most.
        replies_planned: how many replies are expected.
        as_json: print the funnel of a run that could not be exported as JSON.

    Returns:
        What came of it.

    Raises:
        FormatError: an export could not be written; the funnel is printed all the same.
        CuratorError: as `run_plan`.
    """
    import asyncio

    from curator.errors import FormatError
    from curator.run import run_plan
    from ui.cli.funnel import print_funnel, run_data
    from ui.cli.progress import showing
    from ui.cli.workspace import chosen_run, open_store

    try:
        with showing() as progress:
            progress.requests_planned = replies_planned
            return asyncio.run(run_plan(plan, resolved=resolved, limit=limit, progress=progress))
    except FormatError:
        with open_store(plan.recipe.folder) as store:
            run = chosen_run(store)
            if run.status == "done":  # then it is an export that failed, perhaps because nothing was accepted
                if as_json:
                    print_json({**run_data(store, run), "exported": [], "shortfalls": run.note.split("; ")})
                else:
                    print_funnel(store, run)
        raise


def print_exports(result: RunResult) -> None:
    """Print what a run wrote, and say what it could not reach.

    Args:
        result: what came of the run.
    """
    for exported in result.exported:
        tell(f"{counted(exported.written, 'record')} written to {_from_here(exported.path)}")
        if exported.refused:
            record, why = exported.refused[0]
            say(f"  {counted(len(exported.refused), 'record')} left out; the first, {record}: {why}")
    for shortfall in result.shortfalls:
        say(f"Short: {shortfall}")


def _from_here(path: Path) -> Path:
    """Return the path as a person here would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def outcome_data(result: RunResult) -> dict[str, Any]:
    """Return what a run wrote and what it fell short of, for JSON output.

    Args:
        result: what came of the run.

    Returns:
        `exported` and `shortfalls`.
    """
    exported = [
        {
            "path": str(exported.path),
            "written": exported.written,
            "refused": [{"record": record, "why": why} for record, why in exported.refused],
        }
        for exported in result.exported
    ]
    return {"exported": exported, "shortfalls": result.shortfalls}


def _set_replies_aside(workspace: Path) -> None:
    from curator.run.lock import workspace_lock
    from curator.store import Store

    with workspace_lock(workspace), Store.open(workspace) as store:  # not under the feet of a run
        say(f"Stored replies set aside, so that every model is asked anew: {store.replies.set_aside():,}")
