"""A model lent to a stage: ask it, and everything else is taken care of."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable

import msgspec

from curator.errors import CuratorError, RequestRefused
from curator.llm.base import REFUSALS, ChatClient, ChatReply, ChatRequest, ReplyCache, Sampling
from curator.llm.budget import Budget
from curator.llm.dispatch import Dispatcher, DispatchOptions
from curator.llm.open_turn import check_can_open
from curator.llm.prices import Price, cost_usd, price_of, worst_prompt_tokens
from curator.llm.spec import ModelSpec, Structured
from curator.record import Turn

COMPLETION_ALLOWANCE_TOKENS = 4096
"""What a reply is taken to have at most where `max_tokens` is not set: many times any example of an instruction set."""

_UNSET = Sampling()

REDRAW_TEMPERATURE = 0.7
"""The lowest temperature at which a question is asked again."""

_ABOUT_THE_SCHEMA = re.compile(
    r"response_?format|json.?schema|structured.?output|guided|grammar|\bschema\b|\bformat\b", re.I
)


class Answer(msgspec.Struct, frozen=True):
    """A reply and how we came by it.

    Attributes:
        reply: the model's reply.
        key: the key it is stored under.
        replayed: whether it was taken from the store, or shared with an equal request, instead of being bought.
        usd: what it cost when it was bought; None when unknown.
    """

    reply: ChatReply
    key: str
    replayed: bool
    usd: float | None


class Model:
    """A model with everything a stage should not have to think of: cache, limits, retries, budget, accounting.

    A reply is stored under the key of the request as it was meant, before any concession to the endpoint (a schema that
    it does not take), so the key depends on the recipe and never on what happened when.
    """

    def __init__(
        self,
        client: ChatClient,
        *,
        provider: str,
        sampling: Sampling = _UNSET,
        dispatcher: Dispatcher | None = None,
        cache: ReplyCache | None = None,
        budget: Budget | None = None,
        price: Price | None = None,
        structured: Structured = "auto",
        notice: Callable[[str], None] | None = None,
    ) -> None:
        """Bind a client to what surrounds it.

        Args:
            client: the provider's connection.
            provider: the provider's registered name.
            sampling: how tokens are drawn unless a prompt says otherwise.
            dispatcher: how requests are sent; by default without rate caps.
            cache: where replies rest; None to keep none.
            budget: what may be spent, shared with other models of the run; None for no limits.
            price: what tokens cost; None where it is not known.
            structured: whether the reply's JSON Schema is sent; "auto" stops once the endpoint has refused one.
            notice: told what the user should know once; by default the log.
        """
        self.client = client
        self.name = f"{provider}/{client.model}"
        self.price = price
        self.budget = budget or Budget()
        self._sampling = sampling
        self._dispatcher = dispatcher or Dispatcher(client)
        self._cache = cache
        self._structured = structured
        self._notice = notice or logging.getLogger(__name__).warning
        self._schema_refused = False
        self._flights: dict[str, asyncio.Future[Answer]] = {}

    @classmethod
    def from_spec(
        cls,
        client: ChatClient,
        spec: ModelSpec,
        *,
        provider: str,
        base_url: str | None = None,
        cache: ReplyCache | None = None,
        budget: Budget | None = None,
        notice: Callable[[str], None] | None = None,
    ) -> Model:
        """Bind a client as a recipe's model says.

        Args:
            client: the connection that was built from `spec`.
            spec: the recipe's model.
            provider: the provider's registered name, after "auto" was resolved.
            base_url: the endpoint, where it is neither the spec's nor the client's own.
            cache: where replies rest.
            budget: what may be spent.
            notice: told what the user should know once.

        Returns:
            The model.
        """
        options = DispatchOptions(
            max_concurrency=spec.max_concurrency,
            requests_per_minute=spec.requests_per_minute,
            tokens_per_minute=spec.tokens_per_minute,
            max_retries=spec.max_retries,
            max_wait_s=spec.max_wait_s,
            timeout_s=spec.timeout_s,
        )
        own_price = spec.price.price() if spec.price else None
        endpoint = base_url or spec.base_url or getattr(client, "base_url", None)  # which may come from the environment
        return cls(
            client,
            provider=provider,
            sampling=spec.sampling(),
            dispatcher=Dispatcher(client, options),
            cache=cache,
            budget=budget,
            price=price_of(client.model, endpoint, own_price, provider=provider),
            structured=spec.structured,
            notice=notice,
        )

    async def ask(
        self,
        turns: tuple[Turn, ...],
        *,
        sampling: Sampling = _UNSET,
        json_schema: str = "",
        sample: int = 0,
        on_answer: Callable[[Answer], None] | None = None,
    ) -> Answer:
        """Ask the model, or replay its stored reply.

        Args:
            turns: the dialogue so far.
            sampling: what this request wants of the sampler, over the model's own settings.
            json_schema: the JSON Schema of the reply, as JSON text; "" for free text.
            sample: which draw this is; 1, 2, ... ask the same question again.
            on_answer: told the answer, also one that is a refusal: it costs the same.

        Returns:
            The answer. Equal requests made at the same time share one.

        Raises:
            RequestRefused: the provider refuses this request; others may succeed.
            ProviderError: the endpoint cannot serve, or cannot leave the user's turn open.
            BudgetError: the request could cross the budget.
        """
        if sampling.open_turn:
            check_can_open(self.client, self.name)
        request = ChatRequest(
            messages=turns,
            model=self.client.model,
            sampling=_for_draw(merged(self._sampling, sampling), sample),
            json_schema="" if self._structured == "none" else json_schema,
            sample=sample,
        )
        answer = await self._shared(request.key(self.client.identity), request)
        if on_answer is not None:
            on_answer(answer)
        if answer.reply.finish_reason in REFUSALS:  # it was billed and is stored: a replay is told the same
            raise RequestRefused(f"{self.name}: {answer.reply.text}")
        return answer

    async def aclose(self) -> None:
        """Close the client's connections."""
        await self.client.aclose()

    async def _shared(self, key: str, request: ChatRequest) -> Answer:
        """Join an equal request that is under way, or carry it out; if its asker leaves, the next one takes over."""
        while (flight := self._flights.get(key)) is not None:
            await asyncio.wait({flight})
            if not flight.cancelled():
                return msgspec.structs.replace(flight.result(), replayed=True)
        flight = self._flights[key] = asyncio.get_running_loop().create_future()
        try:
            answer = await self._answer(key, request)
            flight.set_result(answer)
        except CuratorError as error:
            flight.set_exception(error)
            flight.exception()  # seen, even if nobody has joined
            raise
        finally:
            del self._flights[key]
            flight.cancel()  # without effect once it has a result
        return answer

    async def _answer(self, key: str, request: ChatRequest) -> Answer:
        stored = await self._cache.get(key) if self._cache is not None else None
        if stored is not None:
            usd = cost_usd(self.price, stored.usage)
            self.budget.charge_replayed(stored.usage, usd, key)
            return Answer(stored, key, replayed=True, usd=usd)
        worst_tokens, worst_usd = self._worst_case(request)
        reservation = await self.budget.reserve(worst_tokens, worst_usd, self.name)
        try:
            reply = await self._send(key, request, worst_tokens)
        except BaseException:
            self.budget.release(reservation)
            raise
        usd = cost_usd(self.price, reply.usage)
        self.budget.settle(reservation, reply.usage, usd, key)
        return Answer(reply, key, replayed=False, usd=usd)

    async def _send(self, key: str, request: ChatRequest, worst_tokens: int) -> ChatReply:
        meant = request

        async def keep(reply: ChatReply) -> None:
            if self._cache is not None:
                await self._cache.put(key, meant, reply, self.client.identity, cost_usd(self.price, reply.usage))

        if request.sampling.max_tokens is None and self.budget.limits_tokens:
            # What was set aside for the reply must be the most that it can take.
            capped = msgspec.structs.replace(request.sampling, max_tokens=COMPLETION_ALLOWANCE_TOKENS)
            request = msgspec.structs.replace(request, sampling=capped)
        if request.json_schema and self._schema_refused:
            request = msgspec.structs.replace(request, json_schema="")
        try:
            return await self._dispatcher.send(request, worst_tokens, keep)
        except RequestRefused as refusal:
            if self._structured != "auto" or not request.json_schema or not _ABOUT_THE_SCHEMA.search(str(refusal)):
                raise
            reply = await self._dispatcher.send(msgspec.structs.replace(request, json_schema=""), worst_tokens, keep)
            if not self._schema_refused:  # said only now: without its schema the request was served
                self._schema_refused = True
                self._notice(f"{self.name} takes no JSON schema, so replies are asked for in words only: {refusal}")
            return reply

    def _worst_case(self, request: ChatRequest) -> tuple[int, float | None]:
        prompt_tokens = worst_prompt_tokens([turn.content for turn in request.messages] + [request.json_schema])
        completion_tokens = request.sampling.max_tokens or COMPLETION_ALLOWANCE_TOKENS
        usd = None if self.price is None else self.price.cost_usd(prompt_tokens, completion_tokens)
        return prompt_tokens + completion_tokens, usd


def _for_draw(sampling: Sampling, sample: int) -> Sampling:
    """Loosen a (nearly) greedy sampler for a repeated draw, which would only repeat the reply that was of no use."""
    if sample == 0 or sampling.temperature is None or sampling.temperature >= REDRAW_TEMPERATURE:
        return sampling
    return msgspec.structs.replace(sampling, temperature=REDRAW_TEMPERATURE)


def merged(own: Sampling, wanted: Sampling) -> Sampling:
    """Return `own` with everything replaced that `wanted` sets; its `usual_tokens` only raise the limit."""
    if wanted == _UNSET:
        return own
    changes = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value not in (None, (), "")}
    if usual := changes.pop("usual_tokens", None):
        changes.setdefault("max_tokens", max(usual, own.max_tokens or 0))
    return msgspec.structs.replace(own, **changes)
