"""Words and n-grams: the measures' common idea of when two texts are the same text.

Everything is compared in a normal form, so that typography (curly quotes, kinds of dashes, full-width letters, line
breaks) and case never make two texts differ. Scripts written without spaces (Chinese, Japanese, Thai ...) count each
character as a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence, Set
from typing import Any

import regex

SHORT_WORDS = 30
"""Below this many words a text is compared by its characters: one changed word spoils too many word n-grams."""

FUNCTION_WORDS = frozenset(
    """a about above after again against all also although am an and any are as at be because been before being below
    between both but by can cannot could did do does doing done down during each either else ever every few for from
    further had has have having he her here hers herself him himself his how however i if in into is it its itself just
    let may me might more most must my myself neither no nor not of off on once only onto or other our ours ourselves
    out over own per please shall she should since so some such than that the their theirs them themselves then there
    therefore these they this those though through thus to too toward towards under until up upon us very was we were
    what when where whether which while who whom whose why will with within without would yes yet you your yours
    yourself yourselves""".split()
)
"""English words that carry grammar rather than content."""

_MARKS = dict.fromkeys("‘’‚‛ʼ`´′", "'") | dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‐‑‒–—―−", "-")
_UNIFIED = str.maketrans(_MARKS)
_TYPOGRAPHY = str.maketrans({**_MARKS, **dict.fromkeys("\u00ad\u200b\u2060\ufeff")})
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ"
_RAISED_RUN = re.compile(f"([{_RAISED}]+)")
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_UNSPACED_CHAR = regex.compile(f"[{_UNSPACED}]")
_WORD = regex.compile(
    rf"[{_UNSPACED}]\p{{M}}*|[\p{{L}}\p{{M}}\p{{N}}--[{_UNSPACED}]]+(?:['’]\p{{L}}+)*",
    regex.VERSION1,
)


# Latin letters and punctuation only: the plain pattern finds the same words there, four times as fast.
_BEYOND_LATIN = re.compile(r"[^\x00-\u02ff\u2000-\u206f]")
_LATIN_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_²³¹¼½¾]+)*")


def normalise(text: str) -> str:
    """Return the form in which texts are compared.

    Compatibility characters (NFKC) and case are folded, quotes and dashes get one shape each, invisible characters go,
    and any white space becomes one blank. Raised numbers say so ("10²" is "10^2").

    Args:
        text: any text.

    Returns:
        The normal form; normalising it again changes nothing.
    """
    plain = text.translate(_TYPOGRAPHY)
    if not plain.isascii():
        plain = _RAISED_RUN.sub(r"^\1", plain)
    folded = unicodedata.normalize("NFKC", plain).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).translate(_TYPOGRAPHY).split())


def is_raised(character: str) -> bool:
    """Return whether a character is part of an exponent, so that its normal form depends on those before it."""
    return character in _RAISED


def unify_typography(text: str) -> str:
    """Return `text` with one shape for each quote mark and dash; no character moves."""
    return text.translate(_UNIFIED)


def joins_words(before: str, after: str) -> bool:
    """Return whether two neighbouring characters belong to one word.

    Args:
        before: a character.
        after: the character that follows it.

    Returns:
        True if a cut between them would leave half a word; never in scripts that are written without spaces.
    """
    both_letters = before.isalnum() and after.isalnum()
    return both_letters and not _UNSPACED_CHAR.match(before) and not _UNSPACED_CHAR.match(after)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return where the words of `text` stand, as (start, end) character offsets."""
    return [match.span() for match in _pattern(text).finditer(text)]


def count_words(text: str) -> int:
    """Return how many words `text` has."""
    return len(_pattern(text).findall(text))


def words(text: str) -> list[str]:
    """Return the words of `text` in normal form, in order; punctuation and symbols are no words."""
    form = normalise(text)
    return [str(match.group()) for match in _pattern(form).finditer(form)]


def content_words(text: str) -> list[str]:
    """Return the words of `text` that are not English function words, in order."""
    return [word for word in words(text) if word not in FUNCTION_WORDS]


def word_ngrams(text: str, n: int = 3) -> list[tuple[str, ...]]:
    """Return the runs of `n` words of `text`, in order.

    Args:
        text: any text.
        n: the length of a run, 1 and up.

    Returns:
        The runs; a text with fewer words gives one shorter run, a text without words none.
    """
    return _runs(words(text), n)


def jaccard(left: Set[str], right: Set[str]) -> float:
    """Return the share of common members: |A ∩ B| / |A ∪ B|.

    Source: P. Jaccard, 1912, "The distribution of the flora in the alpine zone", New Phytologist 11(2).

    Args:
        left: a set.
        right: another set.

    Returns:
        0 (nothing in common) to 1 (equal); two empty sets are equal.
    """
    common = len(left & right)
    union = len(left) + len(right) - common
    return common / union if union else 1.0


def _pattern(text: str) -> Any:
    return _WORD if _BEYOND_LATIN.search(text) else _LATIN_WORD


def _runs(items: Sequence[str], n: int) -> list[tuple[str, ...]]:
    if not items:
        return []
    return [tuple(items[at : at + n]) for at in range(max(1, len(items) - n + 1))]
