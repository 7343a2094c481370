"""The base of the stages that have a record's question answered: what is sent, and what the replies become.

What `respond` and `preference` share. The record's own dialogue is sent as it is, up to the turn that waits for an
answer; with passages of the run's documents, those go before the question in the last turn, between tags, and never
into the record.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeVar

import msgspec
from pydantic import Field

from curator.errors import StageError
from curator.llm.base import ChatReply, Sampling
from curator.record import Origin, Record, Source, Turn
from curator.stage import AskingOptions, Context, Prompt, Reading, Transformer
from generators.answers.draws import Draw, Drawn, read_draw, sorted_out, text_of
from generators.answers.passages import Passages

SEVERAL_DRAWS = Sampling(temperature=0.8)
"""How several answers to one question are drawn: greedy ones would all be the same."""


class AnsweringOptions(AskingOptions):
    """Options of the stages that answer instructions.

    Attributes:
        system: the system prompt under which records without one of their own are answered; a short one of ours unless
            said. It is sent, and does not become part of the record.
        grounded: whether passages of the run's documents are sent along, and recorded as the answer's sources.
        passages: how many passages, with `grounded`.
        max_words: the longest passage, in words.
        retriever: how passages are found: "bm25", or the folder or name of a sentence-transformers model.
        temperature: how freely answers are drawn; unless said the model's own for one answer, 0.8 for several.
    """

    system: str = ""
    grounded: bool = False
    passages: int = Field(default=3, ge=1, le=20)
    max_words: int = Field(default=180, ge=20, le=5000)
    retriever: str = "bm25"
    temperature: float | None = Field(default=None, ge=0, le=2)


AnsweringOptionsT = TypeVar("AnsweringOptionsT", bound=AnsweringOptions)


def question_of(record: Record) -> tuple[Turn, ...]:
    """Return a dialogue up to the turn that waits for an answer; an answer that ends it is left out.

    Args:
        record: the record.

    Returns:
        The turns; none if nobody asks, or if a turn by the system comes last.
    """
    turns = record.messages
    while turns and turns[-1].role == "assistant":
        turns = turns[:-1]
    return turns if turns and turns[-1].role in {"user", "tool"} else ()


def is_answered(record: Record) -> bool:
    """Return whether the dialogue ends with an answer that says something."""
    return bool(record.messages) and record.messages[-1].role == "assistant" and bool(record.messages[-1].content)


class Question(msgspec.Struct, frozen=True):
    """What the answers to one record are made of: the item of its prompt.

    Attributes:
        parent: the record that is answered.
        turns: its dialogue up to the question.
        sources: the passages that were sent along.
    """

    parent: Record
    turns: tuple[Turn, ...]
    sources: tuple[Source, ...] = ()

    def answered(self, text: str) -> Record:
        """Return the record with `text` as its answer, its labels and sources kept."""
        before = self.parent.origin
        known = [before.source, *before.further_sources, *self.sources]
        sources = list(dict.fromkeys(source for source in known if source is not None))
        origin = Origin(
            parents=(self.parent.id,),
            source=sources[0] if sources else None,
            further_sources=tuple(sources[1:]),
            labels=before.labels,
        )
        return Record((*self.turns, Turn("assistant", text)), input_at=self.parent.input_at, origin=origin)


class AnsweringStage(Transformer[AnsweringOptionsT]):
    """A stage that has questions answered, perhaps several times; what it makes of the answers is the method's own."""

    Options: ClassVar[type[AskingOptions]] = AnsweringOptions
    prompts_from: ClassVar[str] = "answering"

    _passages: Passages | None = None  # cut and indexed at the first question, kept for the others

    @property
    @abstractmethod
    def draws(self) -> int:
        """How many answers are drawn to each question."""

    def check(self, context: Context) -> None:
        """Open the prompts, and see that there are documents where answers are to rest on them.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: an overriding prompt folder is wrong, or the run has no documents to ground on.
        """
        self.prompt_folder(context)
        if self.options.grounded and not context.documents:
            raise StageError("`grounded: true` needs documents; name them in `sources:`")

    def prompt_about(self, record: Record, context: Context) -> Prompt:
        """Return what is sent to have a record's question answered.

        Args:
            record: a record with a question.
            context: lends the documents.

        Returns:
            The prompt; its item is the `Question`.
        """
        folder, turns = self.prompt_folder(context), question_of(record)
        found = self._found(turns[-1].content, context) if self.options.grounded else []
        sent = turns
        if found:
            texts = [text for _source, text in found]
            asked = folder.render("grounded", passages=texts, question=turns[-1].content)
            sent = (*turns[:-1], Turn(turns[-1].role, asked))
        if not record.system:
            said = self.options.system or folder.render("system", grounded=bool(found))
            sent = (Turn("system", said), *sent)
        labels = (("grounded", "yes" if found else "no passage found"),) if self.options.grounded else ()
        question = Question(record, turns, tuple(source for source, _text in found))
        return Prompt(sent, item=question, sampling=self._sampling(), parents=(record.id,), labels=labels)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Take a reply as an answer.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the `Question`.

        Returns:
            The answered record.

        Raises:
            UnparsableReply: it is blank.
        """
        return [prompt.item.answered(read_draw(ChatReply(reply)).text)]

    async def drawn(self, prompt: Prompt, context: Context, writers: Sequence[str] = ("",)) -> Drawn:
        """Ask for the answers to one question, all at the same time.

        Args:
            prompt: the question.
            context: the stage's surroundings.
            writers: the models that answer in turn, by the recipe's names; "" for the stage's own.

        Returns:
            What came of them, in the order of asking, whichever came first.

        Raises:
            StageError: the recipe lent this stage no such model.
            ProviderError: the endpoint cannot serve.
        """
        turns = [divmod(number, len(writers)) for number in range(self.draws)]
        asked = (self.ask(prompt, context, read_draw, model=writers[who], sample=sample) for sample, who in turns)
        return sorted_out(await asyncio.gather(*asked))

    def answered(
        self,
        prompt: Prompt,
        context: Context,
        reading: Reading[Draw],
        *further: Reading[Any],
        labels: tuple[tuple[str, str], ...] = (),
    ) -> Record:
        """Return the record that one answer makes.

        Args:
            prompt: the question.
            context: the stage's surroundings.
            reading: the answer.
            further: the other replies that the record stands for, or took.
            labels: what is to be known about it, besides the prompt's own labels.

        Returns:
            The record, with its origin.
        """
        labelled = msgspec.structs.replace(prompt, labels=(*prompt.labels, *labels))
        return self.signed(prompt.item.answered(text_of(reading)), labelled, context, reading, *further)

    def broken(self, drawn: Drawn, prompt: Prompt, context: Context) -> list[Record]:
        """Return what is of no use among the draws: answers that break off, and replies that could not be read.

        Args:
            drawn: the draws.
            prompt: the question.
            context: the stage's surroundings.

        Returns:
            Dropped records, one for each different text.
        """
        cut_off = [
            self.answered(prompt, context, reading, *drawn.alike(reading)).dropped(
                self.key, "cut-off", "max_tokens was used up"
            )
            for reading in drawn.cut_off
        ]
        return cut_off + [self.failed(prompt, context, reading, *drawn.alike(reading)) for reading in drawn.unread]

    def _sampling(self) -> Sampling:
        if self.options.temperature is not None:
            return Sampling(temperature=self.options.temperature)
        return SEVERAL_DRAWS if self.draws > 1 else Sampling()

    def _found(self, question: str, context: Context) -> list[tuple[Source, str]]:
        if self._passages is None:
            self._passages = Passages(context.documents, self.options.max_words, self.options.retriever)
        return self._passages.about(question, self.options.passages)
