"""How much may be sent at once, and how fast."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType

DEFAULT_START = 64
DEFAULT_CEILING = 256

_LATENCY_HOLDS = 3.0
"""Mean latency may grow to this multiple of the best mean seen before more concurrency is taken to be useless: below
it, a server that batches still gains; far above it, requests only wait in the server's queue instead of ours."""


class AdaptiveLimit:
    """A bound on requests under way that finds its own height: additive increase, multiplicative decrease.

    It doubles after each round of as many good replies as it lets through, as long as their mean latency holds, until
    the first sign of congestion; from then on it grows by one a round. A sign of congestion (429, 503, time-out, lost
    connection) halves it, once for all requests that were under way together.

    Source:
        Chiu and Jain (1989), "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance in Computer
        Networks"; slow start from Jacobson (1988), "Congestion Avoidance and Control". Differs in that latency only
        ever stops growth, because the length of a model's replies varies for reasons of its own.
    """

    def __init__(self, start: int = DEFAULT_START, ceiling: int = DEFAULT_CEILING) -> None:
        """Start with `start` places and never have more than `ceiling`."""
        self.ceiling = ceiling
        self.limit = min(start, ceiling)
        self._free = asyncio.Semaphore(self.limit)
        self._owed = 0  # places to take back when they are given up, after a decrease
        self._congested = False
        self._round = 0
        self._replies = 0
        self._latency_s = 0.0
        self._best_latency_s = float("inf")

    async def __aenter__(self) -> int:
        """Wait for a place, first come first served, and return the number of the round."""
        await self._free.acquire()
        return self._round

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the place up."""
        self._give_up()

    def succeeded(self, latency_s: float) -> None:
        """Learn from a good reply.

        Args:
            latency_s: how long it took, in seconds.
        """
        self._replies += 1
        self._latency_s += latency_s
        if self._replies < self.limit:
            return
        mean_s = self._latency_s / self._replies
        self._best_latency_s = min(self._best_latency_s, mean_s)
        if mean_s <= self._best_latency_s * _LATENCY_HOLDS:
            self._grow(1 if self._congested else self.limit)
        self._next_round()

    def congested(self, sent_in_round: int) -> None:
        """Learn from a sign of congestion.

        Args:
            sent_in_round: the round in which the request was sent; one that was under way during the last decrease
                brings no news.
        """
        if self._congested and sent_in_round < self._round:
            return
        self._congested = True
        halved = max(1, self.limit // 2)
        self._owed += self.limit - halved
        self.limit = halved
        self._next_round()

    def _grow(self, places: int) -> None:
        grown = min(self.ceiling, self.limit + places)
        for _ in range(grown - self.limit):
            self._give_up()
        self.limit = grown

    def _give_up(self) -> None:
        if self._owed:
            self._owed -= 1
        else:
            self._free.release()

    def _next_round(self) -> None:
        self._round += 1
        self._replies, self._latency_s = 0, 0.0


class Pace:
    """A cap on how much is sent a minute, kept evenly: at most one second's worth goes out at once.

    Source:
        The generic cell rate algorithm (ITU-T I.371, annex A), a token bucket without a timer.
    """

    def __init__(self, per_minute: float) -> None:
        """Allow `per_minute` units a minute."""
        self._unit_s = 60.0 / per_minute
        self._burst_s = max(0.0, 1.0 - self._unit_s)
        self._free_at = 0.0

    async def wait(self, amount: float = 1.0) -> None:
        """Wait until `amount` units may be sent, first come first served."""
        now = time.monotonic()
        start = max(self._free_at, now - self._burst_s)
        self._free_at = start + amount * self._unit_s
        if start > now:
            await asyncio.sleep(start - now)

    def correct(self, amount: float) -> None:
        """Count `amount` units more (or, negative, fewer) than were waited for."""
        self._free_at += amount * self._unit_s


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return how long a server asks to wait, in seconds.

    Args:
        headers: the response's headers, in any case.

    Returns:
        The seconds of `Retry-After-Ms` or `Retry-After` (a number or an HTTP date), not below 0; None where neither
        is there or can be read.
    """
    found = {name.lower(): value.strip() for name, value in headers.items()}
    milliseconds = _seconds(found.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = found.get("retry-after", "")
    seconds = _seconds(text)
    return _seconds_until(text) if seconds is None else seconds


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return max(0.0, seconds) if seconds < float("inf") else None


def _seconds_until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
