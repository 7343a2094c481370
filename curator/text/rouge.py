"""ROUGE-L, and a pool of texts that can be asked, exactly and fast, what in it is most like a new one.

Source:
    Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", section 3 (ROUGE-L of sentences), with β = 1.
    As a bar to near-repetitions: Wang et al. 2022, "Self-Instruct", arXiv 2212.10560, section 2.2.
    Ours differs from the package `rouge-score` in what a word is: `words` of `curator.text.words`, which keeps letters
    of every script, where `rouge-score` sees a-z and 0-9 only (`ascii_words` does the same). Nothing is stemmed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from curator.text.words import words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float64]

FIRST_LOOK = 64
"""How many of the likeliest texts are compared first; each further look takes twice as many."""

_NOT_ASCII_WORD = re.compile(r"[^a-z0-9]+")
_SURROGATES_AT, _SURROGATES = 0xD800, 0x800
_UNKNOWN = "\0"


class Similar(NamedTuple):
    """A text of the pool: its number, in the order of adding, and its ROUGE-L with the text asked about."""

    id: int
    score: float


def ascii_words(text: str) -> list[str]:
    """Return the words that the package `rouge-score` sees: runs of a-z and 0-9, lower-cased."""
    return _NOT_ASCII_WORD.sub(" ", text.lower()).split()


def rouge_l(left: str, right: str, tokens: Callable[[str], list[str]] = words) -> float:
    """Return the ROUGE-L F1 of two texts: 2·LCS(a, b) / (|a| + |b|), over words.

    Args:
        left: a text.
        right: another text.
        tokens: cuts a text into words.

    Returns:
        0 (no word in common, or no words) to 1 (the same words in the same order).
    """
    from rapidfuzz.distance import LCSseq

    a, b = tokens(left), tokens(right)
    return 2 * LCSseq.similarity(a, b) / (len(a) + len(b)) if a and b else 0.0


class NoveltyIndex:
    """A growing pool of texts, and the ROUGE-L of a new one with those it is most like.

    Exact, and quick without being approximate: the words that two texts share, in whatever order, bound their LCS, and
    an inverted index counts them for the whole pool at once. Texts are compared in the order of that bound, many at a
    time with the bit-parallel LCS of `rapidfuzz`, until the bound of the rest is too low. (The bound by lengths,
    2·min(|a|, |b|) / (|a| + |b|), is never below it, so it is not needed as well.)

    A word is held as one character, which allows 1.1 million different ones.
    """

    def __init__(self, tokens: Callable[[str], list[str]] = words) -> None:
        """Start with an empty pool.

        Args:
            tokens: cuts a text into words.
        """
        self._tokens = tokens
        self._chars: dict[str, str] = {}
        self._texts: list[str] = []
        self._lengths = _Growing()
        self._postings: dict[str, _Postings] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str) -> int:
        """Add a text.

        Args:
            text: any text.

        Returns:
            Its number: 0 for the first.
        """
        number = len(self._texts)
        coded = "".join(self._chars.setdefault(word, _char(len(self._chars))) for word in self._tokens(text))
        self._texts.append(coded)
        self._lengths.append(len(coded))
        for char, count in Counter(coded).items():
            self._postings.setdefault(char, _Postings()).append(number, count)
        return number

    def most_similar(self, text: str, k: int = 10) -> list[Similar]:
        """Return the texts that are most like `text`.

        Args:
            text: any text.
            k: how many at most.

        Returns:
            The `k` of highest ROUGE-L, the highest first, equal ones in the order of adding; none that scores 0.
        """
        import numpy as np

        coded = "".join(self._chars.get(word, _UNKNOWN) for word in self._tokens(text))
        if not coded or not self._texts:
            return []
        bounds = self._bounds(coded)
        likely = np.flatnonzero(bounds)
        found: list[Similar] = []
        look = max(FIRST_LOOK, k)
        while likely.size:
            # A stable order among equals is not needed here: whatever ties with the last place is looked at, too.
            cut = np.partition(bounds[likely], -look)[-look] if likely.size > look else 0.0
            near, likely = likely[bounds[likely] >= cut], likely[bounds[likely] < cut]
            scores = self._scores(coded, near)
            found += [Similar(int(number), float(score)) for number, score in zip(near, scores, strict=True) if score]
            found = sorted(found, key=lambda each: (-each.score, each.id))[:k]
            if len(found) == k:
                likely = likely[bounds[likely] >= found[-1].score]
            look *= 2
        return found

    def _bounds(self, coded: str) -> Floats:
        """Return, for each text, 2·(words in common, in any order) / (|a| + |b|)."""
        import numpy as np

        common = np.zeros(len(self._texts), np.int32)
        for char, count in Counter(coded).items():
            if char in self._postings:
                numbers, counts = self._postings[char].arrays()
                common[numbers] += np.minimum(counts, count)
        bounds: Floats = 2 * common / (self._lengths.array() + len(coded))
        return bounds

    def _scores(self, coded: str, numbers: npt.NDArray[np.intp]) -> Floats:
        import numpy as np
        from rapidfuzz.distance import LCSseq
        from rapidfuzz.process import cdist

        texts = [self._texts[number] for number in numbers]
        lcs = cdist([coded], texts, scorer=LCSseq.similarity, dtype=np.int32)[0]
        scores: Floats = 2 * lcs / (self._lengths.array()[numbers] + len(coded))
        return scores


class _Growing:
    """Integers at the end of which more are added, without copying all of them each time."""

    def __init__(self) -> None:
        import numpy as np

        self._held = np.zeros(4, np.int32)
        self._size = 0

    def append(self, value: int) -> None:
        if self._size == len(self._held):
            import numpy as np

            self._held = np.concatenate([self._held, np.zeros_like(self._held)])
        self._held[self._size] = value
        self._size += 1

    def array(self) -> Ints:
        return self._held[: self._size]


class _Postings:
    """The texts that hold a word, and how often."""

    def __init__(self) -> None:
        self._numbers = _Growing()
        self._counts = _Growing()

    def append(self, number: int, count: int) -> None:
        self._numbers.append(number)
        self._counts.append(count)

    def arrays(self) -> tuple[Ints, Ints]:
        return self._numbers.array(), self._counts.array()


def _char(number: int) -> str:
    """Return the character that stands for the word of this number; 0 is for words that are not in the pool."""
    point = number + 1
    return chr(point if point < _SURROGATES_AT else point + _SURROGATES)
