"""The planted set: the table of the page of `decontaminate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

from curator.contamination import Finder, Rules
from curator.embedding.choose import embedder
from curator.record import Record
from evaluators.decontaminate import searched
from tests.evaluators.contamination_set import KINDS, benchmark, clean, is_short, items, planted

PAGE = Path(__file__).parents[2] / "docs" / "methods" / "decontaminate.md"
WORD_RULES = ("ngram-13", "ngram-8", "matched", "short-whole", "short-characters")


@cache
def finder() -> Finder:
    return Finder([benchmark()], Rules(), embedder=embedder())


def found_by(record: Record, item: str) -> set[str]:
    hits = finder().hits(searched(record, "dialogue"))
    return {hit.rule for hit in hits if item in ("", hit.item)}


@cache
def table_rows() -> list[tuple[str, int, Counter[str]]]:
    """Return, for each kind of copy and for the clean rows, how many rows there are and how many each rule finds."""
    sizes: tuple[tuple[str, Callable[[int], bool]], ...] = (
        ("short, {}", is_short),
        ("longer, {}", lambda at: not is_short(at)),
    )
    sets = [
        (name.format(kind), [(planted(kind, at), f"items:{at}") for at in range(len(items())) if fits(at)])
        for name, fits in sizes
        for kind in KINDS
    ]
    sets.append(("clean", [(record, "") for record in clean()]))
    table = []
    for name, rows in sets:
        near = finder().near([searched(record, "dialogue") for record, _item in rows], Rules().cosine)
        counts: Counter[str] = Counter()
        for (record, item), meant in zip(rows, near, strict=True):
            rules = found_by(record, item)
            counts.update(rules)
            counts["any"] += bool(rules)
            counts["embedding"] += any(item in ("", hit.item) for hit in meant)
        table.append((name, len(rows), counts))
    return table


def test_the_table_of_the_page_is_what_is_measured() -> None:
    """Counts of words hold exactly; a cosine at the threshold may fall either way on another machine."""
    text = PAGE.read_text(encoding="utf-8")
    block = text.split("<!-- planted set -->")[1].split("<!-- end -->")[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.strip().splitlines()[2:]]
    measured = [
        [name, str(count), *(str(counts[rule]) for rule in (*WORD_RULES, "any"))]
        for name, count, counts in table_rows()
    ]
    assert [cells[:-1] for cells in lines] == measured
    for cells, (_name, _count, counts) in zip(lines, table_rows(), strict=True):
        assert abs(int(cells[-1]) - counts["embedding"]) <= 1


def test_copies_are_found_and_clean_rows_are_not() -> None:
    counts = {name: (count, found) for name, count, found in table_rows()}
    for kind in ("verbatim", "recased"):
        for size in ("short", "longer"):
            count, found = counts[f"{size}, {kind}"]
            assert found["any"] == count
    count, found = counts["longer, edited"]
    assert found["any"] == count
    assert counts["clean"][1]["any"] == 0
    assert len(items()) >= 40
    assert counts["clean"][0] >= 60
