"""Proper names in a text, told by their capitals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import Any, NamedTuple

import regex

from curator.text.sentences import sentence_spans
from curator.text.words import FUNCTION_WORDS, normalise, unify_typography

_TOKEN = regex.compile(r"([\p{L}\p{M}\p{N}]+(?:'\p{L}+)*)")
# Latin letters and punctuation only: the plain pattern finds the same words there, twice as fast.
_BEYOND_LATIN = re.compile(r"[^\x00-\u02ff\u2000-\u206f]")
_LATIN_TOKEN = re.compile(r"([^\W_]+(?:'[^\W\d_²³¹¼½¾]+)*)")
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


class _Capital(NamedTuple):
    """A capitalised word of a sentence.

    Attributes:
        word: the word, without a closing "'s".
        folded: the same in lower case.
        opens: whether it owes its capital to its place: first in its sentence, speech, line or list item.
        joined: whether it belongs to the capitalised word before it, if both are names.
    """

    word: str
    folded: str
    opens: bool
    joined: bool


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
    if f"{text}a".islower():  # no capital anywhere
        return set()
    plain = unify_typography(text)
    sentences = [_capitals(plain[start:end]) for start, end in sentence_spans(plain)]
    known = {each.word for sentence in sentences for each in sentence if not each.opens}

    def is_name(each: _Capital) -> bool:
        if each.folded in _NEVER_NAMES:
            return False
        if not each.opens or each.word in known:
            return True
        return common is not None and each.folded not in common and each.folded not in _STARTERS

    return {run for sentence in sentences for run in _runs([(each, is_name(each)) for each in sentence])}


def lower_case_words(text: str) -> set[str]:
    """Return the words that `text` writes in lower case: they are no names wherever they open a sentence."""
    plain = unify_typography(text)
    return {word for word in set(_pattern(plain).findall(plain)) if word[0].islower()}


def _pattern(text: str) -> Any:
    """Return the pattern for the words of a text of unified typography."""
    return _TOKEN if _BEYOND_LATIN.search(text) else _LATIN_TOKEN


def _capitals(sentence: str) -> list[_Capital]:
    """Return the capitalised words of a sentence; none of a title."""
    if f"{sentence}a".islower():
        return []
    parts = _pattern(sentence).split(sentence)  # words, and what stands before, between and behind them
    words = parts[1::2]
    initials = "".join([word[0] for word in words])
    if _is_title(words, initials):
        return []
    found: list[_Capital] = []
    last = -1
    for place, initial in enumerate(initials):
        if initial.isupper():
            between = parts[2 * place]
            opens = place == 0 or _OPENING.search((words[place - 1] + between)[-3:]) is not None
            word = words[place].removesuffix("'s")
            found.append(_Capital(word, word.casefold(), opens, last == place - 1 >= 0 and between in _JOINERS))
            last = place
    return found


def _is_title(words: Sequence[str], initials: str) -> bool:
    """Return whether a sentence capitalises nearly all its words, so that capitals say nothing."""
    letters = len(initials) if initials.isalpha() else sum(map(str.isalpha, initials))
    if letters < 4:
        return letters > 1 and all(word.isupper() for word in words if word[0].isalpha())
    return sum(map(str.isupper, filter(str.isalpha, initials))) > _TITLE_SHARE * letters


def _runs(found: Sequence[tuple[_Capital, bool]]) -> Iterator[str]:
    """Yield neighbouring names as one."""
    run: list[str] = []
    for each, is_name in found:
        if run and not (is_name and each.joined):
            yield " ".join(run)
            run = []
        if is_name:
            run.append(each.folded if each.word.isascii() else normalise(each.word))
    if run:
        yield " ".join(run)
