"""Word files: headings, lists, tables, tracked changes; and what is none."""

from __future__ import annotations

import inspect
import sys
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from curator.errors import SourceError
from curator.text.docx import read_docx
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


def word(tag: str, inner: str = "", attributes: str = "") -> str:
    """Return an element of Word's XML, its namespaces declared."""
    return f"<w:{tag} {nsdecls('w')} {attributes}>{inner}</w:{tag}>"


def said(text: str) -> str:
    """Return a run that says a text."""
    return word("r", word("t", text))


def read_with(folder: Path, *elements: str) -> str:
    """Return the text of a file that has these elements between two paragraphs."""
    file = docx.Document()
    file.add_paragraph("first")
    last = file.add_paragraph("last")
    for element in elements:
        last._p.addprevious(parse_xml(element))
    file.save(str(folder / "a.docx"))
    return read_document(folder / "a.docx").text


def control(content: str, properties: str = "") -> str:
    """Return a content control."""
    return word("sdt", word("sdtPr", properties) + word("sdtContent", content))


def gallery(name: str) -> str:
    """Return the properties of a content control of one of Word's galleries."""
    return word("docPartObj", word("docPartGallery", attributes=f'w:val="{name}"'))


@pytest.mark.parametrize(
    ("element", "between"),
    [
        (control(word("p", said("held"))), "held\n\n"),
        (control(control(word("p", said("deep")))), "deep\n\n"),
        (word("p", said("in ") + control(said("line"))), "in line\n\n"),
        (control(word("p", said("a quotation")), gallery("Quick Parts")), "a quotation\n\n"),
        (control(word("p", said("One 3")), gallery("Table of Contents")), ""),
        (control(word("p", said("Click to enter")), word("showingPlcHdr")), ""),
        (word("p", said("Name: ") + control(said("Click to enter"), word("showingPlcHdr"))), "Name:\n\n"),
        (word("tbl", control(word("tr", control(word("tc", word("p", said("cell"))))))), "cell\n\n"),
    ],
)
def test_content_controls_are_read_except_contents_and_placeholders(element: str, between: str, tmp_path: Path) -> None:
    assert read_with(tmp_path, element) == f"first\n\n{between}last"


def test_tracked_moves_come_once_where_they_were_moved_to(tmp_path: Path) -> None:
    text = read_with(tmp_path, word("p", word("moveFrom", said("moved"))), word("p", word("moveTo", said("moved"))))
    assert text == "first\n\nmoved\n\nlast"


def test_a_text_box_comes_once_and_apart(tmp_path: Path) -> None:
    box = word("txbxContent", word("p", said("boxed")) + word("p", said("twice")))
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    both = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{word('pict', box)}</mc:Fallback>"
    drawn = word("r", f"<mc:AlternateContent {mc}>{both}</mc:AlternateContent>")
    text = read_with(tmp_path, word("p", said("before") + drawn + said("after")))
    assert text == "first\n\nbefore\nboxed\ntwice\nafter\n\nlast"


def test_tables_within_tables_and_merged_cells_come_once(tmp_path: Path) -> None:
    file = docx.Document()
    table = file.add_table(3, 3)
    table.cell(0, 0).merge(table.cell(0, 2)).text = "wide"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "high"
    table.cell(1, 1).text = "b"
    table.cell(1, 2).text = "c"
    outer = table.cell(2, 1)
    outer.text = "outer"
    inner = outer.add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "in", "ner"
    table.cell(2, 2).text = "end"
    file.save(str(tmp_path / "a.docx"))
    assert read_document(tmp_path / "a.docx").text == "wide\nhigh | b | c\n | outer in ner | end"


def changed(path: Path, changes: dict[str, bytes]) -> Path:
    """Replace members of a Word file."""
    with zipfile.ZipFile(path) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    with zipfile.ZipFile(path, "w") as opened:
        for name, data in (members | changes).items():
            opened.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("default", "named", "text"),
    [
        ("List Bullet", "", "- One"),
        ("List Bullet", "Absent", "- One"),
        ("Plain", "Character", "One"),
        ("List Bullet", "Own", "One"),
        ("Plain", "Own-List", "- One"),
    ],
)
def test_a_paragraph_has_its_own_style_or_the_default_one(default: str, named: str, text: str, tmp_path: Path) -> None:
    """A style that is not there, or is none for paragraphs, leaves the default one."""
    styles = "".join(
        word("style", word("name", attributes=f'w:val="{name}"'), f'w:type="{kind}" w:styleId="{key}" {extra}')
        for name, kind, key, extra in [
            ("List Emphasis", "character", "Character", ""),
            ("list bullet", "paragraph", "Own-List", ""),
            ("Plain", "paragraph", "Own", ""),
            (default, "paragraph", "Default", 'w:default="1"'),
        ]
    )
    file = docx.Document()
    style = word("pPr", word("pStyle", attributes=f'w:val="{named}"')) if named else ""
    file.element.body.insert(0, parse_xml(word("p", style + said("One"))))
    file.save(str(tmp_path / "a.docx"))
    path = changed(tmp_path / "a.docx", {"word/styles.xml": word("styles", styles).encode()})
    assert read_document(path).text == text


@pytest.mark.parametrize("part", ["[Content_Types].xml", "docProps/core.xml", "word/document.xml", "word/styles.xml"])
@pytest.mark.parametrize("content", [b"", b"<a/>"])
def test_a_part_that_is_something_else_is_one_clear_error(part: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    file = docx.Document()
    file.add_paragraph("He woke.")
    file.save(str(path))
    with pytest.raises(SourceError, match="is damaged"):
        read_document(changed(path, {part: content}))


RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        ("word/document.xml", word("document"), "it has no body"),
        ("word/_rels/document.xml.rels", f'<Relationships xmlns="{RELATIONS}"><Relationship/></Relationships>', ""),
    ],
)
def test_a_part_that_lacks_something_is_one_clear_error(part: str, content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    docx.Document().save(str(path))
    with pytest.raises(SourceError, match=f"is damaged: {said}"):
        read_document(changed(path, {part: content.encode()}))


@pytest.mark.parametrize("style", ['w:type="none"', 'w:type="paragraph"', 'w:type="paragraph" w:styleId="Odd"'])
def test_an_odd_style_spoils_no_file(style: str, tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    file = docx.Document()
    file.add_paragraph("He woke.")
    file.save(str(path))
    styles = word("styles", word("style", word("name"), style))
    assert read_document(changed(path, {"word/styles.xml": styles.encode()})).text == "He woke."


def test_a_failure_of_ours_is_not_called_damage(tmp_path: Path) -> None:
    """Controls in controls, deeper than we may go here, and yet a sound file: the failure is to be seen as it is."""
    deep = word("p", said("deep"))
    for _ in range(110):
        deep = f"<w:sdt><w:sdtContent>{deep}</w:sdtContent></w:sdt>"
    assert "deep" in read_with(tmp_path, f"<w:sdt {nsdecls('w')}><w:sdtContent>{deep}</w:sdtContent></w:sdt>")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        with pytest.raises(RecursionError):
            read_docx((tmp_path / "a.docx").read_bytes(), "a.docx", "a.docx")
    finally:
        sys.setrecursionlimit(before)


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
