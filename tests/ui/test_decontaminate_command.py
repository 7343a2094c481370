"""`curator decontaminate`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.ui.project import write_lines
from tests.ui.terminal import Call, ended, program

ITEM = "A ferry leaves the harbour at seven with forty people on board and takes up nine more at each of three stops"
OTHER = "Which of the four bridges over the river Elm was the last one to be opened to carts and to people on foot"
ANSWER = "Forty and three times nine are sixty seven so that many people are on board when it arrives at the last pier"
CLEAN = "Nine bells hang in the tower above the fish market, and the largest of them is rung at noon."

ROWS = [
    {"instruction": "What hangs in the tower?", "output": CLEAN},
    {"instruction": f"Tell me: {ITEM.upper()}. How many are on board?", "output": "Sixty-seven."},
    {"instruction": "Work it out.", "output": f"Well. {ANSWER}!"},
    {"instruction": "Who sells fish?", "output": "Everybody does."},
]
BENCHMARK = [{"id": "ferry", "question": ITEM, "answer": ANSWER}, {"id": "bridge", "question": OTHER, "answer": "Elm"}]
COMMAND = ("decontaminate", "a.jsonl", "--against", "bench.jsonl", "--out", "b.jsonl")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    write_lines(tmp_path / "a.jsonl", *ROWS)
    write_lines(tmp_path / "bench.jsonl", *BENCHMARK)
    return tmp_path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_items_and_rows_are_both_counted(rows: Path, curator: Call) -> None:
    done = curator(*COMMAND, "--dropped", "c.jsonl")
    assert done.code == 0
    assert done.err == ""
    table = [line.split() for line in done.out.splitlines()]
    assert ["bench.jsonl", "any", "1", "50%", "2", "50%"] in table
    assert ["ngram-13", "1", "50%", "2", "50%"] in table
    assert done.out.endswith("Kept 2 of 4 rows, in b.jsonl; the others are in c.jsonl.\n")
    assert (rows / "b.jsonl").read_text() == "".join(json.dumps(ROWS[at]) + "\n" for at in (0, 3))


def test_dropped_rows_say_what_they_give_away(rows: Path, curator: Call) -> None:
    curator(*COMMAND, "--dropped", "c.jsonl")
    question, answer = lines(rows / "c.jsonl")
    assert question["dropped_reason"] == answer["dropped_reason"] == "contaminated"
    assert question["benchmark_items"] == answer["benchmark_items"] == ["bench.jsonl:ferry"]
    assert question["rule"] in {"ngram-13", "ngram-8", "matched"}
    assert question["share"] == 1
    assert question["shared_words"].startswith("a ferry leaves the harbour at seven")
    assert {name: question[name] for name in ROWS[1]} == ROWS[1]


def test_the_same_as_data(rows: Path, curator: Call) -> None:
    data = curator(*COMMAND, "--json", "--rule", "ngram-8").data
    assert (data["kept"], data["unreadable"], data["without_text"]) == (2, 0, 0)
    [found] = data["report"]["benchmarks"]
    assert (found["items"], found["items_hit"], found["records_hit"]) == (2, 1, 2)
    assert [rule["rule"] for rule in found["rules"]] == ["ngram-8"]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ("--field instruction", [0, 2, 3]),
        ("--field response", [0, 1, 3]),
        ("--column output", [0, 1, 3]),
        ("--benchmark-field response", [0, 1, 3]),
        ("--benchmark-column answer", [0, 1, 3]),
        ("--benchmark-column question", [0, 2, 3]),
        ("--benchmark-column question --benchmark-column answer", [0, 3]),
        ("--rule matched", [0, 3]),
        ("--against clean.jsonl", [3]),
    ],
)
def test_options(options: str, kept: list[int], rows: Path, curator: Call) -> None:
    write_lines(rows / "clean.jsonl", {"question": CLEAN, "answer": "Nine."})
    assert curator(*COMMAND, *options.split()).code == 0
    assert lines(rows / "b.jsonl") == [ROWS[at] for at in kept]


def test_meaning_is_compared_turn_by_turn(rows: Path, curator: Call, kept_model: Path) -> None:
    item = "Over the fish market nine bells are hanging in a tower, and at noon the largest one of them is being rung."
    write_lines(rows / "bench.jsonl", {"question": item, "answer": ""})
    assert curator(*COMMAND).out.endswith("Kept 4 of 4 rows, in b.jsonl.\n")
    assert curator(*COMMAND, "--rule", "embedding").code == 0
    assert lines(rows / "b.jsonl") == ROWS[1:]


def test_parquet_holds_the_items_as_a_list(rows: Path, curator: Call) -> None:
    assert curator(*COMMAND, "--dropped", "c.parquet").code == 0
    assert pq.read_table(rows / "c.parquet")["benchmark_items"].to_pylist() == [["bench.jsonl:ferry"]] * 2


def test_items_of_few_words_are_said(rows: Path, curator: Call) -> None:
    write_lines(rows / "bench.jsonl", *BENCHMARK, {"question": "Why?", "answer": "So."})
    assert "bench.jsonl: 1 item of 3 not looked for: too few words." in curator(*COMMAND).err


def test_rows_that_cannot_be_read_are_not_lost(rows: Path, curator: Call) -> None:
    with (rows / "a.jsonl").open("a") as file:
        file.write('{"broken\n{"other": 1}\n')
    done = curator(*COMMAND, "--dropped", "c.jsonl")
    assert "Not readable as rows: 1 (see c.jsonl)." in done.err
    assert [line["dropped_reason"] for line in lines(rows / "c.jsonl")] == ["contaminated"] * 2 + ["unreadable"]
    assert lines(rows / "b.jsonl")[-1] == {"other": 1}


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("a.jsonl --against gone.jsonl -o b.jsonl", 1, ("--against gone.jsonl", "No such file")),
        ("a.jsonl --against odd.jsonl -o b.jsonl", 1, ("--against odd.jsonl", "columns are foo", "--benchmark-column")),
        ("a.jsonl --against bench.jsonl -o b.jsonl --benchmark-column qestion", 1, ("'qestion'", "'question'?")),
        ("a.jsonl --against bench.jsonl --against bench.jsonl -o b.jsonl", 2, ("bench.jsonl: is named twice",)),
        ("a.jsonl --against bench.jsonl -o b.jsonl --rule ngram13", 2, ("'ngram13'; did you mean 'ngram-13'?",)),
        ("a.jsonl --against bench.jsonl -o a.jsonl", 1, ("--out a.jsonl is the input",)),
        ("gone.jsonl --against bench.jsonl -o b.doc", 1, ("gone.jsonl: there is no such file",)),
        ("gone.jsonl --against bench.jsonl -o b.jsonl", 1, ("gone.jsonl: there is no such file",)),
        ("a.jsonl -o b.jsonl", 2, ("--against",)),
        ("a.jsonl --against bench.jsonl -o b.jsonl" + " --benchmark-column a" * 3, 2, ("no more",)),
        ("a.jsonl --against bench.jsonl -o b.jsonl --column ouput", 1, ("did you mean 'output'?",)),
    ],
)
def test_one_line_says_what_is_wrong(line: str, code: int, says: tuple[str, ...], rows: Path, curator: Call) -> None:
    write_lines(rows / "odd.jsonl", {"foo": "x"})
    before = sorted(path.name for path in rows.iterdir())
    done = curator("decontaminate", *line.split())
    assert done.code == code, done
    for words in says:
        assert words in done.error
    assert sorted(path.name for path in rows.iterdir()) == before


def test_a_hub_out_of_reach_speaks_of_no_recipe(rows: Path) -> None:
    command = ("decontaminate", "a.jsonl", "--against", "no-such/benchmark", "-o", "b.jsonl")
    error = ended(program(*command, cwd=rows, env={**os.environ, "HF_HUB_OFFLINE": "1"})).error
    assert error.startswith("Error: --against dataset 'no-such/benchmark' cannot be opened")
    assert "download the file elsewhere and name it instead" in error
