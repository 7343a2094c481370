"""What a run may take, before it begins: from the prompts as they would be sent, and from the price table."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curator.errors import RecipeError
from curator.llm.model import COMPLETION_ALLOWANCE_TOKENS
from curator.llm.prices import Price, estimate_tokens, worst_prompt_tokens
from curator.recipe.models import ResolvedModel
from curator.recipe.plan import Plan, PlannedStage
from curator.stage import Context, Generator, Prompt

MOST_MEASURED = 20_000
"""How many prompts of a stage are measured for an estimate; more are counted, and taken to be as long as these."""

SHORT_REPLY_TOKENS = 20
"""What even a terse reply takes, in tokens: the low end of an estimate."""

CANDIDATES_PER_ACCEPTED = 5
"""How many candidates may be made for each record wanted, where the recipe does not say."""


@dataclass(frozen=True)
class Range:
    """A low and a high bound."""

    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)


@dataclass(frozen=True)
class StageEstimate:
    """What one stage may take.

    Attributes:
        stage: the recipe's name of the stage.
        model: the model it asks, as `provider/model`; "" if none.
        candidates: how many candidates it makes; None where that depends on what comes from above.
        requests: how many replies it needs; None where that is not known before it runs.
        tokens: tokens sent and received; None likewise.
        usd: US dollars; None where the price or the tokens are not known.
    """

    stage: str
    model: str
    candidates: Range | None
    requests: Range | None
    tokens: Range | None
    usd: Range | None


def estimate(plan: Plan, resolved: Mapping[str, ResolvedModel], limit: int | None = None) -> list[StageEstimate]:
    """Estimate every stage of a plan.

    Args:
        plan: the plan.
        resolved: its models, with their providers chosen.
        limit: how many candidates each generator may make at most.

    Returns:
        One estimate a stage. The low end has short replies, none asked again, and as many records in each as it can
        hold, all of them accepted; the high end has every reply asked as often and as long as allowed, with one record.
    """
    return [_stage(plan, planned, resolved, limit) for planned in plan.stages]


def total_usd(estimates: list[StageEstimate]) -> Range | None:
    """Return what a run may cost in US dollars; None if any part of it is not known.

    Args:
        estimates: all stages.

    Returns:
        What a run may cost in US dollars.
    """
    total = Range()
    for entry in estimates:
        if entry.model and entry.usd is None:
            return None
        total += entry.usd or Range()
    return total


def check_budget(plan: Plan, resolved: Mapping[str, ResolvedModel]) -> None:
    """Refuse a dollar limit that cannot be kept.

    Args:
        plan: the plan.
        resolved: its models, with their providers chosen.

    Raises:
        RecipeError: `max_usd` is set and a model's price is not known.
    """
    if plan.recipe.budget.max_usd is None:
        return
    for name, model in resolved.items():
        if model.price is None:
            raise RecipeError(
                f"{plan.recipe.lines.where(('budget', 'max_usd'))}: the price of {model.label} is not known, so "
                f"max_usd cannot be kept; give models.{name}.price: {{input_usd_per_million: …, "
                "output_usd_per_million: …}, or limit max_tokens or max_requests instead"
            )


def candidate_budget(planned: PlannedStage, limit: int | None) -> int | None:
    """Return how many candidates a stage may make at most; None for as many as it can.

    Args:
        planned: the stage.
        limit: what the command line allows every stage.

    Returns:
        How many candidates a stage may make at most.
    """
    use = planned.use
    own = None if use.accept is None else use.candidates or use.accept * CANDIDATES_PER_ACCEPTED
    return min((bound for bound in (own, limit) if bound is not None), default=None)


@dataclass
class _Questions:
    """What a generator would ask, counted as it is gone through, so that no prompt need be kept.

    Attributes:
        ready: the records that need no model.
        asked: the prompts, if each reply gives one record.
        needed: the prompts, if each reply gives as many records as it can and none of them is dropped.
        measured: how many prompts the tokens are of.
        low_tokens: the tokens sent, at least.
        high_tokens: the tokens sent, at most.
    """

    ready: int = 0
    asked: int = 0
    needed: int = 0
    measured: int = 0
    low_tokens: int = 0
    high_tokens: int = 0

    def add(self, prompt: Prompt, *, needed: bool) -> None:
        self.asked += 1
        self.needed += needed
        if self.measured < MOST_MEASURED:
            texts = [turn.content for turn in prompt.turns]
            self.measured += 1
            self.low_tokens += sum(estimate_tokens(text)[0] for text in texts)
            self.high_tokens += worst_prompt_tokens([*texts, prompt.json_schema])

    @property
    def tokens_each(self) -> Range:
        return Range(self.low_tokens / self.measured, self.high_tokens / self.measured)


def _questions(stage: Generator[Any], context: Context, wanted: int, most: int) -> _Questions:
    """Go through a generator's prompts until `most` candidates would be made of them."""
    found = _Questions()
    for prompt in stage.prompts(context):
        if found.ready + found.asked >= most:
            break
        if isinstance(prompt, Prompt):
            found.add(prompt, needed=found.ready + found.needed * stage.per_prompt() < wanted)
        else:
            found.ready += 1
    return found


def _stage(
    plan: Plan, planned: PlannedStage, resolved: Mapping[str, ResolvedModel], limit: int | None
) -> StageEstimate:
    stage = planned.stage
    model = resolved[planned.model] if planned.model else None
    if not isinstance(stage, Generator):
        free = model is None or (model.price is not None and model.price.cost_usd(1_000_000, 1_000_000) == 0)
        unknown, usd = None if model else Range(), Range() if free else None
        return StageEstimate(planned.key, model.label if model else "", None, unknown, unknown, usd)
    budget = candidate_budget(planned, limit)
    most = sys.maxsize if budget is None else budget
    wanted = min(most, planned.use.accept or most)
    found = _questions(stage, plan.context().for_stage(planned.key), wanted, most)
    candidates = Range(
        min(wanted, found.ready + found.asked), min(most, found.ready + found.asked * stage.per_prompt())
    )
    if not found.asked or model is None:
        return StageEstimate(planned.key, "", candidates, Range(), Range(), Range())
    requests = Range(found.needed, found.asked * (stage.options.retries + 1))
    sent, reply = found.tokens_each, Range(SHORT_REPLY_TOKENS, model.spec.max_tokens or COMPLETION_ALLOWANCE_TOKENS)
    tokens = Range(requests.low * (sent.low + reply.low), requests.high * (sent.high + reply.high))
    usd = _usd(model.price, requests, sent, reply) if model.price else None
    return StageEstimate(planned.key, model.label, candidates, requests, tokens, usd)


def _usd(price: Price, requests: Range, sent: Range, reply: Range) -> Range:
    return Range(
        requests.low * price.cost_usd(round(sent.low), round(reply.low)),
        requests.high * price.cost_usd(round(sent.high), round(reply.high)),
    )
