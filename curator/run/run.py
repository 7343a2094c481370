"""Carrying out a recipe in a workspace.

A run is a pure function of the recipe, the seed, the inputs and the replies. Replies rest in the store under their
request's content key, so a run that was interrupted is simply run again: it replays to the point of interruption at
no cost and goes on from there. Nothing else needs saving, and nothing saved can be stale.

A stage that is to have `accept` records is given more candidates until enough survive its gate: the recipe is gone
through again, from the start, with a higher limit. Everything asked before is replayed, so another pass costs only
what is new in it, and the result is again a pure function of what the last limits were.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from curator.errors import BudgetError, CuratorError, StoreError
from curator.llm.budget import Budget
from curator.llm.model import Model
from curator.recipe.estimate import candidate_budget, check_budget
from curator.recipe.model import Recipe
from curator.recipe.models import ResolvedModel, resolve_models
from curator.recipe.plan import Plan, PlannedStage, make_plan
from curator.run.bookkeeping import Books
from curator.run.export import Exported, export_run
from curator.run.lend import LentModel, open_models
from curator.run.lock import workspace_lock
from curator.run.pipeline import Pass
from curator.run.progress import Progress
from curator.stage import Context
from curator.store import Run, RunStatus, Store

LEAST_YIELD_SHARE = 0.05
"""The yield assumed when fewer survive: no pass grows more than twentyfold on the word of a few candidates."""


@dataclass(frozen=True)
class RunResult:
    """What came of a run.

    Attributes:
        run: the run, as it ended.
        exported: what was written.
        shortfalls: for each stage that could not have as many records accepted as wanted, why; one sentence each.
    """

    run: Run
    exported: tuple[Exported, ...]
    shortfalls: tuple[str, ...]


def run_recipe(
    recipe: Recipe,
    workspace: str | Path | None = None,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Carry out a recipe: stages, then exports.

    Args:
        recipe: the recipe.
        workspace: the folder that holds `curator.db`; the recipe's own unless said.
        limit: how many candidates each generator may make at most, for a quick look that exports nothing.
        progress: counted up as the run goes on.

    Returns:
        What came of it.

    Raises:
        RecipeError: the recipe cannot be carried out; nothing was spent.
        BudgetError: the budget is used up; what was made is saved.
        ProviderError: a model cannot be asked.
        CuratorError: something else that the user can mend.
    """
    recipe = recipe if workspace is None else recipe.at(Path(workspace))
    plan = make_plan(recipe)
    return asyncio.run(run_plan(plan, limit=limit, progress=progress))


async def run_plan(
    plan: Plan,
    *,
    resolved: Mapping[str, ResolvedModel] | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Carry out a plan; see `run_recipe`.

    Args:
        plan: the plan.
        resolved: its models with their providers chosen; chosen here unless given.
        limit: how many candidates each generator may make at most.
        progress: counted up as the run goes on.

    Returns:
        What came of it.

    Raises:
        CuratorError: as `run_recipe`.
    """
    progress = progress or Progress()
    resolved = resolved if resolved is not None else await resolve_models(plan, notice=progress.notice)
    check_budget(plan, resolved)
    folder = plan.recipe.folder
    limits = plan.recipe.budget
    budget = Budget(limits.max_usd, limits.max_requests, limits.max_tokens)
    with workspace_lock(folder), Store.open(folder) as store:
        async with open_models(resolved, store.replies, budget, progress) as models:
            store.documents.add(plan.documents)
            run = store.runs.start(plan.recipe.hash, plan.recipe.model_dump_json(by_alias=True), plan.keys)
            books = Books(store, run, progress)
            try:
                shortfalls = await _Carrier(plan, models, books, progress, store, run).carry_out(limit)
                books.flush()
            except BaseException as error:
                _end_early(store, run, books, error)
                raise
        store.runs.end(run, "done" if limit is None else "limited", "; ".join(shortfalls))
        # A quick look is no dataset: what stands in the exported files stays.
        targets = plan.recipe.export if limit is None else ()
        exported = tuple(export_run(store, run, target, folder) for target in targets)
        return RunResult(store.runs.latest() or run, exported, shortfalls)


class _Carrier:
    """Goes through a plan, as often as it takes."""

    def __init__(
        self, plan: Plan, models: Mapping[str, Model], books: Books, progress: Progress, store: Store, run: Run
    ) -> None:
        self._plan = plan
        self._models = models
        self._books = books
        self._progress = progress
        self._store = store
        self._run = run

    async def carry_out(self, limit: int | None) -> tuple[str, ...]:
        """Go through the plan until every stage has what it wants or cannot have it; return the shortfalls."""
        plan = self._plan
        last = len(plan.stages) - 1
        limits = {planned.key: _first_limit(planned, limit) for planned in plan.stages}
        gate = max((planned.gate_ends_at for planned in plan.stages if planned.gate_ends_at is not None), default=last)
        while True:
            passed = await self._pass(limits, gate)
            grown = {planned.key: _grown(planned, passed, limits[planned.key], limit) for planned in plan.stages}
            if grown == limits:
                break
            limits = grown
        if gate < last:
            passed = await self._pass(limits, last)
        return tuple(_shortfall(planned, passed, limit) for planned in plan.stages if _is_short(planned, passed))

    async def _pass(self, limits: Mapping[str, int | None], until: int) -> Pass:
        plan, shared = self._plan, self._plan.context(self._store.results)
        self._store.candidates.clear(self._run)
        self._progress.begin_pass(plan.keys)
        contexts: dict[str, Context] = {}
        for planned in plan.stages:
            lent = {
                name: LentModel(self._models[name], planned.key, self._books, self._progress)
                for name in (planned.model, *planned.stage.also_asks())
                if name
            }
            contexts[planned.key] = shared.for_stage(
                planned.key, model=lent.get(planned.model), others=lent, limit=limits[planned.key]
            )
        passed = Pass(plan, contexts, self._books, until)
        await passed.carry_out()
        self._books.flush()
        return passed


def _first_limit(planned: PlannedStage, limit: int | None) -> int | None:
    budget = candidate_budget(planned, limit)
    return budget if budget is None or planned.use.accept is None else min(planned.use.accept, budget)


def _is_short(planned: PlannedStage, passed: Pass) -> bool:
    return planned.use.accept is not None and passed.survivors[planned.key] < planned.use.accept


def _grown(planned: PlannedStage, passed: Pass, current: int | None, limit: int | None) -> int | None:
    """Return the stage's limit for the next pass: higher if it is short and can make more, else the same."""
    budget = candidate_budget(planned, limit)
    if current is None or budget is None or not _is_short(planned, passed):
        return current
    made, survived = passed.made[planned.key], passed.survivors[planned.key]
    if made < current:  # it has nothing more to make
        return current
    missing = (planned.use.accept or 0) - survived
    return min(budget, current + math.ceil(missing / max(survived / made, LEAST_YIELD_SHARE)))


def _shortfall(planned: PlannedStage, passed: Pass, limit: int | None) -> str:
    made, survived = passed.made[planned.key], passed.survivors[planned.key]
    budget = candidate_budget(planned, None)
    why = "it has nothing more to make"
    if limit is not None and made >= limit:
        why = f"this run is limited to {limit}"
    elif budget is not None and made >= budget:
        why = "its candidate budget is used up"
    wanted = f"{survived} of the {planned.use.accept} wanted records were accepted"
    return f"{planned.key}: {wanted}, from {made} candidates; {why}"


def _end_early(store: Store, run: Run, books: Books, error: BaseException) -> None:
    """Save what was made, and say how the run ended; a store that cannot be written has said so already."""
    if isinstance(error, StoreError):
        return
    status: RunStatus = "failed"
    note = str(error) if isinstance(error, CuratorError) else f"{type(error).__name__}: {error}"
    if isinstance(error, BudgetError):
        status = "stopped by budget"
    elif isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
        status, note = "interrupted", "interrupted by the user"
    books.flush()
    store.runs.end(run, status, note)
