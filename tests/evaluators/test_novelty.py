"""What nearly repeats anything this workspace generated is dropped, as it was when the run was first carried out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from pydantic import ValidationError

from curator.errors import StoreError
from curator.record import Record, single_turn
from curator.results import ResultsInMemory
from curator.run import apply
from curator.stage import Context
from evaluators.novelty import BATCH, Novelty
from tests.dedup.harbour_texts import text
from tests.evaluators.novel_records import copy_of, dropped, record
from tests.stage.samples import outcome

# --- Decisions ---


def test_a_repeat_is_dropped_and_says_of_what() -> None:
    first, other = record(1), record(2)
    made = apply(Novelty(key="new"), [first, other, copy_of(first)])
    assert [each.drop is None for each in made] == [True, True, False]
    drop = made[2].drop
    assert drop is not None
    assert (drop.stage, drop.reason, drop.of) == ("new", "near-duplicate", (first.id,))
    assert drop.detail.startswith(f"of {first.id}: Jaccard 0.")


def test_what_an_earlier_run_made_is_known() -> None:
    results = ResultsInMemory()
    originals = [record(seed) for seed in range(5)]
    apply(Novelty(), originals, results=results)
    made = apply(Novelty(), [*map(copy_of, originals), record(9)], results=results)
    assert dropped(made) == [*(each.id for each in originals), None]


def test_a_run_carried_out_again_decides_the_same_whatever_came_in_between() -> None:
    results = ResultsInMemory()
    first = record(1)
    stream = [first, copy_of(first), record(2), copy_of(record(2), "once"), copy_of(record(2), "twice")]
    made = apply(Novelty(), stream, results=results)
    apply(Novelty(), [copy_of(record(seed), "between") for seed in range(20)], results=results)
    assert apply(Novelty(), stream, results=results) == made
    assert apply(Novelty(), stream[3:], results=results) == made[3:]
    assert sum(each.drop is None for each in made) == 2


def test_a_record_that_comes_twice_in_a_pass_repeats_itself() -> None:
    results, first = ResultsInMemory(), record(1)
    for _run in range(2):
        assert dropped(apply(Novelty(), [first, record(2), first, first], results=results)) == [
            None, None, first.id, first.id,
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"space": "trial"}),
        ({"space": "a"}, {"space": "b"}),
        ({}, {"threshold": 0.7}),
        ({}, {"field": "response"}),
        ({}, {"guard": False}),
        ({}, {"shingles": "words"}),
    ],
)
def test_what_another_space_or_other_settings_judged_is_not_seen(one: dict[str, Any], other: dict[str, Any]) -> None:
    results = ResultsInMemory()
    for options in (one, other):
        assert dropped(apply(Novelty(options), [record(1)], results=results)) == [None]
        assert dropped(apply(Novelty(options), [copy_of(record(1))], results=results)) == [record(1).id]


def test_two_uses_in_one_recipe_are_apart_unless_they_name_one_space() -> None:
    results = ResultsInMemory()
    apply(Novelty(key="early"), [record(1)], results=results)
    assert dropped(apply(Novelty(key="late"), [copy_of(record(1), "late")], results=results)) == [None]
    apply(Novelty({"space": "s"}, key="early"), [record(1)], results=results)
    made = apply(Novelty({"space": "s"}, key="late"), [copy_of(record(1), "late")], results=results)
    assert dropped(made) == [record(1).id]


@pytest.mark.parametrize(("field", "expected"), [("instruction", 1), ("response", 2), ("both", 2), ("dialogue", 2)])
def test_what_is_compared(field: str, expected: int) -> None:
    made = apply(Novelty({"field": field}), [record(1), single_turn(record(1).instruction, text(2))])
    assert sum(each.drop is None for each in made) == expected


def test_records_without_the_field_are_novel() -> None:
    made = apply(Novelty({"field": "response"}), [single_turn("A?", ""), single_turn("B?", "")])
    assert dropped(made) == [None, None]


def test_one_record_can_be_asked_about() -> None:
    stage, context = Novelty(), Context()
    assert stage.decide(record(1), context) is None
    found = stage.decide(copy_of(record(1)), context)
    assert found is not None
    assert found.of == (record(1).id,)


# --- The stream ---


async def test_no_record_is_kept_waiting_for_the_next() -> None:
    passed = asyncio.Event()

    async def slow() -> AsyncIterator[Record]:
        yield record(1)
        await asyncio.wait_for(passed.wait(), 10)
        yield record(2)

    made = []
    async for each in Novelty().run(slow(), Context()):
        made.append(each)
        passed.set()
    assert made == [record(1), record(2)]


async def test_others_have_their_turn_while_a_batch_is_judged() -> None:
    turns = 0
    looked_up_at: set[int] = set()

    class Watched(ResultsInMemory):
        def get(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
            looked_up_at.add(turns)
            return super().get(space, keys)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    at_work = asyncio.ensure_future(others())
    await outcome(Novelty(), [record(seed) for seed in range(BATCH)], Context(results=Watched()))
    at_work.cancel()
    assert len(looked_up_at) >= BATCH


async def test_how_records_arrive_changes_nothing() -> None:
    records = [copy_of(record(seed // 2), "once" if seed % 2 else "twice") for seed in range(3 * BATCH)]
    at_once = await asyncio.to_thread(apply, Novelty(), records)
    assert await outcome(Novelty(), records, Context(stage="novelty")) == at_once
    assert sum(each.drop is None for each in at_once) == 3 * BATCH // 2


async def test_what_came_before_an_error_is_passed_on_and_remembered() -> None:
    async def breaks() -> AsyncIterator[Record]:
        yield record(1)
        yield record(2)
        raise StoreError("the disk is full")

    context = Context()
    made: list[Record] = []

    async def listen() -> None:
        async for each in Novelty().run(breaks(), context):
            made.append(each)

    with pytest.raises(StoreError, match="the disk is full"):
        await listen()
    assert made == [record(1), record(2)]
    assert dropped(await outcome(Novelty(), [copy_of(record(2))], context)) == [record(2).id]


async def test_who_stops_listening_stops_what_was_under_way_above() -> None:
    ended = asyncio.Event()

    async def never_done() -> AsyncIterator[Record]:
        yield record(1)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    made: Any = Novelty().run(never_done(), Context())
    assert await anext(made) == record(1)
    await made.aclose()
    assert ended.is_set()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"redis": "redis://:pear@host/0"}, "REDIS_PASSWORD"),
        ({"redis": "http://host:6379"}, "redis://host:port/0"),
        ({"redis": "host:6379"}, "redis://host:port/0"),
        ({"threshold": 0.2}, "threshold"),
        ({"field": "input"}, "field"),
    ],
)
def test_wrong_options(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why) as caught:
        Novelty(options)
    assert "pear" not in caught.value.errors()[0]["msg"]
