"""Small stages, and a model that answers from a function."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply, ChatRequest
from curator.llm.model import Model
from curator.llm.scripted import ScriptedProvider
from curator.record import Origin, Record, Source, Turn, single_turn
from curator.stage import AskingOptions, Context, Generator, GeneratorOptions, Prompt, Stage, Transformer


class AskerOptions(GeneratorOptions):
    """Options of `asker`.

    Attributes:
        n: how many prompts.
        each: how many records a reply gives.
        ready: how many records need no model.
    """

    n: int = 5
    each: int = 1
    ready: int = 0


class Asker(Generator[AskerOptions]):
    """Asks `question 0`, `question 1`, ...; reads `bad` as unparsable, `none` as nothing, anything else as answers."""

    name: ClassVar[str] = "asker"
    Options: ClassVar[type[GeneratorOptions]] = AskerOptions

    def per_prompt(self) -> int:
        return self.options.each

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        for number in range(self.options.ready):
            yield single_turn(f"ready {number}", "as it is")
        for number in range(self.options.n):
            source = Source("book", "d" * 32, number, 0, 1)
            yield Prompt((Turn("user", f"question {number}"),), item=number, source=source)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        if reply.startswith("bad"):
            raise UnparsableReply(f"{reply!r} is no answer")
        if reply == "none":
            return []
        labels = Origin(labels=(("number", str(prompt.item)),))
        return [single_turn(f"Q{prompt.item}.{part}", reply, origin=labels) for part in range(self.options.each)]


class Shout(Transformer[GeneratorOptions]):
    """Asks the model to shout each record."""

    name: ClassVar[str] = "shout"
    Options: ClassVar[type[GeneratorOptions]] = GeneratorOptions

    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        yield Prompt((Turn("user", f"shout {record.instruction}"),), item=record)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        return [single_turn(prompt.item.instruction.upper() + "!", reply)]


def echo(request: ChatRequest) -> str:
    """Answer with what was asked."""
    return f"echo of {request.messages[-1].content}"


class Unsteady(ScriptedProvider):
    """Answers after a random while, so that replies come in another order every time."""

    def __init__(self, script: Callable[[ChatRequest], str | ChatReply] = echo, *, most_s: float = 0.004) -> None:
        super().__init__(script)
        self._most_s = most_s
        self._moments = random.Random()

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer, some time."""
        await asyncio.sleep(self._moments.uniform(0, self._most_s))
        return await super().chat(request)


def model_of(client: ScriptedProvider) -> Model:
    """Return the client as a model that can be lent to a stage."""
    return Model(client, provider="scripted")


async def stream(records: Iterable[Record]) -> AsyncIterator[Record]:
    """Yield records, giving way to others between them."""
    for record in records:
        await asyncio.sleep(0)
        yield record


async def outcome(stage: Stage[Any], records: Sequence[Record], context: Context) -> list[Record]:
    """Return what a stage gives out."""
    return [record async for record in stage.run(stream(records), context)]


class Mend(Transformer[AskingOptions]):
    """Asks for a better wording of each record; `bad` cannot be read, `same` is dropped, anything else takes over."""

    name: ClassVar[str] = "mend"
    Options: ClassVar[type[AskingOptions]] = AskingOptions
    supersedes: ClassVar[bool] = True

    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        yield Prompt((Turn("user", f"mend {record.instruction}"),), item=record)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        if reply == "bad":
            raise UnparsableReply("it is bad")
        child = single_turn(
            f"{prompt.item.instruction}, mended", reply, origin=Origin(labels=prompt.item.origin.labels)
        )
        return [child.dropped(self.key, "same") if reply == "same" else child]


class Debate(Generator[AskerOptions]):
    """Asks a question, then asks the model `critic` what it thinks of the answer: several questions a prompt."""

    name: ClassVar[str] = "debate"
    Options: ClassVar[type[AskingOptions]] = AskerOptions

    def also_asks(self) -> tuple[str, ...]:
        return ("critic",)

    def requests_per_prompt(self) -> tuple[int, int]:
        return (2, 3)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        for number in range(self.options.n):
            yield Prompt((Turn("user", f"question {number}"),), item=number, labels=(("number", str(number)),))

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        raise NotImplementedError

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        said = await self.ask(prompt, context, lambda reply: reply.text)
        critique = Prompt((Turn("user", f"criticise {said.value}"),))
        heard = await self.ask(critique, context, _severe, model="critic")
        if heard.value is None:
            return [self.failed(critique, context, heard, said)]
        return [self.signed(single_turn(f"Q{prompt.item}", heard.value), prompt, context, said, heard)]


def _severe(reply: ChatReply) -> str:
    if "nice" in reply.text:
        raise UnparsableReply("that is no criticism")
    return reply.text
