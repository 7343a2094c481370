"""The forms in which texts are compared: words without accents, and short questions with the signs of mathematics."""

from __future__ import annotations

import re
import unicodedata

import regex

from curator.text.words import normalise, word_spans, words

Words = tuple[str, ...]

_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)*")
_ACCENTS = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}]\p{Mn}*)\p{Mn}")
_SIGN = re.compile(r"[+*/^=<>%±√≤≥≠×÷·-]")
_SAME_SIGN = str.maketrans("×·÷", "**/")


def compared_words(text: str) -> Words:
    """Return the words of a text, as all rules compare them.

    Args:
        text: any text.

    Returns:
        Its words in normal form (see `curator.text.words`), without accents, in order.
    """
    if text.isascii():  # the same words, in half the time
        return tuple(_ASCII_WORD.findall(text.lower().replace("`", "'")))
    return tuple(words(_without_accents(text)))


def signed_words(text: str) -> Words:
    """Return the words of a text, and between them the signs by which two sums of the same numbers differ.

    Args:
        text: any text.

    Returns:
        Words and signs (`+ - * / ^ = < > %` and their like), in order. A dash is a sign before a digit, and between
        single letters, digits and brackets.
    """
    form = normalise(text if text.isascii() else _without_accents(text))
    spans = word_spans(form)
    found: list[str] = []
    end = len(form)
    for start, stop in spans:
        for sign in _SIGN.findall(form, end, start) if found else ():
            if sign != "-" or _is_minus(form, end, start, stop):
                found.append(sign)
        found.append(form[start:stop])
        end = stop
    return tuple(part.translate(_SAME_SIGN) for part in found)


def _is_minus(form: str, end: int, start: int, stop: int) -> bool:
    """Return whether the dash between the word that ends at `end` and the one at `start` is no hyphen."""
    if form[start].isdigit():
        return True
    single_before = form[end - 1].isdigit() or end < 2 or not form[end - 2].isalnum()
    return single_before and stop - start == 1


def _without_accents(text: str) -> str:
    return str(_ACCENTS.sub("", unicodedata.normalize("NFD", text)))
