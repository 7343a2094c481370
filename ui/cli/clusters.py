"""`curator clusters`: which records of a run say the same, and which of them stayed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
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

NONE = "No record went for another one."

_SHOWN_CHARS = 60
_HEAD_CHARS = 16
_LEAD_CHARS = 12
"""Of a text whose beginning is another's too, so much is shown of that beginning, and before the place of parting."""

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
        text: what is asked in it; of a text alone, that.
        response: what is answered.
    """

    id: str
    stage: str
    reason: str
    detail: str
    of: str
    text: str
    response: str

    @property
    def line(self) -> str:
        """All that it says, on one line."""
        return _line(self.text, self.response)


class Keeper(NamedTuple):
    """What a record that stays says, and the number of the run that made it; None if this workspace has none."""

    text: str = ""
    response: str = ""
    run: int | None = None

    @property
    def line(self) -> str:
        """All that it says, on one line."""
        return _line(self.text, self.response)


class Suggestion(NamedTuple):
    """Two records that people should look at: one resembles the other, and both stayed."""

    id: str
    of: str
    score: str
    value: float
    text: str
    response: str
    of_text: str = ""
    of_response: str = ""


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
        clusters = _clusters(store, run, stage)
        found = {stays: gone for stays, gone in clusters.items() if len(gone) + 1 >= min_size}
        largest = sorted(found, key=lambda stays: (-len(found[stays]), stays))[:limit]
        shown = {stays: found[stays] for stays in largest}
        keepers = {stays: _keeper(store, run, stays) for stays in shown}
        suggested = _suggestions(store, run, stage)
        pairs = [_with_other(store, run, pair) for pair in suggested[:limit]]
    smaller = len(clusters) - len(found)
    if as_json:
        counts = {"clusters_in_all": len(found), "smaller": smaller, "suggested_in_all": len(suggested)}
        print_json(_data(run, shown, keepers, pairs) | counts)
        return
    _print(run, shown, keepers)
    tell(_counts(len(shown), len(found), smaller))
    _print_pairs(pairs, len(suggested))


def _clusters(store: Store, run: Run, stage: str) -> dict[str, list[Member]]:
    """Return who went for each record that stayed; who went for one that went itself, went for the last in line."""
    from curator.store import Query

    gone: list[Member] = []
    for record in store.candidates.select(run, Query(status="dropped", dropped_by=stage)):
        drop = record.drop
        if drop is not None and drop.of and drop.reason not in _NOT_REPEATED:
            gone.append(Member(record.id, drop.stage, drop.reason, drop.detail, drop.of[0], *_said(record)))
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
                found.append(Suggestion(record.id, score.of, score.name, score.value, *_said(record)))
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


def _keeper(store: Store, run: Run, record: str) -> Keeper:
    """Look for a record in its run, then in others, the latest first: `novelty` remembers those too."""
    from curator.store import Query

    others = [other for other in reversed(store.runs.all()) if other.id != run.id]
    for made_by in (run, *others):
        for found in store.candidates.select(made_by, Query(record=record, limit=1)):
            return Keeper(*_said(found), made_by.id)
    return Keeper()


def _with_other(store: Store, run: Run, pair: Suggestion) -> Suggestion:
    other = _keeper(store, run, pair.of)
    return pair._replace(of_text=other.text, of_response=other.response)


def _said(record: Record) -> tuple[str, str]:
    return (record.instruction, record.response) if record.instruction else (record.response, "")


def _line(*texts: str) -> str:
    return " ".join(" ".join(texts).split())


def _data(
    run: Run, clusters: dict[str, list[Member]], keepers: dict[str, Keeper], pairs: list[Suggestion]
) -> dict[str, Any]:
    return {
        "run": run.id,
        "clusters": [
            {
                "stays": stays,
                "of_run": keepers[stays].run,
                "text": keepers[stays].text,
                "response": keepers[stays].response,
                "size": len(gone) + 1,
                "dropped": [member._asdict() for member in gone],
            }
            for stays, gone in clusters.items()
        ],
        "suggested": [pair._asdict() for pair in pairs],
    }


def _print(run: Run, clusters: dict[str, list[Member]], keepers: dict[str, Keeper]) -> None:
    rows: list[tuple[str, ...]] = []
    for stays, gone in clusters.items():
        keeper, seen = keepers[stays], gone[:_SHOWN_MEMBERS]
        rows += [("", "", "", "")] if rows else []
        text = _parting(keeper.line, [member.line for member in seen]) if keeper.run is not None else "(not kept here)"
        fate = f"stays for {len(gone):,}" + ("" if keeper.run == run.id else ", from an earlier run")
        rows.append((stays[:11], fate, "", text))
        rows += [
            (
                member.id[:11],
                f"{member.stage}: {member.reason}",
                _how_alike(member),
                _parting(member.line, [keeper.line]),
            )
            for member in seen
        ]
        if len(gone) > _SHOWN_MEMBERS:
            rows.append(("", f"… and {len(gone) - _SHOWN_MEMBERS:,} more", "", ""))
    if rows:
        print_table(("id", "fate", "how alike", "text"), rows)
        tell()


def _counts(shown: int, in_all: int, smaller: int) -> str:
    """Return a sentence on the clusters that are shown, and those that are not."""
    hidden = f"{counted(smaller, 'smaller cluster')}, which --min-size hides"
    if not in_all:
        return f"No cluster is as large; there {'is' if smaller == 1 else 'are'} {hidden}." if smaller else NONE
    more = "; -n shows more" if in_all > shown else ""
    return f"{shown} of {counted(in_all, 'cluster')} shown{more}{f'; and {hidden}' if smaller else ''}."


def _print_pairs(pairs: list[Suggestion], in_all: int) -> None:
    if not pairs:
        return
    rows = [
        (
            pair.id[:11],
            pair.of[:11],
            pair.score,
            f"{pair.value:.2f}",
            _parting(_line(pair.text, pair.response), [_line(pair.of_text, pair.of_response)]),
        )
        for pair in pairs
    ]
    print_table(
        ("id", "resembles", "score", "value", "text"), rows, title="\nBoth stayed; worth a look:\n", right=("value",)
    )
    tell(f"\n{len(pairs)} of {counted(in_all, 'pair')} shown.")


def _parting(line: str, others: Sequence[str]) -> str:
    """Return a line cut short, without the middle of a long beginning that the first other line has too."""
    other = next((each for each in others if each != line), line)
    pairs = zip(line, other, strict=False)
    shared_chars = next((at for at, (one, two) in enumerate(pairs) if one != two), min(len(line), len(other)))
    start = line.rfind(" ", 0, max(0, shared_chars - _LEAD_CHARS)) + 1
    if len(line) <= _SHOWN_CHARS or other == line or start <= _SHOWN_CHARS // 2:
        return shortened(line, _SHOWN_CHARS)
    head = shortened(line, _HEAD_CHARS)
    return f"{head} {shortened(line[start:], _SHOWN_CHARS - len(head) - 1)}"


def _how_alike(member: Member) -> str:
    """Return a drop's detail with short ids, without the one that the cluster's head says."""
    return _ID.sub(r"\1", _OF.sub("", member.detail))
