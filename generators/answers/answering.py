"""Getting answers to a record's question: what is sent, the draws that come back, the passages they rest on.

What `respond` and `preference` share. The record's own dialogue is sent as it is, up to the turn that waits for an
answer; with passages of the run's documents, those go before the question in the last turn, between tags, and never
into the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from pydantic import Field

from curator.errors import StageError, UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.record import Origin, Record, Source, Turn
from curator.stage import AskingOptions, AskingStage, Context, Prompt, Reading
from curator.text.chunks import Chunk, chunk_document
from curator.text.document import Document
from curator.text.prompt import PromptFolder
from curator.text.retrieval import Retriever, retriever

SEVERAL_DRAWS = Sampling(temperature=0.8)
"""How several answers to one question are drawn: greedy ones would all be the same."""

CUT_OFF = ("cut-off", "max_tokens was used up")
"""Why an answer that breaks off is dropped: reason and detail."""


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


class Draw(msgspec.Struct, frozen=True):
    """One answer to one question.

    Attributes:
        text: the answer.
        cut_off: whether it ends because no more tokens were allowed.
    """

    text: str
    cut_off: bool = False


def read_draw(reply: ChatReply) -> Draw:
    """Read a reply as an answer.

    Args:
        reply: the model's reply.

    Returns:
        The answer.

    Raises:
        UnparsableReply: it is blank.
    """
    text = reply.text.strip()
    if not text:
        raise UnparsableReply("the reply is blank")
    return Draw(text, reply.finish_reason == "length")


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


class Passages:
    """The passages of documents, searchable."""

    def __init__(self, documents: Sequence[Document], max_words: int, kind: str) -> None:
        """Cut and index the documents.

        Args:
            documents: the run's documents.
            max_words: the longest passage, in words.
            kind: see `curator.text.retrieval.retriever`.

        Raises:
            StageError: there is no text in them.
        """
        self._chunks = [(doc, chunk) for doc in documents for chunk in chunk_document(doc, max_words=max_words)]
        if not self._chunks:
            raise StageError("`grounded: true` needs documents with text; name them in `sources:`")
        self._index: Retriever = retriever([chunk.text for _doc, chunk in self._chunks], kind)

    def about(self, question: str, most: int) -> list[tuple[Source, str]]:
        """Return the passages that fit a question best, as (source, text), the best first."""
        found = (self._chunks[hit.place] for hit in self._index.top(question, most))
        return [(_source(doc, chunk), chunk.text) for doc, chunk in found]


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


class Answering:
    """Turns records into prompts that ask for an answer; keeps the index of the documents between them."""

    def __init__(self, options: AnsweringOptions, *, draws: int) -> None:
        """Keep the options.

        Args:
            options: of the stage.
            draws: how many answers are drawn to each prompt.
        """
        self._options = options
        several = SEVERAL_DRAWS if draws > 1 else Sampling()
        self._sampling = several if options.temperature is None else Sampling(temperature=options.temperature)
        self._passages: Passages | None = None

    def check(self, context: Context) -> None:
        """See that there is something to rest on; see `Stage.check`."""
        if self._options.grounded and not context.documents:
            raise StageError("`grounded: true` needs documents; name them in `sources:`")

    def prompt(self, record: Record, folder: PromptFolder, context: Context) -> Prompt:
        """Return what is sent to have a record's question answered.

        Args:
            record: a record with a question.
            folder: the prompts of answering.
            context: lends the documents.

        Returns:
            The prompt; its item is the `Question`.
        """
        turns = question_of(record)
        found = self._found(turns[-1].content, context) if self._options.grounded else []
        sent = turns
        if found:
            texts = [text for _source, text in found]
            asked = folder.render("grounded", passages=texts, question=turns[-1].content)
            sent = (*turns[:-1], Turn(turns[-1].role, asked))
        if not record.system:
            said = self._options.system or folder.render("system", grounded=bool(found))
            sent = (Turn("system", said), *sent)
        labels = (("grounded", "yes" if found else "no passage found"),) if self._options.grounded else ()
        question = Question(record, turns, tuple(source for source, _text in found))
        return Prompt(sent, item=question, sampling=self._sampling, parents=(record.id,), labels=labels)

    def _found(self, question: str, context: Context) -> list[tuple[Source, str]]:
        if self._passages is None:
            self._passages = Passages(context.documents, self._options.max_words, self._options.retriever)
        return self._passages.about(question, self._options.passages)


async def draw(
    stage: AskingStage[Any], prompt: Prompt, context: Context, n: int, writers: Sequence[str] = ("",)
) -> list[Reading[Draw]]:
    """Ask for several answers to one question, at the same time.

    Args:
        stage: who asks.
        prompt: the question.
        context: the stage's surroundings.
        n: how many answers.
        writers: the models that answer in turn, by the recipe's names; "" for the stage's own.

    Returns:
        The readings in the order of asking, whichever came first.
    """
    turns = [divmod(number, len(writers)) for number in range(n)]
    asked = (stage.ask(prompt, context, read_draw, model=writers[who], sample=sample) for sample, who in turns)
    return list(await asyncio.gather(*asked))


class Drawn(msgspec.Struct, frozen=True):
    """What came of several draws.

    Attributes:
        fit: the readings of whole answers, each text once, in the order of asking.
        votes: the texts of all whole answers, as often as they came.
        cut_off: the readings of answers that break off, each text once.
        unread: the readings of replies that could not be read, each text and reason once.
        all: every reading, in the order of asking.
    """

    fit: tuple[Reading[Draw], ...]
    votes: tuple[str, ...]
    cut_off: tuple[Reading[Draw], ...]
    unread: tuple[Reading[Draw], ...]
    all: tuple[Reading[Draw], ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of `fit`."""
        return tuple(text_of(reading) for reading in self.fit)

    def alike(self, reading: Reading[Draw]) -> tuple[Reading[Draw], ...]:
        """Return the other readings that came to the same: one record stands for all of them."""
        return tuple(other for other in self.all if other is not reading and _content(other) == _content(reading))


def sorted_out(readings: Sequence[Reading[Draw]]) -> Drawn:
    """Sort what came of several draws.

    Args:
        readings: in the order of asking.

    Returns:
        The draws by what became of them.
    """
    fit: dict[str, Reading[Draw]] = {}
    cut_off: dict[str, Reading[Draw]] = {}
    unread: dict[tuple[str, str], Reading[Draw]] = {}
    votes = []
    for reading in readings:
        if reading.value is None:
            unread.setdefault(_content(reading), reading)
        else:
            (cut_off if reading.value.cut_off else fit).setdefault(reading.value.text, reading)
            votes += [] if reading.value.cut_off else [reading.value.text]
    broken = tuple(reading for text, reading in cut_off.items() if text not in fit)
    return Drawn(tuple(fit.values()), tuple(votes), broken, tuple(unread.values()), tuple(readings))


def text_of(reading: Reading[Draw]) -> str:
    """Return the answer that was read; "" if none was."""
    return reading.value.text if reading.value is not None else ""


def _content(reading: Reading[Draw]) -> tuple[str, str]:
    """Return what tells a reading from others: its text, and why it could not be read."""
    if reading.value is not None or reading.answer is None:
        return text_of(reading), reading.reason
    return reading.answer.reply.text, reading.reason


def _source(document: Document, chunk: Chunk) -> Source:
    return Source(document.name, document.digest, chunk.index, chunk.start, chunk.end, chunk.chapter)
