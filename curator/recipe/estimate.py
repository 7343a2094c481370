"""What a run may take, before it begins: from the prompts as they would be sent, and from the price table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from curator.errors import RecipeError
from curator.llm.model import COMPLETION_ALLOWANCE_TOKENS
from curator.llm.prices import estimate_tokens, worst_prompt_tokens
from curator.recipe.models import ResolvedModel
from curator.recipe.plan import Plan, PlannedStage
from curator.stage import Generator, Prompt

MOST_PROMPTS = 20_000
"""How many prompts are rendered for an estimate; more are extrapolated from these."""

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
        One estimate a stage. The low end has no reply asked again and short replies; the high end has every reply asked
        as often as allowed and as long as allowed.
    """
    return [_stage(plan, planned, resolved, limit) for planned in plan.stages]


def total_usd(estimates: list[StageEstimate]) -> Range | None:
    """Return what a run may cost in US dollars; None if any part of it is not known.

    Args:
        estimates: all stages.
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
                f"{plan.recipe.lines.where(('budget', 'max_usd'))}: the price of {model.label} is not known, so max_usd cannot "
                f"be kept; give models.{name}.price: {{input_usd_per_million: …, output_usd_per_million: …}}, or limit "
                "max_tokens or max_requests instead"
            )


def candidate_budget(planned: PlannedStage, limit: int | None) -> int | None:
    """Return how many candidates a stage may make at most; None for as many as it can.

    Args:
        planned: the stage.
        limit: what the command line allows every stage.
    """
    use = planned.use
    own = None if use.accept is None else use.candidates or use.accept * CANDIDATES_PER_ACCEPTED
    return min((bound for bound in (own, limit) if bound is not None), default=None)


def _stage(
    plan: Plan, planned: PlannedStage, resolved: Mapping[str, ResolvedModel], limit: int | None
) -> StageEstimate:
    stage = planned.stage
    model = resolved[planned.model] if planned.model else None
    label = model.label if model else ""
    if not isinstance(stage, Generator):
        unknown = None if model else Range()
        return StageEstimate(planned.key, label, None, unknown, unknown, unknown)
    context = plan.context().for_stage(planned.key)
    most = candidate_budget(planned, limit)
    ready, sent = 0, []
    for prompt in islice(stage.prompts(context), MOST_PROMPTS):
        if isinstance(prompt, Prompt):
            sent.append([turn.content for turn in prompt.turns])
        else:
            ready += 1
    possible = ready + len(sent) * stage.per_prompt()
    share_low = _share(planned.use.accept if most is not None and planned.use.accept else most, possible)
    share_high = _share(most, possible)
    requests = Range(round(len(sent) * share_low), round(len(sent) * share_high) * (stage.options.retries + 1))
    candidates = Range(round(possible * share_low), round(possible * share_high))
    if not sent:
        return StageEstimate(planned.key, "", candidates, Range(), Range(), Range())
    reply = Range(SHORT_REPLY_TOKENS, _longest_reply(model))
    prompt_tokens = Range(
        sum(estimate_tokens(text)[0] for texts in sent for text in texts) / len(sent),
        sum(worst_prompt_tokens(texts) for texts in sent) / len(sent),
    )
    tokens = Range(requests.low * (prompt_tokens.low + reply.low), requests.high * (prompt_tokens.high + reply.high))
    price = model.price if model else None
    usd = None
    if price is not None:
        usd = Range(
            requests.low * price.cost_usd(round(prompt_tokens.low), round(reply.low)),
            requests.high * price.cost_usd(round(prompt_tokens.high), round(reply.high)),
        )
    return StageEstimate(planned.key, label, candidates, requests, tokens, usd)


def _share(wanted: int | None, possible: int) -> float:
    return 1.0 if wanted is None or possible == 0 else min(1.0, wanted / possible)


def _longest_reply(model: ResolvedModel | None) -> int:
    return (model.spec.max_tokens if model else None) or COMPLETION_ALLOWANCE_TOKENS
