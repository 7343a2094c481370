"""`curator dedup`."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ui.project import write_lines
from tests.ui.terminal import Call, Ended

BELLS = "The bells of the tower are rung by hand at noon, and once more when the last ferry has left the harbour."
FISH = "Fish is sold at the market every morning, before the sun has come up over the roofs of the old town."


def row(question: str, answer: str, **more: object) -> dict[str, object]:
    return {"instruction": question, "input": "", "output": answer, **more}


ROWS = [
    row("When are the bells rung?", BELLS, id="bells", stars=2),
    row("When is fish sold?", FISH, id="fish", stars=1),
    row("when are the  bells rung?", BELLS.upper(), id="loud", stars=3),
    row("When are the bells rung?", BELLS + " So it goes.", id="long", stars=5),
    row("WHEN ARE THE BELLS RUNG?", BELLS + " So it goes.", id="both", stars=4),
    row("When are the bells rung?", BELLS.replace("noon", "noon of 24 June 1907"), id="date", stars=0),
]
"""`loud` equals `bells`, `both` equals `long`, which resembles `bells`; `date` does too, but states another fact."""


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    write_lines(tmp_path / "a.jsonl", *ROWS)
    return tmp_path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ids(path: Path) -> list[str]:
    return [line["id"] for line in lines(path)]


def test_equal_texts_go_first_then_alike_ones(rows: Path, curator: Call) -> None:
    ended = curator("dedup", "a.jsonl", "--out", "b.jsonl", "--dropped", "c.jsonl")
    assert ended.code == 0
    assert ended.err == ""
    told = ended.out.splitlines()
    assert told[0] == "Kept 3 of 6 rows, in b.jsonl; the others are in c.jsonl."
    assert told[1].split(maxsplit=1) == ["2", "exact duplicates (the same text)"]
    assert told[2].split(maxsplit=1) == ["1", "near duplicates (nearly the same text)"]
    assert told[3].startswith("1 cluster of alike rows; the largest has 4. ")
    assert (rows / "b.jsonl").read_text() == "".join(json.dumps(ROWS[at]) + "\n" for at in (0, 1, 5))


def test_every_dropped_row_names_one_that_stays(rows: Path, curator: Call) -> None:
    curator("dedup", "a.jsonl", "-o", "b.jsonl", "--dropped", "c.jsonl")
    loud, long, both = lines(rows / "c.jsonl")
    added = ("dropped_reason", "duplicate_of", "duplicate_row", "via_row")
    assert [loud[name] for name in added] == ["exact-duplicate", "bells", 1, 1]
    assert [long[name] for name in added] == ["near-duplicate", "bells", 1, 1]
    assert [both[name] for name in added] == ["exact-duplicate", "bells", 1, 4]
    assert loud["similarity"] == 1
    assert 0.8 <= long["similarity"] == both["similarity"] < 1
    assert {name: long[name] for name in ROWS[3]} == ROWS[3]


def test_the_same_as_data(rows: Path, curator: Call) -> None:
    data = curator("dedup", "a.jsonl", "-o", "b.jsonl", "--json").data
    assert data.pop("seconds") >= 0
    assert data == {
        "file": "a.jsonl",
        "out": "b.jsonl",
        "dropped": "",
        "rows": 6,
        "exact_duplicates": 2,
        "near_duplicates": 1,
        "semantic_duplicates": 0,
        "unreadable": 0,
        "kept": 3,
        "without_text": 0,
        "clusters": 1,
        "largest_cluster": 4,
        "crowded": 0,
    }


def test_families_too_large_to_be_compared_completely_are_said(tmp_path: Path, curator: Call) -> None:
    template = "write a long story about {} in which a dog and a cat walk to the house of the old ferryman by the river"
    twins = [{"text": template.format(f"w{number:04}x")} for number in range(1200)]
    (tmp_path / "twins.jsonl").write_text("".join(json.dumps(row) + "\n" for row in twins))
    command = ("dedup", "twins.jsonl", "-o", "clean.jsonl", "--column", "text", "--shingles", "words", "--no-guard")
    assert curator(*command, "--json").data["crowded"] > 1000
    (tmp_path / "clean.jsonl").unlink()
    assert "rows of families too large to be compared completely" in curator(*command).out
    (tmp_path / "clean.jsonl").unlink()
    assert curator(*command, "--method", "exact", "--json").data["crowded"] == 0


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ("--method exact", ["bells", "fish", "date"]),
        ("--engine datasketch", ["bells", "fish", "date"]),
        ("--no-guard --threshold 0.6", ["bells", "fish"]),
        ("--threshold 1", ["bells", "fish", "long", "date"]),
        ("--threshold 0.99", ["bells", "fish", "long", "date"]),
        ("--field instruction", ["bells", "fish"]),
        ("--field response --threshold 1", ["bells", "fish", "long", "date"]),
        ("--column instruction", ["bells", "fish"]),
        ("--keep-best stars", ["fish", "long", "date"]),
        ("--keep-best stars --threshold 1", ["fish", "loud", "long", "date"]),
        ("--format alpaca --shingles words", ["bells", "fish", "date"]),
        ("--shingles characters", ["bells", "fish", "date"]),
    ],
)
def test_options(options: str, kept: list[str], rows: Path, curator: Call) -> None:
    assert curator("dedup", "a.jsonl", "-o", "b.jsonl", *options.split()).code == 0
    assert ids(rows / "b.jsonl") == kept


def test_help_says_what_becomes_of_files_that_are_there(rows: Path, curator: Call) -> None:
    (rows / "b.jsonl").write_text("old")
    assert curator("dedup", "a.jsonl", "-o", "b.jsonl").code == 0
    assert ids(rows / "b.jsonl") == ["bells", "fish", "date"]
    told = " ".join(curator("dedup", "--help").out.split())
    assert "What is there is replaced." in told
    assert "--out and --dropped are then new folders" in told


def test_the_best_by_a_score_that_was_exported(rows: Path, curator: Call) -> None:
    scores = (0.2, None, 0.9)
    provenance = [
        {"id": f"r1-{n}", "scores": [{"name": "judge", "value": score}] if score else []}
        for n, score in enumerate(scores)
    ]
    same = [row("Who?", "Ruth.", curator=json.dumps(told)) for told in provenance]
    write_lines(rows / "s.jsonl", *same)
    assert curator("dedup", "s.jsonl", "-o", "b.jsonl", "--dropped", "c.jsonl", "--keep-best", "judge").code == 0
    assert lines(rows / "b.jsonl") == [same[2]]
    assert [line["duplicate_of"] for line in lines(rows / "c.jsonl")] == ["r1-2", "r1-2"]


def test_the_same_meaning(rows: Path, curator: Call, kept_model: Path) -> None:
    twins = [
        row("How do I bake a sourdough bread?", "Mix flour and water, wait, and bake it."),
        row("What is the way to bake a sourdough bread?", "Mix flour and water, wait, then bake it."),
        row("Where is the harbour?", "Behind the market."),
    ]
    write_lines(rows / "s.jsonl", *twins)
    command = (
        "dedup",
        "s.jsonl",
        "-o",
        "b.jsonl",
        "--dropped",
        "c.jsonl",
        "--method",
        "semantic",
        "--threshold",
        "0.8",
    )
    ended = curator(*command)
    assert ended.code == 0
    assert "1  semantic duplicates (the same meaning)" in ended.out
    [gone] = lines(rows / "c.jsonl")
    assert gone["instruction"] == twins[1]["instruction"]
    assert (gone["dropped_reason"], gone["duplicate_of"]) == ("semantic-duplicate", "row 1")
    assert 0.8 <= gone["similarity"] <= 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_beyond_memory_the_same_rows_stay(rows: Path, curator: Call) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), rows / "a.parquet")
    assert curator("dedup", "a.parquet", "-o", "b.parquet").code == 0
    ended = curator("dedup", "a.parquet", "--engine", "daft", "-o", "parts", "--dropped", "gone")
    assert ended.code == 0
    assert ended.out.startswith("Kept 3 of 6 rows, in parts; the others are in gone.")
    assert pq.read_table(rows / "parts").equals(pq.read_table(rows / "b.parquet"))
    assert sorted(pq.read_table(rows / "gone")["id"].to_pylist()) == ["both", "long", "loud"]
    gc.collect()  # here, where the pipes that Daft leaves open may be warned about


def test_parquet_to_other_kinds_of_file(rows: Path, curator: Call) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), rows / "a.parquet")
    assert curator("dedup", "a.parquet", "-o", "b.parquet", "--dropped", "c.csv").code == 0
    assert pq.read_table(rows / "b.parquet")["id"].to_pylist() == ["bells", "fish", "date"]
    header, *cells = (rows / "c.csv").read_text().splitlines()
    assert header.endswith("stars,dropped_reason,duplicate_of,duplicate_row,similarity,via_row")
    assert cells[0].endswith(",loud,3,exact-duplicate,bells,1,1.0,1")


class TestRowsThatAreOdd:
    def odd(self, folder: Path, curator: Call, *options: str) -> Ended:
        text = json.dumps(ROWS[0]) + '\n{"broken\n' + '{"instruction": "Why?", "output": ""}\n{"other": 1}\n'
        (folder / "odd.jsonl").write_text(text)
        return curator("dedup", "odd.jsonl", "-o", "b.jsonl", "--field", "response", *options)

    def test_they_are_said(self, rows: Path, curator: Call) -> None:
        ended = self.odd(rows, curator)
        assert ended.code == 0
        assert ended.out.startswith("Kept 3 of 4 rows, in b.jsonl.\nNo row repeats another.")
        assert ended.err.splitlines() == [
            "Not readable as rows: 1 (left out; --dropped FILE would keep what is written there).",
            "Kept though without text to compare: 2 rows.",
            "  row 2: broken JSON at position 9: Invalid control character at",
            "  row 4: the columns are other, where alpaca needs instruction, output",
        ]

    def test_nothing_is_lost(self, rows: Path, curator: Call) -> None:
        assert "(see c.jsonl)" in self.odd(rows, curator, "--dropped", "c.jsonl").err
        [gone] = lines(rows / "c.jsonl")
        assert (gone["dropped_reason"], gone["raw_text"]) == ("unreadable", '{"broken')
        assert len(lines(rows / "b.jsonl")) == 3

    def test_of_many_five_are_shown(self, rows: Path, curator: Call) -> None:
        (rows / "odd.jsonl").write_text(json.dumps(ROWS[0]) + "\n" + "{\n" * 9)
        ended = curator("dedup", "odd.jsonl", "-o", "b.jsonl")
        assert ended.err.count("  row ") == 5
        assert ended.err.endswith("  … and 4 more\n")

    def test_one_row_is_a_file(self, rows: Path, curator: Call) -> None:
        write_lines(rows / "one.jsonl", ROWS[0])
        ended = curator("dedup", "one.jsonl", "-o", "b.jsonl")
        assert ended.out.startswith("Kept 1 of 1 row, in b.jsonl.\nNo row repeats another.")

    def test_half_surrogate_pairs_and_long_texts(self, rows: Path, curator: Call) -> None:
        long = "word " * 200_000
        write_lines(rows / "x.jsonl", *(row(question, long) for question in ("a\ud800", "a\ud800", "b 1", "b 2")))
        assert curator("dedup", "x.jsonl", "-o", "b.jsonl").code == 0
        assert [line["instruction"] for line in lines(rows / "b.jsonl")] == ["a\ud800", "b 1", "b 2"]


def lone_parquet(folder: Path) -> object:
    return (folder / "p.parquet").write_bytes(b"PAR1 and no more")


def semicolons(folder: Path) -> object:
    return (folder / "s.csv").write_text("question;answer\nWho, when and where?;Ruth, then, there.\n")


WRONG: list[tuple[str, int, tuple[str, ...], Callable[[Path], object]]] = [
    ("gone.jsonl -o b.jsonl", 1, ("gone.jsonl: there is no such file",), Path.exists),
    ("a.txt -o b.jsonl", 1, ("a.txt: the ending '.txt' is unknown",), Path.exists),
    ("a.jsonl -o a.jsonl", 1, ("--out a.jsonl is the input",), Path.exists),
    ("a.jsonl -o b.jsonl --dropped b.jsonl", 1, ("--dropped b.jsonl is --out",), Path.exists),
    ("a.jsonl -o b.doc", 1, ("b.doc", "use .jsonl"), Path.exists),
    ("a.jsonl -o b.jsonl --column outptu", 1, ("no column 'outptu'; did you mean 'output'?",), Path.exists),
    ("a.jsonl -o b.jsonl --column output --field both", 2, ("--column output", "leave out --field"), Path.exists),
    ("a.jsonl -o b.jsonl --format alpca", 2, ("no format 'alpca'; did you mean 'alpaca'?",), Path.exists),
    ("a.jsonl -o b.jsonl --format messages", 1, ("needs messages", "they fit alpaca"), Path.exists),
    ("a.jsonl -o b.jsonl --threshold 1.5", 2, ("--threshold", "curator dedup --help"), Path.exists),
    ("a.jsonl -o b.jsonl --threshold 0.1", 2, ("--threshold", "curator dedup --help"), Path.exists),
    ("a.jsonl -o b.jsonl --threshold 0.4 --method semantic", 2, ("--threshold 0.4", "0.5"), Path.exists),
    ("a.jsonl -o b.jsonl --keep-best star", 1, ("'star'; did you mean 'stars'?",), Path.exists),
    ("a.jsonl -o b.jsonl --ray 127.0.0.1:9", 2, ("--ray", "add --engine daft"), Path.exists),
    ("a.jsonl -o b --engine daft --method exact", 2, ("--method exact", "near-duplicates only"), Path.exists),
    ("a.jsonl -o b --engine daft --ray 127.0.0.1:9", 1, ("no Ray cluster answers at 127.0.0.1:9",), Path.exists),
    (". -o b.jsonl", 2, (". is a folder of files", "--engine daft"), Path.exists),
    ("a.jsonl -o b.jsonl --engine daft", 1, ("--out b.jsonl", "name a folder"), Path.exists),
    ("a.jsonl -o b --dropped c.parquet --engine daft", 1, ("--dropped c.parquet", "name a folder"), Path.exists),
    ("gone.jsonl -o b.doc", 1, ("gone.jsonl: there is no such file",), Path.exists),
    ("a.jsonl -o b.doc --column outptu", 1, ("no column 'outptu'",), Path.exists),
    ("gone.jsonl -o gone.jsonl --engine daft", 1, ("gone.jsonl: there is no such file",), Path.exists),
    ("a.jsonl -o b.jsonl --keep-best output", 1, ("the column 'output' holds no number",), Path.exists),
    ("s.csv -o b.csv", 1, ("separated by the sign ;: save it with commas",), semicolons),
    ("s.csv -o b.csv --column text", 1, ("no column 'text'; its cells seem to be separated",), semicolons),
    ("t.csv -o b.csv", 1, ("separated by tabs",), lambda f: (f / "t.csv").write_text("question\tanswer\nWhy?\tSo.\n")),
    ("e.jsonl -o b.jsonl", 1, ("e.jsonl: the file is empty",), lambda f: (f / "e.jsonl").write_text("")),
    ("e.csv -o b.csv", 1, ("e.csv: the file is empty",), lambda f: (f / "e.csv").write_text("instruction,output\n")),
    (
        "n.jsonl -o b.jsonl",
        1,
        ("which fit no format", "--column NAME"),
        lambda f: write_lines(f / "n.jsonl", {"a": "b"}),
    ),
    ("p.parquet -o b.parquet", 1, ("p.parquet: is damaged or no Parquet file",), lone_parquet),
]


@pytest.mark.parametrize(("line", "code", "says", "spoil"), WRONG, ids=[line for line, *_ in WRONG])
def test_one_line_says_what_is_wrong(
    line: str, code: int, says: tuple[str, ...], spoil: Callable[[Path], object], rows: Path, curator: Call
) -> None:
    spoil(rows)
    before = {path: path.read_bytes() for path in rows.iterdir() if path.is_file()}
    ended = curator("dedup", *line.split())
    assert ended.code == code, ended
    for words in says:
        assert words in ended.error
    assert {path: path.read_bytes() for path in rows.iterdir() if path.is_file()} == before
