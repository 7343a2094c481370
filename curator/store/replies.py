"""Every model reply that cost money or minutes, stored under its request's content key the moment it arrives."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import msgspec

from curator.llm.base import ChatReply, ChatRequest
from curator.store.writer import Writer

_INSERT = "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Replies:
    """The store's reply cache; keeps the promise of `curator.llm.base.ReplyCache`."""

    def __init__(self, reader: sqlite3.Connection, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = msgspec.json.Decoder(ChatReply)

    async def get(self, key: str) -> ChatReply | None:
        """Return the stored reply, or None.

        Args:
            key: the request's content key.

        Returns:
            The stored reply.
        """
        row = self._reader.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else self._decoder.decode(row[0])

    async def put(self, key: str, request: ChatRequest, reply: ChatReply, identity: str, usd: float | None) -> None:
        """Store a reply; returns once it would survive kill -9.

        Args:
            key: the request's content key.
            request: what was asked.
            reply: what came back.
            identity: the provider's identity.
            usd: what it cost, in US dollars; None when the price is unknown.

        Raises:
            StoreError: it could not be written.
        """
        row = (
            key,
            identity,
            request.model,
            msgspec.json.encode(request),
            msgspec.json.encode(reply),
            reply.usage.prompt_tokens,
            reply.usage.completion_tokens,
            usd,
            reply.seconds,
            datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        await self._writer.write(_INSERT, (row,))

    def set_aside(self) -> int:
        """Make every stored reply unfindable, so that all is asked anew, without losing what was paid for.

        Returns:
            How many were set aside. Earlier runs still refer to them.
        """
        count = int(self._reader.execute("SELECT count(*) FROM replies WHERE key NOT LIKE '%~%'").fetchone()[0])
        mark = "~" + datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        for table, column in (("uses", "key"), ("candidates", "reply_key"), ("replies", "key")):
            self._writer.submit(
                f"UPDATE {table} SET {column} = {column} || ? WHERE {column} != '' AND {column} NOT LIKE '%~%'",  # noqa: S608
                ((mark,),),
            )
        self._writer.flush()
        return count

    def usd(self, key: str) -> float | None:
        """Return what the reply cost when it was bought; None if unknown or not stored.

        Args:
            key: the request's content key.

        Returns:
            What the reply cost when it was bought.
        """
        row = self._reader.execute("SELECT usd FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def count(self) -> int:
        """Return how many replies are stored."""
        return int(self._reader.execute("SELECT count(*) FROM replies").fetchone()[0])
