"""Topics first: what a book can be asked about, and the passages in which an answer is looked for.

Source:
    Taxonomy-guided generation: Sudalairaj et al. 2024 (LAB), arXiv 2403.01081, section 3. Ours takes the topics from
    the book itself where nobody lists them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from curator.errors import StageError, UnparsableReply
from curator.text.chunks import Chunk
from curator.text.decoding import decode
from curator.text.retrieval import Retriever, retriever
from curator.text.words import content_words, normalise, words
from generators.book.entities import NAME, PERSON, Inventory, mentions
from generators.book.passages import Passage
from generators.book.replies import is_declined
from generators.book.talk import Talk

LONGEST_TOPIC_WORDS = 12
"""A longer line is a remark of the model, no topic."""

_ENTRY = re.compile(r"^\s*(?:[-*+•]|\(?\d{1,3}[.):]|topic\s*\d*:)?\s*(?P<topic>.+?)\s*$", re.IGNORECASE)


class Topic(msgspec.Struct, frozen=True):
    """A question to be written about a topic.

    Attributes:
        name: the topic.
        type: the question's type.
        difficulty: the level that is asked for; "" for none.
        talk: what was asked about it before.
        turn: whose turn it is in that.
    """

    name: str
    type: str
    difficulty: str
    talk: Talk
    turn: int


class Shelf:
    """The passages of a run, searchable."""

    def __init__(self, passages: Sequence[Passage], kind: str, top_k: int) -> None:
        """Index nothing yet.

        Args:
            passages: all passages.
            kind: "bm25", or a sentence-transformers model.
            top_k: how many passages an answer may rest on.
        """
        self.passages = passages
        self._kind = kind
        self._top_k = top_k

    def best(self, query: str) -> list[Passage]:
        """Return the passages that fit a question best, the best first; none if none fits."""
        return [self.passages[hit.place] for hit in self._index.top(query, self._top_k)]

    def hint(self, topic: str) -> str:
        """Return the most telling sentence about a topic; "" if none names it."""
        for passage in self.best(topic):
            found = next((sentence for sentence in passage.sentences if mentions(sentence.text, topic)), None)
            if found is not None:
                return found.text
        return ""

    def names(self) -> list[str]:
        """Return the names in the passages as topics, the most frequent first."""
        return [name for name in Inventory(self.passages).of_kind(PERSON, NAME) if len(name) > 1]

    @cached_property
    def _index(self) -> Retriever:
        return retriever([passage.text for passage in self.passages], self._kind)


def chapters_of(passages: Sequence[Passage]) -> list[Passage]:
    """Return each chapter as one passage; a document without chapters is one.

    Args:
        passages: passages, those of one chapter side by side.

    Returns:
        One passage a chapter, from its first passage's beginning to its last one's end.
    """
    chapters: list[Passage] = []
    for passage in passages:
        last = chapters[-1] if chapters else None
        if last is None or last.document is not passage.document or last.chunk.chapter != passage.chunk.chapter:
            chapters.append(passage)
            continue
        chunk, text = last.chunk, passage.document.text[last.chunk.start : passage.chunk.end]
        joined = Chunk(chunk.index, chunk.start, passage.chunk.end, chunk.chapter, text)
        chapters[-1] = Passage(passage.document, joined)
    return chapters


def topics_in(reply: str, most: int) -> list[str]:
    """Read a list of topics, one a line.

    Args:
        reply: the model's text.
        most: how many were asked for.

    Returns:
        The topics, each once.

    Raises:
        UnparsableReply: there is none.
    """
    if is_declined(reply):
        return []
    lines = [match["topic"].strip('*"“”_ .') for line in reply.splitlines() if (match := _ENTRY.match(line))]
    fit = [line for line in lines if words(line) and len(words(line)) <= LONGEST_TOPIC_WORDS and line[-1] not in ":`"]
    distinct = list({normalise(line): line for line in reversed(fit)}.values())[::-1]
    if not distinct:
        raise UnparsableReply("there is no list of topics in the reply")
    return distinct[:most]


def read_topics(path: Path) -> list[str]:
    """Read a file of topics, one a line.

    Args:
        path: the file.

    Returns:
        The topics, each once, in the file's order.

    Raises:
        StageError: it cannot be read, or is empty.
    """
    try:
        text = decode(path.read_bytes(), str(path))
    except OSError as error:
        raise StageError(
            f"topics: {path} cannot be read: {error.strerror or error}; give a file with one topic a line, a list, "
            "`names` or `model`"
        ) from error
    topics = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not topics:
        raise StageError(f"topics: {path} is empty; write one topic a line")
    return topics


def nearest_sentence(question: str, passages: Sequence[Passage]) -> str:
    """Return the sentence that shares the most content words with a question.

    Args:
        question: what is asked.
        passages: where to look, the best passage first.

    Returns:
        A sentence that stands by itself, of the first passage if others are as near; "" if the nearest has not even
        half of the question's words.
    """
    wanted = set(content_words(question))
    found = [sentence.text for passage in passages for sentence in passage.sentences]
    nearest = max(found, key=lambda sentence: len(wanted & set(content_words(sentence))), default="")
    return nearest if 2 * len(wanted & set(content_words(nearest))) >= len(wanted) > 0 else ""


def proof(evidence: str, answer: str) -> str:
    """Return what has to stand in the passages: the quotation, or without one the answer itself."""
    return evidence if evidence.strip() else answer
