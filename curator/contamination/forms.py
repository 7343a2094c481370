"""The forms in which texts are compared: words without accents and layout, and questions with the signs of sums."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from math import fsum

import regex

from curator.text.words import normalise, word_spans, words

Words = tuple[str, ...]

_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)*")
_ACCENTS = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}]\p{Mn}*)\p{Mn}")
_SIGN = re.compile(r"[+*/^=<>%±√≤≥≠×÷·-]")
_SAME_SIGN = str.maketrans("×·÷", "**/")
_FUNCTIONS = frozenset("sin cos tan log ln exp sqrt mod".split())

_LAYOUT = re.compile(r"[<&*_`>#]|\]\(")
_TAG = re.compile(
    r"</?(a|abbr|b|big|blockquote|br|center|cite|code|dd|del|div|dl|dt|em|font|h[1-6]|hr|i|img|ins|li|mark|ol|p|pre|q|s"
    r"|section|small|span|strong|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul)"
    r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>=]+))*\s*/?>",
    re.IGNORECASE,
)
_INLINE = frozenset("a abbr b big code del em font i ins mark s small span strong sub sup tt u".split())
_LINK = re.compile(r"\[([^\[\]\n]*)\]\((?:\w+:|www\.|[/#.])[^()\s]*\)")
_LINE_MARK = re.compile(r"^[^\S\n]*(?:(?:>|(?:#{1,6}|[-*+])(?=\s|$))[^\S\n]*)+", re.MULTILINE)
_EMPHASIS = re.compile(
    r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*\n]+)(?<=\S)\1(?![\w*])|(?<!\w)(_{1,3})(?=[^\s_])([^_\n]+)(?<=\S)\3(?!\w)"
)

_WEIGHTS = (
    (regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"), 0.25),
    (regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]"), 0.5),
)


def weight(words: Words) -> float:
    """Return how many words a text has, where scripts without spaces count as many as a translation would have.

    Args:
        words: its words, as `compared_words` gives them: of Chinese or Thai each character is one.

    Returns:
        The number of words; a Chinese or Japanese character counts 0.5, a Thai, Lao, Khmer or Burmese one 0.25.
    """
    joined = "".join(words)
    return len(words) if joined.isascii() else fsum(map(_weight, words))


def compared_words(text: str) -> Words:
    """Return the words of a text, as all rules compare them.

    Args:
        text: any text.

    Returns:
        Its words in normal form (see `curator.text.words`), without accents, in order.
    """
    text = without_layout(text)
    if text.isascii():  # the same words, in half the time
        return tuple(_ASCII_WORD.findall(text.lower().replace("`", "'")))
    return tuple(words(_without_accents(text)))


def signed_words(text: str) -> Words:
    """Return the words of a text, and between them the signs by which two sums of the same numbers differ.

    Args:
        text: any text.

    Returns:
        Words and signs (`+ - * / ^ = < > %` and their like), in order. A sign counts between numbers, single letters
        and functions; a percent sign behind a number; a dash or a root that nothing parts from the number behind it.
    """
    text = without_layout(text)
    form = normalise(text if text.isascii() else _without_accents(text))
    found: list[str] = []
    before, end = "", len(form)
    for start, stop in word_spans(form):
        word = form[start:stop]
        between = form[end:start] if before else ""
        if between.strip():
            found += _signs(before, between, word)
        found.append(word)
        before, end = word, stop
    return tuple(part.translate(_SAME_SIGN) for part in found)


def without_layout(text: str) -> str:
    """Return a text without its Markdown and HTML: tags, emphasis, marks at a line's start, addresses of links.

    Args:
        text: any text.

    Returns:
        What a reader would see. An opened and closed `*` counts as emphasis only around words, not within a product.
    """
    if _LAYOUT.search(text) is None:
        return text
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(lambda tag: "" if tag[1].lower() in _INLINE else " ", text)
    return _EMPHASIS.sub(lambda found: found[2] or found[4], _LINE_MARK.sub("", _LINK.sub(r"\1", text)))


def _signs(before: str, between: str, behind: str) -> list[str]:
    """Return the signs between two words that make a difference to a sum."""
    signs: list[str] = _SIGN.findall(between)
    if _is_operand(before) and _is_operand(behind):
        return signs
    kept = ["%"] if before[-1].isdigit() and between.startswith("%") else []
    if behind[0].isdigit() and between[-1] in "-√" and len(between) > 1:
        kept.append(between[-1])
    return kept


def _is_operand(word: str) -> bool:
    return len(word) == 1 or any(map(str.isdigit, word)) or word in _FUNCTIONS


@lru_cache(maxsize=1 << 14)
def _weight(word: str) -> float:
    return next((each for script, each in _WEIGHTS if script.match(word)), 1.0)


def _without_accents(text: str) -> str:
    return str(_ACCENTS.sub("", unicodedata.normalize("NFD", text)))
