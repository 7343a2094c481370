"""Personas from texts, personas from personas, and what they would ask.

A passage suggests a person: who would want to read it, who has written it, who disagrees? A persona suggests others:
who works with them, who is helped by them? Each round of expansion asks this about every persona that the round before
has given. Out of them come, by `output`, the personas themselves (such a file is what every generator's `personas:`
takes), or an instruction or a problem of each persona's own, with its response.

Source:
    Ge et al. 2024, "Scaling Synthetic Data Creation with 1,000,000,000 Personas", arXiv 2406.20094, section 2.1
    (text-to-persona), 2.2 (persona-to-persona, six rounds) and 3 (prompts with a persona; ours are the few-shot kind
    whose examples have personas, too). The paper removes near-duplicates by MinHash and embeddings; ours drops equal
    ones at once, and leaves the others to `near-dedup` behind.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from pydantic import Field

from curator.errors import StageError, UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.record import Origin, Record, Source, Turn, single_turn
from curator.stage import AskingOptions, Context, Generator, Prompt
from curator.stage.ordered import WINDOW, as_stream, ordered_map
from curator.text.chunks import chunk_document
from curator.text.personas import read_personas
from curator.text.words import normalise, words
from generators.shared.few_shot import examples_in, shown
from generators.shared.plain_reply import answer_in, is_cut_off, is_much_like, line_in

SHORTEST_PERSONA_WORDS = 4
"""A shorter persona ("A teacher.") says nothing that would make its questions differ."""

ONE_LINE = Sampling(temperature=0.7, max_tokens=96, stop=("\n",))


class PersonasOptions(AskingOptions):
    """Options of `personas`.

    Attributes:
        output: what is made: "persona", or an "instruction" or "problem" of each persona's, with a response.
        seeds: a file of personas to begin with, one a line or one a record; beside documents, or instead of them.
        readers: how a person may stand to a passage; each passage is asked about with the next of them.
        relations: how others may stand to a persona; in a round each persona is asked about with all of them.
        rounds: rounds of persona-to-persona expansion, 0 and up (the paper has six).
        max_words: the longest passage, in words.
        response_tokens: the longest response, in tokens.
    """

    output: Literal["persona", "instruction", "problem"] = "persona"
    seeds: Path | None = None
    readers: tuple[str, ...] = Field(
        default=("want to read", "have written", "disagree with", "need"), min_length=1, max_length=50
    )
    relations: tuple[str, ...] = Field(default=("works with", "is helped by", "often argues with"), min_length=1)
    rounds: int = Field(default=0, ge=0, le=10)
    max_words: int = Field(default=180, ge=20, le=5000)
    response_tokens: int = Field(default=512, ge=8)


class Wanted(msgspec.Struct, frozen=True):
    """What one prompt is for: a new persona, named by the question put into its record; or what `persona` would ask."""

    question: str = ""
    persona: str = ""


class _Parent(msgspec.Struct, frozen=True):
    """A persona that others come of: its record, if it has one, and the round that it is from."""

    persona: str
    record: str = ""
    round: int = 0


class Personas(Generator[PersonasOptions]):
    """Describes people, and writes what they would ask; see the module's docstring."""

    name: ClassVar[str] = "personas"
    Options: ClassVar[type[AskingOptions]] = PersonasOptions
    checks = ({"use": "heuristics"}, {"use": "near-dedup"})
    example: ClassVar[str] = "curator generate personas handbook.md -n 20 --out personas.jsonl"

    def per_prompt(self) -> int:
        """Return how many records come of one prompt with all that its persona leads to."""
        return sum(len(self.options.relations) ** depth for depth in range(self.options.rounds + 1))

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return how many replies that takes: the persona of each record, and perhaps its question and the response."""
        return (1, self.per_prompt() * (1 if self.options.output == "persona" else 3))

    def check(self, context: Context) -> None:
        """See that there is something to begin with.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: there are neither documents nor seeds, or nothing is wanted of the seeds.
        """
        seeds = self._seeds(context)
        if not context.documents and not seeds:
            raise StageError(f"{self.key}: name a document in `sources:`, or a file of personas in `seeds`")
        if not context.documents and self.options.output == "persona" and not self.options.rounds:
            raise StageError(f"{self.key}: to make personas of the seeds alone, set `rounds` to 1 or more")
        self.prompt_folder(context)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield what to ask first: whom a seed or a passage suggests, or what a seed would ask.

        Args:
            context: the stage's surroundings.

        Yields:
            The prompts.
        """
        seeds = self._seeds(context)
        if self.options.output == "persona" and self.options.rounds:
            yield from self._expansion([_Parent(persona) for persona in seeds], context)
        elif self.options.output != "persona":
            for persona in seeds:
                labels = (("persona", persona), ("round", "0"))
                turns = self._turns(self.options.output, context, persona=persona)
                yield Prompt(turns, item=Wanted(persona=persona), sampling=ONE_LINE, labels=labels)
        number = 0
        for document in context.documents:
            for chunk in chunk_document(document, max_words=self.options.max_words):
                relation = self.options.readers[number % len(self.options.readers)]
                number += 1
                about = chunk.chapter or document.title or document.name
                yield Prompt(
                    self._turns("who", context, relation=relation, passage=chunk.text),
                    item=Wanted(question=f"Who would {relation} a text on “{about}”?"),
                    sampling=ONE_LINE,
                    source=Source(document.name, document.digest, chunk.index, chunk.start, chunk.end, chunk.chapter),
                    labels=(("relation", relation), ("round", "0")),
                )

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read a persona.

        Args:
            reply: the model's text.
            prompt: the prompt; its item holds the question of the record.

        Returns:
            One record, whose answer is the persona; marked as dropped where it says too little.

        Raises:
            UnparsableReply: there is no line of words in it.
        """
        item: Wanted = prompt.item
        persona = line_in(reply, "persona", "person", "description", "somebody", "answer")
        record = single_turn(item.question, persona, origin=Origin(labels=(("persona", persona),)))
        if len(words(persona)) < SHORTEST_PERSONA_WORDS:
            record = record.dropped(self.key, "persona-too-short", f"fewer than {SHORTEST_PERSONA_WORDS} words")
        elif is_much_like(persona, (turn.content for turn in prompt.turns if turn.role == "assistant")):
            record = record.dropped(self.key, "persona-copies-example", "an example of the prompt describes it")
        return [record]

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Have the persona described and, if wanted, let it ask and be answered.

        Args:
            prompt: the first question.
            context: the stage's surroundings.

        Returns:
            One record.

        Raises:
            StageError: the recipe lent this stage no model.
            ProviderError: the endpoint cannot serve.
        """
        item: Wanted = prompt.item
        if item.persona:
            return [await self._asked(item.persona, prompt, context)]
        told = await self.ask(prompt, context, lambda reply: self._described(reply, prompt))
        if told.value is None:
            return [self.failed(prompt, context, told)]
        described = self.signed(told.value, prompt, context, told)
        if described.drop is not None or self.options.output == "persona":
            return [described]
        labels = described.origin.labels
        turns = self._turns(self.options.output, context, persona=told.value.response)
        asking = msgspec.structs.replace(prompt, turns=turns, labels=labels)
        record = await self._asked(told.value.response, asking, context)
        replies = (*record.origin.further_replies, described.origin.reply_key)
        return [record.with_origin(further_replies=replies)]

    def _described(self, reply: ChatReply, prompt: Prompt) -> Record:
        (record,) = self.parse(reply.text, prompt)
        if record.drop is None and is_cut_off(reply):
            return record.dropped(self.key, "persona-cut-off", "it had not ended when its tokens were used up")
        return record

    async def candidates(self, prompts: AsyncIterator[Prompt | Record], context: Context) -> AsyncIterator[Record]:
        """Ask round after round; each round asks about the personas that the one before has given.

        Args:
            prompts: the prompts of the first round.
            context: the stage's surroundings.

        Yields:
            The candidates of all rounds, dropped ones included.
        """
        left = sys.maxsize if context.limit is None else context.limit
        seeds = self._seeds(context)
        known = {normalise(persona) for persona in seeds}
        # What seeds lead to stands among the first prompts already, unless those are what the seeds themselves ask.
        parents = [] if self.options.output == "persona" else [_Parent(persona) for persona in seeds]

        def window() -> int:  # a prompt is one record here: what it leads to comes with the prompts of the next round
            return min(WINDOW, left)

        async def work(prompt: Prompt | Record) -> Record:
            if isinstance(prompt, Record):
                return self.signed(prompt, Prompt(()), context)
            (record,) = await self.answer(prompt, context)
            return record

        while left > 0:
            async with aclosing(ordered_map(prompts, work, window)) as made:
                async for candidate in made:
                    record = self._unless_known(candidate, known)
                    parent = _Parent(record.origin.label("persona"), record.id, int(record.origin.label("round", "0")))
                    if record.drop is None and record.origin.label("relation") and parent.round < self.options.rounds:
                        parents.append(parent)
                    left -= 1
                    yield record
                    if left <= 0:
                        return
            if not parents or not self.options.rounds:
                return
            prompts = as_stream(list(self._expansion(parents, context)))
            parents = []

    def _unless_known(self, record: Record, known: set[str]) -> Record:
        """Drop a record whose persona was there before, and note a new one."""
        persona = record.origin.label("persona")
        if record.drop is not None or not record.origin.label("relation"):
            return record
        if normalise(persona) in known:
            return record.dropped(self.key, "persona-repeats", f"equal but for case and marks: {persona}")
        known.add(normalise(persona))
        return record

    def _expansion(self, parents: Iterable[_Parent], context: Context) -> Iterator[Prompt]:
        for parent in parents:
            for relation in self.options.relations:
                yield Prompt(
                    self._turns("related", context, relation=relation, persona=parent.persona),
                    item=Wanted(question=f"Describe somebody who {relation} this person: {parent.persona}"),
                    sampling=ONE_LINE,
                    parents=(parent.record,) if parent.record else (),
                    labels=(
                        ("relation", relation),
                        ("round", str(parent.round + 1)),
                        ("from_persona", parent.persona),
                    ),
                )

    async def _asked(self, persona: str, prompt: Prompt, context: Context) -> Record:
        """Return what a persona asks, with its response; the prompt asks for the request."""
        request = await self.ask(prompt, context, _request_in)
        if request.value is None:
            return self.failed(prompt, context, request)
        sampling = Sampling(max_tokens=self.options.response_tokens)
        question = Prompt((Turn("user", request.value),), sampling=sampling, source=prompt.source, labels=prompt.labels)
        question = msgspec.structs.replace(question, parents=prompt.parents)
        told = await self.ask(question, context, answer_in)
        if told.value is None or told.answer is None:
            return self.failed(question, context, told, request)
        record = single_turn(request.value, told.value)
        if is_cut_off(told.answer.reply):
            record = record.dropped(self.key, "response-cut-off", f"not ended in {self.options.response_tokens} tokens")
        return self.signed(record, prompt, context, request, told)

    def _turns(self, name: str, context: Context, **values: str) -> tuple[Turn, ...]:
        folder = self.prompt_folder(context)
        return (
            *shown(folder, name, examples_in(folder, f"{name}_examples")),
            Turn("user", folder.render(name, **values)),
        )

    def _seeds(self, context: Context) -> tuple[str, ...]:
        return read_personas(context.path(self.options.seeds)) if self.options.seeds else ()


def _request_in(reply: ChatReply) -> str:
    """Return what a persona asks; a request that breaks off is asked for again."""
    if is_cut_off(reply):
        raise UnparsableReply("the request had not ended when its tokens were used up")
    return line_in(reply.text, "request", "problem", "question", "instruction", "user")
