"""Of a web page comes what a reader sees of it."""

from __future__ import annotations

import pytest

from curator.errors import SourceError
from curator.text.document import Document
from curator.text.html import read_html


def read(body: str | bytes) -> Document:
    """Read a page."""
    return read_html(body if isinstance(body, bytes) else body.encode(), "a.html", "a.html")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>a<p>b", "a\n\nb"),
        ("<div>a<p>b</p>c</div>d", "a\n\nb\n\nc\n\nd"),
        ("<p>a <b>bold</b>,\n <i>new</i>line &amp; more</p>", "a bold, newline & more"),
        ("<p>a<br>b</p>", "a\nb"),
        ("<ul><li>a<li>b<ol><li>c</ol></ul>", "- a\n\n- b\n\n- c"),
        ("<table><tr><th>a<th>b<tr><td>1<td></table>", "a | b\n\n1 |"),
        ("<pre>x = 1\n  y</pre>", "x = 1\n  y"),
        ("a<script>var b = '<p>c';</script><style>d</style><noscript>e</noscript>", "a"),
        ("<nav>menu</nav><p>a<footer>f</footer><aside>g</aside>", "a"),
        ("<p hidden>x</p><p style='color:red; display : NONE'>y</p><p aria-hidden=true>z</p>a", "a"),
        ("<p>a<span class='pagenum'>[12]</span>b <span style='visibility:hidden'>c</span>d</p>", "ab d"),
        ("<p>a</p><figure><img><figcaption>c</figcaption></figure><!-- d --><svg><text>e</text></svg>", "a"),
        ("<header>menu</header><main><p>a</p></main><div>more</div>", "a"),
        ("<p>never closed <b>a", "never closed a"),
        ("<b>" * 2000 + "deep", "deep"),
    ],
)  # fmt: skip
def test_what_is_seen(body: str, text: str) -> None:
    assert read(f"<html><head><title>t</title></head><body>{body}</body></html>").text == text


@pytest.mark.parametrize("text", ["春眠不覺曉。處處聞啼鳥。", "مرحبا بالعالم.", "Привет, мир."])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_every_script(text: str, encoding: str) -> None:
    assert read(f"<p>{text}</p>".encode(encoding)).text == text


@pytest.mark.parametrize(
    ("declared", "actual", "word"),
    [
        ("windows-1251", "cp1251", "Привет"),
        ("gb2312", "gb2312", "春眠"),
        ("iso-8859-1", "cp1252", "“Müh”"),
        ("UTF-8", "utf-8", "é"),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        '<meta charset="{}">',
        '<meta http-equiv="x" content="text/html; charset={}">',
        '<?xml version="1.0" encoding="{}"?>',
    ],
)
def test_the_encoding_that_a_page_declares(declared: str, actual: str, word: str, form: str) -> None:
    assert read(f"{form.format(declared)}<p>{word}</p>".encode(actual)).text == word


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (b'<meta charset="klingon"><p>a', "declares itself as klingon"),
        (b'<meta charset="utf-8"><p>\xff', "no UTF-8: invalid start byte at byte 25"),
        (b'<meta charset="shift_jis"><p>\xff\xff', "declares itself as shift_jis"),
        (b"<p>\0", "binary"),
        (b"<b>" * 3000 + b"deep", "nested too deep"),
    ],
)
def test_wrong_encodings(page: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(page)


def test_headings_open_chapters() -> None:
    document = read(
        "<head><title>Shop | Book</title><meta name=author content='A. B.'></head>"
        "<h1>Book</h1><p>i</p><h2>One</h2><p>a</p><h3>deep</h3><p>b</p><h2> Two <i>x</i></h2><p>c</p><h2>Empty</h2>"
    )
    assert (document.title, document.author) == ("Shop | Book", "A. B.")
    assert [chapter.title for chapter in document.chapters] == ["One", "Two x"]
    first = document.chapters[0]
    assert document.text[first.start : first.end] == "One\n\na\n\ndeep\n\nb"


def test_a_page_without_headings_has_no_chapters() -> None:
    assert read("<p>a</p><p>b</p>") == Document("a.html", "a\n\nb", "a")


def test_the_title_without_a_head_is_the_top_heading() -> None:
    assert read("<h1>Book</h1><h2>a</h2>x<h2>b</h2>y").title == "Book"
