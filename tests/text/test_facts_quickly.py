"""Numbers and names are looked for only where they can be; what is found is what a search everywhere finds."""

from __future__ import annotations

from collections.abc import Iterator, Set

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curator.text import names as naming
from curator.text import numbers as numbering
from curator.text.names import lower_case_words, names
from curator.text.numbers import numbers
from curator.text.sentences import sentence_spans
from curator.text.words import normalise, unify_typography

LATIN = "".join(map(chr, (*range(0x300), *range(0x2000, 0x2070))))
PIECES = """one no at first second of twenty - five hundred and dozen noon midnight march March 12 12 7 3rd 1,200 1.5
million 4.30 p.m. 16:30 2020-03-12 . ! ? : ; , " ' ’ “ ” ( ) * • 1. Mr. Darcy d'Arcy O'Neill 's I A a É ǅ Ⅷ ٣ ½ ② _
THE Title Case house the ` ́ 漢 Москва x Rain rain Bergen""".split()
texts = st.lists(st.sampled_from([*PIECES, *" \n\u00a0\u2028\t", " ", " ", "\n\n", "\ud800"]), max_size=24).map("".join)
TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:'\p{L}+)*")
COMMON = frozenset({"rain", "the", "title", "darcy"})


def numbers_everywhere(text: str) -> set[str]:
    form = normalise(text)
    return {value for match in numbering._NUMBER.finditer(form) for value in numbering._values(form, match)}


def names_everywhere(text: str, common: Set[str] | None) -> set[str]:
    plain = unify_typography(text)
    sentences = [list(TOKEN.finditer(plain, *span)) for span in sentence_spans(plain)]
    sentences = [tokens for tokens in sentences if not is_title([token.group() for token in tokens])]

    def opens(tokens: list[regex.Match[str]], token: regex.Match[str]) -> bool:
        before = plain[max(0, token.start() - 3) : token.start()]
        return token is tokens[0] or naming._OPENING.search(before) is not None

    known = {
        bare(token)
        for tokens in sentences
        for token in tokens
        if token.group()[0].isupper() and not opens(tokens, token)
    }

    def is_name(tokens: list[regex.Match[str]], token: regex.Match[str]) -> bool:
        word = bare(token)
        if not word[0].isupper() or word.casefold() in naming._NEVER_NAMES:
            return False
        if not opens(tokens, token) or word in known:
            return True
        return common is not None and word.casefold() not in common | naming._STARTERS

    return {run for tokens in sentences for run in runs(plain, [token for token in tokens if is_name(tokens, token)])}


def is_title(tokens: list[str]) -> bool:
    letters = [token for token in tokens if token[0].isalpha()]
    if len(letters) < 4:
        return len(letters) > 1 and all(word.isupper() for word in letters)
    return sum(word[0].isupper() for word in letters) > 0.7 * len(letters)


def runs(text: str, found: list[regex.Match[str]]) -> Iterator[str]:
    run: list[str] = []
    end = -1
    for token in found:
        if run and text[end : token.start()] not in {" ", "-", ". "}:
            yield " ".join(run)
            run = []
        run.append(normalise(bare(token)))
        end = token.end()
    if run:
        yield " ".join(run)


def bare(token: regex.Match[str]) -> str:
    return str(token.group()).removesuffix("'s")


@settings(max_examples=400)
@given(texts | st.text(max_size=60))
@example("Twenty-one men, one of them at noon; first of all -3.5 million on 12 March, the 3rd.")
@example("one_two one2 none-one seventy two three -- two-")
def test_numbers_are_those_of_a_search_everywhere(text: str) -> None:
    assert numbers(text) == numbers_everywhere(text)


@settings(max_examples=400)
@given(texts | st.text(max_size=60), st.sampled_from([None, frozenset(), COMMON]))
@example("The Rain of Bergen fell. Rain! 'Mary Anne's aunt-in-law O'Neill' met Mr. Darcy. THE END", COMMON)
@example("a'Ⅷ b 'C D. E", None)
def test_names_are_those_of_a_search_everywhere(text: str, common: Set[str] | None) -> None:
    assert names(text, common=common) == names_everywhere(text, common)


@given(st.text(LATIN) | st.text("aB c'’_2²½ß\n") | texts | st.text())
def test_latin_words_are_those_of_the_pattern_for_all_scripts(text: str) -> None:
    found = TOKEN.findall(unify_typography(text))
    assert lower_case_words(text) == {word for word in found if word[0].islower()}


def test_every_latin_letter_is_told_the_same_way() -> None:
    for letter in LATIN:
        text = f"{letter} a{letter}b a'{letter} {letter}a"
        wanted = {word for word in TOKEN.findall(unify_typography(text)) if word[0].islower()}
        assert lower_case_words(text) == wanted, hex(ord(letter))


@pytest.mark.parametrize("code", [0xD800, 0xDFFF])
def test_half_a_surrogate_pair_stands_in_a_sentence_like_any_sign(code: int) -> None:
    half = chr(code)
    text = f"It rains {half} in Bergen. {half}It is wet."
    assert [text[start:end] for start, end in sentence_spans(text)] == [
        f"It rains {half} in Bergen.",
        f"{half}It is wet.",
    ]
    assert names(text) == {"bergen"}
