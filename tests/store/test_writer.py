"""The writer: what was acknowledged is there whatever happens, and a failure reaches everybody who waits."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from curator.errors import StoreError
from curator.llm.base import ChatReply
from curator.store import Store
from tests.store.conftest import buy, request

WRITE_FOR_EVER = """
import asyncio, sys
from curator.llm.base import ChatReply, ChatRequest
from curator.record import Turn
from curator.store import Store

async def main():
    store = Store.open(sys.argv[1])
    async def put(key):
        await store.replies.put(key, ChatRequest((Turn("user", key),), "m"), ChatReply("reply " * 50), "i", None)
        sys.stdout.write(key + "\\n")
        sys.stdout.flush()
    for batch in range(100_000):
        await asyncio.gather(*(put(f"{batch}-{n}") for n in range(8)))

asyncio.run(main())
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.read().splitlines()
    with Store.open(tmp_path, create=False) as store:
        missing = [key for key in acknowledged if asyncio.run(store.replies.get(key)) is None]
        assert missing == []
        assert store.replies.count() >= len(acknowledged) >= 200


FILL_THE_DISK = """
import asyncio, json, resource, sys
from curator.errors import StoreError
from curator.llm.base import ChatReply, ChatRequest
from curator.record import Turn
from curator.store import Store

resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

async def main():
    store = Store.open(sys.argv[1])
    stored, said = [], ""
    try:
        for number in range(1000):
            key = str(number)
            await store.replies.put(key, ChatRequest((Turn("user", key),), "m"), ChatReply("x" * 5000), "i", None)
            stored.append(key)
    except StoreError as error:
        said = str(error)
    print(json.dumps([stored, said]))

asyncio.run(main())
"""


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(tmp_path)], check=True, capture_output=True, text=True
    )
    stored, said = json.loads(done.stdout)
    assert "the disk is full or failing" in said
    assert "run again: it goes on from here" in said
    assert 0 < len(stored) < 1000
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 200_000  # the limit was the other process's own
    with Store.open(tmp_path, create=False) as store:
        assert all(asyncio.run(store.replies.get(key)) for key in stored)


async def test_many_wait_for_one_commit(store: Store) -> None:
    """Replies that arrive together are acknowledged together, and each can be read as soon as it is."""

    async def put(number: int) -> str | None:
        await buy(store, str(number))
        reply = await store.replies.get(str(number))
        return None if reply is None else reply.text

    texts = await asyncio.gather(*(put(number) for number in range(300)))
    assert texts == [f"reply to {number}" for number in range(300)]


async def test_a_failure_reaches_everybody_who_waits_and_everything_after(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store._writer.submit("INSERT INTO no_such_table VALUES (?)", ((1,),))
    results = await asyncio.gather(*(buy(store, str(number)) for number in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {StoreError}
    for ask in (partial(store.documents.add, ()), store.flush, store.close):
        with pytest.raises(StoreError, match="no such table"):
            ask()


async def test_a_value_that_cannot_be_stored_is_no_silence(tmp_path: Path) -> None:
    """Half a surrogate pair is no text for SQLite; whoever waits must hear of it instead of waiting for ever."""
    store = Store.open(tmp_path)
    with pytest.raises(UnicodeEncodeError):
        await store._writer.write("INSERT INTO lineage VALUES (?, ?)", (("child", "\ud83d"),))
    with pytest.raises(UnicodeEncodeError):
        store.flush()
    with pytest.raises(UnicodeEncodeError):
        store.close()


async def test_the_rest_of_a_failed_batch_is_not_half_written(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store._writer.submit("INSERT INTO lineage VALUES (?, ?)", (("child", "parent"),))
    store._writer.submit("INSERT INTO lineage VALUES (?, ?)", (("one column only",),))
    with pytest.raises(StoreError):
        store.close()
    with Store.open(tmp_path) as again:
        assert again.candidates.parents("child") == []


async def test_one_who_leaves_does_not_disturb_the_others(store: Store) -> None:
    leaving = asyncio.create_task(buy(store, "leaving"))
    await asyncio.sleep(0)
    leaving.cancel()
    await buy(store, "staying")
    assert leaving.cancelled()
    staying = await store.replies.get("staying")
    assert staying is not None
    assert staying.text == "reply to staying"


async def test_a_closed_store_takes_nothing_more(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    await buy(store, "a")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="the store is closed"):
        await store.replies.put("b", request("b"), ChatReply("b"), "i", None)
    with pytest.raises(StoreError, match="the store is closed"):
        store.flush()
