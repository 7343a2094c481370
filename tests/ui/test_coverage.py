"""`curator coverage`: what the accepted records rest on, in the terminal, as JSON, and as a picture."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from curator.text.coverage import PARTS, ChapterCoverage, Coverage
from tests.ui.project import KEPT
from tests.ui.terminal import Call
from ui.cli.coverage_chart import draw
from ui.cli.coverage_counts import LEVELS, Rests, level, step_names, steps

SVG = "{http://www.w3.org/2000/svg}"


def covered(chapters: int, title: str = "A <book> & more") -> Rests:
    """Return what records rest on in a document of so many chapters; one more record a chapter, from none on."""
    rows = tuple(
        ChapterCoverage(f"Chapter {number} with a <heading> that goes on & on & on", (number, *(0,) * (PARTS - 1)))
        for number in range(chapters)
    )
    return Rests((Coverage("a.md", title, rows, 2, (3, *(1,) * (PARTS - 1))),), 7, 0, ())


def picture_of(out: Path) -> ElementTree.Element:
    """Return the root of a picture."""
    return ElementTree.fromstring(out.read_text(encoding="utf-8"))  # noqa: S314 - our own file


def test_the_terminal_shows_each_chapter(ran: Path, curator: Call) -> None:
    ended = curator("coverage")
    assert ended.code == 0
    assert f"Run 1: {KEPT} accepted records" in ended.out
    for title in ("Boats", "Bridges", "Bells"):
        assert title in ended.out
    assert "2 passages in 2 of" in ended.out
    assert "Gini over chapters" in ended.out
    assert "· none" in ended.out
    assert "░ 1" in ended.out
    assert "Not shown: 2 accepted records made from no document." in ended.err


def test_json_holds_the_counts(ran: Path, curator: Call) -> None:
    data = curator("coverage", "--json").data
    assert (data["run"], data["records"], data["without_source"], data["unknown_documents"]) == (1, KEPT, 2, [])
    [document] = data["documents"]
    counts = {chapter["title"]: chapter["passages"] for chapter in document["chapters"]}
    assert (counts["Boats"], counts["Bridges"], counts["Bells"]) == (1, 1, 0)  # that about the bells was dropped
    assert document["passages"] == sum(counts.values()) + document["outside"] == 2
    assert all(sum(chapter["cells"]) == chapter["passages"] for chapter in document["chapters"])
    assert document["chapters_share"] == pytest.approx(2 / len(counts))
    assert sum(document["evidence_positions"]) == 2


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_no_line_is_wider_than_the_terminal(
    columns: str, ran: Path, curator: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    table = [line for line in curator("coverage").out.splitlines() if "░" in line and "none" not in line]
    assert table
    assert max(len(line) for line in table) <= int(columns)


@pytest.mark.parametrize("name", ["coverage.svg", "coverage.html", "COVERAGE.SVG"])
def test_it_is_drawn_into_a_file(name: str, ran: Path, curator: Call) -> None:
    ended = curator("coverage", "--out", name)
    assert ended.code == 0
    assert f"Drawn in {name}" in ended.out
    text = (ran / name).read_text(encoding="utf-8")
    assert text.count("<svg") == 1
    assert "Coverage of run 1" in text
    assert "prefers-color-scheme: dark" in text
    left = text.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in left  # nothing is loaded from anywhere
    assert "url(" not in left
    assert "<script" not in left


@pytest.mark.parametrize("name", ["coverage.png", "coverage", "coverage/"])
def test_other_kinds_of_files_are_refused(name: str, ran: Path, curator: Call) -> None:
    ended = curator("coverage", "--out", name)
    assert ended.code == 2
    assert "must end in .svg or .html" in ended.error


def test_an_earlier_run_by_its_number(ran: Path, curator: Call) -> None:
    assert curator("run", "--limit", "1").code == 0
    assert curator("coverage", "--run", "1", "--json").data["records"] == KEPT
    refused = curator("coverage", "--run", "9")
    assert refused.code == 1
    assert "there is no run 9" in refused.error


def test_a_run_without_documents_has_nothing_to_draw(project: Path, curator: Call) -> None:
    recipe = project / "recipe.yaml"
    kept = [line for line in recipe.read_text(encoding="utf-8").splitlines() if "book-qa" not in line]
    recipe.write_text("\n".join(kept) + "\n", encoding="utf-8")
    assert curator("run").code == 0
    ended = curator("coverage", "--out", "a.svg")
    assert ended.code == 0
    assert "there is nothing to draw" in ended.err
    assert not (project / "a.svg").exists()
    assert curator("coverage", "--json").data["documents"] == []


@pytest.mark.parametrize("chapters", [1, 5, 61])
def test_a_picture_has_a_square_for_each_tenth_and_stays_inside_its_frame(chapters: int, tmp_path: Path) -> None:
    draw(covered(chapters), 3, tmp_path / "a.svg")
    root = picture_of(tmp_path / "a.svg")
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    squares = [box for box in root.iter(f"{SVG}rect") if (box.findtext(f"{SVG}title") or "").count("tenth") == 1]
    assert len(squares) == PARTS * chapters + PARTS  # and the bars of the histogram
    for box in root.iter(f"{SVG}rect"):
        x, y = float(box.attrib.get("x", 0)), float(box.attrib.get("y", 0))
        assert 0 <= x <= x + float(box.attrib["width"]) <= width
        assert 0 <= y <= y + float(box.attrib["height"]) <= height


def test_titles_are_text_in_a_picture(tmp_path: Path) -> None:
    draw(covered(2), 3, tmp_path / "a.svg")
    texts = [text.text for text in picture_of(tmp_path / "a.svg").iter(f"{SVG}text")]
    assert "A <book> & more" in texts
    titles = [text.findtext(f"{SVG}title") for text in picture_of(tmp_path / "a.svg").iter(f"{SVG}text")]
    assert "Chapter 1 with a <heading> that goes on & on & on" in titles


def test_a_picture_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        draw(covered(5), 3, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    ("most", "lowest", "names"),
    [
        (0, (1, 2, 3, 4), ()),
        (1, (1, 2, 3, 4), ("1",)),
        (4, (1, 2, 3, 4), ("1", "2", "3", "4")),
        (5, (1, 2, 3, 4), ("1", "2", "3", "4-5")),
        (8, (1, 3, 5, 7), ("1-2", "3-4", "5-6", "7-8")),
        (400, (1, 101, 201, 301), ("1-100", "101-200", "201-300", "301-400")),
    ],
)
def test_shades(most: int, lowest: tuple[int, ...], names: tuple[str, ...]) -> None:
    assert steps(most) == lowest
    assert step_names(lowest, most) == names
    assert level(0, lowest) == 0
    assert level(max(most, 4), lowest) == LEVELS
