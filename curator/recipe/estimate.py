"""What a run may take, before it begins: from the prompts as they would be sent, and from the price table."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from curator.errors import RecipeError
from curator.llm.model import COMPLETION_ALLOWANCE_TOKENS
from curator.llm.prices import Price
from curator.recipe.models import ResolvedModel
from curator.recipe.plan import Plan, PlannedStage
from curator.recipe.questions import Range, questions_about, questions_of
from curator.record import Record
from curator.stage import Evaluator, Generator, Transformer

SHORT_REPLY_TOKENS = 20
"""What even a terse reply takes, in tokens: the low end of an estimate."""

CANDIDATES_PER_ACCEPTED = 5
"""How many candidates may be made for each record wanted, where the recipe does not say."""


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
    flow = _Flow()
    return [_stage(plan, planned, resolved, limit, flow) for planned in plan.stages]


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
class _Flow:
    """What the stages gone through so far hand down.

    Attributes:
        made: how many candidates each stage makes, by its recipe's name; for a transformer's `from`.
        specimens: some of the records that need no model, likewise.
    """

    made: dict[str, Range] = field(default_factory=dict)
    specimens: dict[str, list[Record]] = field(default_factory=dict)

    def parents(self, takes: str) -> tuple[Range, list[Record]]:
        """Return how many records a transformer is given, and some of them."""
        if takes:
            return self.made.get(takes, Range()), self.specimens.get(takes, [])
        return sum(self.made.values(), Range()), [record for some in self.specimens.values() for record in some]


def _stage(
    plan: Plan, planned: PlannedStage, resolved: Mapping[str, ResolvedModel], limit: int | None, flow: _Flow
) -> StageEstimate:
    stage = planned.stage
    model = resolved[planned.model] if planned.model else None
    if not isinstance(stage, Generator | Transformer):
        return _checking(planned, model, flow)
    budget = candidate_budget(planned, limit)
    most = sys.maxsize if budget is None else budget
    wanted = min(most, planned.use.accept or most)
    context = plan.context().for_stage(planned.key)
    if isinstance(stage, Generator):
        found = questions_of(stage, context, wanted, most)
        fewest: float = found.ready.low + found.asked
    else:
        parents, specimens = flow.parents(stage.takes)
        found = questions_about(stage, context, parents, specimens, wanted, most)
        fewest = found.ready.low + found.needed
    least, longest = stage.requests_per_prompt()
    asked, replies = stage.at_most(found.asked, max(0.0, most - found.ready.low))
    candidates = Range(min(wanted, fewest), min(most, found.ready.high + asked * stage.per_prompt()))
    flow.made[planned.key], flow.specimens[planned.key] = candidates, found.specimens
    if not found.asked or model is None:
        return StageEstimate(planned.key, "", candidates, Range(), Range(), Range())
    requests = Range(found.needed * least, replies * (stage.options.retries + 1))
    reply = Range(SHORT_REPLY_TOKENS, model.spec.max_tokens or COMPLETION_ALLOWANCE_TOKENS)
    sent = found.tokens_each
    if longest > 1:  # a further question repeats what was answered before
        sent = Range(sent.low, sent.high + reply.high)
    tokens = Range(requests.low * (sent.low + reply.low), requests.high * (sent.high + reply.high))
    usd = _usd(model.price, requests, sent, reply) if model.price else None
    return StageEstimate(planned.key, model.label, candidates, requests, tokens, usd)


def _checking(planned: PlannedStage, model: ResolvedModel | None, flow: _Flow) -> StageEstimate:
    """Estimate a stage that makes no records; how long the questions of a judge are is not known before."""
    if model is None:
        return StageEstimate(planned.key, "", None, Range(), Range(), Range())
    free = model.price is not None and model.price.cost_usd(1_000_000, 1_000_000) == 0
    arriving = flow.parents("")[0]
    least, most = planned.stage.requests_per_record() if isinstance(planned.stage, Evaluator) else (0, 1)
    requests = Range(arriving.low * least, arriving.high * most)
    return StageEstimate(planned.key, model.label, None, requests, None, Range() if free else None)


def _usd(price: Price, requests: Range, sent: Range, reply: Range) -> Range:
    return Range(
        requests.low * price.cost_usd(round(sent.low), round(reply.low)),
        requests.high * price.cost_usd(round(sent.high), round(reply.high)),
    )
