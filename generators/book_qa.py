"""Question-answer pairs from a document, each with the words of the document that its answer rests on.

Two ways to get the evidence. `given` (answer first): a sentence is picked from the passage, the one with the most
numbers and names first, and the model asks about it, so the evidence is verbatim by construction; this also works with
very small models. `quoted`: the model reads the passage, writes several pairs and quotes a sentence for each; fewer
requests, for models that quote faithfully. Whether an answer stands in its evidence is for `grounding` to measure.

Passages are taken in turn: one pair from every passage, then the second from every passage, and so on, so that a
limited run covers the whole document.

Source:
    Answer-first question generation: Alberti et al. 2019, "Synthetic QA Corpora Generation with Roundtrip
    Consistency", arXiv 1906.05416, section 2. Ours picks whole sentences by a count instead of a trained span model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from pydantic import BaseModel, Field

from curator.errors import StageError
from curator.llm.structured import parse_as, schema_text
from curator.record import Origin, Record, Source, Turn, single_turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt
from curator.text.chunks import Chunk, chunk_document
from curator.text.document import Document
from curator.text.evidence import find_quote, names, numbers
from curator.text.prompt import PromptFolder
from curator.text.sentences import sentence_spans
from curator.text.words import words

SHORTEST_EVIDENCE_WORDS = 6
"""Shorter sentences ("They are these:") hold no fact that could be asked about by itself."""


class Pair(BaseModel):
    """What the model is asked for about a given sentence."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)


class QuotedPair(Pair):
    """A pair with the sentence of the passage that proves the answer."""

    evidence: str


class QuotedPairs(BaseModel):
    """What the model is asked for about a passage."""

    pairs: list[QuotedPair]


class BookQAOptions(GeneratorOptions):
    """Options of `book-qa`.

    Attributes:
        per_chunk: how many pairs a passage gives at most.
        max_words: the longest passage, in words.
        evidence: "given" (a sentence is picked, one request a pair) or "quoted" (the model quotes, one request a passage).
    """

    per_chunk: int = Field(default=3, ge=1, le=50)
    max_words: int = Field(default=180, ge=20, le=5000)
    evidence: Literal["given", "quoted"] = "given"


class Passage(msgspec.Struct, frozen=True):
    """A chunk with its document and, where evidence is given, the sentence that is asked about."""

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
        {"use": "threshold", "name": "grounded", "options": {"score": "grounding", "min": 0.8}},
        {"use": "exact-dedup", "options": {"field": "instruction"}},
        {"use": "near-dedup"},
    )

    def per_prompt(self) -> int:
        """Return how many pairs a reply holds, about."""
        return self.options.per_chunk if self.options.evidence == "quoted" else 1

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
            One prompt a sentence (`given`) or a passage (`quoted`).
        """
        folder = self._prompts(context)
        chunks = [
            (document, chunk)
            for document in context.documents
            for chunk in chunk_document(document, max_words=self.options.max_words)
        ]
        if self.options.evidence == "quoted":
            schema = schema_text(QuotedPairs)
            for document, chunk in chunks:
                yield self._prompt(folder, "quoted", Passage(document, chunk), schema)
            return
        schema = schema_text(Pair)
        sentences = [telling_sentences(chunk.text, self.options.per_chunk) for _document, chunk in chunks]
        for turn in range(self.options.per_chunk):
            for (document, chunk), told in zip(chunks, sentences, strict=True):
                if turn < len(told):
                    yield self._prompt(folder, "given", Passage(document, chunk, told[turn]), schema)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the pairs of a reply.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the `Passage`.

        Returns:
            One record a pair; in `quoted` mode at most `per_chunk`, and a pair whose quotation does not stand in the
            passage is marked as dropped.

        Raises:
            UnparsableReply: it is not the JSON that was asked for.
        """
        passage: Passage = prompt.item
        if self.options.evidence == "given":
            return [_record(parse_as(reply, Pair), passage.source)]
        found = parse_as(reply, QuotedPairs).pairs
        return [self._quoted(pair, passage) for pair in found[: self.options.per_chunk]]

    def _quoted(self, pair: QuotedPair, passage: Passage) -> Record:
        record = _record(pair, msgspec.structs.replace(passage.source, evidence=pair.evidence.strip()))
        if find_quote(pair.evidence, passage.chunk.text) is None:
            return record.dropped(self.key, "evidence-not-found", f"not in the passage: {pair.evidence.strip()!r}")
        return record

    def _prompt(self, folder: PromptFolder, name: str, passage: Passage, schema: str) -> Prompt:
        values = {
            "title": passage.document.title,
            "chapter": passage.chunk.chapter,
            "passage": passage.chunk.text,
            "sentence": passage.sentence,
            "count": self.options.per_chunk,
        }
        turns = (Turn("system", folder.render("system", **values)), Turn("user", folder.render(name, **values)))
        return Prompt(turns, item=passage, json_schema=schema, source=passage.source)

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
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    fit = [sentence for sentence in sentences if len(words(sentence)) >= SHORTEST_EVIDENCE_WORDS and "\n" not in sentence.strip()]
    ranked = sorted(fit, key=lambda sentence: -(len(numbers(sentence)) + len(names(sentence))))
    return [sentence.strip() for sentence in ranked[:most]]


def _record(pair: Pair, source: Source) -> Record:
    labels = (("question_type", "factoid"),)
    return single_turn(pair.question.strip(), pair.answer.strip(), origin=Origin(source=source, labels=labels))
