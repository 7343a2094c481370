"""The rules for questions that are shorter than the runs by which longer ones are found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from curator.contamination.forms import Words, signed_words, weight
from curator.contamination.items import Overlap, quotation
from curator.contamination.runs import word_runs
from curator.text.words import FUNCTION_WORDS

LEAST_WORDS = 3
"""A question that weighs less ("Define entropy.") may stand in any text; see `weight`."""

LEAST_CHARS = 13
"""As may one of fewer characters. A word counts two at least, so that "What is 7 + 5?" is enough."""

CHARACTER_RUN = 13
"""How many characters the runs of `short-characters` have."""

ANCHORS = 3
"""By how many pairs of neighbouring words a question is found."""

LIGHTEST_VARIED = 0.4
"""Where a character weighs less it is a letter, of which nearly all stand in any text: looked for whole only."""

LEAST_VARIED_WORDS = 2 * ANCHORS
"""A question of fewer words has no room for as many pairs, and is looked for whole only."""


class ShortIndex:
    """Short questions, found by their rarest pairs of neighbouring words."""

    def __init__(self, texts: Sequence[tuple[Words, str]], characters: float, below: int) -> None:
        """Index questions.

        Args:
            texts: the words of each question, and the question as it is written; no two the same. One whose words are
                the same with the signs of its sums as without them is looked for by its words alone.
            characters: the least share of its characters that a text must have; see `Rules`.
            below: from such a weight on a question is looked for whole only.
        """
        self._characters = characters
        self._texts = [words for words, _text in texts]
        self._signed = [_with_signs(*each) for each in texts]
        self._varied = [_is_varied(words, below) for words in self._texts]
        frequency = Counter(pair for words in self._texts for pair in set(word_runs(words, 2)))
        self._anchored: defaultdict[Words, list[int]] = defaultdict(list)
        self._wanted: list[int] = []
        for number, words in enumerate(self._texts):
            anchors = _anchors(words, frequency)
            self._wanted.append(len(anchors) - self._varied[number])  # one changed word spoils one of them
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
        places: defaultdict[Words, list[int]] = defaultdict(list)
        for at, pair in enumerate(word_runs(words, 2)):
            if pair in self._anchored:
                places[pair].append(at)
        counts = Counter(number for pair in places for number in self._anchored[pair])
        near = sorted(number for number, count in counts.items() if count >= self._wanted[number])
        if not near:
            return
        joined, signed = _delimited(words), ""
        for number in near:
            item = self._texts[number]
            if _delimited(item) in joined:
                if self._signed[number] and not signed:
                    signed = _delimited(signed_words(text))
                if self._signed[number] in signed:
                    yield number, Overlap("short-whole", 1.0, quotation(item))
            elif self._varied[number]:
                share = _largest_share(item, words, places, self._characters)
                if share:
                    yield number, Overlap("short-characters", share, quotation(item))


def is_too_short(words: Words) -> bool:
    """Return whether a question says too little to be looked for by its words.

    Args:
        words: its words.

    Returns:
        Whether it weighs less than `LEAST_WORDS` words or has less than `LEAST_CHARS` characters.
    """
    return weight(words) < LEAST_WORDS or sum(max(len(word), 2) + 1 for word in words) - 1 < LEAST_CHARS


def _anchors(words: Words, frequency: Counter[Words]) -> list[Words]:
    """Return the rarest pairs of a question's words, no two of which overlap."""
    pairs = list(word_runs(words, 2))
    chosen: list[int] = []
    for at in sorted(range(len(pairs)), key=lambda at: frequency[pairs[at]]):
        if len(chosen) < ANCHORS and all(abs(at - other) > 1 for other in chosen):
            chosen.append(at)
    return list(dict.fromkeys(pairs[at] for at in chosen))


def _with_signs(words: Words, text: str) -> str:
    """Return a question with its signs, as a part of another text's; "" if it has none."""
    signed = signed_words(text)
    return _delimited(signed) if len(signed) > len(words) else ""


def _is_varied(words: Words, below: float) -> bool:
    """Return whether a question is looked for in other words, too."""
    weighs = weight(words)
    return LEAST_VARIED_WORDS <= weighs < below and weighs > LIGHTEST_VARIED * len(words)


def _delimited(words: Words) -> str:
    return f" {' '.join(words)} "


def _largest_share(item: Words, words: Words, places: Mapping[Words, Sequence[int]], least: float) -> float:
    """Return the largest share of a question's characters that a stretch of a text has which says the same.

    Args:
        item: the question's words.
        words: the text's.
        places: where each pair of neighbouring words by which some question is found stands in the text.
        least: the least share that counts.

    Returns:
        The share; 0 if no stretch has as much and says the same.
    """
    near = sorted(at for pair in set(word_runs(item, 2)) for at in places.get(pair, ()))
    shares = [(_characters_share(item, window), window) for window in _windows(words, near, len(item))]
    return max((share for share, window in shares if share >= least and _has_content(item, window)), default=0.0)


def _windows(words: Words, places: Sequence[int], size: int) -> Iterator[Words]:
    """Yield the stretches around places, each of them in one stretch at least, no place far from two."""
    end = -1
    for at in places:
        if at >= end:
            end = at + 2 * size
            yield words[max(0, at - 2 * size) : end + size]


def _has_content(item: Words, window: Words) -> bool:
    """Return whether a stretch has all content words of a question, in some form."""
    missing = [word for word in set(item).difference(window) if word not in FUNCTION_WORDS]
    return not missing or {_stem(word) for word in missing} <= {_stem(word) for word in window}


def _characters_share(item: Words, window: Words) -> float:
    """Return the share of a question's characters in runs that a stretch has too."""
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
