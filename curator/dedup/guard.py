"""Twins that state other facts: texts whose numbers, names, signs or negations differ are no duplicates.

However alike the rest is: "in March" and "in May", "x < y" and "x > y", "safe" and "not safe" say different things.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence, Set

from curator.text.evidence import names, numbers
from curator.text.names import lower_case_words
from curator.text.numbers import numbers_in_words
from curator.text.polarity import negations
from curator.text.signs import signs

_WORD = re.compile(r"[^\W\d_][^\W_]*")
_TEXTS_AT_ONCE = 1000


def fact_keys(texts: Sequence[str], *, common: Set[str]) -> list[bytes]:
    """Return a key for each text that is equal for texts which state the same.

    What a text states is its numbers, in words too ("python3"); its names; its signs ("3 - 4", "C++") in order; and how
    many negations it has.

    Args:
        texts: the texts.
        common: words that are no names when a sentence begins with them; see `common_words`.

    Returns:
        The keys, 16 bytes each.
    """
    keys = {text: _key(text, common) for text in dict.fromkeys(texts)}
    return [keys[text] for text in texts]


def common_words(openers: Sequence[str], corpus: Sequence[str]) -> frozenset[str]:
    """Return the words that may open a sentence of `openers` and are written in lower case somewhere in the corpus.

    A capital at the beginning of a sentence says nothing; a word that is elsewhere written in lower case is no name.

    Args:
        openers: the texts whose names are wanted.
        corpus: all texts.

    Returns:
        The words, in lower case.
    """
    wanted: set[str] = set()
    for pieces in _pieces(openers, capitals=True):
        wanted |= {word.casefold() for word in set(_WORD.findall(pieces)) if word[0].isupper()}
    common: set[str] = set()
    for pieces in _pieces(corpus, capitals=False) if wanted else ():
        common |= wanted & lower_case_words(pieces)
        if len(common) == len(wanted):
            break
    return frozenset(common)


def _pieces(texts: Sequence[str], *, capitals: bool) -> Iterator[str]:
    """Yield what stands between blanks, many pieces at a time; pieces without a word of the case may be missing.

    No word goes over a blank, and most pieces of a text are those of others, which need not be looked at again.
    """
    from curator.dedup import kernel

    if kernel.is_built():
        yield from kernel.pieces(texts, capitals=capitals)
        return
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        yield "\n".join(set("\n".join(texts[start : start + _TEXTS_AT_ONCE]).split()))


def _key(text: str, common: Set[str]) -> bytes:
    if not text.isascii():  # it may hold half surrogate pairs
        text = text.encode("utf-8", "replace").decode("utf-8")
    facts = [*sorted(numbers(text) | numbers_in_words(text)), "", *sorted(names(text, common=common))]
    facts += ["", *signs(text), str(negations(text))]
    return hashlib.blake2b("\n".join(facts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
