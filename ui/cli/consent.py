"""Asking before money is spent."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from curator.errors import ConfirmationError
from curator.recipe.estimate import StageEstimate, check_budget, estimate, total_usd
from curator.recipe.models import ResolvedModel, resolve_models
from curator.recipe.plan import Plan
from ui.cli.output import say, usd


async def priced(plan: Plan, limit: int | None) -> tuple[Mapping[str, ResolvedModel], list[StageEstimate]]:
    """Choose the models of a plan, and say which where the recipe left it open; then price the plan.

    Args:
        plan: the plan.
        limit: how many candidates each stage may make at most.

    Returns:
        The models, by the recipe's names, and one estimate a stage.

    Raises:
        RecipeError: the budget cannot be kept.
        ProviderError: an endpoint is named in the environment and cannot be used.
    """
    resolved = await resolve_models(plan, notice=say)
    check_budget(plan, resolved)
    return resolved, estimate(plan, resolved, limit)


def agree(resolved: Mapping[str, ResolvedModel], estimates: list[StageEstimate], *, yes: bool) -> None:
    """Go on only if what the run may cost is agreed to, or is nothing.

    Args:
        resolved: the models that are to be asked.
        estimates: what their replies may cost.
        yes: it is agreed already.

    Raises:
        ConfirmationError: it may cost something, and nobody agreed.
    """
    cost = total_usd(estimates)
    if yes or (cost is not None and cost.high == 0):
        return
    asked = ", ".join(sorted({_whom(model) for model in resolved.values()}))
    price = f"{usd(cost.low)} to {usd(cost.high)}" if cost else "an unknown amount (no price is known for it)"
    question = f"This run asks {asked} and may cost {price}."
    if not sys.stdin.isatty():
        raise ConfirmationError(f"{question} Say --yes to agree; `curator plan` shows what it is made of")
    import typer

    if not typer.confirm(f"{question} Go on?", err=True):
        raise ConfirmationError("not agreed; nothing was spent")


def replies_planned(estimates: list[StageEstimate]) -> int:
    """Return how many replies a plan expects, with none asked again.

    Args:
        estimates: all stages.

    Returns:
        The number; a reply that cannot be read is asked again, which comes on top.
    """
    return sum(round(entry.requests.low) for entry in estimates if entry.requests)


def _whom(model: ResolvedModel) -> str:
    """Name a model with its endpoint: a recipe of somebody else's may send texts and keys to theirs."""
    return f"{model.label} at {model.spec.base_url}" if model.spec.base_url else model.label
