"""Model folders (config.json and safetensors), run by transformers: what fine-tuning writes, before any conversion.

Requests that wait are answered as one batch. How a row's tokens are drawn depends on the row alone, not on its
neighbours: each has its own generator of random numbers, settings, stop strings and length.

A JSON Schema is asked for in words, since transformers holds no reply to a grammar.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from curator.errors import RecipeError, RequestRefused
from curator.llm.base import ChatReply, ChatRequest
from curator.llm.spec import ModelSpec
from curator.llm.weights import folder_digest

if TYPE_CHECKING:
    from curator.llm.transformers_batch import FolderModel

BATCH = 16
"""Rows in a batch at most. On two cores without bfloat16, the embedded model makes 21 tokens a second alone, 78 in a
batch of 8, 122 in one of 32."""

_GATHER_S = 0.01
"""How long the first request waits for company."""


class TransformersProvider:
    """A model folder, run by transformers on a graphics card if there is one, else on the processor.

    Attributes:
        identity: the hash of the folder's files.
        model: the folder's name.
        parallel: how many requests go into a batch.
    """

    opens_turns = True

    def __init__(self, spec: ModelSpec) -> None:
        """Find the folder; nothing is loaded yet.

        Args:
            spec: the recipe's model; `model` is the folder.

        Raises:
            RecipeError: `extra` is not empty.
            ProviderError: the folder is no model folder, or cannot be read.
        """
        if spec.extra:
            raise RecipeError(
                f"provider local: a model folder takes no extra settings, and has {', '.join(spec.extra)}"
            )
        self._folder = Path(spec.model)
        self.model = self._folder.name
        self.identity = f"local:{folder_digest(self._folder)[:16]}"
        self.parallel = min(BATCH, spec.max_concurrency or BATCH)
        self._loaded: FolderModel | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="transformers")
        self._waiting: list[tuple[ChatRequest, asyncio.Future[ChatReply | RequestRefused]]] = []
        self._serving: asyncio.Task[None] | None = None

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Ask once, in a batch with whatever else waits.

        Args:
            request: what to ask.

        Returns:
            The reply.

        Raises:
            RequestRefused: the prompt leaves no room in the context, or does not fit the model's chat template.
            ProviderError: transformers is missing, or cannot load the model.
        """
        started = time.monotonic()
        future: asyncio.Future[ChatReply | RequestRefused] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        outcome = await future
        if isinstance(outcome, RequestRefused):
            raise outcome
        return ChatReply(outcome.text, outcome.finish_reason, outcome.usage, self.model, time.monotonic() - started)

    async def models(self) -> list[str]:
        """Return the one model that this client runs."""
        return [self.model]

    async def aclose(self) -> None:
        """Wait for the batch under way, and free the model."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
        await asyncio.to_thread(self._worker.shutdown)
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()
        self._loaded = None

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(_GATHER_S)
        while self._waiting:
            batch = [(request, future) for request, future in self._waiting[: self.parallel] if not future.done()]
            del self._waiting[: self.parallel]
            try:
                outcomes = await loop.run_in_executor(self._worker, self._answer, [request for request, _ in batch])
            except asyncio.CancelledError:
                for _, future in batch:
                    future.cancel()
                raise
            except Exception as error:  # handed to those who asked, each of whom raises it
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)

    def _answer(self, requests: list[ChatRequest]) -> list[ChatReply | RequestRefused]:
        if self._loaded is None:
            from curator.llm.transformers_batch import FolderModel

            self._loaded = FolderModel.load(self._folder)
        return self._loaded.answer(requests, self.identity)
