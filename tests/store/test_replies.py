"""Replies under their request's key."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.llm.base import ChatReply, Usage
from curator.store import Run, Store
from tests.store.conftest import buy, put, record, request


@pytest.mark.parametrize(
    "reply",
    [
        ChatReply("text"),
        ChatReply("", "length", Usage(3, 4, estimated=True), "model-1", 0.25),
        ChatReply('Ünïcode “quotes”\n\0\t"\\ 🎻'),
    ],
)
async def test_a_reply_comes_back_as_it_was(reply: ChatReply, tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        assert await store.replies.get("k") is None
        await store.replies.put("k", request("q"), reply, "identity", 0.01)
    with Store.open(tmp_path) as store:
        assert await store.replies.get("k") == reply
        assert (store.replies.usd("k"), store.replies.usd("other"), store.replies.count()) == (0.01, None, 1)


async def test_the_first_reply_stays(store: Store) -> None:
    """Two requests with one key may cross; the one that came first is what the records were made from."""
    await store.replies.put("k", request("q"), ChatReply("first"), "i", 1.0)
    await store.replies.put("k", request("q"), ChatReply("second"), "i", 2.0)
    reply = await store.replies.get("k")
    assert reply is not None
    assert (reply.text, store.replies.usd("k"), store.replies.count()) == ("first", 1.0, 1)


async def test_set_aside_replies_are_not_found_but_still_paid_for(store: Store, run: Run) -> None:
    for key in ("a", "b"):
        await buy(store, key)
    store.use(run, [("maker", "a", False), ("maker", "b", False)])
    put(store, run, record(1, reply_key="a"), record(2))
    before = store.ledger.cost(run)
    assert store.replies.set_aside() == 2
    assert await store.replies.get("a") is None
    assert store.ledger.cost(run) == before
    assert store.ledger.cost_of(run, record(1).id) == 0.5
    await buy(store, "a", usd=0.7)
    assert (store.replies.set_aside(), store.replies.count()) == (1, 3)
    assert store.ledger.cost(run) == before
