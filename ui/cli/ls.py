"""`curator ls`: list records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from curator.errors import RecipeError
from ui.cli.options import HERE, AsJson, Workspace, print_json, print_table

if TYPE_CHECKING:
    from curator.record import Record
    from curator.store import ScoreFilter

_SCORE = re.compile(r"\s*([\w.\-]+)\s*(<=|>=|<|>|=)\s*(-?\d+(?:\.\d+)?)\s*")


def command(
    workspace: Workspace = HERE,
    status: Annotated[Literal["kept", "dropped", "pending", "all"], typer.Option(help="What became of them.")] = "all",
    stage: Annotated[str, typer.Option(help="Only what this stage made.")] = "",
    dropped_by: Annotated[str, typer.Option(help="Only what this stage dropped.")] = "",
    reason: Annotated[str, typer.Option(help="Only what was dropped for this reason.")] = "",
    score: Annotated[list[str], typer.Option(metavar="CONDITION", help="As in 'grounding<0.5'; may be repeated.")] = [],  # noqa: B006
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List records of the latest run, filtered by status, stage or score.

    Example: curator ls --status dropped --score 'grounding<0.5'
    """
    from curator.store import Query
    from ui.cli.workspace import latest_run, open_store

    filters = tuple(parse_condition(condition) for condition in score)
    query = Query(status, stage, dropped_by, reason, filters, limit=limit)
    with open_store(workspace) as store:
        run = store.runs.latest() or latest_run(store)
        _check_stages(run.stages, stage, dropped_by)
        records = list(store.candidates.select(run, query))
        if as_json:
            print_json([as_row(record) for record in records])
            return
        total = store.candidates.count(run, query)
        print_table(
            ("id", "made by", "instruction", "response", "dropped"),
            [(r.id[:11], r.origin.stage, _short(r.instruction, 60), _short(r.response, 60), _fate(r)) for r in records],
        )
        print(f"{len(records)} of {total} shown." + (" More with -n." if total > len(records) else ""))


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

    found = _SCORE.fullmatch(text)
    if found is None:
        raise RecipeError(f"--score {text!r}: write a score's name, one of < <= > >= =, and a number, as in 'grounding<0.5'")
    name, operator, value = found.groups()
    return ScoreFilter(name, operator, float(value))  # type: ignore[arg-type]


def as_row(record: Record) -> dict[str, object]:
    """Return a record for JSON output, with its id.

    Args:
        record: the record.
    """
    import msgspec

    return {"id": record.id, **{key: value for key, value in msgspec.to_builtins(record).items()}}


def _check_stages(known: tuple[str, ...], *named: str) -> None:
    from curator.text.near_miss import did_you_mean

    for name in named:
        if name and name not in known:
            raise RecipeError(f"the latest run has no stage {name!r}{did_you_mean(name, known)}")


def _fate(record: Record) -> str:
    return f"{record.drop.stage}: {record.drop.reason}" if record.drop else ""


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
