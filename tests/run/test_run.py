"""A run: what happened is what is stored, and running again asks for nothing that is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import pytest

from curator.errors import BudgetError, FormatError, ProviderError, StageError, StoreError
from curator.llm.base import ChatReply, ChatRequest, Usage
from curator.llm.scripted import ScriptedProvider
from curator.record import Record
from curator.run import Progress
from curator.stage import Prompt, Rejection
from curator.store import FunnelRow, Store
from tests.run.samples import (
    Divides,
    Loses,
    Repeats,
    Rewrites,
    carry_out,
    funnel,
    kept,
    latest,
    names,
    plan_of,
    runs,
)
from tests.stage.samples import Asker, Shout, Unsteady, echo


def asked(client: ScriptedProvider) -> list[str]:
    """Return what a client was asked, sorted."""
    return sorted(request.messages[-1].content for request in client.asked)


def mixed(request: ChatRequest) -> str:
    """Answer every fourth question unreadably."""
    number = int(request.messages[-1].content.split()[-1])
    return "bad" if number % 4 == 3 else f"answer {number}"


async def test_the_funnel_is_what_happened(tmp_path: Path) -> None:
    progress = Progress()
    plan = plan_of(tmp_path, Asker({"n": 12, "retries": 0}), Divides(), Divides({"by": 3}, key="thirds"))
    result = await carry_out(plan, Unsteady(mixed), progress=progress)
    assert (result.run.status, result.run.note, result.shortfalls) == ("done", "", ())
    assert funnel(tmp_path) == [
        FunnelRow("asker", 0, 12, (("unparsable", 3),), 9),
        FunnelRow("divides", 9, 0, (("not-divisible", 3),), 6),  # 1, 5, 9 leave
        FunnelRow("thirds", 6, 0, (("not-divisible", 4),), 2),  # 2, 4, 8, 10 leave
    ]
    assert names(kept(tmp_path)) == ["Q0.0", "Q6.0"]
    assert {key: (row.made, row.dropped, row.passed) for key, row in progress.stages.items()} == {
        "asker": (12, 3, 9),
        "divides": (0, 3, 6),
        "thirds": (0, 4, 2),
    }
    assert (progress.made, progress.dropped, progress.requests, progress.replayed) == (12, 10, 12, 0)
    assert progress.accepted_share == pytest.approx(2 / 12)


async def test_every_dropped_record_says_by_whom_and_why(tmp_path: Path) -> None:
    await carry_out(plan_of(tmp_path, Asker({"n": 4}), Divides({}, key="even")), ScriptedProvider(echo))
    (one, three) = kept(tmp_path, "dropped")
    assert one.drop is not None
    assert (one.drop.stage, one.drop.reason, one.drop.detail) == ("even", "not-divisible", "1 by 2")
    assert (one.origin.stage, three.origin.label("number")) == ("asker", "3")


class Misnames(Divides):
    """Drops under the method's name instead of the recipe's."""

    name = "misnames"

    def decide(self, record: Record, context: object) -> Rejection | None:
        return None

    async def run(self, records, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        async for record in records:
            yield record.dropped("somebody-else", "reason", "detail")


async def test_a_drop_counts_where_it_happened(tmp_path: Path) -> None:
    await carry_out(plan_of(tmp_path, Asker({"n": 2}), Misnames({}, key="here")), ScriptedProvider(echo))
    assert funnel(tmp_path)[1] == FunnelRow("here", 2, 0, (("reason", 2),), 0)


async def test_identical_candidates_rest_once(tmp_path: Path) -> None:
    """Two stages make the same three records; the second's are dropped, with their own origin kept."""
    plan = plan_of(tmp_path, Asker({"n": 3}), Asker({"n": 4}, key="again"), Divides({"by": 1}))
    client = ScriptedProvider(echo)
    await carry_out(plan, client)
    assert funnel(tmp_path)[1] == FunnelRow("again", 3, 4, (("identical", 3),), 4)
    assert names(kept(tmp_path)) == ["Q0.0", "Q1.0", "Q2.0", "Q3.0"]
    first, second = (
        next(r for r in kept(tmp_path, status) if r.instruction == "Q0.0") for status in ("kept", "dropped")
    )
    assert (first.id, first.origin.stage, second.origin.stage) == (second.id, "asker", "again")
    assert second.drop is not None
    assert second.drop.detail == f"of {first.id}, made earlier in this run"
    assert asked(client) == [f"question {number}" for number in range(4)]  # equal requests share a reply


async def test_a_transformers_children_follow_their_parents(tmp_path: Path) -> None:
    await carry_out(plan_of(tmp_path, Asker({"n": 4}), Divides(), Shout()), Unsteady())
    assert names(kept(tmp_path)) == ["Q0.0", "Q2.0", "Q0.0!", "Q2.0!"]
    with Store.open(tmp_path) as store:
        parent, child = kept(tmp_path)[0], kept(tmp_path)[2]
        assert store.candidates.parents(child.id) == [parent.id]
        assert store.candidates.children(parent.id) == [child.id]


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (Loses(), "loses: the stage lost 2 of the 6 records it was given"),
        (Repeats(), "repeats: the stage gave out a record twice, or one that it neither was given nor made"),
        (Rewrites(), "rewrites: the stage gave out a record twice, or one that it neither was given nor made"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_a_defective_stage_is_found_out(stage: Loses, said: str, tmp_path: Path) -> None:
    with pytest.raises(StageError) as caught:
        await carry_out(plan_of(tmp_path, Asker({"n": 6}), stage), ScriptedProvider(echo))
    assert said in str(caught.value)
    assert (runs(tmp_path)[0].status, runs(tmp_path)[0].note) == ("failed", str(caught.value))


@pytest.mark.parametrize("most_s", [0.0, 0.003, 0.008])
async def test_the_result_does_not_depend_on_who_was_faster(most_s: float, tmp_path: Path) -> None:
    stages = (Asker({"n": 30, "each": 2}), Divides(), Shout(), Divides({"by": 1}, key="all"))
    for folder, client, at_once in (
        ("steady", ScriptedProvider(echo), 1),
        ("unsteady", Unsteady(most_s=most_s), 16),
    ):
        await carry_out(plan_of(tmp_path / folder, *stages), client, max_concurrency=at_once)
    assert kept(tmp_path / "unsteady", "all") == kept(tmp_path / "steady", "all")
    assert len(kept(tmp_path / "steady")) == 60


async def test_running_again_asks_nothing(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, Asker({"n": 8, "retries": 1}), Divides(), Shout())
    first, second = (
        Unsteady(lambda request: "x" if "shout" in request.messages[-1].content else mixed(request)),
        Unsteady(),
    )
    await carry_out(plan, first)
    before = kept(tmp_path, "all")
    progress = Progress()
    await carry_out(plan, second, progress=progress)
    assert second.asked == []
    assert kept(tmp_path, "all") == before
    assert [run.status for run in runs(tmp_path)] == ["done", "done"]
    assert progress.requests == progress.replayed == len(first.asked)
    with Store.open(tmp_path) as store:
        cost = store.ledger.cost(latest(store))
        assert (cost.requests, cost.bought) == (len(first.asked), 0)


async def test_a_changed_recipe_asks_exactly_what_changed(tmp_path: Path) -> None:
    client = ScriptedProvider(echo)
    await carry_out(plan_of(tmp_path, Asker({"n": 5}), Divides(), Shout()), client)
    changes = (
        ((Asker({"n": 7}), Divides(), Shout()), ["question 5", "question 6", "shout Q6.0"]),
        ((Asker({"n": 7}), Divides({"by": 3}), Shout()), ["shout Q3.0"]),
        ((Asker({"n": 3}), Shout()), ["shout Q1.0"]),
    )
    for stages, expected in changes:
        client.asked.clear()
        await carry_out(plan_of(tmp_path, *stages), client)
        assert asked(client) == expected


async def test_another_temperature_is_another_question(tmp_path: Path) -> None:
    client = ScriptedProvider(echo)
    plan = plan_of(tmp_path, Asker({"n": 3}))
    await carry_out(plan, client)
    await carry_out(plan, client, temperature=0.7)
    assert len(client.asked) == 6


async def test_a_budget_stops_the_run_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    def plan(most: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return plan_of(tmp_path, Asker({"n": 10}), budget={"max_requests": most})

    client = Unsteady()
    with pytest.raises(BudgetError, match="4 of 4 requests are used; what was made is saved"):
        await carry_out(plan(4), client)
    assert len(client.asked) == 4
    (run,) = runs(tmp_path)
    assert (run.status, "4 of 4 requests" in run.note) == ("stopped by budget", True)
    assert names(kept(tmp_path, "all")) == ["Q0.0", "Q1.0", "Q2.0", "Q3.0"]
    await carry_out(plan(10), client)
    assert asked(client) == [f"question {number}" for number in range(10)]  # each once
    assert [run.status for run in runs(tmp_path)] == ["stopped by budget", "done"]
    assert len(kept(tmp_path)) == 10


async def test_dollars_are_never_overspent(tmp_path: Path) -> None:
    def expensive(_request: ChatRequest) -> ChatReply:
        return ChatReply("x", usage=Usage(0, 100))

    price = {"input_usd_per_million": 0.0, "output_usd_per_million": 10_000.0}  # a dollar for 100 tokens
    client = Unsteady(expensive)
    plan = plan_of(tmp_path, Asker({"n": 10}), budget={"max_usd": 3.5})
    with pytest.raises(BudgetError, match=r"\$3\.0000 of \$3\.5 are spent"):
        await carry_out(plan, client, price=price, max_tokens=100)
    assert len(client.asked) == 3
    with Store.open(tmp_path) as store:
        assert store.ledger.cost(latest(store)).usd == pytest.approx(3.0)


async def test_a_provider_that_fails_midway_loses_nothing(tmp_path: Path) -> None:
    def script(request: ChatRequest) -> str:
        if request.messages[-1].content == "question 5":
            raise ProviderError("the key was revoked", status=401)
        return echo(request)

    plan = plan_of(tmp_path, Asker({"n": 10}), Divides())
    with pytest.raises(ProviderError, match="the key was revoked"):
        await carry_out(plan, ScriptedProvider(script), max_concurrency=1)
    (run,) = runs(tmp_path)
    assert (run.status, run.note) == ("failed", "the key was revoked")
    assert run.ended_at is not None
    assert names(kept(tmp_path, "all")) == [f"Q{number}.0" for number in range(5)]
    client = ScriptedProvider(echo)
    await carry_out(plan, client)
    assert set(asked(client)) <= {f"question {number}" for number in range(5, 10)}
    assert names(kept(tmp_path)) == [f"Q{number}.0" for number in range(0, 10, 2)]


async def test_a_failed_run_asks_nothing_more(tmp_path: Path) -> None:
    """In a notebook the loop goes on after the run, and so would forgotten requests."""

    def script(request: ChatRequest) -> str:
        if request.messages[-1].content == "question 0":
            raise ProviderError("no")
        return echo(request)

    class Slow(ScriptedProvider):
        async def chat(self, request: ChatRequest) -> ChatReply:
            if request.messages[-1].content != "question 0":
                await asyncio.sleep(0.02)
            return await super().chat(request)

    client = Slow(script)
    with pytest.raises(ProviderError, match="no"):
        await carry_out(plan_of(tmp_path, Asker({"n": 50}), Divides()), client, max_concurrency=4)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    seen = len(client.asked)
    await asyncio.sleep(0.05)
    assert len(client.asked) == seen


async def test_a_run_that_is_interrupted_says_so(tmp_path: Path) -> None:
    client = ScriptedProvider(echo, latency_s=0.01)
    plan = plan_of(tmp_path, Asker({"n": 200}))
    task = asyncio.create_task(carry_out(plan, client, max_concurrency=2))
    while len(client.asked) < 6:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (runs(tmp_path)[0].status, runs(tmp_path)[0].note) == ("interrupted", "interrupted by the user")
    assert asyncio.all_tasks() == {asyncio.current_task()}


class Breaks(Divides):
    """A stage with an ordinary defect."""

    def decide(self, record: Record, context: object) -> Rejection | None:
        raise KeyError("oops")


async def test_a_defect_of_a_stage_ends_the_run_as_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="oops"):
        await carry_out(plan_of(tmp_path, Asker({"n": 2}), Breaks()), ScriptedProvider(echo))
    assert (runs(tmp_path)[0].status, runs(tmp_path)[0].note) == ("failed", "KeyError: 'oops'")


@pytest.mark.parametrize("limit", [0, 1, 5, 99])
async def test_a_limit_bounds_every_generator(limit: int, tmp_path: Path) -> None:
    client = Unsteady()
    await carry_out(plan_of(tmp_path, Asker({"n": 10}), Shout()), client, limit=limit)
    made = {row.stage: row.made for row in funnel(tmp_path)}
    assert made == {"asker": min(limit, 10), "shout": min(limit, 10)}
    assert len(client.asked) == 2 * min(limit, 10)


async def test_exports_are_written_at_the_end(tmp_path: Path) -> None:
    export = [
        {"format": "alpaca", "path": "out/kept.jsonl"},
        {"format": "messages", "path": "out/all.jsonl", "include_dropped": True},
    ]
    result = await carry_out(plan_of(tmp_path, Asker({"n": 4}), Divides(), export=export), ScriptedProvider(echo))
    assert [(one.path, one.written, one.refused) for one in result.exported] == [
        (tmp_path / "out" / "kept.jsonl", 2, ()),
        (tmp_path / "out" / "all.jsonl", 4, ()),
    ]
    assert "Q0.0" in (tmp_path / "out" / "kept.jsonl").read_text()
    everything = (tmp_path / "out" / "all.jsonl").read_text()
    assert everything.count("not-divisible") == 2  # a dropped record comes with its reason


async def test_an_export_may_hold_the_records_of_one_stage(tmp_path: Path) -> None:
    export = [{"format": "messages", "path": "out.jsonl", "from": "shout"}]
    result = await carry_out(plan_of(tmp_path, Asker({"n": 3}), Shout(), export=export), ScriptedProvider(echo))
    assert result.exported[0].written == 3
    assert "Q0.0!" in (tmp_path / "out.jsonl").read_text().replace("q", "Q")


async def test_nothing_to_export_is_said_and_the_run_is_kept(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, Asker({"n": 1, "retries": 0}), export=[{"path": "x.jsonl"}])
    with pytest.raises(FormatError, match=r"x\.jsonl: nothing to write"):
        await carry_out(plan, ScriptedProvider(lambda _request: "bad"))
    assert runs(tmp_path)[0].status == "done"
    assert not (tmp_path / "x.jsonl").exists()


async def test_one_run_at_a_time(tmp_path: Path) -> None:
    client = ScriptedProvider(echo, latency_s=0.02)
    plan = plan_of(tmp_path, Asker({"n": 3}))
    first = asyncio.create_task(carry_out(plan, client))
    while not client.asked:
        await asyncio.sleep(0.001)
    with pytest.raises(StoreError, match="another run is at work in"):
        await carry_out(plan, client)
    await first
    await carry_out(plan, client)
    assert len(client.asked) == 3


class Spoils(Asker):
    """Makes what `asker` makes, and drops it at once."""

    name: ClassVar[str] = "spoils"

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        return [record.dropped(self.key, "spoilt") for record in super().parse(reply, prompt)]


async def test_a_good_record_follows_a_twin_that_was_dropped_as_it_was_made(tmp_path: Path) -> None:
    """What was spoilt at its making does not stand in the way of the same content made well."""
    await carry_out(plan_of(tmp_path, Spoils({"n": 2}), Asker({"n": 3})), ScriptedProvider(echo))
    assert names(kept(tmp_path)) == ["Q0.0", "Q1.0", "Q2.0"]
    assert [record.drop.reason for record in kept(tmp_path, "dropped") if record.drop] == ["spoilt", "spoilt"]


async def test_a_refusal_is_a_dropped_record_and_stands_in_the_accounts(tmp_path: Path) -> None:
    """It came with a bill, so the run's cost has it, the first time and when it is replayed."""
    client = ScriptedProvider(lambda _request: ChatReply("I would rather not", "refusal", Usage(10, 5)))
    for bought in (2, 0):
        result = await carry_out(plan_of(tmp_path, Asker({"n": 2})), client)
        with Store.open(tmp_path) as store:
            cost = store.ledger.cost(result.run)
        assert (cost.requests, cost.bought, cost.prompt_tokens, cost.completion_tokens) == (2, bought, 20, 10)
        drops = [record.drop for record in kept(tmp_path, "dropped")]
        assert [(drop.reason, "I would rather not" in drop.detail) for drop in drops if drop] == [
            ("refused-by-provider", True)
        ] * 2
    assert len(client.asked) == 2
