"""Headings found line by line are those of a whole parse."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from curator.text.blocks import Opener, division
from curator.text.markdown import read_markdown

PARTS = st.sampled_from(
    [
        *(
            "# Top",
            "## A *b* `c`",
            "### Deep ###",
            "Set\next\n---",
            "Title\n===",
            "a line\n# B",
            "#hash",
            "    # code",
            "# ",
        ),
        *("```py\n# no\n\n# no\n```", "~~~\n```\n# no\n~~~", "````\n```\n# no\n````", "```"),
        *("> # quoted\n# C", "- # item", "- item\n\n  # inner", "- item\n  ```\n  # no\n  ```\n# D", "1. one\n# F"),
        *("<!-- \n\n# no\n\n-->", "<pre>\n\n# no\n</pre>", "<div>\n# no\n</div>"),
        *("text\n***\n# E", "a | b\n--|--", "text\n\n---\n\ntext", "* * *"),
    ]
)


def whole_parse(text: str) -> list[Opener]:
    """Return the top-level headings as CommonMark sees them, without their places."""
    found = []
    for opening, inline in pairwise(MarkdownIt("commonmark").parse(text)):
        if opening.type == "heading_open" and opening.level == 0:
            parts = inline.children or ()
            title = "".join(part.content for part in parts if part.type in {"text", "code_inline"}).strip()
            found.append(Opener(title, int(opening.tag[1]), 0, 0, 0))
    return [heading for heading in found if heading.title]


@settings(max_examples=300, deadline=None)
@given(st.lists(PARTS, max_size=6).map("\n\n".join))
def test_headings_are_those_of_the_whole_parse(text: str) -> None:
    document = read_markdown(text.split("\n"), "no name")
    title, openers = division(whole_parse(text))
    assert document.title == (title or "no name")
    assert [chapter.title for chapter in document.chapters] == [opener.title for opener in openers]
    assert [line.rstrip() for line in text.strip("\n").split("\n")] == document.text.split("\n")


@pytest.mark.parametrize(
    ("text", "title", "author", "left"),
    [
        ("---\ntitle: A\nauthor: B\n---\nx", "A", "B", "x"),
        ("---\ntitle: A\nx", "a", "", "---\ntitle: A\nx"),
        ("---\nno matter\n---\nx", "no matter", "", "---\nno matter\n---\nx"),
        ("\n\nx  \n\n\n\ny\n\n", "a", "", "x\n\n\n\ny"),
    ],
)
def test_front_matter_and_white_space(text: str, title: str, author: str, left: str) -> None:
    document = read_markdown(text.split("\n"), "a.md")
    assert (document.title, document.author, document.text) == (title, author, left)


def test_a_chapter_ends_before_the_blank_lines_above_the_next() -> None:
    document = read_markdown("## A\n\na\n```\n# x\n```\n\n\nB\n--\nb\n## C".split("\n"), "a.md")
    assert [document.text[chapter.start : chapter.end] for chapter in document.chapters] == [
        "## A\n\na\n```\n# x\n```",
        "B\n--\nb",
        "## C",
    ]
