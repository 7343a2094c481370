"""Where an index of sketches rests: among the results of a workspace, or in a Redis server that several share."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol
from urllib.parse import urlsplit

from curator.dedup.choices import REDIS_PASSWORD
from curator.errors import StoreError
from curator.results import Results

ANSWER_S = 3.0
"""How long a Redis server may take to answer, in seconds."""

TURN_S = 30.0
"""How long one process has the index to itself without a sign of life, in seconds; one that died holds up the others no
longer."""

WAIT_S = 300.0
"""How long to wait for one's turn, in seconds, while others give signs of life."""


class SketchStorage(Protocol):
    """What an index needs of the place where it rests."""

    def bucket_storage(self, name: str) -> Mapping[str, Any]:
        """Return where `datasketch` is to keep the buckets of a set of bands, as its `storage_config`."""
        ...

    def to_load(self) -> Iterator[tuple[str, bytes]]:
        """Yield all keys with their values, as they came, if buckets are to be built from them."""
        ...

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there, by key."""
        ...

    def put(self, values: Mapping[str, bytes], words: Set[str]) -> None:
        """Keep values and known words, all or nothing, and return once that is done; what is there already stays."""
        ...

    def known(self, words: Set[str]) -> set[str]:
        """Return which of these words are known beyond those in what was loaded."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Return a context in which nobody else writes."""
        ...

    def hold(self) -> None:
        """Make sure, within a turn, that it is still ours, and that it goes on."""
        ...

    def close(self) -> None:
        """Let go of connections; they are made again when needed."""
        ...


class InResults:
    """A space of a workspace's results; the workspace is locked while a run goes on, so nobody else writes."""

    def __init__(self, results: Results, space: str) -> None:
        self._results = results
        self._space = space

    def bucket_storage(self, name: str) -> Mapping[str, Any]:
        """Return that buckets are kept in memory, under no name."""
        return {"type": "dict"}

    def to_load(self) -> Iterator[tuple[str, bytes]]:
        """Yield everything, in the order in which it was kept."""
        return self._results.all(self._space)

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there, by key."""
        return self._results.get(self._space, keys)

    def put(self, values: Mapping[str, bytes], words: Set[str]) -> None:
        """Keep values; known words are part of them."""
        self._results.put(self._space, values)

    def known(self, words: Set[str]) -> set[str]:
        """Return nothing: all that is known was loaded."""
        return set()

    def turn(self) -> AbstractContextManager[None]:
        """Return a context that does nothing."""
        return nullcontext()

    def hold(self) -> None:
        """Do nothing: nobody else wants a turn."""

    def close(self) -> None:
        """Do nothing: results belong to the workspace."""


class InRedis:
    """A Redis server: buckets, values and known words under names that begin with the space."""

    def __init__(self, url: str, space: str) -> None:
        """Prepare the connections; none is made yet.

        Args:
            url: the server and the database, as redis://host:port/number.
            space: what its names begin with.

        Raises:
            StoreError: the client for Redis is not installed.
        """
        try:
            import redis
            from redis.backoff import ConstantBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise StoreError("to keep an index in Redis: pip install 'instruct-curator[redis]'") from error
        self._error = redis.RedisError
        self._lost = redis.exceptions.LockNotOwnedError
        self._no_turn = redis.exceptions.LockError
        self._where = urlsplit(url)._replace(query="").geturl()
        self._space = space
        self._pool = redis.ConnectionPool.from_url(
            url,
            password=os.environ.get(REDIS_PASSWORD) or None,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            retry=Retry(ConstantBackoff(0.2), 1),
        )
        self._client = redis.Redis(connection_pool=self._pool)
        self._lock: Any = None

    def check(self) -> None:
        """Ask the server whether it is there.

        Raises:
            StoreError: it does not answer within seconds, or refuses.
        """
        with self._explained():
            self._client.ping()

    def bucket_storage(self, name: str) -> Mapping[str, Any]:
        """Return that buckets are kept in the server, under this name."""
        return {"type": "redis", "basename": self._name(name).encode(), "redis": {"connection_pool": self._pool}}

    def to_load(self) -> Iterator[tuple[str, bytes]]:
        """Yield nothing: the buckets are in the server already."""
        return iter(())

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there, by key."""
        if not keys:
            return {}
        values: Any = self._client.hmget(self._name("values"), list(keys))
        return {key: value for key, value in zip(keys, values, strict=True) if value is not None}

    def put(self, values: Mapping[str, bytes], words: Set[str]) -> None:
        """Keep values and known words in one transaction; what is there already stays."""
        with self._client.pipeline(transaction=True) as pipeline:
            for key, value in values.items():
                pipeline.hsetnx(self._name("values"), key, value)
            if words:
                pipeline.sadd(self._name("words"), *sorted(words))
            pipeline.execute()

    def known(self, words: Set[str]) -> set[str]:
        """Return which of these words are known, to whichever process wrote them."""
        asked = sorted(words)
        if not asked:
            return set()
        answers = self._client.smismember(self._name("words"), asked)
        return {word for word, is_known in zip(asked, answers, strict=True) if is_known}

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the index's lock in the server, so that two machines never judge twins at the same moment.

        Yields:
            Nothing.

        Raises:
            StoreError: the server does not answer, or the lock was not to be had.
        """
        lock = self._client.lock(self._name("turn"), timeout=TURN_S, blocking_timeout=WAIT_S)
        with self._explained(), lock:
            self._lock = lock
            yield

    def hold(self) -> None:
        """Make sure that the turn is still ours, and let it last as long again.

        Raises:
            StoreError: it was over, or the server does not answer.
        """
        with self._explained():
            self._lock.reacquire()

    def close(self) -> None:
        """Close the connections; they are made again when needed."""
        self._pool.disconnect()

    def _name(self, part: str) -> str:
        return f"{self._space}:{part}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._lost as error:
            raise StoreError(
                f"the Redis server {self._where}: another process took its turn at the index, because this one gave no "
                f"sign of life for {TURN_S:.0f} s; what was not yet remembered was not written: run again"
            ) from error
        except self._no_turn as error:
            raise StoreError(
                f"the Redis server {self._where}: others had the index to themselves for {WAIT_S:.0f} s; run again "
                "when less goes on, or name another `space`"
            ) from error
        except self._error as error:
            raise StoreError(
                f"the Redis server {self._where}: {error}; start it, mend the address, or leave `redis` out to keep "
                f"the index in the workspace (a password is read from the environment variable {REDIS_PASSWORD})"
            ) from error
