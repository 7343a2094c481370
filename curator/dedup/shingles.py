"""From texts to sets of hashed shingles: what near-duplicates are compared by.

A text of `SHORT_WORDS` words or more is the set of its word 3-grams, a shorter one that of its character 5-grams: one
changed word spoils three word 3-grams of a short text's few. Two texts are compared by characters if one of the two is
short. A text that is just long enough to have word 3-grams can still resemble a short one, so up to `SHORT_WORDS` / t
words, where t is the threshold, it has both sets.

A shingle is kept as a hash of 32 bits. It begins with the run's length, takes in each part of the run as
`hash * STEP + part` modulo 2^64, and is finished by MurmurHash3's 64-bit finaliser, of which the lower half is kept. A
part is the FNV-1a hash (64 bits) of a word in UTF-8, or a character's code point. Two different shingles fall together
with probability 2^-32: of two texts with a hundred shingles each, one pair in four hundred thousand has a similarity
that is off by one shingle.

Source: A. Broder, 1997, "On the resemblance and containment of documents", section 2; finaliser by A. Appleby (2011),
MurmurHash3; FNV-1a by G. Fowler, L. C. Noll and K.-P. Vo (1991). Which shingles suit short texts: our own measurement.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curator.dedup.choices import Shingles
from curator.text.words import SHORT_WORDS, normalise, words

WORD_RUN = 3
"""How many words a word shingle has."""

CHARACTER_RUN = 5
"""How many characters a character shingle has."""

STEP = 0x9E3779B97F4A7C15
"""An odd number, 2^64 over the golden ratio: it spreads the parts of a run over all 64 bits."""

_FNV_START, _FNV_PRIME, _LOW_64 = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1

Hashes = npt.NDArray[np.uint32]


class Sets(NamedTuple):
    """One set of hashes for each text, in one array.

    Attributes:
        offsets: where each text's set begins in `values`, and at last where the last one ends. Shape: (texts + 1,).
        values: the sets, each ascending, without repetition.
    """

    offsets: npt.NDArray[np.int64]
    values: Hashes

    def of(self, text: int) -> Hashes:
        """Return the set of one text, by its number."""
        return self.values[self.offsets[text] : self.offsets[text + 1]]


class Shingled(NamedTuple):
    """The shingle sets of a number of texts.

    Attributes:
        words: their word 3-grams; empty for a text that is not compared by words.
        characters: their character 5-grams; empty for a text that is not compared by characters.
        short: which texts are short. Shape: (texts,), of bool. Two that are not are never compared by characters.
    """

    words: Sets
    characters: Sets
    short: npt.NDArray[np.bool_]


def word_bounds(shingles: Shingles, threshold: float) -> tuple[int, int]:
    """Return which texts are compared by what.

    Args:
        shingles: the kind of shingles that is wanted.
        threshold: the similarity at which two texts are duplicates, above 0 and at most 1.

    Returns:
        A text is short below the first number of words; it has character shingles up to and with the second.
    """
    if shingles == "words":
        return 0, -1
    if shingles == "characters":
        return np.iinfo(np.int64).max, np.iinfo(np.int64).max
    return SHORT_WORDS, math.ceil(SHORT_WORDS / threshold)


def shingled(texts: Sequence[str], shingles: Shingles, threshold: float) -> Shingled:
    """Cut texts into shingles, in Python; the kernel does the same, and faster.

    Args:
        texts: the texts, as they are written.
        shingles: the kind of shingles.
        threshold: the similarity at which two texts are duplicates, above 0 and at most 1.

    Returns:
        Their sets.
    """
    below, up_to = word_bounds(shingles, threshold)
    by_words: list[Hashes] = []
    by_characters: list[Hashes] = []
    short = []
    nothing = np.zeros(0, dtype=np.uint32)
    for text in texts:
        found = words(text)
        short.append(len(found) < below)
        by_words.append(nothing if short[-1] else word_hashes(found))
        by_characters.append(character_hashes(text) if len(found) <= up_to else nothing)
    return Shingled(sets_of(by_words), sets_of(by_characters), np.array(short, dtype=np.bool_))


def word_hashes(found: Sequence[str]) -> Hashes:
    """Return the hashes of a text's word 3-grams.

    Args:
        found: the text's words, in normal form.

    Returns:
        The set; of one shorter run if there are fewer than three words, empty if there are none.
    """
    return _set_of_runs([_fnv(word) for word in found], WORD_RUN)


def character_hashes(text: str) -> Hashes:
    """Return the hashes of a text's character 5-grams.

    Args:
        text: the text.

    Returns:
        The set; of one shorter run if the normal form has fewer than five characters, empty if it has none.
    """
    return _set_of_runs([ord(character) for character in normalise(text)], CHARACTER_RUN)


def sets_of(sets: Iterable[Hashes | Sequence[int]]) -> Sets:
    """Lay sets out in one array.

    Args:
        sets: the sets, each ascending.

    Returns:
        The same, in one array.
    """
    arrays = [np.asarray(each, dtype=np.uint32) for each in sets]
    offsets = np.zeros(len(arrays) + 1, dtype=np.int64)
    np.cumsum([len(each) for each in arrays], out=offsets[1:])
    return Sets(offsets, np.concatenate([np.zeros(0, dtype=np.uint32), *arrays]))


def _set_of_runs(parts: Sequence[int], run: int) -> Hashes:
    if not parts:
        return np.zeros(0, dtype=np.uint32)
    length = min(run, len(parts))
    array = np.array(parts, dtype=np.uint64)
    count = len(parts) - length + 1
    hashes = np.full(count, length, dtype=np.uint64)
    for place in range(length):
        hashes = hashes * np.uint64(STEP) + array[place : place + count]
    return np.unique(finished(hashes).astype(np.uint32))


def finished(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return MurmurHash3's 64-bit finaliser of each hash."""
    for multiplier in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(multiplier)
    return hashes ^ (hashes >> np.uint64(33))


@lru_cache(maxsize=1 << 18)
def _fnv(word: str) -> int:
    value = _FNV_START
    for byte in word.encode("utf-8", "surrogatepass"):
        value = ((value ^ byte) * _FNV_PRIME) & _LOW_64
    return value
