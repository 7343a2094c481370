"""Models that an Ollama server runs, on this machine or another, through Ollama's own client."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from curator.errors import ProviderError, RequestRefused
from curator.llm.base import ChatReply, ChatRequest, Usage
from curator.llm.ollama_errors import not_there, translated
from curator.llm.ollama_options import OllamaOptions, ollama_url, sampling_options
from curator.llm.open_turn import open_prompt
from curator.llm.prices import estimate_tokens
from curator.llm.spec import ModelSpec

if TYPE_CHECKING:
    from ollama import AsyncClient, ChatResponse, GenerateResponse, ListResponse

UNKNOWN = "ollama"
"""The identity of a model whose content's hash the server has not told."""

_LOOK_S = 5.0
"""How long the server may take to say which version of a model it has."""


class OllamaProvider:
    """A connection to an Ollama server.

    Attributes:
        model: the name of the model to ask.
        parallel: how many requests are sent at once: as many as Ollama works on together, as a rule.
        url: the server's address.
    """

    parallel = 4
    opens_turns = True

    def __init__(self, spec: ModelSpec, *, environ: Mapping[str, str] = os.environ) -> None:
        """Prepare a connection; nothing is sent yet.

        Args:
            spec: the recipe's model; without a name, models can be listed and pulled, and not asked.
            environ: where OLLAMA_HOST is read.

        Raises:
            RecipeError: `extra` has a setting that is not known or wrong.
            ProviderError: the client is not installed, or the address is none.
        """
        self.model = spec.model
        self.url = ollama_url(spec.base_url, environ)
        self._options = spec.extra_as(OllamaOptions)
        self._client = _connected(self.url, spec.timeout_s)
        self._identity = ""
        self._reached = False

    @classmethod
    def from_spec(cls, spec: ModelSpec, folder: Path = Path()) -> OllamaProvider:  # noqa: ARG003 - the contract
        """Build the client for a recipe's model.

        Args:
            spec: the recipe's model.
            folder: the workspace; this provider reads no file of it.

        Returns:
            The client.
        """
        return cls(spec)

    def __repr__(self) -> str:
        """Name the model and the server."""
        return f"OllamaProvider({self.model!r}, {self.url!r})"

    @property
    def identity(self) -> str:
        """`ollama:` and the hash of the model's content, so that a model that was pulled anew is asked anew.

        The server is asked for it, and waited for, until it has told once. While it is away this is "ollama", under
        which `chat` lets no reply be stored.
        """
        if not self._identity:
            digest = self._digest()
            if not digest:
                return UNKNOWN
            decisive = self._options.decisive()
            mark = f"#{hashlib.blake2b(decisive.encode(), digest_size=8).hexdigest()}" if decisive else ""
            self._identity = f"ollama:{digest.removeprefix('sha256:')[:16]}{mark}"
        return self._identity

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Ask once.

        Args:
            request: what to ask; `sample` is added to the seed, where there is one.

        Returns:
            The reply.

        Raises:
            RequestRefused: Ollama refuses the request, or the prompt is longer than the context.
            ProviderError: the server or the model is not there, or failed.
        """
        self._check_length(request)
        options = {
            "num_ctx": self._options.num_ctx,
            **self._options.options,
            **sampling_options(request.sampling, request.sample),
        }
        if not self.model:
            raise not_there("", self.url, await self.models())
        from ollama import GenerateResponse

        started = time.monotonic()
        try:
            async with self._talking():
                reply = await self._reply(request, options)
        except ProviderError as error:
            if error.status == 404:
                raise not_there(self.model, self.url, await self.models()) from error
            raise
        if self.identity == UNKNOWN:
            raise ProviderError(
                f"{self.url} does not say which {self.model!r} this is, so its replies cannot be stored; name the "
                "model as `ollama list` does, and see whether the server answers in time",
                retryable=True,
            )
        text = (reply.response if isinstance(reply, GenerateResponse) else reply.message.content) or ""
        seconds = time.monotonic() - started
        usage = _usage(reply, request, text)
        return ChatReply(text, reply.done_reason or "stop", usage, reply.model or self.model, seconds)

    async def _reply(self, request: ChatRequest, options: dict[str, Any]) -> ChatResponse | GenerateResponse:
        if request.sampling.open_turn:
            return await self._client.generate(
                model=self.model,
                prompt=open_prompt(request.messages, request.sampling.open_turn, f"ollama/{self.model}"),
                raw=True,
                keep_alive=self._options.keep_alive,
                options=options,
            )
        return await self._client.chat(
            model=self.model,
            messages=[{"role": turn.role, "content": turn.content} for turn in request.messages],
            format=msgspec.json.decode(request.json_schema) if request.json_schema else None,
            think=self._options.think,
            keep_alive=self._options.keep_alive,
            options=options,
        )

    async def models(self) -> list[str]:
        """List the server's models.

        Returns:
            Their names, as the server lists them: the last changed first.

        Raises:
            ProviderError: the server cannot be reached.
        """
        async with self._talking():
            return _names(await self._client.list())

    async def chat_models(self) -> list[str]:
        """List the models that can chat; those that only embed are left out.

        Returns:
            Their names, the last changed first.

        Raises:
            ProviderError: the server cannot be reached.
        """
        async with self._talking():
            names = _names(await self._client.list())
            shown = await asyncio.gather(*(self._client.show(name) for name in names))
        # A server that does not say what its models can do is an old one.
        able = [show.capabilities is None or "completion" in show.capabilities for show in shown]
        return [name for name, chats in zip(names, able, strict=True) if chats]

    async def pull(self, name: str, on_progress: Callable[[str], None] | None = None) -> None:
        """Have the server fetch a model.

        Args:
            name: the model's name, as in "qwen3:4b".
            on_progress: told in one line how far it is, when that has changed by a percent.

        Raises:
            ProviderError: the server is not there, or cannot fetch the model.
        """
        self._identity = ""
        line = ""
        client = _connected(self.url, None)  # between two lines of progress there may be minutes
        try:
            async with self._talking(pulling=name):
                async for progress in await client.pull(name, stream=True):
                    before, line = line, progress.status or ""
                    if progress.total:
                        share_percent = 100 * (progress.completed or 0) // progress.total
                        line += f" {share_percent}% of {progress.total / 1e6:.0f} MB"
                    if on_progress is not None and line != before:
                        on_progress(line)
        finally:
            await client.close()  # type: ignore[no-untyped-call]
        if line != "success":
            raise ProviderError(f"{self.url}: the server stopped pulling {name} before it was done; pull it again")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    @asynccontextmanager
    async def _talking(self, pulling: str = "") -> AsyncIterator[None]:
        with translated(self.url, pulling or self.model, reached=self._reached):
            yield
        self._reached = True

    def _check_length(self, request: ChatRequest) -> None:
        least_tokens = sum(estimate_tokens(turn.content)[0] for turn in request.messages)
        if least_tokens > self._options.num_ctx:
            raise RequestRefused(
                f"ollama/{self.model}: the prompt has {least_tokens} tokens or more, and the context holds "
                f"{self._options.num_ctx}; use shorter passages, or raise extra.num_ctx"
            )

    def _digest(self) -> str:
        import httpx
        import ollama

        client = ollama.Client(**_connection(self.url), timeout=_LOOK_S)
        try:
            listed = client.list().models
        except (ConnectionError, ollama.ResponseError, httpx.HTTPError, ValueError):
            return ""  # whoever asks the model next is told what is wrong with the server
        finally:
            client.close()  # type: ignore[no-untyped-call]
        wanted = {self.model, f"{self.model}:latest"}
        return next((model.digest or "" for model in listed if model.model in wanted), "")


def _usage(reply: ChatResponse | GenerateResponse, request: ChatRequest, text: str) -> Usage:
    prompt_tokens, completion_tokens = reply.prompt_eval_count, reply.eval_count
    if prompt_tokens is not None and completion_tokens is not None:
        return Usage(prompt_tokens, completion_tokens)
    guess = sum(estimate_tokens(turn.content)[1] for turn in request.messages)
    return Usage(prompt_tokens or guess, completion_tokens or estimate_tokens(text)[1], estimated=True)


def _names(listed: ListResponse) -> list[str]:
    return [model.model for model in listed.models if model.model]


def _connection(url: str) -> dict[str, Any]:
    """Name the server; a proxy of the environment's is for the world outside, not for this machine."""
    host = urlsplit(url).hostname or ""
    return {"host": url, "trust_env": host not in {"localhost", "127.0.0.1", "::1"}}


def _connected(url: str, timeout_s: float | None) -> AsyncClient:
    try:
        from ollama import AsyncClient
    except ImportError as error:
        raise ProviderError("provider ollama: its client is missing; pip install ollama") from error
    return AsyncClient(**_connection(url), timeout=timeout_s)
