"""Topics first: what a book can be asked about, and the passages in which an answer is looked for.

Source:
    Taxonomy-guided generation: Sudalairaj et al. 2024 (LAB), arXiv 2403.01081, section 3. Ours takes the topics from
    the book itself where nobody lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, groupby, pairwise
from pathlib import Path

import msgspec

from curator.embedding.retrieval import retriever
from curator.errors import StageError, UnparsableReply
from curator.text.chunks import Chunk
from curator.text.decoding import decode
from curator.text.retrieval import Retriever
from curator.text.words import content_words, count_words, normalise, words
from generators.book.entities import NAME, PERSON, Inventory, mentions
from generators.book.passages import Passage
from generators.book.talk import Talk
from generators.shared.declined import is_declined

LONGEST_TOPIC_WORDS = 12
"""A longer line is a remark of the model, no topic."""

LONGEST_STRETCH_WORDS = 2000
"""A longer chapter is cut, to within a passage: it is one prompt, and a small model reads a few thousand tokens."""

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
    """Return each chapter as one passage; a document without chapters is one chapter.

    Args:
        passages: passages, those of one chapter side by side.

    Returns:
        One passage a chapter, from its first passage's beginning to its last one's end; of a chapter of more than
        `LONGEST_STRETCH_WORDS` words several, about equally long.
    """
    chapters = groupby(passages, key=lambda passage: (id(passage.document), passage.chunk.chapter))
    return [_joined(stretch) for _chapter, group in chapters for stretch in _stretches(list(group))]


def _stretches(chapter: Sequence[Passage]) -> Iterator[list[Passage]]:
    """Yield the passages of a chapter in as few stretches as its length allows, about equally long."""
    text, last = chapter[0].document.text, chapter[-1].chunk
    # What was passed over between two passages (a table) counts: a stretch is cut out of the document as one piece.
    marks = [*(passage.chunk.start for passage in chapter), last.end]
    lengths = [count_words(text[start:end]) for start, end in pairwise(marks)]
    whole = max(1, sum(lengths))
    count = -(-whole // LONGEST_STRETCH_WORDS)
    placed = zip(accumulate(lengths, initial=0), chapter, strict=False)
    for _number, group in groupby(placed, key=lambda pair: pair[0] * count // whole):
        yield [passage for _before, passage in group]


def _joined(stretch: Sequence[Passage]) -> Passage:
    first, document, end = stretch[0].chunk, stretch[0].document, stretch[-1].chunk.end
    return Passage(document, Chunk(first.index, first.start, end, first.chapter, document.text[first.start : end]))


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
