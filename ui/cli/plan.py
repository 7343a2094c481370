"""`curator plan`: check the recipe and price it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli.options import HERE, AsJson, Changes, Workspace, print_json, print_table, say, usd

if TYPE_CHECKING:
    from curator.recipe.estimate import Range


def command(
    workspace: Workspace = HERE,
    limit: Annotated[int | None, typer.Option(min=1, help="Candidates each generator may make at most.")] = None,
    changes: Changes = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Check the recipe, its sources and its templates, and price the run, without asking a model.

    Example: curator plan --set models.writer.model=gpt-5-mini
    """
    import asyncio

    from curator.recipe.estimate import check_budget, estimate, total_usd
    from curator.recipe.models import resolve_models
    from curator.recipe.plan import make_plan
    from ui.cli.workspace import open_recipe

    plan = make_plan(open_recipe(workspace, changes))
    resolved = asyncio.run(resolve_models(plan, notice=say))
    check_budget(plan, resolved)
    estimates = estimate(plan, resolved, limit)
    total = total_usd(estimates)
    if as_json:
        print_json({"recipe": plan.recipe.name, "hash": plan.recipe.hash, "stages": estimates, "usd": total})
        return
    words = sum(len(document.text.split()) for document in plan.documents)
    print(f"{plan.recipe.name}: {len(plan.stages)} stages, {len(plan.documents)} sources of {words:,} words, seed {plan.recipe.seed}")
    print_table(
        ("stage", "asks", "candidates", "requests", "tokens", "US dollars"),
        [
            (e.stage, e.model, _span(e.candidates), _span(e.requests), _span(e.tokens), _money(e.usd) if e.model else "")
            for e in estimates
        ],
        right=("candidates", "requests", "tokens", "US dollars"),
    )
    dates = sorted({model.price.as_of for model in resolved.values() if model.price and model.price.as_of})
    print(f"In all: {_money(total)}." + (f" List prices of {dates[0]}; they may have changed." if dates else ""))
    budget = plan.recipe.budget.model_dump(exclude_none=True)
    if budget:
        print("Budget: " + ", ".join(f"{name} {value:g}" for name, value in budget.items()) + "; the run stops before it is crossed.")
    print("From: the prompts as they would be sent; low without and high with every retry and the longest reply.")


def _span(value: Range | None) -> str:
    if value is None:
        return "depends"
    if value.high == 0:
        return ""
    return f"{value.low:,.0f}" if value.low == value.high else f"{value.low:,.0f}–{value.high:,.0f}"


def _money(value: Range | None) -> str:
    if value is None:
        return "unknown"
    return usd(0) if value.high == 0 else f"{usd(value.low)}–{usd(value.high)}"
