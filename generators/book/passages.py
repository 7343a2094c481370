"""The passages of documents that questions are asked about: which of them hold something, and where it stands."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cached_property

import msgspec
import regex

from curator.record import Source
from curator.text.chunks import Chunk, chunk_document
from curator.text.document import Document
from curator.text.evidence import find_quote, names, numbers
from curator.text.sentences import sentence_spans
from curator.text.words import count_words, words

SHORTEST_ANSWER_WORDS = 6
"""Shorter sentences ("They are these:") hold no fact that could be asked about by itself."""

UNSPACED_CHARS_PER_WORD = 2
"""Where no blanks part the words (Chinese, Japanese, Thai), about so many characters make one."""

SAME_EVIDENCE_F1 = 0.9
"""A quotation that differs a little from a sentence, a word in ten, is taken for that sentence."""

LEANING_OPENERS = frozenset(
    "it its they their them he his him she her this these that those both each such there here then however "
    "also".split()
)
"""A sentence that opens with one of these leans on the one before it, so it answers nothing by itself."""

MOST_LIST_LINES_SHARE = 0.6
"""A passage of which more lines than this are entries of a list of contents or a table holds no prose to ask about."""

_BULLET = re.compile(r"^(?:[-*+•]|\d{1,3}[.)])\s+")
_ENTRY = re.compile(
    r"\s*(?:.*(?:\.\s?){3,}\s*\d*|(?:chapter|part|book|letter)\s+[\divxlc]+\b[^.!?]{0,80}|[^.!?]{1,80}\s\d{1,4}"
    r"|[|\d\s.,;:%$€£+–-]*)\s*",
    re.IGNORECASE,
)
_FEWEST_LIST_LINES = 3
_STATED = regex.compile(r"[.!。！．।॥۔።။។][\"”’»）)」』]*\Z")
"""How a sentence ends that states something, in any script."""
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


class Sentence(msgspec.Struct, frozen=True):
    """A sentence as it stands in its document; `at` is its first character in the clean text."""

    text: str
    at: int


class Passage(msgspec.Struct, frozen=True, dict=True):
    """A chunk with its document."""

    document: Document
    chunk: Chunk

    @property
    def text(self) -> str:
        """The passage's words."""
        return self.chunk.text

    def source(self, evidence: Sentence | None = None) -> Source:
        """Return the passage as a record's source.

        Args:
            evidence: the words of it that the answer rests on.

        Returns:
            The source; its `evidence` stands in the document letter for letter at `evidence_at`.
        """
        chunk, document = self.chunk, self.document
        where = (document.name, document.digest, chunk.index, chunk.start, chunk.end, chunk.chapter)
        return Source(*where) if evidence is None else Source(*where, evidence.text, evidence.at)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences that can be asked about, the most telling first; see `telling_sentences`."""
        found = telling_sentences(self.text)
        return tuple(Sentence(text, self.chunk.start + at) for text, at in found)

    @cached_property
    def names(self) -> frozenset[str]:
        """The proper names in the passage, in lower case."""
        return frozenset(names(self.text))

    def find(self, quote: str) -> Sentence | None:
        """Find a quotation: word by word, or else the sentence that it nearly is.

        Source: token F1 as in Rajpurkar et al. 2016, arXiv 1606.05250, section 6.1; the bound of 0.9 is ours, and so
        is that a number or a name may not differ.

        Args:
            quote: what is said to stand in the passage.

        Returns:
            The words as they stand in the document; None where nothing comes near.
        """
        span = find_quote(quote, self.text) or _nearest_sentence(quote, self.text)
        return None if span is None else Sentence(self.text[span[0] : span[1]], self.chunk.start + span[0])


def passages_of(document: Document, max_words: int) -> Iterator[Passage]:
    """Yield a document's passages, cut only as far as they are wanted."""
    for chunk in chunk_document(document, max_words=max_words):
        yield Passage(document, chunk)


def telling_sentences(text: str) -> list[tuple[str, int]]:
    """Return the sentences that hold facts, by the number of different numbers and names in each.

    Args:
        text: a passage.

    Returns:
        Sentences of the passage, verbatim, each with its first character's offset; the most telling first, equal ones
        in the text's order.
    """
    found = [_bare(text, *span) for span in sentence_spans(text)]
    fit = [(sentence, at) for sentence, at in found if _stands_alone(sentence)]
    return sorted(fit, key=lambda pair: -(len(numbers(pair[0])) + len(names(pair[0]))))


def length_words(sentence: str) -> int:
    """Return about how many words a sentence has, in scripts with and without blanks between words."""
    unspaced = len(_UNSPACED.findall(sentence))
    return count_words(sentence) - unspaced + unspaced // UNSPACED_CHARS_PER_WORD


def why_uninformative(text: str, min_words: int) -> str:
    """Say why a passage holds nothing to ask about.

    Args:
        text: a passage.
        min_words: how many words a passage has at least.

    Returns:
        What it is instead: too short, a list of contents, a table of numbers; "" for a passage of prose.
    """
    count = len(words(text))
    if count < min_words:
        return f"{count} words, fewer than {min_words}"
    lines = [line for line in text.splitlines() if line.strip()]
    entries = sum(_ENTRY.fullmatch(line) is not None for line in lines)
    if len(lines) >= _FEWEST_LIST_LINES and entries > MOST_LIST_LINES_SHARE * len(lines):
        return f"{entries} of {len(lines)} lines are entries of a list of contents or a table"
    return ""


def group_labels(source: Source) -> tuple[tuple[str, str], ...]:
    """Return the labels by which a split keeps together what would leak.

    Args:
        source: where a record's answer stands.

    Returns:
        `fact`: records with the same one rest on the same words; `chunk`: on the same passage; `chapter`: on the same
        chapter (of a document without chapters, on the same document).
    """
    document = source.digest[:12]
    start = source.start if source.evidence_at is None else source.evidence_at
    end = source.end if source.evidence_at is None else start + len(source.evidence)
    fact = hashlib.blake2b(f"{source.digest}:{start}:{end}".encode(), digest_size=8).hexdigest()
    return (("fact", fact), ("chunk", f"{document}:{source.chunk}"), ("chapter", f"{document}:{source.chapter}"))


def _bare(text: str, start: int, end: int) -> tuple[str, int]:
    """Return a sentence without blank space and bullet, and where it then begins."""
    piece = text[start:end]
    sentence = _BULLET.sub("", piece.strip())
    return sentence, start + piece.rfind(sentence)


def _stands_alone(sentence: str) -> bool:
    whole = _STATED.search(sentence) is not None and "\n" not in sentence
    return whole and length_words(sentence) >= SHORTEST_ANSWER_WORDS and words(sentence)[0] not in LEANING_OPENERS


def _nearest_sentence(quote: str, text: str) -> tuple[int, int] | None:
    best = max(sentence_spans(text), key=lambda span: _f1(quote, text[slice(*span)]), default=None)
    if best is None:
        return None
    sentence = text[slice(*best)]
    same_facts = numbers(quote) == numbers(sentence) and names(quote) <= names(text)
    return best if same_facts and _f1(quote, sentence) >= SAME_EVIDENCE_F1 else None


def _f1(left: str, right: str) -> float:
    """Return the harmonic mean of the shares of words that two texts have in common."""
    ours, theirs = words(left), words(right)
    common = sum(min(ours.count(word), theirs.count(word)) for word in set(ours))
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0
