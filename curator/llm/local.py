"""Models that run on this machine: the embedded one and any GGUF file by llama.cpp, model folders by transformers.

A seeded reply depends on the request alone up to rounding: requests that are worked on together are multiplied
together, which may turn a near tie of two tokens. So replies are stored, and never expected to be equal letter for
letter on another machine.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from curator.errors import ProviderError, RequestRefused
from curator.llm.base import ChatClient, ChatReply, ChatRequest
from curator.llm.cores import usable_cores
from curator.llm.local_engine import Engine, EngineSettings
from curator.llm.local_request import completed
from curator.llm.open_turn import AUTO, before_mark, marked
from curator.llm.openai_wire import decode, encode, path_of
from curator.llm.spec import ModelSpec
from curator.llm.weights import SMOLLM2, checked_gguf, embedded_weights, file_digest, find_weights, is_embedded

if TYPE_CHECKING:
    import aiohttp

DEFAULT_SLOTS = 8
"""Requests in flight. Measured with the embedded model on two idle cores, tokens a second and memory: 1: 76, 195 MB;
4: 130, 334 MB; 8: 150, 520 MB; 16: 159, 897 MB; 64: 168, 3.1 GB."""

DEFAULT_CONTEXT_TOKENS = 2048

_EXCEEDED = "exceed_context_size_error"


class LocalOptions(BaseModel):
    """What `extra` may say about a local model.

    Attributes:
        context_tokens: how long prompt and reply may be together; llama.cpp takes the next multiple of 256.
        slots: how many requests are worked on at once; each takes memory for `context_tokens`.
        threads: processor threads; None for all that this process may use.
        lora: a LoRA adapter as a GGUF file.
        lora_scale: how strongly the adapter counts; 1 is as trained.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    context_tokens: int = Field(default=DEFAULT_CONTEXT_TOKENS, ge=256)
    slots: int | None = Field(default=None, ge=1, le=256)
    threads: int | None = Field(default=None, ge=1)
    lora: Path | None = None
    lora_scale: float = 1.0


class LocalProvider:
    """A model file on this machine, run by llama.cpp; it is loaded when it is first asked.

    Attributes:
        identity: the model file's hash, so that it is the same wherever the file lies.
        model: the model's name.
        parallel: how many requests are worked on at once.
        engine: the running engine; None before the first request and after closing.
    """

    opens_turns = True

    def __init__(self, spec: ModelSpec, folder: Path = Path()) -> None:
        """Find the weights; nothing is loaded yet. The embedded model need not be on this machine until it is asked.

        Args:
            spec: the recipe's model.
            folder: what relative paths are relative to.

        Raises:
            RecipeError: `extra` has a setting that is not known or wrong.
            ProviderError: the model or the adapter is not there.
        """
        options = spec.extra_as(LocalOptions)
        self._weights = None if is_embedded(spec.model) else find_weights(spec.model, folder)
        digest = SMOLLM2.sha256 if self._weights is None else file_digest(self._weights)
        self.model = SMOLLM2.name if self._weights is None else self._weights.stem
        self.identity = f"local:{digest[:16]}"
        lora = None if options.lora is None else checked_gguf(folder / options.lora.expanduser())
        if options.context_tokens != DEFAULT_CONTEXT_TOKENS:
            self.identity += f"/{options.context_tokens}"  # where a long reply is cut off
        if lora is not None:
            self.identity += f"+{file_digest(lora)[:16]}x{options.lora_scale:g}"
        self.parallel = options.slots or min(DEFAULT_SLOTS, spec.max_concurrency or DEFAULT_SLOTS)
        self._lora = lora
        self._options = options
        self.engine: Engine | None = None
        self._session: aiohttp.ClientSession | None = None
        self._starting = asyncio.Lock()

    @classmethod
    def from_spec(cls, spec: ModelSpec, folder: Path = Path()) -> ChatClient:
        """Build the client for a recipe's model: this class for GGUF, transformers for a model folder.

        Args:
            spec: the recipe's model.
            folder: what relative paths are relative to.

        Returns:
            The client; the model is loaded when it is first asked.

        Raises:
            RecipeError: `extra` has a setting that is not known or wrong.
            ProviderError: the model is not there, or is of no kind we can run.
        """
        if is_embedded(spec.model):
            return cls(spec, folder)
        weights = find_weights(spec.model, folder)
        found = spec.model_copy(update={"model": str(weights.absolute())})
        if weights.is_dir():
            from curator.llm.local_transformers import TransformersProvider

            return TransformersProvider(found)
        return cls(found, folder)

    def __repr__(self) -> str:
        """Name the model and its hash."""
        return f"LocalProvider({self.model!r}, {self.identity!r})"

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Ask once.

        Args:
            request: what to ask. Without a seed, one is made from the request, so equal requests get equal replies.

        Returns:
            The reply.

        Raises:
            RequestRefused: the prompt is longer than the context, or the engine does not take the request.
            ProviderError: the engine or the model is missing, or the engine failed.
        """
        full = completed(request, self.identity)
        further = {"prompt": await self._open_prompt(request)} if request.sampling.open_turn == AUTO else {}
        body = encode(full, renamed={}, extra_body=further)
        started = time.monotonic()
        content = await self._post(f"/v1{path_of(request)}", body)
        return decode(content, request, self.model, time.monotonic() - started)

    async def _open_prompt(self, request: ChatRequest) -> str:
        """Have the model's own chat template write the dialogue, up to where the open turn breaks off."""
        body = msgspec.json.encode({"messages": marked(request.messages, self.model)})
        written = msgspec.json.decode(await self._post("/apply-template", body), type=_Written)
        return before_mark(written.prompt, self.model)

    async def _post(self, path: str, body: bytes) -> bytes:
        import aiohttp

        session, engine = await self._started()
        try:
            async with session.post(engine.url + path, data=body) as response:
                status, content = response.status, await response.read()
        except (aiohttp.ClientError, OSError) as error:
            reason = engine.last_words() or str(error) or type(error).__name__
            raise ProviderError(f"{self.model}: the engine on this machine stopped answering: {reason}") from error
        if status == 200:
            return content
        raise self._refusal(status, content)

    async def models(self) -> list[str]:
        """List what this client runs.

        Returns:
            The one model's name.

        Raises:
            ProviderError: it is the embedded model, and not on this machine yet.
        """
        if self._weights is None:
            await asyncio.to_thread(embedded_weights)
        return [self.model]

    async def aclose(self) -> None:
        """Give up what is in flight, stop the engine and free its memory; the next request would load it again."""
        async with self._starting:
            session, self._session = self._session, None
            engine, self.engine = self.engine, None
        if session is not None:
            await session.close()
        if engine is not None:
            await asyncio.to_thread(engine.close)

    async def _started(self) -> tuple[aiohttp.ClientSession, Engine]:
        import aiohttp

        async with self._starting:
            if self.engine is None:
                starting = asyncio.ensure_future(asyncio.to_thread(self._start))
                try:
                    self.engine = await asyncio.shield(starting)
                except asyncio.CancelledError:
                    self.engine = await starting  # it cannot be stopped halfway, and is closed with this client
                    raise
            if self._session is None:
                self._session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=0),
                    timeout=aiohttp.ClientTimeout(total=None),  # how long a reply may take is the dispatcher's to say
                    headers={"Authorization": f"Bearer {self.engine.key}", "Content-Type": "application/json"},
                )
            return self._session, self.engine

    def _start(self) -> Engine:
        return Engine(
            EngineSettings(
                weights=str(self._weights or embedded_weights()),
                name=self.model,
                slots=self.parallel,
                context_tokens=self._options.context_tokens,
                threads=self._options.threads or usable_cores(),
                lora=str(self._lora or ""),
                lora_scale=self._options.lora_scale,
            )
        )

    def _refusal(self, status: int, content: bytes) -> ProviderError:
        try:
            problem = msgspec.json.decode(content, type=_Failure).error
        except msgspec.DecodeError:
            return ProviderError(f"{self.model}: the engine failed (HTTP {status}): {content[:200]!r}", status=status)
        if problem.type == _EXCEEDED:
            return RequestRefused(
                f"{self.model}: the prompt has {problem.n_prompt_tokens} tokens, and the context holds "
                f"{problem.n_ctx}; use shorter passages, or raise extra.context_tokens",
                status=status,
            )
        kind = RequestRefused if status in (400, 413, 422) else ProviderError
        return kind(f"{self.model}: {problem.message}", status=status)


class _Problem(msgspec.Struct):
    message: str = ""
    type: str = ""
    n_prompt_tokens: int = 0
    n_ctx: int = 0


class _Failure(msgspec.Struct):
    error: _Problem


class _Written(msgspec.Struct):
    prompt: str
