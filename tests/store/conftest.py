"""A store of the test's own, a run in it, and records to put there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.llm.base import ChatReply, ChatRequest, Usage
from curator.record import Origin, Record, Turn, single_turn
from curator.store import Position, Run, Store

STAGES = ("maker", "judge", "gate")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def run(store: Store) -> Run:
    return store.runs.start("0" * 16, "{}", STAGES)


def record(number: int, *, stage: str = "maker", parents: tuple[str, ...] = (), reply_key: str = "") -> Record:
    """Return the record of that number."""
    origin = Origin(stage, "method", parents, reply_key=reply_key)
    return single_turn(f"Question {number}?", f"Answer {number}.", origin=origin)


def put(store: Store, run: Run, *records: Record, stage: int = 0, first: int = 0) -> list[tuple[Position, Record]]:
    """Store records as what one stage made, and settle them as they are."""
    placed = [(Position(stage, first + seq), record) for seq, record in enumerate(records)]
    store.candidates.add(run, placed)
    store.candidates.settle(run, placed)
    store.flush()
    return placed


def request(text: str) -> ChatRequest:
    """Return a request."""
    return ChatRequest((Turn("user", text),), "tester")


async def buy(store: Store, key: str, *, usd: float | None = 0.5, tokens: tuple[int, int] = (10, 5)) -> None:
    """Store a reply under `key`."""
    await store.replies.put(
        key, request(key), ChatReply(f"reply to {key}", usage=Usage(*tokens), seconds=2.0), "test", usd
    )
