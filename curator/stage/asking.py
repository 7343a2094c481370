"""The base of all stages that make records by asking a model.

The author of a method writes what to ask and how to read the answer. The base asks many at a time, keeps what cannot be
read, records the origin of everything, and yields in the order of the prompts, whichever reply came first.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from itertools import cycle
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import Field

from curator.errors import StageError
from curator.llm.base import ChatReply
from curator.record import Record, Turn
from curator.stage.base import Stage, StageOptions
from curator.stage.context import Context
from curator.stage.ordered import WINDOW, ordered_map
from curator.stage.question import Prompt, Reading, prompt_hash, read_reply
from curator.text.personas import read_personas
from curator.text.prompt import PromptFolder

T = TypeVar("T")


class AskingOptions(StageOptions):
    """Options that every stage that asks for records has.

    Attributes:
        retries: how often a reply that cannot be read is asked again, 0 and up.
        prompts: a folder whose .jinja files replace the method's own of the same name.
    """

    retries: int = Field(default=1, ge=0, le=10)
    prompts: Path | None = None


class GeneratorOptions(AskingOptions):
    """Options of the stages that write new questions.

    Attributes:
        personas: a file of personas, one a line or one a record; each prompt in turn is asked as one of them would.
    """

    personas: Path | None = None


AskingOptionsT = TypeVar("AskingOptionsT", bound=AskingOptions)


class AskingStage(Stage[AskingOptionsT]):
    """What generators from sources and from records share: ask, read, ask again, keep.

    A method of one question an item writes `parse`. One of several (evolve, check, answer) overrides `answer`; one
    whose questions depend on what was accepted before (a pool) overrides `candidates`.

    Attributes:
        checks: the stages, as a recipe writes them, that `curator generate` puts behind this one.
        input_option: the option that `curator generate` fills with the file it is given; "" if it reads documents.
        reads: what it works on, in a word for its help, where that is neither documents nor its file nor a dataset.
        example: a command line that shows the method at work, for its help.
        written_as: the format that `curator generate` writes unless told otherwise.
        prompts_from: the name of the prompts' folder, where it is not the method's own.
    """

    asks: ClassVar[bool] = True
    checks: ClassVar[tuple[dict[str, Any], ...]] = ()
    input_option: ClassVar[str] = ""
    reads: ClassVar[str] = ""
    example: ClassVar[str] = ""
    written_as: ClassVar[str] = "messages"
    prompts_from: ClassVar[str] = ""

    def per_prompt(self) -> int:
        """Return how many records one prompt yields, about: it keeps a limited run from asking more than it needs."""
        return 1

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return how many replies one prompt takes, at least and at most, retries left out: it prices the run."""
        return (1, 1)

    def at_most(self, prompts: float, candidates: float) -> tuple[float, float]:
        """Return how many prompts and replies a run takes at most, retries left out: it prices the run.

        Args:
            prompts: how many prompts there are to ask.
            candidates: how many records the run may make.

        Returns:
            The prompts, and the replies to them and to further questions; more than `prompts` where they depend on what
            came of those before.
        """
        return prompts, prompts * self.requests_per_prompt()[1]

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

    def read(self, reply: ChatReply, prompt: Prompt) -> Iterable[Record]:
        """Read a reply whose end matters, too: overridden by methods that take nothing from one that breaks off.

        Args:
            reply: the model's reply.
            prompt: the prompt it answers.

        Returns:
            As `parse`, which it calls with the reply's text.

        Raises:
            UnparsableReply: nothing can be made of it; it is asked again.
        """
        return self.parse(reply.text, prompt)

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Make what one prompt is for.

        Args:
            prompt: what to ask.
            context: the stage's surroundings.

        Returns:
            The records of the reply, with their origin; or one dropped record that keeps what went wrong.

        Raises:
            StageError: the recipe lent this stage no model.
            ProviderError: the endpoint cannot serve.
        """
        reading = await self.ask(prompt, context, lambda reply: list(self.read(reply, prompt)))
        if reading.value is None:
            return [self.failed(prompt, context, reading)]
        return [self.signed(record, prompt, context, reading) for record in reading.value]

    async def ask(
        self, prompt: Prompt, context: Context, read: Callable[[ChatReply], T], *, model: str = "", sample: int = 0
    ) -> Reading[T]:
        """Ask one question; the building stone of methods that ask several.

        Args:
            prompt: what to ask.
            context: the stage's surroundings.
            read: makes a value of the reply, or raises `UnparsableReply`; it is then asked again.
            model: the recipe's name of another model, one of `also_asks()`; "" for the stage's own.
            sample: which draw of this prompt is wanted.

        Returns:
            The value; or why there is none.

        Raises:
            StageError: the recipe lent this stage no such model.
            ProviderError: the endpoint cannot serve.
        """
        asker = context.others.get(model) if model else context.model
        if asker is None:
            raise StageError(
                f"{self.key}: this stage asks a model, and it was given none; set `model:` in the recipe"
                if not model
                else f"{self.key}: it asks the model {model!r}, which it was not given"
            )
        return await read_reply(prompt, asker, read, retries=self.options.retries, sample=sample)

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
                return [self.signed(prompt, Prompt(()), context)]
            return await self.answer(prompt, context)

        if limit <= 0:
            return
        async with aclosing(ordered_map(self._spoken(prompts, context), work, window)) as batches:
            async for batch in batches:
                for record in batch:
                    made += 1
                    yield record
                    if made >= limit:
                        return

    def prompt_folder(self, context: Context) -> PromptFolder:
        """Open the method's prompts: `prompts/<its name>` in the top folder of its package, some overridden perhaps.

        Args:
            context: the stage's surroundings.

        Returns:
            The folder.

        Raises:
            StageError: the folder that overrides is none, or holds a file that the method does not know.
        """
        package = sys.modules[type(self).__module__.partition(".")[0]]
        own = Path(str(package.__file__)).parent / "prompts" / (self.prompts_from or self.name).replace("-", "_")
        override = self.options.prompts
        return PromptFolder(own, context.path(override) if override else None)

    def personas(self, context: Context) -> tuple[str, ...]:
        """Return the personas that the options name, none unless they do.

        Args:
            context: the stage's surroundings.

        Returns:
            The personas, in the order in which they take turns.

        Raises:
            StageError: the file cannot be read, or holds no personas.
        """
        named = self.options.personas if isinstance(self.options, GeneratorOptions) else None
        found = list(read_personas(context.path(named))) if named else []
        context.random("personas").shuffle(found)
        return tuple(found)

    async def _spoken(
        self, prompts: AsyncIterator[Prompt | Record], context: Context
    ) -> AsyncIterator[Prompt | Record]:
        """Give each prompt the persona whose turn it is, if the recipe names any."""
        voices = cycle(self.personas(context))
        async for prompt in prompts:
            yield prompt.spoken_by(next(voices, "")) if isinstance(prompt, Prompt) else prompt

    def signed(self, record: Record, prompt: Prompt, context: Context, *readings: Reading[Any]) -> Record:
        """Return a new record with its origin written down.

        Args:
            record: the record; labels, parents and source that it has already stay.
            prompt: what it came of.
            context: the stage's surroundings.
            readings: the replies that it took: first the one that holds its main text, then those to further questions
                about it.

        Returns:
            The record, as this stage's.
        """
        origin = record.origin
        keys = [reading.answer.key for reading in readings if reading.answer is not None]
        labels = dict(prompt.labels) | dict(origin.labels)
        return record.with_origin(
            stage=self.key,
            method=self.name,
            parents=origin.parents or prompt.parents,
            model=readings[0].model if keys else "",
            prompt_hash=prompt_hash(prompt.turns) if prompt.turns else "",
            reply_key=keys[0] if keys else "",
            further_replies=tuple(keys[1:]),
            source=origin.source or prompt.source,
            recipe_hash=context.recipe_hash,
            labels=tuple(labels.items()),
        )

    def failed(self, prompt: Prompt, context: Context, reading: Reading[Any], *before: Reading[Any]) -> Record:
        """Keep a question that came to nothing: the prompt and the raw reply, as a dropped record.

        Args:
            prompt: what was asked.
            context: the stage's surroundings.
            reading: what became of it.
            before: the replies to earlier questions about the same item.

        Returns:
            A record that is dropped for the reading's reason.
        """
        text = reading.answer.reply.text if reading.answer is not None else ""
        raw = (Turn("assistant", text),) if text else ()
        record = Record(prompt.turns + raw).dropped(self.key, reading.reason, reading.problem)
        return self.signed(record, prompt, context, reading, *before)
