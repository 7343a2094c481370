"""Asking before money is spent."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from curator.errors import ConfirmationError
from curator.recipe.estimate import check_budget, estimate, total_usd
from curator.recipe.models import ResolvedModel, resolve_models
from curator.recipe.plan import Plan
from curator.run.progress import Progress
from ui.cli.options import usd


async def agree(plan: Plan, progress: Progress, *, limit: int | None, yes: bool) -> Mapping[str, ResolvedModel]:
    """Choose the models of a plan, say what the run may cost, and go on only if that is agreed.

    Args:
        plan: the plan.
        progress: told how many requests are planned, and which models were chosen.
        limit: how many candidates each generator may make at most.
        yes: it is agreed already.

    Returns:
        The models, by the recipe's names.

    Raises:
        ConfirmationError: it may cost something, and nobody agreed.
        RecipeError: the budget cannot be kept.
    """
    resolved = await resolve_models(plan, notice=progress.notice)
    check_budget(plan, resolved)
    estimates = estimate(plan, resolved, limit)
    progress.requests_planned = sum(round(entry.requests.low) for entry in estimates if entry.requests)
    cost = total_usd(estimates)
    if yes or (cost is not None and cost.high == 0):
        return resolved
    asked = ", ".join(sorted({model.label for model in resolved.values()}))
    price = f"{usd(cost.low)} to {usd(cost.high)}" if cost else "an unknown amount (no price is known for it)"
    question = f"This run asks {asked} and may cost {price}."
    if not sys.stdin.isatty():
        raise ConfirmationError(f"{question} Say --yes to agree, or look at `curator plan` first")
    import typer

    if not typer.confirm(f"{question} Go on?", err=True):
        raise ConfirmationError("not agreed; nothing was spent")
    return resolved
