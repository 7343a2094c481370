"""A budget that is never crossed: what a request could cost at worst is set aside before it is sent."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from curator.errors import BudgetError
from curator.llm.base import Usage

_ROUNDING_USD = 1e-9
"""Sums of many small amounts differ in their last digits with the order of adding; no decision may hang on that."""


class Amount(msgspec.Struct, frozen=True, gc=False):
    """So many requests, tokens and US dollars."""

    requests: int = 0
    tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.requests + other.requests, self.tokens + other.tokens, self.usd + other.usd)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.requests - other.requests, self.tokens - other.tokens, self.usd - other.usd)


class Budget:
    """Bounds what a dataset costs, over all of its models and however often its run was interrupted.

    A request reserves its worst case. One that does not fit waits, first come first served, for those under way to
    settle at what they really cost; if it still does not fit, it is refused, and so is everything after it. So what is
    bought depends on the order of asking and on the replies, and never on their speed. Replayed replies are charged
    like bought ones: they were, in an earlier run.

    A reply that breaks off on our side (time-out, kill) may be billed all the same; no client can know that.
    """

    def __init__(
        self, max_usd: float | None = None, max_requests: int | None = None, max_tokens: int | None = None
    ) -> None:
        """Set the limits; None sets none.

        Args:
            max_usd: US dollars.
            max_requests: replies, each counted once however often it was retried.
            max_tokens: prompt and completion tokens.
        """
        self.max_usd = max_usd
        self.max_requests = max_requests
        self.max_tokens = max_tokens
        self.spent = Amount()
        self.reserved = Amount()
        self._waiting: deque[tuple[Amount, asyncio.Future[None]]] = deque()
        self._charged: set[str] = set()
        self._refusal = ""

    @property
    def limits_tokens(self) -> bool:
        """Whether the length of a reply matters to a limit."""
        return self.max_usd is not None or self.max_tokens is not None

    async def reserve(self, tokens: int, usd: float | None, model: str = "") -> Amount:
        """Set aside what a request may cost.

        Args:
            tokens: the most tokens that prompt and reply can have.
            usd: what those cost; None when the price is unknown.
            model: the model's name, for the error text.

        Returns:
            The reservation, to be handed to `settle` or `release`.

        Raises:
            BudgetError: the request could cross a limit even after all others have settled, an earlier one could, or
                dollars are limited and the price is unknown.
        """
        if self.max_usd is not None and usd is None:
            raise BudgetError(
                f"budget: max_usd cannot be kept, because the price of {model or 'the model'} is not known; give it "
                "`price: {input_usd_per_million: …, output_usd_per_million: …}`, or set max_tokens or max_requests"
            )
        amount = Amount(1, tokens, usd or 0.0)
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append((amount, waiter))
        self._serve()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.release(amount)  # granted in the very moment the asker left
            else:
                self._serve()
            raise
        return amount

    def settle(self, reservation: Amount, usage: Usage, usd: float | None, key: str = "") -> None:
        """Replace a reservation by what the reply really cost.

        Args:
            reservation: what `reserve` returned.
            usage: the tokens it took.
            usd: what it cost; None when unknown.
            key: the reply's key, so that a replay of it in the same run is not charged again.
        """
        self.reserved -= reservation
        self._charge(usage, usd, key)

    def release(self, reservation: Amount) -> None:
        """Give back the reservation of a request that came to nothing."""
        self.reserved -= reservation
        self._serve()

    def charge_replayed(self, usage: Usage, usd: float | None, key: str = "") -> None:
        """Count a stored reply, which an earlier run paid for; never refused.

        Args:
            usage: the tokens it took.
            usd: what it cost; None when unknown.
            key: the reply's key; one key is charged once a run, as it was bought once.
        """
        if not key or key not in self._charged:
            self._charge(usage, usd, key)

    def _charge(self, usage: Usage, usd: float | None, key: str) -> None:
        self.spent += Amount(1, usage.prompt_tokens + usage.completion_tokens, usd or 0.0)
        if key:
            self._charged.add(key)
        self._serve()

    def _serve(self) -> None:
        """Grant reservations in order, as far as they fit."""
        while self._waiting:
            amount, waiter = self._waiting[0]
            if waiter.done():  # the asker left
                self._waiting.popleft()
                continue
            self._refusal = self._refusal or self._verdict(amount)
            if self._refusal:
                waiter.set_exception(BudgetError(self._refusal))
            elif self._crossed(self.spent + self.reserved + amount):
                return
            else:
                self.reserved += amount
                waiter.set_result(None)
            self._waiting.popleft()

    def _verdict(self, amount: Amount) -> str:
        """Return why `amount` must be refused now, or "" while it fits or others are still to settle."""
        if self.reserved.requests:
            return ""
        return self._crossed(self.spent + amount)

    def _crossed(self, total: Amount) -> str:
        spent = self.spent
        if self.max_requests is not None and total.requests > self.max_requests:
            return _refusal(f"{spent.requests} of {self.max_requests} requests are used", "max_requests")
        if self.max_tokens is not None and total.tokens > self.max_tokens:
            needs = f"the next request may take {total.tokens - spent.tokens}"
            return _refusal(f"{spent.tokens} of {self.max_tokens} tokens are used and {needs}", "max_tokens")
        if self.max_usd is not None and total.usd > self.max_usd + _ROUNDING_USD:
            needs = f"the next request may cost ${total.usd - spent.usd:.4f}"
            return _refusal(f"${spent.usd:.4f} of ${self.max_usd:g} are spent and {needs}", "max_usd")
        return ""


def _refusal(what: str, option: str) -> str:
    return f"budget: {what}; what was made is saved. Raise {option} and run again to go on"
