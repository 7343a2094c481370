"""How far two answers agree: exact match and token F1, as in SQuAD; and the stretch of a text nearest to a quote.

Source:
    Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text", arXiv 1606.05250, section 6.1,
    and the evaluation script published with it. Ours also gives quotes and dashes one shape each before punctuation
    goes, so that typography never tells two answers apart.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from curator.text.words import unify_typography, word_spans

_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation))
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")

NEAR = 0.9
"""The F1 from which on a stretch of text counts as the quote with a slip in it."""

_LONGEST_VARIED = 100
"""Quotes up to this many words are compared with stretches of other lengths, too."""


class Stretch(NamedTuple):
    """A run of words in a text.

    Attributes:
        f1: how much of it and of what was looked for is the same words in the same order, 0..1.
        start: its first character.
        end: one past its last character.
    """

    f1: float
    start: int
    end: int


def squad_normalise(text: str) -> str:
    """Return the form in which SQuAD compares answers: lower case, without punctuation, articles and extra blanks.

    Args:
        text: an answer.

    Returns:
        Its words, joined by single blanks; "" if nothing is left.
    """
    plain = unify_typography(text).lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLE.sub(" ", plain).split())


def exact_match(answer: str, reference: str) -> float:
    """Return whether two answers are the same in SQuAD's normal form.

    Args:
        answer: an answer.
        reference: what it is held against.

    Returns:
        1 or 0.
    """
    return float(squad_normalise(answer) == squad_normalise(reference))


def token_f1(answer: str, reference: str) -> float:
    """Return the harmonic mean of precision and recall of an answer's tokens.

    With A and R the multisets of tokens in normal form: F1 = 2·|A ∩ R| / (|A| + |R|). As in SQuAD 2.0, where one side
    has no tokens F1 is 1 if the other has none either, else 0.

    Args:
        answer: an answer.
        reference: what it is held against.

    Returns:
        0 (no token in common) to 1 (the same tokens, in any order).
    """
    left, right = squad_normalise(answer).split(), squad_normalise(reference).split()
    if not left or not right:
        return float(left == right)
    return 2 * (Counter(left) & Counter(right)).total() / (len(left) + len(right))


def nearest_stretch(quote: str, text: str) -> Stretch | None:
    """Find the run of words in a text that has the most words, in the same order, in common with a quote.

    With n words of the quote, m of the run, and the longest common subsequence of both: F1 = 2·LCS / (n + m). Lengths
    are tried only as far as they can reach `NEAR`, since F1 is at most 2·min(m, n) / (m + n). Case and typography do
    not count; order does, for the words of two neighbouring sentences are easily those of a third.

    Args:
        quote: what is looked for.
        text: where.

    Returns:
        The best run, the first of equals, without words at its ends that the quote does not have; None if the two have
        no word in common.
    """
    spans = word_spans(text)
    wanted, tokens = _tokens(quote, word_spans(quote)), _tokens(text, spans)
    if not wanted or not tokens:
        return None
    best, first, last = 0.0, 0, -1
    for size in _sizes(len(wanted), len(tokens)):
        for at, shared in _windows(Counter(wanted), tokens, size):
            if 2 * shared / (len(wanted) + size) > best:  # words in any order bound those in order from above
                f1 = _in_order_f1(wanted, tokens[at : at + size])
                if f1 > best:
                    best, first, last = f1, at, at + size - 1
    if last < 0:
        return None
    there = [place for place in range(first, last + 1) if tokens[place] in wanted]
    first, last = there[0], there[-1]
    return Stretch(_in_order_f1(wanted, tokens[first : last + 1]), spans[first][0], spans[last][1])


def _tokens(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    return [unify_typography(text[start:end]).casefold() for start, end in spans]


def _sizes(wanted: int, there: int) -> list[int]:
    """Return the lengths worth trying, those nearest to the quote's first, so that equals go to the likelier one."""
    least, most = math.ceil(wanted * NEAR / (2 - NEAR)), math.floor(wanted * (2 - NEAR) / NEAR)
    sizes = range(least, most + 1) if wanted <= _LONGEST_VARIED else (wanted,)
    return sorted({min(size, there) for size in sizes}, key=lambda size: (abs(size - wanted), size))


def _windows(wanted: Counter[str], tokens: Sequence[str], size: int) -> Iterator[tuple[int, int]]:
    """Yield where each run of `size` tokens begins, and how many of the wanted ones it holds."""
    inside: Counter[str] = Counter()
    shared = 0
    for place, token in enumerate(tokens):
        inside[token] += 1
        shared += inside[token] <= wanted[token]
        if place >= size:
            gone = tokens[place - size]
            shared -= inside[gone] <= wanted[gone]
            inside[gone] -= 1
        if place >= size - 1:
            yield place - size + 1, shared


def _in_order_f1(left: Sequence[str], right: Sequence[str]) -> float:
    from rapidfuzz.distance import LCSseq

    return 2 * LCSseq.similarity(left, right) / (len(left) + len(right))
