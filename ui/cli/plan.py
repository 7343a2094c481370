"""`curator plan`: check the recipe and price it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.cli.options import HERE, AsJson, Changes, Limit, Workspace
from ui.cli.output import counted, print_json, print_table, rounded, tell, usd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curator.recipe.estimate import StageEstimate
    from curator.recipe.models import ResolvedModel
    from curator.recipe.plan import Plan
    from curator.recipe.questions import Range


def command(workspace: Workspace = HERE, limit: Limit = None, changes: Changes = None, as_json: AsJson = False) -> None:
    """Check the recipe, its sources and its templates, and price the run, without asking a model.

    Example: curator plan --set models.writer.model=gpt-5-mini
    """
    import asyncio

    from curator.recipe.estimate import total_usd
    from curator.recipe.plan import make_plan
    from ui.cli.consent import priced
    from ui.cli.workspace import open_recipe

    plan = make_plan(open_recipe(workspace, changes))
    resolved, estimates = asyncio.run(priced(plan, limit))
    total = total_usd(estimates)
    if as_json:
        print_json(
            {
                "recipe": plan.recipe.name,
                "hash": plan.recipe.hash,
                "models": {name: {"label": model.label, "reason": model.reason} for name, model in resolved.items()},
                "stages": estimates,
                "usd": total,
            }
        )
        return
    _print(plan, resolved, estimates, total)


def _print(
    plan: Plan, resolved: Mapping[str, ResolvedModel], estimates: list[StageEstimate], total: Range | None
) -> None:
    words = sum(len(document.text.split()) for document in plan.documents)
    sources = f"{counted(len(plan.documents), 'source')} of {words:,} words"
    tell(f"{plan.recipe.name}: {counted(len(plan.stages), 'stage')}, {sources}, seed {plan.recipe.seed}\n")
    print_table(
        ("stage", "asks", "candidates", "requests", "tokens", "US dollars"),
        [_row(entry) for entry in estimates],
        right=("candidates", "requests", "tokens", "US dollars"),
    )
    dates = sorted({model.price.as_of for model in resolved.values() if model.price and model.price.as_of})
    tell(f"\nIn all: {_money(total)}." + (f" List prices of {dates[0]}; they may have changed." if dates else ""))
    budget = plan.recipe.budget.model_dump(exclude_none=True)
    if budget:
        limits = ", ".join(f"{name} {value:g}" for name, value in budget.items())
        tell(f"Budget: {limits}; the run stops before it is crossed.")
    if any(entry.model for entry in estimates):
        tell("Low: all replies short, none asked again. High: all long, each asked again as often as allowed.")


def _row(entry: StageEstimate) -> tuple[str, ...]:
    if not entry.model:
        return (entry.stage, "", "" if entry.candidates is None else _span(entry.candidates), "", "", "")
    return (
        entry.stage,
        entry.model,
        _span(entry.candidates),
        _span(entry.requests),
        _span(entry.tokens),
        _money(entry.usd),
    )


def _span(value: Range | None) -> str:
    if value is None:
        return "depends"
    low, high = rounded(value.low), rounded(value.high)
    return low if low == high else f"{low}-{high}"


def _money(value: Range | None) -> str:
    if value is None:
        return "unknown"
    return usd(0) if value.high == 0 else f"{usd(value.low)}-{usd(value.high)}"
