"""A model as a reader: it answers a record's question, from the record's passage or from memory.

The evaluators `round-trip` and `closed-book` ask the same reader in the same words, so that a reply which one of them
has paid for is replayed to the other.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar, Literal

import msgspec

from curator.errors import StageError, UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.record import Record, Score, Source, Turn
from curator.stage import AskingOptions, Context, Evaluator, Prompt, Reading, read_reply
from curator.stage.asking import AskingOptionsT
from curator.text.overlap import exact_match, token_f1
from curator.text.prompt import PromptFolder
from curator.text.words import words

SHORT_ANSWER_WORDS = 8
"""Up to here a record's answer is held against a few words of the reader's, beyond it against a full sentence."""

UNANSWERABLE = "unanswerable"
"""What the reader writes where it finds no answer; also the question type of records that ought to have none."""

_EXAMPLE = re.compile(r"^(?:Passage: (.+)\n)?Question: (.+)\nShort: (.+)\nSentence: (.+)$", re.MULTILINE)
_LABEL = re.compile(r"^\W*(?:(?:short|full|final) )?answer\s*:\s*", re.IGNORECASE)
_NO_ANSWER = re.compile(
    r"\W*(?:unanswerable|unknown|no answer|not (?:stated|mentioned|given)|i (?:do not|don['’]t) know|"
    r"(?:the|this) (?:passage|text) does(?: not|n['’]t) (?:say|state|mention|answer|tell|provide|give|specify)\b.*)\W*",
    re.IGNORECASE | re.DOTALL,
)


class Agreement(msgspec.Struct, frozen=True):
    """How far a reader's answer agrees with a record's.

    Attributes:
        f1: token F1, 0..1.
        exact: 1 if both are the same in SQuAD's normal form, else 0.
        text: the reader's answer; "" where it found none.
    """

    f1: float
    exact: float
    text: str


class Reader:
    """Asks a model the questions of records."""

    def __init__(self, key: str, options: AskingOptions, context: Context) -> None:
        """Open the prompts.

        Args:
            key: the recipe's name of the stage that asks.
            options: its options.
            context: its surroundings.

        Raises:
            StageError: an overriding prompt folder is wrong.
        """
        self._key = key
        self._retries = options.retries
        self._context = context
        override = context.path(options.prompts) if options.prompts else None
        self._prompts = PromptFolder(Path(__file__).parent / "prompts" / "reader", override)

    async def agreement(
        self, record: Record, passage: str, *, draw: int = 0, temperature: float = 0.0
    ) -> Reading[Agreement]:
        """Let the reader answer a record's question and hold its answer against the record's.

        Args:
            record: the record.
            passage: what the reader is shown; "" leaves it to its memory.
            draw: which draw of the reply is wanted.
            temperature: how freely it is drawn.

        Returns:
            How far they agree, or why that is not known.

        Raises:
            StageError: the recipe lent the stage no model.
            ProviderError: the endpoint cannot serve.
        """
        model = self._context.model
        if model is None:
            raise StageError(f"{self._key}: this stage asks a model, and it was given none; set `model:` in the recipe")

        def read(reply: ChatReply) -> Agreement:
            return _agreement(answer_in(reply.text), record)

        prompt = self.prompt(record, passage, temperature=temperature)
        return await read_reply(prompt, model, read, retries=self._retries, sample=draw)

    def prompt(self, record: Record, passage: str, *, temperature: float = 0.0) -> Prompt:
        """Return what is asked.

        Args:
            record: whose question.
            passage: what the reader is shown; "" for nothing.
            temperature: how freely the reply is drawn.

        Returns:
            The prompt: examples as turns of a dialogue, then the question.
        """
        length: Length = "short" if len(words(record.response)) <= SHORT_ANSWER_WORDS else "sentence"
        question = "\n\n".join(part for part in (record.instruction, record.input) if part.strip())
        turns = (
            Turn("system", self._prompts.render("open_book" if passage else "closed_book")),
            *self._examples(length, bool(passage)),
            Turn("user", self._prompts.render("question", passage=passage, question=question, length=length)),
        )
        return Prompt(turns, sampling=Sampling(temperature=temperature, stop=("\n",)))

    def _examples(self, length: Length, with_passage: bool) -> tuple[Turn, ...]:
        turns: list[Turn] = []
        text = self._prompts.render("examples" if with_passage else "closed_examples")
        for passage, question, short, sentence in _EXAMPLE.findall(text):
            asked = self._prompts.render("question", passage=passage, question=question, length=length)
            turns += [Turn("user", asked), Turn("assistant", short if length == "short" else sentence)]
        return tuple(turns)


class ReaderEvaluator(Evaluator[AskingOptionsT]):
    """An evaluator that has a reader answer the records' questions."""

    Options: ClassVar[type[AskingOptions]] = AskingOptions
    asks: ClassVar[bool] = True

    @abstractmethod
    async def compare(self, reader: Reader, record: Record, passage: str) -> tuple[Score, ...]:
        """Hold a record's answer against what the reader says.

        Args:
            reader: whom to ask.
            record: a record that is not `unfit`.
            passage: the passages that it rests on.

        Returns:
            One score for each measure; `unscored` where the reader gives nothing to compare.
        """

    def unfit(self, record: Record) -> str:
        """Return why no reader is asked about a record; "" if one is."""
        return unreadable(record)

    def unscored(self, why: str) -> tuple[Score, ...]:
        """Return scores without values, for the reason given."""
        return tuple(Score(measure.name, None, why) for measure in self.gives())

    def check(self, context: Context) -> None:
        """Open the prompts.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: an overriding prompt folder is wrong.
        """
        Reader(self.key, self.options, context)

    async def score(self, record: Record, context: Context) -> tuple[Score, ...]:
        """Measure one record.

        Args:
            record: the record.
            context: lends the passage and the model.

        Returns:
            The scores, without values where the record or the reader gives nothing to compare.

        Raises:
            StageError: the run lacks the record's document, or the recipe lent this stage no model.
            ProviderError: the endpoint cannot serve.
        """
        if why := self.unfit(record):
            return self.unscored(why)
        return await self.compare(Reader(self.key, self.options, context), record, passages_of(record, context))


Length = Literal["short", "sentence"]


def answer_in(reply: str) -> str:
    """Return the answer that a reply consists of.

    Args:
        reply: the model's text.

    Returns:
        Its first line with words in it, without a label; `UNANSWERABLE` however the reader says so.

    Raises:
        UnparsableReply: the reply is blank.
    """
    bare = (_LABEL.sub("", line).strip(' \t*`"“”') for line in reply.splitlines())
    first = next((line for line in bare if words(line)), "")
    if not first:
        raise UnparsableReply("there is no answer in the reply")
    return UNANSWERABLE if _NO_ANSWER.fullmatch(first) else first


def passages_of(record: Record, context: Context) -> str:
    """Return the passages that a record was made from, in order, as one text; "" if it has none.

    Args:
        record: the record.
        context: lends the documents.

    Returns:
        The passages, blank lines between them. A question that the document does not answer rests on no passage; the
        one that it was written about is among the further sources.

    Raises:
        StageError: the run does not have one of the documents.
    """
    return "\n\n".join(context.passage(source) for source in _sources(record))


def unreadable(record: Record) -> str:
    """Return why no reader can be asked about a record; "" if one can.

    Args:
        record: the record.

    Returns:
        What it lacks: a question, an answer or a passage.
    """
    if not record.instruction.strip():
        return "no question"
    if not record.response.strip():
        return "no answer to compare with"
    return "" if _sources(record) else "no source"


def has_no_answer(record: Record) -> bool:
    """Return whether a record's question is one that its document does not answer."""
    return record.origin.label("question_type") == UNANSWERABLE


def _sources(record: Record) -> tuple[Source, ...]:
    source = record.origin.source
    return ((source,) if source else ()) + record.origin.further_sources


def _agreement(answer: str, record: Record) -> Agreement:
    ought_to_have_none = has_no_answer(record)
    if ought_to_have_none or answer == UNANSWERABLE:
        agrees = float(ought_to_have_none and answer == UNANSWERABLE)
        return Agreement(agrees, agrees, "" if answer == UNANSWERABLE else answer)
    return Agreement(token_f1(answer, record.response), exact_match(answer, record.response), answer)
