"""What becomes of each character in the normal form, and what it is in a word: the kernel's table.

The table is made from `normalise` and `word_spans` themselves, so it cannot say anything else than they do. It is made
in blocks of 256 code points, and only of those that occur. A character whose normal form depends on its neighbours (an
accent that melts into the letter before it, a raised digit) is marked; a text that holds one is normalised in Python.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curator.text.words import is_raised, normalise, word_spans

SPACE, WORD, LETTER, LONE, MARK, SEVERAL, BOUND = (1 << bit for bit in range(21, 28))
"""What a character is; `_kernel.h` says more. Below these bits stands its code point."""

BLOCK_CHARACTERS = 256
BLOCKS = 0x110000 // BLOCK_CHARACTERS
_MISSING = 0xFFFF
_APART = "|"
"""A character that melts into nothing and is no part of a word."""


class Table(NamedTuple):
    """The entries of some blocks.

    Attributes:
        places: for each block of Unicode its place in `entries`, or 65535. Shape: (BLOCKS,).
        entries: each character's entry. Shape: (blocks, BLOCK_CHARACTERS).
        several: runs of entries, each after its length: what those characters become that do not become one.
    """

    places: npt.NDArray[np.uint16]
    entries: npt.NDArray[np.uint32]
    several: npt.NDArray[np.uint32]


def table_of(blocks: frozenset[int]) -> Table:
    """Make a table.

    Args:
        blocks: the numbers of the blocks that are wanted.

    Returns:
        Their table.
    """
    places = np.full(BLOCKS, _MISSING, dtype=np.uint16)
    entries: list[npt.NDArray[np.uint32]] = []
    several = [0]
    for place, block in enumerate(sorted(blocks)):
        places[block] = place
        own, runs = _block(block)
        entries.append(np.where(own & SEVERAL, own + np.uint32(len(several)), own))
        several += runs
    return Table(places, np.array(entries, dtype=np.uint32), np.array(several, dtype=np.uint32))


@cache
def _block(number: int) -> tuple[npt.NDArray[np.uint32], tuple[int, ...]]:
    """Return a block's entries, and the runs of those that become several characters, where these begin at 0."""
    characters = [chr(number * BLOCK_CHARACTERS + place) for place in range(BLOCK_CHARACTERS)]
    bound = [not _stands_alone(character) for character in characters]
    forms = [
        character if depends else normalise(f"{_APART}{character}{_APART}")[1:-1]
        for character, depends in zip(characters, bound, strict=True)
    ]
    roles = _roles(sorted(set("".join(forms))))
    entries: list[int] = []
    runs: list[int] = []
    for form, depends in zip(forms, bound, strict=True):
        own = [ord(character) | roles[character] for character in form]
        if len(own) == 1:
            entries.append(own[0] | (BOUND if depends else 0))
        else:
            entries.append(SEVERAL | len(runs))
            runs += [len(own), *own]
    return np.array(entries, dtype=np.uint32), tuple(runs)


def _roles(characters: Sequence[str]) -> dict[str, int]:
    """Return what characters of the normal form are in a word."""
    alone, after_letter, after_lone, after_apostrophe = (
        _word_lengths([before + character for character in characters]) for before in ("", "a", "漢", "a'")
    )
    return {
        character: SPACE * character.isspace()
        | WORD * (after_letter[place] == 2)
        | LONE * (alone[place] == 1 and after_letter[place] == 1)
        | MARK * (after_lone[place] == 2)
        | LETTER * (after_apostrophe[place] == 3)
        for place, character in enumerate(characters)
    }


def _word_lengths(probes: Sequence[str]) -> list[int]:
    """Return how long the word is that begins each probe; 0 if none does."""
    text = "→"  # beyond Latin, so that the pattern for all scripts decides; on Latin text both find the same words
    starts = []
    for probe in probes:
        starts.append(len(text) + 1)
        text += _APART + probe
    lengths = {start: end - start for start, end in word_spans(text)}
    return [lengths.get(start, 0) for start in starts]


def _stands_alone(character: str) -> bool:
    """Return whether a character's normal form is the same whatever stands before and after it."""
    folded = unicodedata.normalize("NFKC", character).casefold()
    return not is_raised(character) and _begins_anew(character) and _begins_anew(folded)


def _begins_anew(text: str) -> bool:
    """Return whether nothing of a text is reordered before, or composed with, what precedes it."""
    first = unicodedata.normalize("NFKD", text)[:1]
    if first < "\u0300":
        return True
    return unicodedata.combining(first) == 0 and first not in _composing()


@cache
def _composing() -> frozenset[str]:
    """Return the characters that melt into the one before them: accents, and the later parts of Hangul syllables."""
    # All that is composed lies in the first two planes, but for ideographs, which are not composed of two.
    parts = (unicodedata.decomposition(chr(number)).split() for number in range(0x20000))
    hangul = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))
    return frozenset(chr(int(pair[1], 16)) for pair in parts if len(pair) == 2 and pair[0][0] != "<") | frozenset(
        map(chr, hangul)
    )
