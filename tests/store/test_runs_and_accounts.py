"""Runs, the funnel and the costs: added up from what was stored."""

from __future__ import annotations

from pathlib import Path

from curator.record import Score
from curator.store import Cost, FunnelRow, Query, Run, Store
from curator.store.runs import RunStatus
from tests.store.conftest import STAGES, buy, put, record


def test_a_run_is_told_from_beginning_to_end(store: Store) -> None:
    run = store.runs.start("abc", '{"name": "x"}', STAGES)
    assert (run.id, run.status, run.ended_at) == (1, "running", None)
    assert store.runs.latest() == run
    store.runs.end(run, "stopped by budget", "5 of 5 requests are used")
    ended = store.runs.latest()
    assert ended is not None
    assert (ended.status, ended.note, ended.stages) == ("stopped by budget", "5 of 5 requests are used", STAGES)
    assert ended.ended_at is not None
    assert ended.ended_at >= ended.started_at


def test_the_latest_run_of_a_kind(store: Store) -> None:
    assert store.runs.latest() is None
    endings: tuple[RunStatus, ...] = ("done", "failed", "done", "interrupted")
    for ending in endings:
        store.runs.end(store.runs.start("h", "{}", ()), ending)
    assert [run.status for run in store.runs.all()] == list(endings)
    assert [getattr(store.runs.latest(kind), "id", None) for kind in (None, "done", "failed", "running")] == [
        4,
        3,
        2,
        None,
    ]


def test_a_new_run_clears_what_unfinished_ones_left(tmp_path: Path) -> None:
    """A run that was killed stays "running" until the next begins; finished runs keep everything."""
    with Store.open(tmp_path) as store:
        finished = store.runs.start("h", "{}", ("maker",))
        put(store, finished, record(1).with_scores(Score("a", 1)))
        store.use(finished, [("maker", "k", False)])
        store.runs.end(finished, "done")
        killed = store.runs.start("h", "{}", ("maker",))
        put(store, killed, record(2))
    with Store.open(tmp_path) as store:
        assert [run.status for run in store.runs.all()] == ["done", "running"]
        assert store.candidates.count(killed) == 1
        store.runs.start("h", "{}", ("maker",))
        assert [run.status for run in store.runs.all()] == ["done", "interrupted", "running"]
        assert store.candidates.count(killed) == 0
        assert [one.score("a") for one in store.candidates.select(finished)] == [1]


def test_the_funnel_adds_up(store: Store, run: Run) -> None:
    made = [record(number) for number in range(10)]
    fates = [
        *made[:4],
        *(one.dropped("gate", "too-low") for one in made[4:7]),
        made[7].dropped("gate", "a-reason"),
        made[8].dropped("gate", "b-reason"),
        made[9].dropped("maker", "unparsable"),
    ]
    put(store, run, *fates)
    put(store, run, record(10, stage="judge"), record(11, stage="judge").dropped("judge", "too-low"), stage=1)
    rows = store.ledger.funnel(run)
    assert rows == [
        FunnelRow("maker", 0, 10, (("unparsable", 1),), 9),
        FunnelRow("judge", 9, 2, (("too-low", 1),), 10),
        FunnelRow("gate", 10, 0, (("too-low", 3), ("a-reason", 1), ("b-reason", 1)), 5),
    ]
    assert [row.dropped_total for row in rows] == [1, 1, 5]
    assert rows[-1].left == store.candidates.count(run, Query(status="kept"))
    assert all(row.left == row.arrived + row.made - row.dropped_total for row in rows)


def test_the_funnel_of_nothing(store: Store, run: Run) -> None:
    assert store.ledger.funnel(run) == [FunnelRow(stage, 0, 0, (), 0) for stage in STAGES]
    assert store.ledger.cost(run) == Cost(0, 0, 0, 0, 0.0, 0, 0.0)


async def test_what_a_run_cost(store: Store, run: Run) -> None:
    await buy(store, "new", usd=0.25, tokens=(100, 10))
    await buy(store, "old", usd=0.5, tokens=(200, 20))
    await buy(store, "unpriced", usd=None, tokens=(400, 40))
    await buy(store, "unused", usd=100.0)
    store.use(run, [("maker", "new", False), ("maker", "old", True), ("judge", "unpriced", False)])
    store.flush()
    assert store.ledger.cost(run) == Cost(3, 2, 700, 70, 0.75, 1, 6.0)


async def test_a_reply_that_two_stages_used_was_paid_for_once(store: Store, run: Run) -> None:
    await buy(store, "shared", usd=0.5, tokens=(10, 5))
    store.use(run, [("maker", "shared", False), ("judge", "shared", True), ("maker", "shared", True)])
    store.flush()
    assert store.ledger.cost(run) == Cost(1, 1, 10, 5, 0.5, 0, 2.0)


async def test_a_reply_is_shared_equally_by_what_came_of_it(store: Store, run: Run) -> None:
    await buy(store, "three", usd=0.6)
    await buy(store, "one", usd=0.25)
    await buy(store, "unpriced", usd=None)
    three = [record(number, reply_key="three") for number in range(3)]
    put(store, run, *three[:2], three[2].dropped("maker", "evidence-not-found"))
    alone, unpriced, free = record(4, reply_key="one"), record(5, reply_key="unpriced"), record(6)
    put(store, run, alone, unpriced, free, first=3)
    costs = [store.ledger.cost_of(run, one.id) for one in (*three, alone, unpriced, free)]
    assert costs == [0.6 / 3, 0.6 / 3, 0.6 / 3, 0.25, None, None]
    assert store.ledger.cost_of(run, "r1-unknown") is None


async def test_further_replies_are_a_records_own(store: Store, run: Run) -> None:
    await buy(store, "main", usd=0.5)
    await buy(store, "check", usd=0.25)
    await buy(store, "unpriced", usd=None)
    one = record(1, reply_key="main").with_origin(further_replies=("check",))
    two = record(2, reply_key="main").with_origin(further_replies=("check", "unpriced"))
    put(store, run, one, two)
    assert store.ledger.cost_of(run, one.id) == 0.5 / 2 + 0.25
    assert store.ledger.cost_of(run, two.id) is None
    three = record(3, reply_key="main").with_origin(further_replies=("set aside since",))
    put(store, run, three, first=2)
    assert store.ledger.cost_of(run, three.id) is None
