"""Sending requests: many at a time, no faster than the endpoint bears, again when that helps."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import msgspec

from curator.errors import ProviderError
from curator.llm.base import ChatClient, ChatReply, ChatRequest
from curator.llm.limits import DEFAULT_CEILING, DEFAULT_START, AdaptiveLimit, Pace

Keep = Callable[[ChatReply], Awaitable[None]]

_LONGEST_BACKOFF_S = 60.0
_RATE_LIMITED = 429
_OVERLOADED = frozenset({_RATE_LIMITED, 503, 529})


class DispatchOptions(msgspec.Struct, frozen=True):
    """How requests are sent.

    Attributes:
        max_concurrency: how many may be under way at most; None for what the client says, else to be found out.
        requests_per_minute: a cap of the sending rate; None for none.
        tokens_per_minute: a cap of prompt and completion tokens; None for none.
        max_retries: how often a failed request is sent again. Answers of 429 do not count as failures of the request:
            they are bounded by `max_wait_s` alone, unless this is 0, which forbids any retry.
        max_wait_s: how long one request is tried, from its first failure, in seconds.
        timeout_s: how long one reply may take, in seconds.
        backoff_s: the first back-off's upper bound, in seconds; each further one is twice as long, up to a minute.
    """

    max_concurrency: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_retries: int = 6
    max_wait_s: float = 300.0
    timeout_s: float = 120.0
    backoff_s: float = 1.0


class Dispatcher:
    """The one way to a client: adaptive concurrency, rate caps, time-outs and retries, for one event loop.

    Retries wait a random time between 0 and a bound that doubles ("full jitter"), or as long as the server asked; then
    nobody sends. When a reply comes changes nothing about what it says, so the randomness never shows in a result.

    Source:
        Brooker (2015), "Exponential Backoff and Jitter", AWS Architecture Blog.
    """

    def __init__(self, client: ChatClient, options: DispatchOptions = DispatchOptions()) -> None:  # noqa: B008 - frozen
        """Send to `client` as `options` say."""
        self._client = client
        self._options = options
        self.limit = _limit(client.parallel, options.max_concurrency)
        self._requests = Pace(options.requests_per_minute) if options.requests_per_minute else None
        self._tokens = Pace(options.tokens_per_minute) if options.tokens_per_minute else None
        self._paused_until = 0.0
        self._jitter = random.Random()

    async def send(self, request: ChatRequest, worst_tokens: int = 0, keep: Keep | None = None) -> ChatReply:
        """Ask until there is a reply or no hope of one.

        Args:
            request: what to ask.
            worst_tokens: how many tokens prompt and reply may have, for `tokens_per_minute`.
            keep: stores the reply. Until it has, the request counts as under way and no other takes its place, so that
                a killed process has no more to ask again than requests were under way.

        Returns:
            The reply.

        Raises:
            RequestRefused: the provider refuses this request.
            ProviderError: the endpoint cannot serve; after retries, the message says how long it was tried.
        """
        failures = attempts = 0
        first_failure = 0.0
        while True:
            attempts += 1
            try:
                return await self._attempt(request, worst_tokens, keep)
            except ProviderError as error:
                if not error.retryable or self._options.max_retries == 0:
                    raise
                now = time.monotonic()
                first_failure = first_failure or now
                failures += error.status != _RATE_LIMITED
                delay_s = self._delay_s(error, attempts)
                tried_s = now - first_failure
                if failures > self._options.max_retries or tried_s + delay_s > self._options.max_wait_s:
                    raise _given_up(error, attempts, tried_s, self._options) from error
            await asyncio.sleep(delay_s)

    async def _attempt(self, request: ChatRequest, worst_tokens: int, keep: Keep | None) -> ChatReply:
        async with self.limit as sent_in_round:  # first of all, so that no more tokens wait than can be under way
            if self._requests is not None:
                await self._requests.wait()
            if self._tokens is not None:
                await self._tokens.wait(worst_tokens)
            while (pause_s := self._paused_until - time.monotonic()) > 0:
                await asyncio.sleep(pause_s)
            try:
                reply = await self._ask(request)
            except ProviderError as error:
                if self._tokens is not None:
                    self._tokens.correct(-worst_tokens)
                self._learn(error, sent_in_round)
                raise
            if self._tokens is not None:
                self._tokens.correct(reply.usage.prompt_tokens + reply.usage.completion_tokens - worst_tokens)
            if keep is not None:
                await keep(reply)
        return reply

    async def _ask(self, request: ChatRequest) -> ChatReply:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._options.timeout_s):
                reply = _storable(await self._client.chat(request))
        except TimeoutError as error:
            raise ProviderError(
                f"{self._client.model}: no reply within {self._options.timeout_s:g} s (timeout_s)", retryable=True
            ) from error
        self.limit.succeeded(time.monotonic() - started)
        return reply

    def _learn(self, error: ProviderError, sent_in_round: int) -> None:
        if not error.retryable:
            return
        if error.status is None or error.status in _OVERLOADED:
            self.limit.congested(sent_in_round)
        if error.retry_after_s is not None and error.retry_after_s <= self._options.max_wait_s:
            self._paused_until = max(self._paused_until, time.monotonic() + error.retry_after_s)

    def _delay_s(self, error: ProviderError, attempts: int) -> float:
        bound_s = min(_LONGEST_BACKOFF_S, self._options.backoff_s * 2 ** min(attempts - 1, 16))
        return max(error.retry_after_s or 0.0, self._jitter.uniform(0, bound_s))


def _storable(reply: ChatReply) -> ChatReply:
    """Replace halves of characters, which JSON can carry and no file can: a model's reply broke off inside an emoji."""
    try:
        reply.text.encode()
    except UnicodeEncodeError:
        return msgspec.structs.replace(reply, text=reply.text.encode("utf-8", "replace").decode())
    return reply


def _limit(parallel: int, max_concurrency: int | None) -> AdaptiveLimit:
    """Start at the client's own number where it has one; otherwise low, with room to grow."""
    ceiling = max_concurrency or parallel or DEFAULT_CEILING
    return AdaptiveLimit(start=min(parallel or DEFAULT_START, ceiling), ceiling=ceiling)


def _given_up(error: ProviderError, attempts: int, tried_s: float, options: DispatchOptions) -> ProviderError:
    """Say what stood in the way, how long it was tried, and what to change."""
    asked = ""
    if error.retry_after_s is not None and error.retry_after_s > options.max_wait_s - tried_s:
        asked = f"; the endpoint asks to wait another {error.retry_after_s:.0f} s"
    times = "once" if attempts == 1 else f"{attempts} times"
    return ProviderError(
        f"{error}; tried {times} in {tried_s:.1f} s{asked}. Run again later (replies so far are kept), lower "
        "requests_per_minute or max_concurrency, or raise max_wait_s and max_retries",
        status=error.status,
        retry_after_s=error.retry_after_s,
    )
