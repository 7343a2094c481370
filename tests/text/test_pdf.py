"""PDFs: paragraphs of lines, chapters of bookmarks, and errors for what holds no text."""

from __future__ import annotations

from pathlib import Path

import pytest
from fpdf import FPDF

from curator.errors import SourceError
from curator.text.document import Document
from curator.text.readers import read_document

LONG = (
    "The harbour master writes the tide into the blue book every morning, before the first boat leaves the pier. " * 3
)

SLEPT = ["", "then he slept.", "ate a fish.", "went to bed.", "read a book.", "then he died."]


def pdf(*, size: int = 11) -> FPDF:
    """Return a PDF with an empty first page."""
    file = FPDF(unit="pt", format=(420, 595))
    file.add_page()
    file.set_font("Times", size=size)
    return file


def lines(file: FPDF, *texts: str, at: float = 100, left: float = 40, leading: float = 14) -> None:
    """Set lines one below the other."""
    for number, text in enumerate(texts):
        file.text(left + 6 * (len(text) - len(text.lstrip())), at + number * leading, text.strip())


def read(file: FPDF, folder: Path) -> Document:
    """Write the file and read it."""
    file.output(str(folder / "a.pdf"))
    return read_document(folder / "a.pdf", "a.pdf")


def test_justified_paragraphs_set_apart_by_space(tmp_path: Path) -> None:
    file = pdf()
    for _ in range(3):
        file.multi_cell(0, 14, LONG, align="J", new_x="LMARGIN", new_y="NEXT")
        file.ln(8)
    assert read(file, tmp_path).text == "\n\n".join([LONG.strip()] * 3)


def test_words_divided_at_a_lines_end_are_joined_as_they_are_written_elsewhere(tmp_path: Path) -> None:
    file = pdf()
    lines(
        file,
        "The harbour and the well-known man saw the har-",
        "bour, the well-",
        "known man, and went North-",
        "West again.",
    )
    assert read(file, tmp_path).text == (
        "The harbour and the well-known man saw the harbour, the well-known man, and went North- West again."
    )


def test_running_heads_and_page_numbers_go_and_chapter_lines_stay(tmp_path: Path) -> None:
    file = FPDF(unit="pt", format=(420, 595))
    for number in range(1, 6):
        file.add_page()
        file.set_font("Times", size=11)
        file.text(40, 30, f"{number}  THE WALK" if number % 2 else "THE WALK")
        file.text(40, 60, f"CHAPTER {number}")
        lines(file, f"On day {number} he walked to the mill and back again, and", SLEPT[number])
        file.text(200, 580, f"- {number} -")
    document = read(file, tmp_path)
    assert [chapter.title for chapter in document.chapters] == [f"CHAPTER {number}" for number in range(1, 6)]
    assert "WALK" not in document.text
    assert document.text.endswith("CHAPTER 5\n\nOn day 5 he walked to the mill and back again, and then he died.")


def test_a_paragraph_goes_on_over_a_page(tmp_path: Path) -> None:
    file = pdf()
    lines(file, "   He walked to the mill, which stood on the hill, and", "from there to the")
    file.add_page()
    file.set_font("Times", size=11)
    lines(file, "river below the old mill, where he sat and ate his bread.", "   Then he slept.", "   And he woke.")
    assert read(file, tmp_path).text == (
        "He walked to the mill, which stood on the hill, and from there to the river below the old mill, where he sat "
        "and ate his bread.\n\nThen he slept.\n\nAnd he woke."
    )


def test_bookmarks_open_chapters(tmp_path: Path) -> None:
    file = pdf()
    for title in ("The Road", "The Sea"):
        file.start_section(title)
        file.set_font("Times", size=16)
        file.cell(text=title, new_x="LMARGIN", new_y="NEXT")
        file.set_font("Times", size=11)
        file.ln(10)
        file.multi_cell(0, 14, LONG, new_x="LMARGIN", new_y="NEXT")
        file.ln(10)
    document = read(file, tmp_path)
    assert [chapter.title for chapter in document.chapters] == ["The Road", "The Sea"]
    first = document.chapters[0]
    assert document.text[first.start : first.end] == f"The Road\n\n{LONG.strip()}"


def test_metadata(tmp_path: Path) -> None:
    file = pdf()
    lines(file, "He walked to the mill.")
    file.set_title("The Walk")
    file.set_author("Ann Lee")
    document = read(file, tmp_path)
    assert (document.title, document.author, document.chapters) == ("The Walk", "Ann Lee", ())


def test_a_scan_is_told_from_a_text(tmp_path: Path) -> None:
    file = pdf()
    file.rect(50, 50, 200, 300, style="F")
    with pytest.raises(SourceError, match=r"it was scanned; .* ocrmypdf a\.pdf"):
        read(file, tmp_path)


def test_a_password_is_said(tmp_path: Path) -> None:
    file = pdf()
    lines(file, "A secret that nobody reads.")
    file.set_encryption("owner", "user")
    with pytest.raises(SourceError, match="protected by a password"):
        read(file, tmp_path)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no pdf", b"%PDF-1.4\n1 0 obj\n<<"])
def test_a_damaged_file_is_one_clear_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    with pytest.raises(SourceError, match="is no PDF, or is damaged") as caught:
        read_document(path)
    assert str(path) in str(caught.value)


def test_a_damaged_page_is_one_clear_error(tmp_path: Path) -> None:
    file = pdf()
    lines(file, *SLEPT[1:])
    file.add_page()
    lines(file, *SLEPT[1:])
    path = tmp_path / "a.pdf"
    path.write_bytes(bytes(file.output()).replace(b"/Type /Page\n", b"/Type /Pxge\n", 1))
    with pytest.raises(SourceError, match=r"a\.pdf is damaged: .*; get the file again"):
        read_document(path)
