"""Proper names in a text, told by their capitals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

import regex

from curator.text.sentences import sentence_spans
from curator.text.words import FUNCTION_WORDS, normalise, unify_typography

_TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:'\p{L}+)*")
_HONORIFICS = frozenset("mr mrs ms miss dr prof sir madam mme mlle".split())
_NEVER_NAMES = FUNCTION_WORDS | _HONORIFICS | frozenset({"i", "i'm", "i'll", "i've", "i'd", "ok"})
_STARTERS = frozenset(
    """analyse analyze answer arrange ask assess calculate change check choose classify compare complete compose compute
    consider convert correct count create decide define describe design determine develop discuss draft edit estimate
    evaluate examine explain explore express extract fill find fix follow format generate get give go help identify
    illustrate imagine improve include interpret keep know label list look make mention name note offer open order
    organize outline paraphrase pick plan predict prepare present produce propose provide put rank rate read recommend
    rephrase reply report respond rewrite say select share show simplify solve sort state suggest summarise summarize
    take tell think translate try turn use using write""".split()
)
"""Verbs that open an instruction."""
_JOINERS = frozenset({" ", "-", ". "})
_OPENING = re.compile(r"[\"(\[*:;\n!?]\s?$|(?:\s|^)'$")
_TITLE_SHARE = 0.7


def names(text: str, *, common: Set[str] | None = None) -> set[str]:
    """Return the proper names in `text`, in lower case.

    A name is a run of capitalised words. A sentence's first word counts only if the same word stands capitalised
    inside a sentence elsewhere in the text, or, when `common` is given, if it is not in it. Function words and forms of
    address ("Mr.") are no names; a heading in capitals or title case yields none. This is a heuristic for scripts with
    capitals: German nouns all count, Chinese or Arabic names never do.

    Args:
        text: any text.
        common: words, in lower case, that are known to be no names when a sentence begins with them.

    Returns:
        The names, their words joined by blanks, without a closing "'s".
    """
    plain = unify_typography(text)
    sentences = [list(_TOKEN.finditer(plain, *span)) for span in sentence_spans(plain)]
    sentences = [tokens for tokens in sentences if not _is_title(tokens)]
    known = {
        _bare(token.group())
        for tokens in sentences
        for token in tokens
        if token.group()[0].isupper() and not _opens(plain, tokens, token)
    }

    def is_name(tokens: list[regex.Match[str]], token: regex.Match[str]) -> bool:
        word = _bare(token.group())
        if not word[0].isupper() or word.casefold() in _NEVER_NAMES:
            return False
        if not _opens(plain, tokens, token) or word in known:
            return True
        return common is not None and word.casefold() not in common and word.casefold() not in _STARTERS

    return {run for tokens in sentences for run in _runs(plain, [token for token in tokens if is_name(tokens, token)])}


def lower_case_words(text: str) -> set[str]:
    """Return the words that `text` writes in lower case: they are no names wherever they open a sentence."""
    return {token.group() for token in _TOKEN.finditer(unify_typography(text)) if token.group()[:1].islower()}


def _opens(text: str, tokens: list[regex.Match[str]], token: regex.Match[str]) -> bool:
    """Return whether a word owes its capital to its place: first in its sentence, speech, line or list item."""
    if token is tokens[0]:
        return True
    before = text[max(0, token.start() - 3) : token.start()]
    return _OPENING.search(before) is not None


def _is_title(tokens: list[regex.Match[str]]) -> bool:
    """Return whether a sentence capitalises nearly all its words, so that capitals say nothing."""
    letters = [token.group() for token in tokens if token.group()[0].isalpha()]
    if len(letters) < 4:
        return len(letters) > 1 and all(word.isupper() for word in letters)
    return sum(word[0].isupper() for word in letters) > _TITLE_SHARE * len(letters)


def _runs(text: str, found: list[regex.Match[str]]) -> Iterator[str]:
    """Yield neighbouring words as one name."""
    run: list[str] = []
    end = -1
    for token in found:
        if run and text[end : token.start()] not in _JOINERS:
            yield " ".join(run)
            run = []
        run.append(normalise(_bare(token.group())))
        end = token.end()
    if run:
        yield " ".join(run)


def _bare(word: str) -> str:
    return word.removesuffix("'s")
