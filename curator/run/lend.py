"""The models of a run, opened once and lent to each stage that asks them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from curator.llm.base import ReplyCache, Sampling
from curator.llm.budget import Budget
from curator.llm.model import Answer, Model
from curator.recipe.models import ResolvedModel
from curator.record import Turn
from curator.run.bookkeeping import Books
from curator.run.progress import Progress


class LentModel:
    """A model in the hands of one stage: what it is asked is written down as that stage's use.

    Attributes:
        name: the model, as `provider/name`.
    """

    def __init__(self, model: Model, stage: str, books: Books, progress: Progress) -> None:
        """Lend a model.

        Args:
            model: the model.
            stage: the recipe's name of the stage that gets it.
            books: where the stage's use of it is written down.
            progress: counted up with each answer.
        """
        self.name = model.name
        self._model = model
        self._stage = stage
        self._books = books
        self._progress = progress

    async def ask(
        self, turns: tuple[Turn, ...], *, sampling: Sampling = Sampling(), json_schema: str = "", sample: int = 0
    ) -> Answer:
        """Ask, or replay the stored reply; see `Model.ask`."""
        return await self._model.ask(
            turns, sampling=sampling, json_schema=json_schema, sample=sample, on_answer=self._note
        )

    def _note(self, answer: Answer) -> None:
        self._progress.answered(answer)
        self._books.used(self._stage, answer)


@asynccontextmanager
async def open_models(
    resolved: Mapping[str, ResolvedModel], cache: ReplyCache, budget: Budget, progress: Progress
) -> AsyncIterator[dict[str, Model]]:
    """Open every model of a run and close all of them afterwards.

    Args:
        resolved: the models by the recipe's names, with their providers chosen.
        cache: where replies rest.
        budget: what the run may spend.
        progress: told what the user should know.

    Yields:
        The models, by the same names.
    """
    async with AsyncExitStack() as clients:
        models: dict[str, Model] = {}
        for name, model in resolved.items():
            twin = next((other for other in models if resolved[other].spec == model.spec), None)
            if twin is not None:  # equal questions to equal models are one question
                models[name] = models[twin]
                continue
            client: Any = model.connect()
            clients.push_async_callback(client.aclose)
            models[name] = Model.from_spec(
                client,
                model.spec,
                provider=model.spec.provider,
                base_url=model.spec.base_url,
                cache=cache,
                budget=budget,
                notice=progress.notice,
            )
        yield models
