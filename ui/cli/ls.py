"""`curator ls`: list records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from curator.errors import RecipeError
from ui.cli.options import HERE, AsJson, RunNumber, Workspace
from ui.cli.output import print_json, print_table, shortened, tell

if TYPE_CHECKING:
    from curator.record import Record
    from curator.store import Run, ScoreFilter, Store

_CONDITION = re.compile(r"\s*([\w.\-]+?)\s*(<=|>=|<|>|=)\s*(-?\d+(?:\.\d+)?)\s*")
_SHOWN_CHARS = 60
"""How much of an instruction and a response is listed, in characters."""


def command(
    workspace: Workspace = HERE,
    status: Annotated[Literal["kept", "dropped", "pending", "all"], typer.Option(help="What became of them.")] = "all",
    stage: Annotated[str, typer.Option(metavar="NAME", help="Only what this stage made.")] = "",
    dropped_by: Annotated[str, typer.Option(metavar="NAME", help="Only what this stage dropped.")] = "",
    reason: Annotated[str, typer.Option(metavar="REASON", help="Only what was dropped for this reason.")] = "",
    score: Annotated[
        list[str] | None, typer.Option(metavar="CONDITION", help="As in 'grounding<0.5'; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="How many at most.")] = 20,
    number: RunNumber = None,
    ids: Annotated[bool, typer.Option("--ids", help="Print ids alone, one a line, for other commands.")] = False,
    as_json: AsJson = False,
) -> None:
    """List records of a run, the latest unless said, filtered by status, stage or score.

    Example: curator ls --status dropped --score 'grounding<0.5'; curator show $(curator ls --ids -n 1)
    """
    from curator.store import Query
    from ui.cli.record_data import record_data
    from ui.cli.workspace import chosen_run, open_store

    filters = tuple(parse_condition(condition) for condition in score or ())
    query = Query(status, stage, dropped_by, reason, filters, limit=limit)
    with open_store(workspace) as store:
        run = chosen_run(store, number)
        _check_names(store, run, (stage, dropped_by), filters)
        records = list(store.candidates.select(run, query))
        total = store.candidates.count(run, query)
        if as_json:
            print_json([record_data(record) for record in records])
            return
    if ids:
        for record in records:
            tell(record.id)
        return
    if records:
        columns = ("id", "made by", "instruction", "response", "dropped")
        print_table(columns, [_row(record) for record in records])
        tell()
    tell(f"{len(records)} of {total:,} shown" + ("; -n shows more." if total > len(records) else "."))


def parse_condition(text: str) -> ScoreFilter:
    """Read a condition on a score.

    Args:
        text: as in `grounding<0.5`.

    Returns:
        The condition.

    Raises:
        RecipeError: it is none.
    """
    from curator.store import ScoreFilter

    found = _CONDITION.fullmatch(text)
    if found is None:
        raise RecipeError(f"--score {text!r}: write a score, one of < <= > >= =, and a number, as in 'grounding<0.5'")
    name, operator, value = found.groups()
    return ScoreFilter(name, operator, float(value))  # type: ignore[arg-type]


def _check_names(store: Store, run: Run, stages: tuple[str, ...], filters: tuple[ScoreFilter, ...]) -> None:
    """Refuse names that the run does not know, which would list nothing and say nothing."""
    from curator.text.near_miss import did_you_mean

    for name in stages:
        if name and name not in run.stages:
            raise RecipeError(f"run {run.id} has no stage {name!r}{did_you_mean(name, run.stages)}")
    for condition in filters:
        known = store.candidates.score_names(run)
        if condition.name not in known:
            raise RecipeError(
                f"no record of run {run.id} has the score {condition.name!r}{did_you_mean(condition.name, known)}"
            )


def _row(record: Record) -> tuple[str, ...]:
    fate = f"{record.drop.stage}: {record.drop.reason}" if record.drop else ""
    texts = (shortened(text, _SHOWN_CHARS) for text in (record.instruction, record.response))
    return (record.id[:11], record.origin.stage, *texts, fate)
