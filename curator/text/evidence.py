"""Does a text rest on a passage? A quote is found again; numbers and names are picked out for comparison."""

from __future__ import annotations

import regex

from curator.text.names import names
from curator.text.numbers import numbers
from curator.text.words import joins_words, unify_typography

__all__ = ["find_quote", "names", "numbers"]

_RUN = regex.compile(r"\s*-[\s-]*|\s+|.", regex.DOTALL)
_QUOTE_MARKS = "\"'"
_CLOSING = " .…"


def find_quote(quote: str, passage: str) -> tuple[int, int] | None:
    """Find a quote in a passage.

    White space, case, the style of quote marks and dashes, marks around the whole quote, and a full stop or ellipsis
    at its end may differ; every word must be there, whole and in order.

    Args:
        quote: what is said to stand in the passage.
        passage: the text.

    Returns:
        Where it stands first, as (start, end) character offsets in `passage` as given; None if it does not, or if the
        quote holds nothing to look for.
    """
    folded, offsets = _folded(passage)
    for wanted in _forms(_folded(quote)[0]):
        at = folded.find(wanted)
        while at >= 0:
            if _whole_words(folded, at, at + len(wanted)):
                return offsets[at][0], offsets[at + len(wanted) - 1][1]
            at = folded.find(wanted, at + 1)
    return None


def _folded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return `text` without its typography and case, and the span in `text` of each character of that."""
    pieces: list[str] = []
    offsets: list[tuple[int, int]] = []
    for run in _RUN.finditer(unify_typography(text)):
        found = run.group()
        piece = "-" if "-" in found else " " if found.isspace() else found.casefold()
        pieces.append(piece)
        offsets += [run.span()] * len(piece)
    return "".join(pieces), offsets


def _forms(quote: str) -> list[str]:
    """Return what to look for, the most faithful form first."""
    bare = quote.strip()
    inner = bare[1:-1].strip() if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in _QUOTE_MARKS else ""
    forms = [bare, bare.rstrip(_CLOSING), inner, inner.rstrip(_CLOSING)]
    return [form for form in dict.fromkeys(forms) if any(character.isalnum() for character in form)]


def _whole_words(text: str, start: int, end: int) -> bool:
    starts_inside = start > 0 and joins_words(text[start - 1], text[start])
    ends_inside = end < len(text) and joins_words(text[end - 1], text[end])
    return not starts_inside and not ends_inside
