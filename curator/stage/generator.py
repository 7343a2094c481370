"""Stages that make records by asking a model.

The author of a method writes two pure functions, what to ask (`prompts`) and how to read the answer (`parse`). The
base asks many at a time, asks again when a reply cannot be read, keeps what stays unreadable as a dropped record with
the raw reply, records the origin of everything, and yields in the order of the prompts.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec
from msgspec.structs import replace
from pydantic import Field

from curator.errors import RequestRefused, StageError, UnparsableReply
from curator.llm.base import Sampling
from curator.llm.model import Answer
from curator.record import Record, Source, Turn
from curator.stage.base import Stage, StageOptions
from curator.stage.context import Context
from curator.stage.ordered import WINDOW, as_stream, followed_by, ordered_map


class GeneratorOptions(StageOptions):
    """Options that every asking stage has.

    Attributes:
        retries: how often a reply that cannot be read is asked again, 0 and up.
        prompts: a folder whose .jinja files replace the method's own of the same name.
    """

    retries: int = Field(default=1, ge=0, le=10)
    prompts: Path | None = None


class Prompt(msgspec.Struct, frozen=True):
    """One question of a generator.

    Attributes:
        turns: what is sent.
        item: what `parse` needs to know about it (the chunk, the parent record); never sent.
        json_schema: the JSON Schema of the reply, as JSON text; "" for free text.
        sampling: what this prompt wants of the sampler, over the model's own settings.
        source: the passage that it is about, if any.
        parents: the ids of the records that it is about.
    """

    turns: tuple[Turn, ...]
    item: Any = None
    json_schema: str = ""
    sampling: Sampling = Sampling()
    source: Source | None = None
    parents: tuple[str, ...] = ()


GeneratorOptionsT = TypeVar("GeneratorOptionsT", bound=GeneratorOptions)


class AskingStage(Stage[GeneratorOptionsT]):
    """What generators from sources and from records share: ask, read, ask again, keep."""

    asks: ClassVar[bool] = True

    def per_prompt(self) -> int:
        """Return how many records one prompt yields, about: it keeps a limited run from asking more than it needs."""
        return 1

    @abstractmethod
    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read a reply.

        Args:
            reply: the model's text.
            prompt: the prompt it answers.

        Returns:
            The records in it. A part that is readable but unfit comes as a record marked with `dropped`.

        Raises:
            UnparsableReply: nothing can be made of it; it is asked again.
        """

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Ask one prompt until its reply can be read.

        Args:
            prompt: what to ask.
            context: the stage's surroundings.

        Returns:
            The records of the reply, with their origin; or one dropped record that keeps what went wrong.

        Raises:
            StageError: the recipe lent this stage no model.
            ProviderError: the endpoint cannot serve.
        """
        if context.model is None:
            raise StageError(f"{self.key}: this stage asks a model, and it was given none; set `model:` in the recipe")
        answer: Answer | None = None
        problem = ""
        for sample in range(self.options.retries + 1):
            try:
                answer = await context.model.ask(
                    prompt.turns, sampling=prompt.sampling, json_schema=prompt.json_schema, sample=sample
                )
                records = list(self.parse(answer.reply.text, prompt))
            except RequestRefused as error:
                return [self._failed(prompt, context, None, "refused-by-provider", str(error))]
            except UnparsableReply as error:
                problem = str(error)
                if answer is not None and answer.reply.finish_reason == "length":
                    problem += "; max_tokens was used up (by reasoning, perhaps)"
            else:
                return [self._with_origin(record, prompt, context, answer) for record in records]
        return [self._failed(prompt, context, answer, "unparsable", problem)]

    async def candidates(self, prompts: AsyncIterator[Prompt | Record], context: Context) -> AsyncIterator[Record]:
        """Ask `prompts`, many at a time, and yield what comes of them, in their order.

        Args:
            prompts: what to ask; a record among them needs no model and goes through.
            context: the stage's surroundings; its `limit` bounds the candidates.

        Yields:
            The candidates, dropped ones included.
        """
        limit = sys.maxsize if context.limit is None else context.limit
        made = 0

        def window() -> int:
            return min(WINDOW, -(-(limit - made) // self.per_prompt()))

        async def work(prompt: Prompt | Record) -> list[Record]:
            if isinstance(prompt, Record):
                return [self._with_origin(prompt, Prompt(()), context, None)]
            return await self.answer(prompt, context)

        if limit <= 0:
            return
        async with aclosing(ordered_map(prompts, work, window)) as batches:
            async for batch in batches:
                for record in batch:
                    made += 1
                    yield record
                    if made >= limit:
                        return

    def _with_origin(self, record: Record, prompt: Prompt, context: Context, answer: Answer | None) -> Record:
        origin = record.origin
        model = context.model.name if answer is not None and context.model is not None else ""
        return record.with_origin(
            stage=self.key,
            method=self.name,
            parents=origin.parents or prompt.parents,
            model=model,
            prompt_hash=prompt_hash(prompt.turns) if prompt.turns else "",
            reply_key=answer.key if answer is not None else "",
            source=origin.source or prompt.source,
            recipe_hash=context.recipe_hash,
        )

    def _failed(self, prompt: Prompt, context: Context, answer: Answer | None, reason: str, detail: str) -> Record:
        """Keep a question that came to nothing: the prompt and the raw reply, as a dropped record."""
        raw = (Turn("assistant", answer.reply.text),) if answer is not None and answer.reply.text else ()
        record = Record(prompt.turns + raw).dropped(self.key, reason, detail)
        return self._with_origin(record, prompt, context, answer)


class Generator(AskingStage[GeneratorOptionsT]):
    """A stage that adds records to the stream, made from the recipe's sources or from files of its own.

    Attributes:
        checks: the stages, as a recipe writes them, that `curator generate` puts behind this one.
        input_option: the option that `curator generate` fills with the file it is given; "" if it reads documents.
    """

    checks: ClassVar[tuple[dict[str, Any], ...]] = ()
    input_option: ClassVar[str] = ""

    @abstractmethod
    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield what to ask, in order; the same every time.

        Args:
            context: the stage's surroundings; its model is not to be asked here.

        Yields:
            Prompts, and records that need no model.
        """

    def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Pass on what comes from above, then add this generator's candidates, at most `context.limit`."""
        return followed_by(records, self.candidates(as_stream(self.prompts(context)), context))


class Transformer(AskingStage[GeneratorOptionsT]):
    """A stage that makes new records from those above: all of them, or those of the stage that `from:` names.

    Attributes:
        takes: the recipe's `from`: the name of the stage whose records it works on; "" for all.
    """

    takes: str = ""

    @abstractmethod
    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        """Return what to ask about one record.

        Args:
            record: the parent.
            context: the stage's surroundings; its model is not to be asked here.

        Returns:
            Prompts, and children that need no model.
        """

    def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Pass on what comes from above and add the children after the last of it, in their parents' order."""
        parents: asyncio.Queue[Record | None] = asyncio.Queue()

        async def passing() -> AsyncIterator[Record]:
            async for record in records:
                if not self.takes or record.origin.stage == self.takes:
                    parents.put_nowait(record)
                yield record
            parents.put_nowait(None)

        async def prompts() -> AsyncIterator[Prompt | Record]:
            while (parent := await parents.get()) is not None:
                for prompt in self.prompts_for(parent, context):
                    yield (
                        prompt
                        if isinstance(prompt, Record) or prompt.parents
                        else replace(prompt, parents=(parent.id,))
                    )

        return followed_by(passing(), self.candidates(prompts(), context))


def prompt_hash(turns: tuple[Turn, ...]) -> str:
    """Return the hash under which a rendered prompt is known: 16 hexadecimal digits."""
    return hashlib.blake2b(msgspec.json.encode(turns), digest_size=8).hexdigest()
