"""What an edition adds to a book goes; what only looks like it stays."""

from __future__ import annotations

import pytest

from curator.text.plain_text import read_plain_text

START = "*** START OF THE PROJECT GUTENBERG EBOOK X ***"
END = "*** END OF THE PROJECT GUTENBERG EBOOK X ***"
HEADER = f"Title: The Walk\n\nAuthor: Ann Lee\n\n{START}"


def read(*blocks: str) -> list[str]:
    """Read plain text made of these blocks, and return its paragraphs."""
    return read_plain_text("\n\n".join(blocks).split("\n"), "a.txt").text.split("\n\n")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, END),
        ("***START OF THIS PROJECT GUTENBERG EBOOK THE\nWALK***", "***END OF THIS PROJECT GUTENBERG EBOOK THE WALK***"),
        (START, "End of the Project Gutenberg EBook of The Walk"),
        (START, "End of Project Gutenberg's The Walk, by Ann Lee"),
    ],
)
def test_what_stands_outside_the_markers_goes(start: str, end: str) -> None:
    assert read("Licence.", start, "Text.", end, "More licence.") == ["Text."]


def test_the_header_states_title_and_author() -> None:
    document = read_plain_text(f"{HEADER}\n\nText.".split("\n"), "a.txt")
    assert (document.title, document.author, document.text) == ("The Walk", "Ann Lee", "Text.")


def test_a_text_about_the_project_is_left_alone() -> None:
    text = ["Project Gutenberg was founded in 1971.", "It ends no book. The end of Project Gutenberg is far."]
    assert read(*text) == text


@pytest.mark.parametrize(
    "credit", ["Produced by Two\nPeople", "This eBook was produced by A. B.", "E-text prepared by C"]
)
def test_who_produced_it_goes_only_behind_the_start(credit: str) -> None:
    assert read(START, credit, "Text.", END) == ["Text."]
    assert read(credit, "Text.") == [" ".join(credit.split()), "Text."]


@pytest.mark.parametrize(
    ("blocks", "left"),
    [
        (["A.", "[Illustration]", "B."], ["A.", "B."]),
        (["A.", "[Illustration: He walks\n\nall day\n\n[_Copyright 1894._]]", "B."], ["A.", "B."]),
        (["A [Illustration: x] b [ILLUSTRATION] c."], ["A b c."]),
        (["[Illustration: The Walk\n\nCHAPTER I.]", "He woke."], ["CHAPTER I.", "He woke."]),
        (["[Illustration: Heading to Chapter II.]", "He woke."], ["He woke."]),
        (["A.", "[Illustration: never closed", "B.", "C."], ["A.", "[Illustration: never closed", "B.", "C."]),
        (["A.", "[Transcriber's Note: old spelling]", "B."], ["A.", "B."]),
        (["A note [1] stays.", "[an aside]"], ["A note [1] stays.", "[an aside]"]),
    ],
)
def test_brackets_of_pictures_and_notes(blocks: list[str], left: list[str]) -> None:
    assert read(*blocks) == left


def test_notes_of_the_transcriber_reach_to_the_next_heading_or_the_end() -> None:
    notes = ["Transcriber’s Notes", "Spelling was kept.", "So were dashes."]
    assert read(*notes, "CHAPTER I", "A.", *notes) == ["CHAPTER I", "A."]
    assert read("Transcriber's note: kept as it was.", "A.") == ["A."]
    long = [f"Paragraph {number} of a book." for number in range(40)]
    assert read("Transcriber's Note", "Kept.", *long) == long


@pytest.mark.parametrize(
    "table",
    [
        ["CONTENTS", "Chapter 1\nChapter 2"],
        ["Contents", "Chapter 1", "Chapter 2"],
        ["TABLE OF CONTENTS", "Chapter 1 ...... 3\nChapter 2 ..... 19"],
        [
            "List of Illustrations",
            "    PAGE",
            "Frontispiece    iv",
            "The hill    12",
            "CONTENTS",
            "Chapter 1\nChapter 2",
        ],
    ],
)
def test_lists_of_parts_go_and_the_first_heading_stays(table: list[str]) -> None:
    body = ["Chapter 1", "He woke up early.", "Chapter 2", "He slept."]
    assert read("A title", *table, *body) == ["A title", *body]


def test_what_is_only_called_contents_stays() -> None:
    text = ["Contents", "a lamp", "two screws", "Put the lamp on a table before you begin with the screws."]
    assert read(*text) == text


PREFACE = ["PREFACE", "I like this book very much."]
BODY = ["CHAPTER I", "He woke."]


@pytest.mark.parametrize("signature", ["GEORGE B. HILL.", "—George Hill", "JOHN O’BRIEN"])
def test_a_preface_signed_by_somebody_else_goes(signature: str) -> None:
    assert read(HEADER, *PREFACE, signature, "London, 1894.", *BODY) == BODY


@pytest.mark.parametrize("signature", ["ANN LEE.", "—A. Lee", "The friend of all", "THE WALK", "THE END OF IT"])
def test_a_preface_that_may_be_the_authors_stays(signature: str) -> None:
    kept = read(HEADER, *PREFACE, signature, *BODY)
    assert kept == [*PREFACE, signature, *BODY]


def test_a_preface_is_judged_only_where_the_author_is_known_or_a_name_is_in_the_heading() -> None:
    assert read(*PREFACE, "GEORGE HILL", *BODY) == [*PREFACE, "GEORGE HILL", *BODY]
    assert read("Introduction by George Hill", "I like it.", *BODY) == BODY


def test_a_preface_behind_a_chapter_stays() -> None:
    assert read(HEADER, *BODY, *PREFACE, "GEORGE HILL", *BODY) == [*BODY, *PREFACE, "GEORGE HILL", *BODY]


def test_marks_of_emphasis_go_and_names_of_code_stay() -> None:
    assert read("_You_ and _the other_ saw __init__, my_own_name and _ alone.") == [
        "You and the other saw __init__, my_own_name and _ alone."
    ]
