"""`curator clusters`: which records of a run say the same, and which of them stayed."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from curator.errors import RecipeError
from ui.cli.options import HERE, AsJson, RunNumber, Workspace
from ui.cli.output import counted, print_json, print_table, shortened, tell

if TYPE_CHECKING:
    from curator.record import Record
    from curator.store import Run, Store

_NOT_REPEATED = ("contaminated", "held-out-fact")
"""Reasons that name items of a benchmark, which are no records of the run."""

_SHOWN_CHARS = 60
_SHOWN_MEMBERS = 10
_ID = re.compile(r"\b(r1-[0-9a-f]{8})[0-9a-f]{24}\b")
_OF = re.compile(r"^of r1-[0-9a-f]+(?:: |$)")


class Member(NamedTuple):
    """A record of a cluster that went.

    Attributes:
        id: its id.
        stage: the stage that dropped it.
        reason: why.
        detail: how alike it is.
        of: the id of the record that stayed in its place.
        text: its first words.
    """

    id: str
    stage: str
    reason: str
    detail: str
    of: str
    text: str


class Suggestion(NamedTuple):
    """Two records that people should look at: one resembles the other, and both stayed."""

    id: str
    of: str
    score: str
    value: float
    text: str


def command(
    workspace: Workspace = HERE,
    number: RunNumber = None,
    stage: Annotated[str, typer.Option(metavar="NAME", help="Only what this stage dropped or compared.")] = "",
    min_size: Annotated[
        int, typer.Option("--min-size", min=2, metavar="N", help="Only clusters of so many records.")
    ] = 2,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="How many clusters at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show which records of a run repeat each other, the largest cluster first: who stayed, and who went for it.

    Pairs that a stage scored without dropping one stand behind them, the most alike first.

    Example: curator clusters --stage near-dedup --min-size 3; curator show r1-3fa9
    """
    from curator.text.near_miss import did_you_mean
    from ui.cli.workspace import chosen_run, open_store

    with open_store(workspace) as store:
        run = chosen_run(store, number)
        if stage and stage not in run.stages:
            raise RecipeError(f"run {run.id} has no stage {stage!r}{did_you_mean(stage, run.stages)}")
        found = {stays: gone for stays, gone in _clusters(store, run, stage).items() if len(gone) + 1 >= min_size}
        largest = sorted(found, key=lambda stays: (-len(found[stays]), stays))[:limit]
        shown = {stays: found[stays] for stays in largest}
        texts = {stays: _text_of(store, run, stays) for stays in shown}
        pairs = _suggestions(store, run, stage)
    if as_json:
        print_json(
            _data(run, shown, texts, pairs[:limit]) | {"clusters_in_all": len(found), "suggested_in_all": len(pairs)}
        )
        return
    _print(shown, texts, len(found))
    _print_pairs(pairs, limit)


def _clusters(store: Store, run: Run, stage: str) -> dict[str, list[Member]]:
    """Return who went for each record that stayed; who went for one that went itself, went for the last in line."""
    from curator.store import Query

    gone: list[Member] = []
    for record in store.candidates.select(run, Query(status="dropped", dropped_by=stage)):
        drop = record.drop
        if drop is not None and drop.of and drop.reason not in _NOT_REPEATED:
            gone.append(Member(record.id, drop.stage, drop.reason, drop.detail, drop.of[0], _words(record)))
    towards = {member.id: member.of for member in gone if member.of != member.id}
    clusters: defaultdict[str, list[Member]] = defaultdict(list)
    for member in gone:
        clusters[_end(member.of, towards)].append(member)
    return clusters


def _end(record: str, towards: dict[str, str]) -> str:
    seen = {record}
    while (record := towards.get(record, record)) not in seen:
        seen.add(record)
    return record


def _suggestions(store: Store, run: Run, stage: str) -> list[Suggestion]:
    """Return the pairs that a score compares and of which both stayed, the most alike first."""
    from curator.store import Query

    measures = _measures(run, stage) if stage else None
    found: list[Suggestion] = []
    kept: set[str] = set()
    for record in store.candidates.select(run, Query(status="kept")):
        kept.add(record.id)
        for score in record.scores:
            if score.of and score.value is not None and (measures is None or score.name in measures):
                found.append(Suggestion(record.id, score.of, score.name, score.value, _words(record)))
    pairs = [pair for pair in found if pair.of in kept and pair.of != pair.id]
    return sorted(pairs, key=lambda pair: (-pair.value, pair.id))


def _measures(run: Run, stage: str) -> frozenset[str]:
    """Return the scores that a stage of the run gives."""
    import json

    from curator.recipe.model import Recipe
    from curator.registry import stages

    uses = Recipe.model_validate(json.loads(run.recipe)).stages
    [use] = [use for use in uses if use.key == stage]
    return frozenset(measure.name for measure in stages.load(use.use)(use.options).gives())


def _text_of(store: Store, run: Run, record: str) -> str:
    from curator.store import Query

    return next((_words(found) for found in store.candidates.select(run, Query(record=record, limit=1))), "")


def _words(record: Record) -> str:
    return shortened(record.instruction or record.response, _SHOWN_CHARS)


def _data(
    run: Run, clusters: dict[str, list[Member]], texts: dict[str, str], pairs: list[Suggestion]
) -> dict[str, Any]:
    return {
        "run": run.id,
        "clusters": [
            {
                "stays": stays,
                "text": texts[stays],
                "size": len(gone) + 1,
                "dropped": [member._asdict() for member in gone],
            }
            for stays, gone in clusters.items()
        ],
        "suggested": [pair._asdict() for pair in pairs],
    }


def _print(clusters: dict[str, list[Member]], texts: dict[str, str], in_all: int) -> None:
    rows: list[tuple[str, ...]] = []
    for stays, gone in clusters.items():
        rows += [("", "", "", "")] if rows else []
        rows.append((stays[:11], f"stays for {len(gone):,}", "", texts[stays]))
        rows += [
            (member.id[:11], f"{member.stage}: {member.reason}", _how_alike(member), member.text)
            for member in gone[:_SHOWN_MEMBERS]
        ]
        if len(gone) > _SHOWN_MEMBERS:
            rows.append(("", f"… and {len(gone) - _SHOWN_MEMBERS:,} more", "", ""))
    if rows:
        print_table(("id", "fate", "how alike", "text"), rows)
        tell()
    more = "; -n shows more." if in_all > len(clusters) else "."
    tell(
        f"{len(clusters)} of {counted(in_all, 'cluster')} shown{more}" if in_all else "No record went for another one."
    )


def _print_pairs(pairs: list[Suggestion], limit: int) -> None:
    if not pairs:
        return
    rows = [(pair.id[:11], pair.of[:11], pair.score, f"{pair.value:.2f}", pair.text) for pair in pairs[:limit]]
    print_table(
        ("id", "resembles", "score", "value", "text"), rows, title="\nBoth stayed; worth a look:\n", right=("value",)
    )
    tell(f"\n{min(limit, len(pairs))} of {counted(len(pairs), 'pair')} shown.")


def _how_alike(member: Member) -> str:
    """Return a drop's detail with short ids, without the one that the cluster's head says."""
    return _ID.sub(r"\1", _OF.sub("", member.detail))
