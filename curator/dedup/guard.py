"""Twins that state other facts: texts whose numbers or names differ are no duplicates, however alike the rest is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence, Set

from curator.text.evidence import names, numbers
from curator.text.names import lower_case_words
from curator.text.words import unify_typography

_WORD = re.compile(r"[^\W\d_][^\W_]*")
_BEYOND_LATIN = re.compile(r"[^\x00-\u02ff\u2000-\u206f]")
_LATIN_WORD = re.compile(r"[^\W_]+(?:'[^\W\d_²³¹¼½¾]+)*")
_TEXTS_AT_ONCE = 1000


def fact_keys(texts: Sequence[str], *, common: Set[str]) -> list[bytes]:
    """Return a key for each text that is equal for texts which state the same numbers and names.

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
    wanted = {word.casefold() for word in set(_WORD.findall("\n".join(openers))) if word[0].isupper()}
    common: set[str] = set()
    for start in range(0, len(corpus), _TEXTS_AT_ONCE):
        if len(common) == len(wanted):
            break
        common |= wanted & _lower_case_words("\n".join(corpus[start : start + _TEXTS_AT_ONCE]))
    return frozenset(common)


def _lower_case_words(text: str) -> set[str]:
    """Return what `lower_case_words` returns; ten times as fast on Latin text, where the plain pattern is enough."""
    if _BEYOND_LATIN.search(text):
        return lower_case_words(text)
    return {word for word in set(_LATIN_WORD.findall(unify_typography(text))) if word[0].islower()}


def _key(text: str, common: Set[str]) -> bytes:
    text = text.encode("utf-8", "replace").decode("utf-8")  # half surrogate pairs, on which sentences cannot be told
    facts = "\n".join([*sorted(numbers(text)), "", *sorted(names(text, common=common))])
    return hashlib.blake2b(facts.encode("utf-8", "surrogatepass"), digest_size=16).digest()
