"""The rules that compare runs of words, over an index of all runs of a benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice

from curator.contamination.forms import Words, weight
from curator.contamination.items import Overlap, RuleName, Rules, quotation

RUN_WORDS: dict[RuleName, int] = {"ngram-13": 13, "ngram-8": 8, "matched": 10}
"""How many words the runs of each rule have."""

MOST_SHARING = 10
"""A run that more texts of the benchmarks share is boilerplate."""

SMALLEST_BLOCK_CHARS = 5
"""Blocks of characters count towards `matched` if they are longer."""

MOST_COMPARED = 4_000_000
"""The product of the numbers of words up to which all blocks are looked for: above, that could take seconds a pair."""


class RunText:
    """A text whose runs are looked at more than once."""

    def __init__(self, words: Words) -> None:
        """Take the text's words."""
        self.words = words
        self._places: dict[int, dict[Words, int]] = {}

    def places(self, n: int) -> dict[Words, int]:
        """Return where each run of `n` words begins first."""
        if n not in self._places:
            runs = list(word_runs(self.words, n))
            self._places[n] = dict(zip(reversed(runs), range(len(runs) - 1, -1, -1), strict=True))
        return self._places[n]


class RunIndex:
    """All texts of some benchmarks, found by the runs of words that they share with another text."""

    def __init__(self, texts: Sequence[Words], rules: Rules) -> None:
        """Index texts.

        Args:
            texts: the words of each text.
            rules: which rules count.
        """
        self._rules = rules
        self._names = [name for name in RUN_WORDS if name in rules.names]
        self._texts = texts
        self.run = min((RUN_WORDS[name] for name in self._names), default=0)
        self._postings = _postings(texts, self.run) if self.run else {}

    def is_telling(self, text: int) -> bool:
        """Return whether a text has a run that is no boilerplate, so that it can be found here, by its number."""
        return any(self._telling(self._texts[text])) if self.run else False

    def boilerplate(self, text: int) -> list[int]:
        """Return the places of the words of a text, by its number, that lie in runs which tell nothing."""
        if not self.run:
            return []
        telling = self._telling(self._texts[text])
        return _covered([at for at, tells in enumerate(telling) if not tells], self.run)

    def overlaps(self, words: Words) -> Iterator[tuple[int, Overlap]]:
        """Find the texts that share enough with another one.

        Args:
            words: the other one's words.

        Yields:
            The number of a text, and what a rule says about it: by number, then in the rules' order.
        """
        if self._postings.keys().isdisjoint(map(hash, word_runs(words, self.run))):
            return
        hashes = map(hash, word_runs(words, self.run))
        near = {text for each in hashes for text in self._postings.get(each, ())}
        other = RunText(words)
        for text in sorted(near):
            for overlap in self._judged(self._texts[text], other):
                yield text, overlap

    def _judged(self, item: Words, other: RunText) -> Iterator[Overlap]:
        telling = self._telling(item)
        for name in self._names:
            n = RUN_WORDS[name]
            span = n - self.run + 1
            tell = [at for at in range(len(item) - n + 1) if any(telling[at : at + span])]
            there = other.places(n)
            stretch = n if name == "ngram-13" else n / 2
            shared = _long_enough(item, [at for at in tell if item[at : at + n] in there], n, stretch)
            if not shared:
                continue
            covered = _covered(shared, n)
            share = weight(_at(item, covered)) / weight(_at(item, _covered(tell, n)))
            if name == "matched":
                share = _matched_share(item, other, shared, covered, self._rules.matched)
            if self._suffices(name, share):
                yield Overlap(name, share, quotation(_longest_stretch(item, covered)))

    def _suffices(self, name: RuleName, share: float) -> bool:
        if name == "matched":
            return share > self._rules.matched
        return name == "ngram-13" or share >= self._rules.covered

    def _telling(self, item: Words) -> list[bool]:
        return [hash(run) in self._postings for run in word_runs(item, self.run)]


def word_runs(words: Words, n: int) -> Iterator[Words]:
    """Yield the runs of `n` words of a text, in order; none if it has fewer, or if `n` is 0."""
    return zip(*(islice(words, at, None) for at in range(n)), strict=False)


def _postings(texts: Sequence[Words], n: int) -> dict[int, tuple[int, ...]]:
    """Return which texts have the run with a hash; a hash that two runs share costs a comparison, no more."""
    postings: dict[int, tuple[int, ...]] = {}
    for number, words in enumerate(texts):
        alone = (number,)  # one object for all runs that no other text has
        for each in set(map(hash, word_runs(words, n))):
            known = postings.get(each)
            if known is None:
                postings[each] = alone
            elif len(known) <= MOST_SHARING:
                postings[each] = (*known, number)
    return {each: known for each, known in postings.items() if len(known) <= MOST_SHARING}


def _covered(places: Sequence[int], n: int) -> list[int]:
    """Return the places of all words that lie in runs of `n` words that begin at `places`, ascending."""
    covered: list[int] = []
    for at in places:
        covered += range(max(at, covered[-1] + 1) if covered else at, at + n)
    return covered


def _long_enough(words: Words, places: Sequence[int], n: int, least: float) -> Sequence[int]:
    """Return where shared runs begin, of those in stretches that weigh `least`; none if all these weigh less than `n`.

    In scripts with spaces all do: a run has `n` words.
    """
    if "".join(words).isascii():
        return places
    kept: list[int] = []
    stretch: list[int] = []
    for at, following in zip(places, (*places[1:], len(words) + n), strict=False):
        stretch.append(at)
        if following > at + 1:
            kept += stretch if weight(words[stretch[0] : at + n]) >= least else ()
            stretch = []
    return kept if weight(_at(words, _covered(kept, n))) >= n else ()


def _at(words: Words, places: Sequence[int]) -> Words:
    return tuple(words[at] for at in places)


def _longest_stretch(words: Words, covered: Sequence[int]) -> Words:
    best = begin = 0
    longest = 0
    for number, at in enumerate(covered):
        if number and at != covered[number - 1] + 1:
            begin = number
        if number - begin + 1 > longest:
            best, longest = covered[begin], number - begin + 1
    return words[best : best + longest]


def _matched_share(item: Words, other: RunText, shared: Sequence[int], covered: Sequence[int], above: float) -> float:
    """Return the share of the item's characters that the other text has in the same order, around most shared runs.

    The runs alone tell what is shared for certain; only where that is not enough all blocks are looked for.
    """
    whole = _characters(item)
    certain = sum(len(item[at]) + 1 for at in covered) / whole
    around = _window(item, other, shared)
    if certain > above or len(item) * len(around) > MOST_COMPARED:
        return certain
    blocks = SequenceMatcher(None, item, around, autojunk=False).get_matching_blocks()
    sizes = (_characters(item[block.a : block.a + block.size]) for block in blocks)
    return sum(size for size in sizes if size - 1 > SMALLEST_BLOCK_CHARS) / whole


def _characters(words: Words) -> int:
    """Return how many characters words have, with a blank behind each."""
    return sum(map(len, words)) + len(words)


def _window(item: Words, other: RunText, shared: Sequence[int]) -> Words:
    """Return the stretch of the other text in which the item would lie, half an item wider at both ends."""
    n = RUN_WORDS["matched"]
    places = other.places(n)
    shifts = Counter(places[item[at : at + n]] - at for at in shared)
    shift = min(shifts, key=lambda each: (-shifts[each], each))
    margin = len(item) // 2 + 1
    return other.words[max(0, shift - margin) : max(0, shift + len(item) + margin)]
