"""Word files: headings, lists, tables, tracked changes; and what is none."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from curator.errors import SourceError
from curator.text.readers import read_document


def test_paragraphs_headings_lists_and_tables(tmp_path: Path) -> None:
    file = docx.Document()
    file.core_properties.author = "Ann Lee"
    file.add_heading("Book", 0)
    file.add_heading("One", 1)
    file.add_paragraph("He  woke.\nThen")
    file.add_paragraph("a map", style="List Bullet")
    table = file.add_table(2, 2)
    for cell, text in zip((*table.rows[0].cells, *table.rows[1].cells), ("a", "b", "1", "2"), strict=True):
        cell.text = text
    file.add_heading("二", 1)
    file.add_paragraph("春眠不覺曉。")
    file.sections[0].header.paragraphs[0].text = "A running head"
    file.save(str(tmp_path / "a.docx"))
    document = read_document(tmp_path / "a.docx", "a.docx")
    assert document.text == "Book\n\nOne\n\nHe woke.\nThen\n\n- a map\n\na | b\n1 | 2\n\n二\n\n春眠不覺曉。"
    assert [chapter.title for chapter in document.chapters] == ["One", "二"]
    assert document.author == "Ann Lee"


def test_tracked_insertions_are_read_and_deletions_are_not(tmp_path: Path) -> None:
    file = docx.Document()
    paragraph = file.add_paragraph("He ")
    paragraph._p.append(parse_xml(f"<w:ins {nsdecls('w')}><w:r><w:t>woke</w:t></w:r></w:ins>"))
    paragraph._p.append(parse_xml(f"<w:del {nsdecls('w')}><w:r><w:delText>slept</w:delText></w:r></w:del>"))
    file.save(str(tmp_path / "a.docx"))
    assert read_document(tmp_path / "a.docx").text == "He woke"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no Word file, or is damaged"),
        (b"no zip", "is no Word file, or is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "of the old kind, or protected by a password"),
        (b"cut", "is no Word file, or is damaged"),
        (b"epub", "is no Word file, or is damaged"),
    ],
)
def test_what_is_no_word_file(tmp_path: Path, data: bytes, said: str) -> None:
    from tests.books import as_docx, as_epub

    path = tmp_path / "a.docx"
    if data == b"epub":
        as_epub("Chapter 1\n\nHe woke.", path)
    elif data == b"cut":
        path.write_bytes(as_docx("He woke.", path).read_bytes()[:9000])
    else:
        path.write_bytes(data)
    with pytest.raises(SourceError, match=said) as caught:
        read_document(path)
    assert str(path) in str(caught.value)
