"""Question-answer pairs from a document, each with the words of the document that its answer rests on.

Two ways. `verbatim` (answer first): a sentence is picked from the passage, the one with the most numbers and names
first; it is the answer, and the model writes the question it answers. The answer is the document's own word, so even a
very small model does no harm. `written`: the model reads the passage, writes several questions with answers and quotes
a sentence for each; fewer requests and freer answers, for models that can be trusted to quote. Whether question and
answer stand in the passage is for `grounding` to measure.

Passages are taken in turn: one pair from every passage, then the second from every passage, and so on, so that a
limited run covers the whole document.

Source:
    Answer-first question generation: Alberti et al. 2019, "Synthetic QA Corpora Generation with Roundtrip
    Consistency", arXiv 1906.05416, section 2. Ours picks whole sentences by a count instead of a trained span model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from pydantic import BaseModel, Field

from curator.errors import StageError, UnparsableReply
from curator.llm.base import Sampling
from curator.llm.structured import parse_as, schema_text
from curator.record import Origin, Record, Source, Turn, single_turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt
from curator.text.chunks import Chunk, chunk_document
from curator.text.document import Document
from curator.text.evidence import find_quote, names, numbers
from curator.text.prompt import PromptFolder
from curator.text.sentences import sentence_spans
from curator.text.words import words

SHORTEST_ANSWER_WORDS = 6
"""Shorter sentences ("They are these:") hold no fact that could be asked about by itself."""

LEANING_OPENERS = frozenset(
    "it its they their them he his him she her this these that those both each such there here then however "
    "also".split()
)
"""A sentence that opens with one of these leans on the one before it, so it answers nothing by itself."""

LONGEST_QUESTION_WORDS = 40
"""A longer question is no question but a model that has lost the thread."""

_EXAMPLE = re.compile(r"^Sentence: (.+)\nQuestion: (.+)$", re.MULTILINE)


ONE_LINE = Sampling(stop=("\n",))
"""A question is one line; what a small model writes after it is a second question, an answer, or worse."""

_BULLET = re.compile(r"^(?:[-*+•]|\d{1,3}[.)])\s+")


class WrittenPair(BaseModel):
    """A pair with the sentence of the passage that proves the answer."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    evidence: str


class WrittenPairs(BaseModel):
    """What the model is asked for about a passage."""

    pairs: list[WrittenPair]


class BookQAOptions(GeneratorOptions):
    """Options of `book-qa`.

    Attributes:
        per_chunk: how many pairs a passage gives at most.
        max_words: the longest passage, in words.
        answers: "verbatim" (a sentence of the document, one request a pair) or "written" (by the model, with a
            quotation as evidence, one request a passage).
    """

    per_chunk: int = Field(default=3, ge=1, le=50)
    max_words: int = Field(default=180, ge=20, le=5000)
    answers: Literal["verbatim", "written"] = "verbatim"


class Passage(msgspec.Struct, frozen=True):
    """A chunk with its document and, where answers are verbatim, the sentence that is asked about."""

    document: Document
    chunk: Chunk
    sentence: str = ""

    @property
    def source(self) -> Source:
        """The passage as a record's source."""
        chunk = self.chunk
        return Source(
            self.document.name, self.document.digest, chunk.index, chunk.start, chunk.end, chunk.chapter, self.sentence
        )


class BookQA(Generator[BookQAOptions]):
    """Writes question-answer pairs about documents; see the module's docstring."""

    name: ClassVar[str] = "book-qa"
    Options: ClassVar[type[GeneratorOptions]] = BookQAOptions
    checks = (
        {"use": "heuristics"},
        {"use": "self-containment"},
        {"use": "grounding"},
        {"use": "threshold", "name": "well-formed", "options": {"score": "heuristics.format", "min": 1}},
        {"use": "threshold", "name": "self-contained", "options": {"score": "self-containment", "min": 1}},
        {"use": "threshold", "name": "specific", "options": {"score": "heuristics.instruction_words", "min": 5}},
        {"use": "threshold", "name": "grounded", "options": {"score": "grounding", "min": 0.8}},
        {"use": "threshold", "name": "on-topic", "options": {"score": "grounding.question", "min": 0.7}},
        {"use": "exact-dedup", "options": {"field": "instruction"}},
        {"use": "near-dedup"},
    )

    def per_prompt(self) -> int:
        """Return how many pairs a reply holds, about."""
        return self.options.per_chunk if self.options.answers == "written" else 1

    def check(self, context: Context) -> None:
        """See that there is something to read.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: the recipe names no sources, or an overriding prompt folder is wrong.
        """
        if not context.documents:
            raise StageError(f"{self.key}: there is no document to ask about; name one in `sources:`")
        self._prompts(context)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield what to ask, taking the passages in turn.

        Args:
            context: the stage's surroundings.

        Yields:
            One prompt a sentence (`verbatim`) or a passage (`written`).
        """
        folder = self._prompts(context)
        passages = (  # cut only as far as they are wanted: a limited run reads no whole library
            Passage(document, chunk)
            for document in context.documents
            for chunk in chunk_document(document, max_words=self.options.max_words)
        )
        if self.options.answers == "written":
            schema = schema_text(WrittenPairs)
            for passage in passages:
                yield self._prompt(folder, "written", passage, schema=schema)
            return
        examples = _examples(folder)
        for asked in self._sentences_in_turn(passages):
            yield self._prompt(folder, "verbatim", asked, examples=examples, sampling=ONE_LINE)

    def _sentences_in_turn(self, passages: Iterable[Passage]) -> Iterator[Passage]:
        """Yield the passages with their most telling sentence, then all of them with the second, and so on."""
        left: list[tuple[Passage, list[str]]] = []
        for passage in passages:
            first, *others = telling_sentences(passage.chunk.text, self.options.per_chunk) or [""]
            if first:
                yield msgspec.structs.replace(passage, sentence=first)
            left.append((passage, others))
        for turn in range(self.options.per_chunk - 1):
            for passage, others in left:
                if turn < len(others):
                    yield msgspec.structs.replace(passage, sentence=others[turn])

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the question, or the pairs, of a reply.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the `Passage`.

        Returns:
            One record a pair; in `written` mode at most `per_chunk`, and a pair whose quotation does not stand in the
            passage is marked as dropped.

        Raises:
            UnparsableReply: there is no question in it, or it is not the JSON that was asked for.
        """
        passage: Passage = prompt.item
        if self.options.answers == "verbatim":
            return [_record(question_in(reply), passage.sentence, passage.source)]
        found = parse_as(reply, WrittenPairs).pairs
        return [self._written(pair, passage) for pair in found[: self.options.per_chunk]]

    def _written(self, pair: WrittenPair, passage: Passage) -> Record:
        evidence = pair.evidence.strip()
        record = _record(pair.question, pair.answer, msgspec.structs.replace(passage.source, evidence=evidence))
        if find_quote(evidence, passage.chunk.text) is None:
            return record.dropped(self.key, "evidence-not-found", f"not in the passage: {evidence!r}")
        return record

    def _prompt(
        self,
        folder: PromptFolder,
        name: str,
        passage: Passage,
        *,
        schema: str = "",
        examples: tuple[Turn, ...] = (),
        sampling: Sampling = Sampling(),
    ) -> Prompt:
        values = {
            "title": passage.document.title,
            "chapter": passage.chunk.chapter,
            "passage": passage.chunk.text,
            "sentence": passage.sentence,
            "count": self.options.per_chunk,
        }
        turns = (
            Turn("system", folder.render("system", **values)),
            *examples,
            Turn("user", folder.render(name, **values)),
        )
        return Prompt(turns, item=passage, json_schema=schema, sampling=sampling, source=passage.source)

    def _prompts(self, context: Context) -> PromptFolder:
        override = self.options.prompts
        return PromptFolder(Path(__file__).parent / "prompts" / "book_qa", context.path(override) if override else None)


def telling_sentences(text: str, most: int) -> list[str]:
    """Return the sentences that hold the most facts, counted as different numbers and names.

    Args:
        text: a passage.
        most: how many at most.

    Returns:
        Sentences of the passage, verbatim, the most telling first; equal ones in the text's order.
    """
    sentences = [_BULLET.sub("", text[start:end].strip()) for start, end in sentence_spans(text)]
    fit = [sentence for sentence in sentences if _stands_alone(sentence)]
    ranked = sorted(fit, key=lambda sentence: -(len(numbers(sentence)) + len(names(sentence))))
    return ranked[:most]


def question_in(reply: str) -> str:
    """Return the question that a reply consists of, without what stands around it.

    Args:
        reply: the model's text.

    Returns:
        The first line's text up to its question mark.

    Raises:
        UnparsableReply: there is no question mark in it, or too much before it.
    """
    first = next((line for line in reply.splitlines() if line.strip()), "")
    question, mark, _rest = first.strip().removeprefix("Question:").partition("?")
    if not mark:
        raise UnparsableReply("there is no question in the reply's first line")
    if len(words(question)) > LONGEST_QUESTION_WORDS:
        raise UnparsableReply(f"the question has more than {LONGEST_QUESTION_WORDS} words")
    return question.strip(' "“*') + mark


def _stands_alone(sentence: str) -> bool:
    found = words(sentence)
    whole = sentence.endswith((".", "!", ".”", '."', ".)")) and "\n" not in sentence
    return whole and len(found) >= SHORTEST_ANSWER_WORDS and found[0] not in LEANING_OPENERS


def _examples(folder: PromptFolder) -> tuple[Turn, ...]:
    """Return the examples as turns of a dialogue: small models follow those, and lose their way in one long prompt."""
    turns: list[Turn] = []
    for sentence, question in _EXAMPLE.findall(folder.render("examples")):
        turns += [Turn("user", folder.render("verbatim", sentence=sentence)), Turn("assistant", question)]
    return tuple(turns)


def _record(question: str, answer: str, source: Source) -> Record:
    labels = (("question_type", "factoid"),)
    return single_turn(question.strip(), answer.strip(), origin=Origin(source=source, labels=labels))
