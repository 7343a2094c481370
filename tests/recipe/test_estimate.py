"""What a run may take, before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.errors import RecipeError
from curator.llm.prices import estimate_tokens, worst_prompt_tokens
from curator.llm.spec import ModelSpec
from curator.recipe.estimate import StageEstimate, check_budget, estimate, total_usd
from curator.recipe.model import StageUse
from curator.recipe.models import ResolvedModel
from curator.recipe.plan import Plan, PlannedStage
from curator.recipe.questions import Range
from curator.record import Record
from curator.stage import Context, Prompt
from tests.recipe.conftest import RECIPE, Load, MakePlan
from tests.recipe.test_recipe import recipe
from tests.stage.samples import Asker, Debate, Shout

PRICED = {"input_usd_per_million": 1.0, "output_usd_per_million": 10.0}


def resolved(price: dict[str, float] | None = None, max_tokens: int | None = 50) -> dict[str, ResolvedModel]:
    """Return the models of these recipes; their provider has no price of its own."""
    fields = {"provider": "openai", "model": "unheard-of", "price": price, "max_tokens": max_tokens}
    model = ResolvedModel(ModelSpec.model_validate(fields), Path())
    return {"writer": model, "judge": model}


def of(
    options: dict[str, int],
    limit: int | None = None,
    price: dict[str, float] | None = None,
    use: dict[str, int] | None = None,
) -> StageEstimate:
    """Return the estimate of an asker with these options."""
    planned = PlannedStage(StageUse.model_validate({"use": "asker", **(use or {})}), Asker(options), "writer")
    return estimate(Plan(recipe(), (), (planned,), {}), resolved(price), limit)[0]


@pytest.mark.parametrize(
    ("options", "limit", "use", "candidates", "requests"),
    [
        ({"n": 10, "retries": 0}, None, {}, (10, 10), (10, 10)),
        ({"n": 10, "retries": 2}, None, {}, (10, 10), (10, 30)),
        ({"n": 10, "each": 3, "retries": 0}, None, {}, (10, 30), (10, 10)),
        ({"n": 10, "retries": 0}, 4, {}, (4, 4), (4, 4)),
        ({"n": 10, "retries": 0}, 40, {}, (10, 10), (10, 10)),
        ({"n": 10, "ready": 3, "retries": 0}, 4, {}, (4, 4), (1, 1)),
        ({"n": 10, "ready": 5, "retries": 0}, 4, {}, (4, 4), (0, 0)),
        ({"n": 10, "each": 3, "retries": 0}, 6, {}, (6, 6), (2, 6)),
        ({"n": 100, "retries": 0}, None, {"accept": 4}, (4, 20), (4, 20)),
        ({"n": 100, "retries": 0}, None, {"accept": 4, "candidates": 9}, (4, 9), (4, 9)),
        ({"n": 100, "retries": 0}, 7, {"accept": 4}, (4, 7), (4, 7)),
        ({"n": 100, "retries": 0}, 2, {"accept": 4}, (2, 2), (2, 2)),
        ({"n": 3, "retries": 0}, None, {"accept": 4}, (3, 3), (3, 3)),
        ({"n": 0, "ready": 5}, None, {}, (5, 5), (0, 0)),
    ],
    ids=str,
)
def test_the_bounds(
    options: dict[str, int],
    limit: int | None,
    use: dict[str, int],
    candidates: tuple[int, int],
    requests: tuple[int, int],
) -> None:
    found = of(options, limit, use=use)
    assert (found.candidates, found.requests) == (Range(*candidates), Range(*requests))


def test_several_questions_a_prompt_are_all_counted() -> None:
    planned = PlannedStage(StageUse(use="debate"), Debate({"n": 10, "retries": 1}), "writer")
    (found,) = estimate(Plan(recipe(), (), (planned,), {}), resolved())
    assert (found.candidates, found.requests) == (Range(10, 10), Range(20, 60))


class Hunt(Asker):
    """Asks on until it has found what it looks for: up to 8 prompts for each that it was planned with."""

    def at_most(self, prompts: float, candidates: float) -> tuple[float, float]:
        asked = min(prompts * 8, candidates)
        return asked, asked + 1


@pytest.mark.parametrize(
    ("limit", "candidates", "requests"), [(None, (10, 80), (10, 162)), (30, (10, 30), (10, 62)), (4, (4, 4), (4, 10))]
)
def test_prompts_that_depend_on_those_before_are_priced_at_their_most(
    limit: int | None, candidates: tuple[int, int], requests: tuple[int, int]
) -> None:
    planned = PlannedStage(StageUse(use="asker"), Hunt({"n": 10, "retries": 1}), "writer")
    (found,) = estimate(Plan(recipe(), (), (planned,), {}), resolved(), limit)
    assert (found.candidates, found.requests) == (Range(*candidates), Range(*requests))


@pytest.mark.parametrize(
    ("takes", "use", "limit", "candidates", "requests"),
    [
        ("", {}, None, (6, 6), (6, 12)),
        ("asker", {}, None, (4, 4), (4, 8)),
        ("", {}, 3, (3, 3), (3, 6)),
        ("", {"accept": 2}, None, (2, 6), (2, 12)),
    ],
)
def test_a_transformer_is_priced_by_what_it_is_given(
    takes: str, use: dict[str, int], limit: int | None, candidates: tuple[int, int], requests: tuple[int, int]
) -> None:
    """Four records come from a model, two need none."""
    stage = Shout({"retries": 1})
    stage.takes = takes
    above = (
        PlannedStage(StageUse(use="asker"), Asker({"n": 4, "retries": 0}), "writer"),
        PlannedStage(StageUse(use="asker", name="ready"), Asker({"n": 0, "ready": 2}, key="ready"), "writer"),
    )
    shout = PlannedStage(StageUse.model_validate({"use": "shout", **use}), stage, "writer")
    found = estimate(Plan(recipe(), (), (*above, shout), {}), resolved(PRICED), limit)[-1]
    assert (found.candidates, found.requests) == (Range(*candidates), Range(*requests))
    assert found.usd is not None
    assert 0 < found.usd.low < found.usd.high


def test_tokens_and_money_follow_from_requests() -> None:
    found = of({"n": 5, "retries": 1}, price=PRICED)
    low, high = estimate_tokens("question 0")[0], worst_prompt_tokens(["question 0", ""])
    assert found.tokens == Range(5 * (low + 20), 10 * (high + 50))
    assert found.usd is not None
    assert found.usd.low == pytest.approx(5 * (low + 20 * 10) / 1e6)
    assert found.usd.high == pytest.approx(10 * (high + 50 * 10) / 1e6)


def test_without_a_price_the_money_is_not_known() -> None:
    found = of({"n": 5})
    assert found.usd is None
    assert total_usd([found]) is None


def test_what_asks_nothing_costs_nothing(plan: MakePlan) -> None:
    found = {entry.stage: entry for entry in estimate(plan(), resolved())}
    assert found["heuristics"] == StageEstimate("heuristics", "", None, Range(), Range(), Range())
    assert found["templates"].model == "openai/unheard-of"
    assert of({"n": 0, "ready": 4}, price=None).usd == Range()


def test_the_whole_is_the_sum(plan: MakePlan) -> None:
    found = estimate(plan(), resolved(PRICED))
    total = total_usd(found)
    assert total is not None
    assert total.high == pytest.approx(sum(entry.usd.high for entry in found if entry.usd))
    assert 0 < total.low < total.high


class Counted(Asker):
    """Counts how many prompts are made."""

    made = 0

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        for prompt in super().prompts(context):
            type(self).made += 1
            yield prompt


def test_no_more_prompts_are_made_than_a_limited_run_can_need() -> None:
    planned = PlannedStage(StageUse(use="asker"), Counted({"n": 100_000}), "writer")
    estimate(Plan(recipe(), (), (planned,), {}), resolved(), 10)
    assert Counted.made <= 11


def test_more_prompts_than_are_measured_are_still_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = of({"n": 10, "retries": 0})
    monkeypatch.setattr("curator.recipe.questions.MOST_MEASURED", 4)
    assert of({"n": 10, "retries": 0}) == whole


def test_a_dollar_limit_needs_a_price(load: Load, plan: MakePlan) -> None:
    limited = plan(RECIPE.replace("max_requests: 100", "max_usd: 1.5"))
    check_budget(limited, resolved(PRICED))
    with pytest.raises(RecipeError, match=r"recipe\.yaml:7: the price of openai/unheard-of is not known") as caught:
        check_budget(limited, resolved())
    assert "models.writer.price: {input_usd_per_million: …, output_usd_per_million: …}" in str(caught.value)
    check_budget(plan(), resolved())  # without a dollar limit nobody needs to know
