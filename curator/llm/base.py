"""What a chat model is to us: a request, a reply, and the one Protocol every provider keeps."""

from __future__ import annotations

import hashlib
from typing import Protocol

import msgspec

from curator.record import Turn

REFUSALS = frozenset({"refusal", "content_filter"})
"""The finish reasons of a reply that says why there is none. It is billed like any other, so it is stored, too."""


class Sampling(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the next token is drawn; None leaves it to the provider.

    Attributes:
        temperature: 0 (greedy) and up.
        top_p: nucleus mass, 0..1.
        max_tokens: the longest reply, in tokens.
        stop: strings that end the reply.
        seed: the sampler's seed, where the provider honours one.
        presence_penalty: -2..2, as in OpenAI's API.
        frequency_penalty: -2..2, as in OpenAI's API.
        open_turn: the chat template in which the last turn, a user's, is left open, so that the reply is what a user
            says (see `curator.llm.open_turn`); "" to be answered.
        usual_tokens: the longest reply to a question whose replies are short, unless the model's own `max_tokens`
            allows more, as for reasoning; never sent, as the model makes `max_tokens` of it.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    open_turn: str = ""
    usual_tokens: int | None = None


class ChatRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question to a model, complete: two equal requests may share a reply.

    Attributes:
        messages: the dialogue so far.
        model: the model's name at its provider.
        sampling: how tokens are drawn.
        json_schema: the JSON Schema the reply must meet, as JSON text; "" for free text.
        sample: which draw this is: 0 the first; 1, 2, ... ask the same question again.
    """

    messages: tuple[Turn, ...]
    model: str
    sampling: Sampling = Sampling()
    json_schema: str = ""
    sample: int = 0

    def key(self, identity: str) -> str:
        """Return the key under which the reply is stored: a hash of the provider's identity and everything sent.

        Args:
            identity: `ChatClient.identity` of the provider asked.

        Returns:
            32 hexadecimal digits.
        """
        content = msgspec.json.encode([identity, self])
        return hashlib.blake2b(content, digest_size=16).hexdigest()


class Usage(msgspec.Struct, frozen=True):
    """What a reply took, in tokens, as the provider counted (or as we estimated when it did not: see `estimated`)."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: bool = False


class ChatReply(msgspec.Struct, frozen=True):
    """A model's answer.

    Attributes:
        text: the reply.
        finish_reason: "stop", "length", or the provider's own word.
        usage: the tokens it took.
        model: the model that answered, as the provider names it.
        seconds: from sending to the last byte, in seconds.
    """

    text: str
    finish_reason: str = "stop"
    usage: Usage = Usage()
    model: str = ""
    seconds: float = 0.0


class ChatClient(Protocol):
    """A provider's connection to its models: a thin adapter, without retries, limits, cache or accounting of its own.

    Attributes:
        model: the name of the model to ask.
        parallel: how many requests the provider serves well at once; 0 if that has to be found out.

    A provider that can leave a user's turn open (`Sampling.open_turn`) says so with a further attribute,
    `opens_turns = True`; others are never asked to.
    """

    model: str
    parallel: int

    @property
    def identity(self) -> str:
        """What, besides the request, decides the reply: provider and endpoint, or a model file's hash.

        It is part of every reply's key, so it must be the same in the next process.
        """
        ...

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Ask once.

        Args:
            request: what to ask.

        Returns:
            The reply.

        Raises:
            RequestRefused: the provider refuses this request, in its own words; others may succeed.
            ProviderError: the endpoint cannot serve; `retryable` says whether waiting helps.
        """
        ...

    async def models(self) -> list[str]:
        """Return the names of the models that can be asked here.

        Returns:
            The names of the models that can be asked here.

        Raises:
            ProviderError: the endpoint cannot be reached or does not list its models.
        """
        ...

    async def aclose(self) -> None:
        """Close connections and end child processes."""
        ...


class ReplyCache(Protocol):
    """Where replies rest; `curator.store` keeps this promise."""

    async def get(self, key: str) -> ChatReply | None:
        """Return the stored reply, or None."""
        ...

    async def put(self, key: str, request: ChatRequest, reply: ChatReply, identity: str, usd: float | None) -> None:
        """Store a reply; returns once it would survive kill -9.

        Args:
            key: the request's content key.
            request: what was asked.
            reply: what came back.
            identity: the provider's identity.
            usd: what it cost, in US dollars; None when the price is unknown.
        """
        ...
