"""Twins that state other facts: texts whose numbers or names differ are no duplicates, however alike the rest is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence, Set

from curator.text.evidence import names, numbers
from curator.text.names import lower_case_words

_CAPITALISED = re.compile(r"\b[^\W\d_]\w*")


def fact_keys(texts: Sequence[str], *, common: Set[str]) -> list[bytes]:
    """Return a key for each text that is equal for texts which state the same numbers and names.

    Args:
        texts: the texts.
        common: words that are no names when a sentence begins with them; see `common_words`.

    Returns:
        The keys, 16 bytes each.
    """
    return [_key(text, common) for text in texts]


def common_words(openers: Sequence[str], corpus: Sequence[str]) -> frozenset[str]:
    """Return the words that may open a sentence of `openers` and are written in lower case somewhere in the corpus.

    A capital at the beginning of a sentence says nothing; a word that is elsewhere written in lower case is no name.

    Args:
        openers: the texts whose names are wanted.
        corpus: all texts.

    Returns:
        The words, in lower case.
    """
    wanted = {word.group().casefold() for text in openers for word in _CAPITALISED.finditer(text)}
    common: set[str] = set()
    for text in corpus:
        if len(common) == len(wanted):
            break
        common |= wanted & lower_case_words(text)
    return frozenset(common)


def _key(text: str, common: Set[str]) -> bytes:
    text = text.encode("utf-8", "replace").decode("utf-8")  # half surrogate pairs, on which sentences cannot be told
    facts = "\n".join([*sorted(numbers(text)), "", *sorted(names(text, common=common))])
    return hashlib.blake2b(facts.encode("utf-8", "surrogatepass"), digest_size=16).digest()
