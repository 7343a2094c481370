"""The budget: never crossed, fair, and the same whatever the speed of replies."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import BudgetError
from curator.llm.base import Usage
from curator.llm.budget import Amount, Budget


async def test_reserves_settles_and_refuses_before_the_limit() -> None:
    budget = Budget(max_usd=1.0)
    first = await budget.reserve(100, 0.6)
    budget.settle(first, Usage(10, 10), 0.5)
    with pytest.raises(BudgetError, match=r"\$0\.5000 of \$1 are spent.*may cost \$0\.6000.*max_usd"):
        await budget.reserve(100, 0.6)
    assert budget.spent == Amount(1, 20, 0.5)


async def test_waits_for_requests_under_way() -> None:
    budget = Budget(max_tokens=100)
    first = await budget.reserve(80, None)
    second = asyncio.create_task(budget.reserve(80, None))
    await asyncio.sleep(0)
    assert not second.done()
    budget.settle(first, Usage(5, 5), None)
    assert await second == Amount(1, 80, 0.0)


async def test_first_come_first_served_and_nothing_after_a_refusal() -> None:
    budget = Budget(max_tokens=100)
    first = await budget.reserve(50, None)
    large = asyncio.create_task(budget.reserve(90, None))
    small = asyncio.create_task(budget.reserve(1, None))
    await asyncio.sleep(0)
    assert not small.done()
    budget.settle(first, Usage(40, 0), None)
    outcomes = await asyncio.gather(large, small, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [BudgetError, BudgetError]
    assert budget.reserved == Amount()


async def test_a_released_reservation_makes_room() -> None:
    budget = Budget(max_requests=1)
    first = await budget.reserve(1, None)
    second = asyncio.create_task(budget.reserve(1, None))
    await asyncio.sleep(0)
    budget.release(first)
    await second
    with pytest.raises(BudgetError):
        await asyncio.wait_for(_settled(budget, second.result()), 1)


async def _settled(budget: Budget, reservation: Amount) -> None:
    budget.settle(reservation, Usage(), None)
    await budget.reserve(1, None)


async def test_a_cancelled_asker_leaves_no_reservation() -> None:
    budget = Budget(max_requests=2)
    held = await budget.reserve(1, None)
    await budget.reserve(1, None)
    waiting = asyncio.create_task(budget.reserve(1, None))
    await asyncio.sleep(0)
    budget.release(held)  # grants the waiting one, which leaves in the same moment
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert budget.reserved.requests == 1
    await asyncio.wait_for(budget.reserve(1, None), 1)


async def test_dollars_without_a_price_are_refused() -> None:
    with pytest.raises(BudgetError, match="price of openai/x is not known"):
        await Budget(max_usd=1).reserve(10, None, "openai/x")


async def test_replays_are_charged_once_a_key() -> None:
    budget = Budget(max_requests=2)
    budget.charge_replayed(Usage(3, 4), 0.25, "a")
    budget.charge_replayed(Usage(3, 4), 0.25, "a")
    assert budget.spent == Amount(1, 7, 0.25)
    budget.settle(await budget.reserve(1, None), Usage(), None, "b")
    with pytest.raises(BudgetError, match="2 of 2 requests"):
        await budget.reserve(1, None)


@settings(max_examples=40, deadline=None)
@given(
    costs=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100)), min_size=1, max_size=25),
    max_tokens=st.integers(1, 400),
    seed=st.integers(0, 5),
)
def test_never_crossed_and_independent_of_speed(costs: list[tuple[int, int]], max_tokens: int, seed: int) -> None:
    """Worst case and share of it really used, for each request; replies arrive in a random order."""

    async def run(order: int) -> tuple[list[bool], int]:
        budget, speed = Budget(max_tokens=max_tokens), random.Random(order)

        async def ask(worst: int, used_percent: int) -> bool:
            try:
                reservation = await budget.reserve(worst, None)
            except BudgetError:
                return False
            assert budget.spent.tokens + budget.reserved.tokens <= max_tokens
            for _ in range(speed.randrange(6)):
                await asyncio.sleep(0)
            budget.settle(reservation, Usage(worst * used_percent // 100, 0), None)
            return True

        bought = await asyncio.gather(*(ask(*cost) for cost in costs))
        return list(bought), budget.spent.tokens

    bought, spent_tokens = asyncio.run(run(seed))
    assert spent_tokens <= max_tokens
    assert (bought, spent_tokens) == asyncio.run(run(seed + 100))
