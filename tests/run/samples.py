"""Plans of small stages, carried out with a model that answers from a function."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from curator.llm.base import ChatClient
from curator.llm.scripted import ScriptedProvider
from curator.llm.spec import ModelSpec
from curator.recipe.model import Recipe, StageUse
from curator.recipe.models import ResolvedModel
from curator.recipe.plan import Plan, PlannedStage
from curator.record import Record, Turn
from curator.run import Progress, RunResult, run_plan
from curator.stage import Context, Rejection, Selector, Stage, StageOptions
from curator.store import FunnelRow, Query, Run, Store

WRITER = "writer"


@dataclass(frozen=True)
class Given(ResolvedModel):
    """A model whose client is there already, so that a test can see what it was asked."""

    client: ChatClient | None = None

    def connect(self) -> ChatClient:
        assert self.client is not None
        return self.client


class DividesOptions(StageOptions):
    """Options of `divides`.

    Attributes:
        by: the number in a record's question must be divisible by this.
    """

    by: int = 2


class Divides(Selector[DividesOptions]):
    """Keeps the answers to questions whose number is divisible."""

    name: ClassVar[str] = "divides"
    Options: ClassVar[type[StageOptions]] = DividesOptions

    def decide(self, record: Record, context: Context) -> Rejection | None:
        number = int(record.origin.label("number", "0"))
        return Rejection("not-divisible", f"{number} by {self.options.by}") if number % self.options.by else None


class Loses(Stage[StageOptions]):
    """A defective stage: it loses every third record."""

    name: ClassVar[str] = "loses"

    async def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        place = 0
        async for record in records:
            place += 1
            if place % 3:
                yield record


class Repeats(Stage[StageOptions]):
    """A defective stage: it gives out every record twice."""

    name: ClassVar[str] = "repeats"

    async def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        async for record in records:
            yield record
            yield record


class Rewrites(Stage[StageOptions]):
    """A defective stage: it changes texts without saying that the records are its own."""

    name: ClassVar[str] = "rewrites"

    async def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        async for record in records:
            yield msgspec.structs.replace(record, messages=(Turn("user", "other"), *record.messages[1:]))


def plan_of(folder: Path, *stages: Stage[Any], uses: dict[str, dict[str, Any]] | None = None, **fields: Any) -> Plan:
    """Return a plan.

    Args:
        folder: the workspace.
        stages: its stages.
        uses: what the recipe says about a stage besides, by its key.
        fields: further fields of the recipe.
    """
    entries = [
        {
            "use": stage.name,
            "name": stage.key,
            "options": stage.options.model_dump(mode="json"),
            **(uses or {}).get(stage.key, {}),
        }
        for stage in stages
    ]
    recipe = Recipe.model_validate({"stages": entries, **fields}).at(folder)
    keys = [use.key for use in recipe.stages]
    planned = tuple(
        PlannedStage(use, stage, WRITER if stage.asks else "", _gate_end(use, keys))
        for use, stage in zip(recipe.stages, stages, strict=True)
    )
    models = {WRITER: ModelSpec()} if any(stage.asks for stage in stages) else {}
    return Plan(recipe, (), planned, models)


def _gate_end(use: StageUse, keys: list[str]) -> int | None:
    if use.accept is None:
        return None
    return max((keys.index(name) for name in use.gate), default=len(keys) - 1)


async def carry_out(
    plan: Plan,
    client: ScriptedProvider,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
    **spec: Any,
) -> RunResult:
    """Carry out a plan with this client as its model."""
    settings = ModelSpec.model_validate({"provider": "scripted", "model": client.model, **spec})
    resolved = {name: Given(settings, plan.recipe.folder, client=client) for name in plan.models}
    return await run_plan(plan, resolved=resolved, limit=limit, progress=progress)


def kept(folder: Path, status: str = "kept") -> list[Record]:
    """Return the records of the latest run, those kept unless said."""
    with Store.open(folder, create=False) as store:
        return list(store.candidates.select(latest(store), Query(status=status)))  # type: ignore[arg-type]


def funnel(folder: Path) -> list[FunnelRow]:
    """Return the latest run's funnel."""
    with Store.open(folder, create=False) as store:
        return store.ledger.funnel(latest(store))


def runs(folder: Path) -> list[Run]:
    """Return all runs."""
    with Store.open(folder, create=False) as store:
        return store.runs.all()


def latest(store: Store) -> Run:
    """Return the latest run."""
    run = store.runs.latest()
    assert run is not None
    return run


def names(records: list[Record]) -> list[str]:
    """Return the records' instructions."""
    return [record.instruction for record in records]
