"""An index in Redis: shared, judged by one at a time, and told plainly when the server is not there."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import redis

from curator.dedup.index.index import SketchIndex
from curator.dedup.index.sketch import Repeat
from curator.dedup.index.storage import InRedis, InResults
from curator.errors import StoreError
from curator.results import ResultsInMemory
from tests.dedup.harbour_texts import near, text
from tests.dedup.index.redis_server import free_port, has_real_server, redis_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server for all tests; each takes a space of its own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


def in_redis(server: str, space: str) -> SketchIndex:
    """Return an index in the server."""
    return SketchIndex(InRedis(server, space), threshold=0.8)


def test_an_index_in_redis_is_shared(server: str) -> None:
    one, other = in_redis(server, "shared"), in_redis(server, "shared")
    try:
        assert one.judged([("a", text(1)), ("b", text(2))]) == [None, None]
        found = other.judged([("c", near(text(1))), ("d", text(3)), ("a", "its key is known")])
        assert found[0] is not None
        assert [repeat and repeat.of for repeat in found] == ["a", None, None]
        assert one.nearest(text(3)) == Repeat("d", 1.0)
        assert in_redis(server, "another").nearest(text(1)) is None
    finally:
        one.close()
        other.close()


def test_redis_gives_what_the_workspace_gives(server: str) -> None:
    texts = [near(text(number // 3), f"w{'abc'[number % 3]}") for number in range(30)]
    texts += ["all visitors and guests", f"Visitors {text(50)}", f"Guests {text(50)}", "", "Open in May."]
    items = [(str(number), each) for number, each in enumerate(texts)]
    index = in_redis(server, "the same")
    try:
        assert index.judged(items) == SketchIndex(InResults(ResultsInMemory(), "x"), threshold=0.8).judged(items)
    finally:
        index.close()


def test_known_words_are_shared_too(server: str) -> None:
    one, other = in_redis(server, "words"), in_redis(server, "words")
    try:
        one.judged([("a", "all visitors and guests"), ("b", "Visitors " + text(1))])
        assert other.nearest("Guests " + text(1)) is not None
    finally:
        one.close()
        other.close()


def test_a_bucket_entry_without_a_value_does_not_count(server: str) -> None:
    """A process killed between the two leaves it; the text is then judged as if it had never been seen."""

    class Killed(InRedis):
        def put(self, values: Mapping[str, bytes], words: object) -> None:
            raise KeyboardInterrupt

    torn = SketchIndex(Killed(server, "torn"), threshold=0.8)
    with pytest.raises(KeyboardInterrupt):
        torn.judged([("a", text(1))])
    torn.close()
    index = in_redis(server, "torn")
    try:
        assert index.nearest(text(1)) is None
        assert index.judged([("b", near(text(1))), ("a", text(1))])[0] is None
        assert index.nearest(near(text(1))) == Repeat("b", 1.0)
    finally:
        index.close()


def test_nobody_judges_while_another_does(server: str) -> None:
    order: list[str] = []
    storage, other = InRedis(server, "turns"), InRedis(server, "turns")

    def wait_for_my_turn() -> None:
        with other.turn():
            order.append("other")

    waiting = threading.Thread(target=wait_for_my_turn)
    with storage.turn():
        waiting.start()
        waiting.join(0.3)
        order.append("one")
    waiting.join()
    storage.close()
    other.close()
    assert order == ["one", "other"]


def test_a_turn_lasts_as_long_as_the_batch(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curator.dedup.index.storage.TURN_S", 0.5)

    class Slow(InRedis):
        def get(self, keys: Sequence[str]) -> dict[str, bytes]:
            time.sleep(0.12)
            return super().get(keys)

    slow, other = SketchIndex(Slow(server, "slow"), threshold=0.8), InRedis(server, "slow")
    ended = threading.Event()

    def judge() -> None:
        assert slow.judged([(str(number), text(number)) for number in range(8)]) == [None] * 8
        ended.set()

    judging = threading.Thread(target=judge)
    judging.start()
    time.sleep(0.2)
    with other.turn():
        assert len(other.get([str(number) for number in range(8)])) == 8
    judging.join()
    assert ended.is_set()
    slow.close()
    other.close()


def test_who_gets_no_turn_says_so(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curator.dedup.index.storage.WAIT_S", 0.2)
    storage, other = InRedis(server, "busy"), InRedis(server, "busy")
    with storage.turn(), pytest.raises(StoreError, match="others had the index to themselves"), other.turn():
        pass
    storage.close()
    other.close()


def test_who_lost_its_turn_writes_nothing_and_says_so(server: str) -> None:
    class Suspended(InRedis):
        def get(self, keys: Sequence[str]) -> dict[str, bytes]:
            client = redis.Redis.from_url(server)
            client.delete("lost:turn")  # as it expires while the process does not run
            client.close()
            return super().get(keys)

    index = SketchIndex(Suspended(server, "lost"), threshold=0.8)
    with pytest.raises(StoreError, match=r"another process took its turn.*run again"):
        index.judged([("a", text(1))])
    index.close()
    storage = InRedis(server, "lost")
    assert storage.get(["a"]) == {}
    storage.close()


@pytest.mark.parametrize("listens", [False, True])
def test_a_server_that_does_not_answer_is_reported(listens: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there, or somebody who accepts and says nothing."""
    monkeypatch.setattr("curator.dedup.index.storage.ANSWER_S", 0.2)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        if listens:
            mute.listen()
        port = mute.getsockname()[1] if listens else free_port()
        storage = InRedis(f"redis://127.0.0.1:{port}/0", "x")
        with pytest.raises(StoreError, match=rf"redis://127.0.0.1:{port}/0.*leave `redis` out"):
            storage.check()
        storage.close()


@pytest.mark.skipif(not has_real_server(), reason="fakeredis asks for no password")
def test_a_password_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with redis_server(tmp_path, password="pear tree") as url:
        monkeypatch.delenv("REDIS_PASSWORD", raising=False)
        without = InRedis(url, "x")
        with pytest.raises(StoreError, match="REDIS_PASSWORD"):
            without.check()
        without.close()
        monkeypatch.setenv("REDIS_PASSWORD", "pear tree")
        storage = InRedis(url, "x")
        index = SketchIndex(storage, threshold=0.8)
        assert index.nearest("anything") is None
        index.close()
