"""Quotes, numbers and names are found as a reader would find them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.text.evidence import find_quote, names, numbers
from curator.text.names import lower_case_words
from curator.text.numbers import agrees

PASSAGE = (
    "“My dear Mr.  Bennet,” said his\nlady — to him one day… Die Straße concatenates. 你好世界。 A well-known end."
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("my dear mr. bennet", "My dear Mr.  Bennet"),
        ('"My dear Mr. Bennet," said', "“My dear Mr.  Bennet,” said"),
        ("said his lady -- to him one day.", "said his\nlady — to him one day"),
        ("“said his lady”", "said his\nlady"),
        ("'to him one day...'", "to him one day"),
        ("one day…", "one day…"),
        ("die STRASSE", "Die Straße"),
        ("好世", "好世"),
        ("a WELL–KNOWN end.", "A well-known end."),
        ("  concatenates  ", "concatenates"),
    ],
)
def test_quotes_that_stand_there(quote: str, found: str) -> None:
    span = find_quote(quote, PASSAGE)
    assert span is not None
    assert PASSAGE[slice(*span)] == found


@pytest.mark.parametrize(
    "quote",
    [
        "",
        " ",
        "...",
        "Benn",
        "cat",
        "lady to him",
        "said the lady",
        "My dear Mrs. Bennet",
        "wellknown",
        "said his lady him",
    ],
)
def test_quotes_that_do_not(quote: str) -> None:
    assert find_quote(quote, PASSAGE) is None


def test_the_first_whole_occurrence_is_found() -> None:
    assert find_quote("cat", "concat cat cat") == (7, 10)


@given(st.text(alphabet='aB -—"“.…\n😀ß', max_size=30), st.integers(0, 29), st.integers(1, 30))
def test_a_piece_of_a_passage_is_found_in_it(passage: str, start: int, length: int) -> None:
    quote = passage[start : start + length]
    span = find_quote(quote, f"({passage})" if start == 0 else passage)
    inside_word = (passage[start - 1 : start].isalpha() and quote[:1].isalpha()) or (
        passage[start + length : start + length + 1].isalpha() and quote[-1:].isalpha()
    )
    if any(character.isalpha() for character in quote) and not inside_word:
        assert span is not None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("at 4.30 p.m., 9 a.m. and 10.30pm", {"16:30", "09:00", "22:30"}),
        ("16:30 to noon", {"16:30", "12:00"}),
        ("1,200.50 and 1,200", {"1200.5", "1200"}),
        ("2,3,4", {"2", "3", "4"}),
        ("the 3rd and the third", {"3"}),
        ("twenty-one dogs, two hundred and one cats", {"21", "201"}),
        ("two million three hundred thousand and five", {"2300005"}),
        ("twelve hundred; two three; a dozen", {"1200", "2", "3", "12"}),
        ("1.5 million", {"1500000"}),
        ("one of them; no one; another one; at first; first of all", set()),
        ("one dog on the first floor", {"1"}),
        ("12 March 1923", {"12", "1923", "march"}),
        ("on March 12th, 1923 they march", {"12", "1923", "march"}),
        ("12th May; may 5 people come?", {"12", "may", "5"}),
        ("they may march", set()),
        ("1923-03-12", {"12", "1923", "march"}),
        ("$4.50, 5%, it was -5 °C, pages 3-8", {"4.5", "5", "-5", "3", "8"}),
        ("GPT4 has H2O", set()),
        ("section 3.1.5.", {"3.1.5"}),
        ("٣٤ and ２", {"34", "2"}),
        ("the 1990s, 007", {"1990", "7"}),
        ("no numbers", set()),
    ],
)
def test_numbers(text: str, found: set[str]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize("piece", ["1", "1,234 ", "one ", "hundred ", "million ", "1:", "-", "a.m. "])
def test_numbers_of_a_megabyte(piece: str) -> None:
    assert len(numbers(piece * (500_000 // len(piece)))) <= 3


@pytest.mark.parametrize(
    ("number", "known", "agreed"),
    [
        ("4:30", {"16:30"}, True),
        ("4.3", {"16:30"}, True),
        ("9", {"09:00"}, True),
        ("04:30", {"16:30"}, False),
        ("4", {"4.1"}, False),
        ("5", {"17"}, False),
        ("17", {"17"}, True),
        ("3.1.5", {"03:15"}, False),
    ],
)
def test_agrees(number: str, known: set[str], agreed: bool) -> None:
    assert agrees(number, known) is agreed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Why does Mr. Collins propose to Charlotte Lucas?", {"collins", "charlotte lucas"}),
        ("Describe how Elizabeth's view of Mr. Darcy changes.", {"elizabeth", "darcy"}),
        ("Lydia left. Then everybody missed Lydia.", {"lydia"}),
        ("On Monday the English Museum opened near St. James's.", {"monday", "english museum", "st james"}),
        ('He said, "Go to Rome."', {"rome"}),
        ("THE END OF ALL", set()),
        ("A Title In Many Capitals", set()),
        ("I think I'm ok.", set()),
        ("Visitors must sign.", set()),
        ("你好。 مرحبا 😀", set()),
        ("", set()),
    ],
)
def test_names(text: str, found: set[str]) -> None:
    assert names(text) == found


def test_names_at_a_sentence_start_when_common_words_are_known() -> None:
    common = lower_case_words("the visitors came")
    assert names("Wickham lied. Visitors left. Describe it.", common=common) == {"wickham"}
