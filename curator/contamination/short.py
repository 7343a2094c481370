"""The rules for questions that are shorter than the runs by which longer ones are found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache

from curator.contamination.forms import Words, signed_words
from curator.contamination.items import Overlap, quotation
from curator.contamination.runs import word_runs
from curator.text.words import FUNCTION_WORDS

LEAST_WORDS = 3
"""A question of fewer words ("Define entropy.") may stand in any text."""

LEAST_CHARS = 13
"""As may one of fewer characters. A word counts two at least, so that eight Chinese characters are enough."""

CHARACTER_RUN = 13
"""How many characters the runs of `short-characters` have."""

ANCHORS = 3
"""By how many pairs of neighbouring words a question is found."""

LEAST_VARIED_WORDS = 2 * ANCHORS
"""A question of fewer words has no room for as many pairs, and is looked for whole only."""


class ShortIndex:
    """Short questions, found by their rarest pairs of neighbouring words."""

    def __init__(self, texts: Sequence[tuple[Words, str]], characters: float, below: int) -> None:
        """Index questions.

        Args:
            texts: the words of each question, and the question as it is written; no two the same.
            characters: the least share of its characters that a text must have; see `Rules`.
            below: from so many words on a question is looked for whole only.
        """
        self._characters = characters
        self._below = below
        self._texts = [words for words, _text in texts]
        self._signed = [_delimited(signed_words(text)) for _words, text in texts]
        frequency = Counter(pair for words in self._texts for pair in set(word_runs(words, 2)))
        self._anchored: defaultdict[Words, list[int]] = defaultdict(list)
        self._wanted: list[int] = []
        for number, words in enumerate(self._texts):
            anchors = _anchors(words, frequency)
            varied = LEAST_VARIED_WORDS <= len(words) < below
            self._wanted.append(len(anchors) - varied)  # one changed word spoils one of them
            for pair in anchors:
                self._anchored[pair].append(number)

    def overlaps(self, words: Words, text: str) -> Iterator[tuple[int, Overlap]]:
        """Find the questions that a text asks.

        Args:
            words: the text's words.
            text: the text as it is written.

        Yields:
            The number of a question, and what a rule says about it, in the order of the numbers.
        """
        there = self._anchored.keys() & word_runs(words, 2)
        counts = Counter(number for pair in there for number in self._anchored[pair])
        near = sorted(number for number, count in counts.items() if count >= self._wanted[number])
        if not near:
            return
        joined, signed = _delimited(words), ""
        for number in near:
            item = self._texts[number]
            if _delimited(item) in joined:
                signed = signed or _delimited(signed_words(text))
                if self._signed[number] in signed:
                    yield number, Overlap("short-whole", 1.0, quotation(item))
            elif LEAST_VARIED_WORDS <= len(item) < self._below:
                share = self._characters_share(item, words)
                if share >= self._characters:
                    yield number, Overlap("short-characters", share, quotation(item))

    def _characters_share(self, item: Words, words: Words) -> float:
        """Return the largest share of a question's characters that a stretch of a text has."""
        anchors = {pair for pair in word_runs(item, 2) if pair in self._anchored}
        places = [at for at, pair in enumerate(word_runs(words, 2)) if pair in anchors]
        return max(_characters_share(item, window) for window in _windows(words, places, len(item)))


def is_too_short(words: Words) -> bool:
    """Return whether a question says too little to be looked for by its words.

    Args:
        words: its words.

    Returns:
        Whether it has less than `LEAST_WORDS` words or `LEAST_CHARS` characters.
    """
    return len(words) < LEAST_WORDS or sum(max(len(word), 2) + 1 for word in words) - 1 < LEAST_CHARS


def _anchors(words: Words, frequency: Counter[Words]) -> list[Words]:
    """Return the rarest pairs of a question's words, no two of which overlap."""
    pairs = list(word_runs(words, 2))
    chosen: list[int] = []
    for at in sorted(range(len(pairs)), key=lambda at: frequency[pairs[at]]):
        if len(chosen) < ANCHORS and all(abs(at - other) > 1 for other in chosen):
            chosen.append(at)
    return list(dict.fromkeys(pairs[at] for at in chosen))


def _delimited(words: Words) -> str:
    return f" {' '.join(words)} "


def _windows(words: Words, places: Sequence[int], size: int) -> Iterator[Words]:
    """Yield the stretches around places, each of them in one stretch at least, no place far from two."""
    end = -1
    for at in places:
        if at >= end:
            end = at + 2 * size
            yield words[max(0, at - 2 * size) : end + size]


def _characters_share(item: Words, window: Words) -> float:
    """Return the share of a question's characters in runs that a stretch has too; 0 if it does not say the same."""
    there = set(window)
    if not all(word in there or word in FUNCTION_WORDS for word in item):
        stems = {_stem(word) for word in there}
        if not all(_stem(word) in stems or word in FUNCTION_WORDS for word in item):
            return 0.0
    form, around = " ".join(item), " ".join(window)
    covered, end = 0, 0
    for at in range(len(form) - CHARACTER_RUN + 1):
        if form[at : at + CHARACTER_RUN] in around:
            covered += at + CHARACTER_RUN - max(at, end)
            end = at + CHARACTER_RUN
    return covered / len(form)


@lru_cache(maxsize=1 << 14)
def _stem(word: str) -> str:
    import snowballstemmer  # type: ignore[import-untyped]

    stem: str = snowballstemmer.stemmer("english").stemWord(word)
    return stem
