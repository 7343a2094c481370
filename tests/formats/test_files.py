"""Tests of reading and writing whole files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curator.errors import FormatError
from curator.formats import BadRow, WriteReport, read_records, read_rows, write_records
from curator.formats.alpaca import Alpaca
from curator.formats.messages import Messages
from curator.formats.preference import Preference
from curator.record import Origin, Record, Turn, single_turn
from tests.formats.strategies import CONTAINERS, FORMATS

RECORD = single_turn("Q", "A")
GOOD = '{"instruction": "Q", "output": "A"}'

EACH_FILE = pytest.mark.parametrize("file", list(CONTAINERS.values()), ids=list(CONTAINERS))


def read(path: Path | str) -> tuple[list[Record], list[BadRow]]:
    bad: list[BadRow] = []
    return list(read_records(path, None, FORMATS, bad.append)), bad


def test_bad_rows_are_reported_by_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [GOOD, "{broken", "", '"text"', '{"instruction": "Q"}', '{"instruction": 1, "output": "A"}', GOOD]
    lines += ['{"instruction": " ", "output": ""}', '{"instruction": "Q", "output": "\\ud800 A"}']
    path.write_text("\n".join(lines))
    records, bad = read(path)
    assert records == [RECORD, RECORD, single_turn("Q", "\ufffd A")]
    assert [(row.number, row.kept) for row in bad] == [
        (2, False),
        (4, False),
        (5, False),
        (6, False),
        (8, False),
        (9, True),
    ]
    said = ["broken JSON", "text, not an object", "alpaca needs", "not text", "no text in any turn", "1 half surrogate"]
    assert all(part in row.problem for part, row in zip(said, bad, strict=True))


def test_a_row_changed_since_export_is_a_new_record(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_records(path, [RECORD, single_turn("Q2", "A2")], Messages(), provenance=True)
    path.write_text(path.read_text().replace('"A2"', '"A3"'))
    records, bad = read(path)
    assert records[0] == RECORD
    assert records[1].origin == Origin(parents=(single_turn("Q2", "A2").id,))
    assert [(row.number, row.kept) for row in bad] == [(2, True)]


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("a.jsonl", "", "the file is empty"),
        ("a.jsonl", "\n\n", "the file is empty"),
        ("a.csv", "", "the file is empty"),
        ("a.csv", "instruction,output\n", "the file is empty"),
        ("a.json", "[]", "the file is empty"),
        ("a.json", "", "not a JSON array"),
        ("a.json", "3", "not a JSON array"),
        ("a.json", '{\n"instruction": "Q"\n}', "neither a JSON array of rows nor one row a line"),
        ("a.jsonl", "nothing\nhere", "no row can be read; row 1: broken JSON"),
        ("a.jsonl", '{"instruction": "", "output": "A"}', "no row can be read; row 1: instruction is empty"),
        ("a.parquet", "PAR1", "no Parquet file"),
        ("a.txt", GOOD, r"the ending '\.txt' is unknown"),
        ("a", GOOD, "the ending '' is unknown"),
    ],
)
def test_a_file_without_a_readable_row_is_an_error(tmp_path: Path, file: str, text: str, problem: str) -> None:
    path = tmp_path / file
    path.write_text(text)
    with pytest.raises(FormatError, match=problem) as caught:
        read(path)
    assert str(path) in str(caught.value)


@EACH_FILE
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    with pytest.raises(FormatError, match=r"No such file|is no whole folder"):
        read(f"{tmp_path}/{file}")


def test_the_container_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    write_records(path, [RECORD], Messages(), container="csv")
    assert path.read_text().startswith("messages\n")
    assert [row.number for row in read_rows(path, container="csv")] == [1]
    with pytest.raises(FormatError, match="no container is called 'xlsx'; known: jsonl, json, csv, parquet, datasets"):
        list(read_rows(path, container="xlsx"))


@pytest.mark.parametrize(("file", "package"), [("a.parquet", "pyarrow"), ("a/", "datasets")])
def test_a_package_that_is_not_installed_is_named(
    tmp_path: Path, file: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(FormatError, match=rf"needs the package {package}; run: pip install 'instruct-curator\[hub\]'"):
        write_records(f"{tmp_path}/{file}", [RECORD], Messages())


def test_refused_records_are_accounted_for(tmp_path: Path) -> None:
    pair, broken = single_turn("Q", "A", rejected="B"), single_turn("Q", "\ud800")
    report = write_records(tmp_path / "new" / "a.jsonl", [RECORD, pair, broken], Messages())
    assert report.written == 1
    assert [identity for identity, _ in report.refused] == [pair.id, "#3"]
    assert "preference" in report.refused[0][1]
    assert "surrogate" in report.refused[1][1]


class Shouting(Messages):
    """A format with a defect: it changes what it writes."""

    def write_row(self, record: Record) -> dict[str, Any]:
        return super().write_row(Record(tuple(Turn(turn.role, turn.content.upper()) for turn in record.messages)))


def test_a_format_that_would_change_a_record_does_not_get_to(tmp_path: Path) -> None:
    quiet = single_turn("q", "a")
    report = write_records(tmp_path / "a.jsonl", [RECORD, quiet], Shouting())
    assert report == WriteReport(1, ((quiet.id, "messages would give back another record"),))


@EACH_FILE
def test_nothing_to_write_is_an_error_and_leaves_nothing(tmp_path: Path, file: str) -> None:
    with pytest.raises(FormatError, match="nothing to write: there is no record"):
        write_records(f"{tmp_path}/{file}", [], Messages())
    with pytest.raises(FormatError, match=r"all 1 records were refused; the first, r1-.*: no rejected reply"):
        write_records(f"{tmp_path}/{file}", [RECORD], Preference())
    assert list(tmp_path.iterdir()) == []


def test_optional_columns_are_there_for_all_rows_or_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_records(path, [RECORD], Alpaca())
    assert json.loads(path.read_text()) == {"instruction": "Q", "input": "", "output": "A"}
    write_records(path, [RECORD, single_turn("Q", "A", system="S")], Alpaca())
    assert [list(json.loads(line)) for line in path.read_text().splitlines()] == [
        ["instruction", "input", "output", "system"]
    ] * 2


@EACH_FILE
def test_an_error_among_the_records_leaves_the_old_file(tmp_path: Path, file: str) -> None:
    def records() -> Iterator[Record]:
        yield from [single_turn("New", "A")] * 2000
        raise ZeroDivisionError

    path = f"{tmp_path}/{file}"
    write_records(path, [RECORD], Messages())
    with pytest.raises(ZeroDivisionError):
        write_records(path, records(), Messages())
    assert read(path) == ([RECORD], [])
    assert len(list(tmp_path.iterdir())) == 1


@EACH_FILE
def test_an_old_file_is_replaced(tmp_path: Path, file: str) -> None:
    path = f"{tmp_path}/{file}"
    for question in ("Old", "New"):
        assert write_records(path, [single_turn(question, "A")], Messages()) == WriteReport(1)
    assert read(path) == ([single_turn("New", "A")], [])
    assert len(list(tmp_path.iterdir())) == 1


FULL_DISK = """
import resource, sys
from curator.errors import FormatError
from curator.formats import write_records
from curator.formats.messages import Messages
from curator.record import single_turn

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_records(sys.argv[1], (single_turn(str(i), str(i ** 9) * 20) for i in range(3000)), Messages())
except FormatError as error:
    print(error)
"""


@EACH_FILE
def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path, file: str) -> None:
    path = f"{tmp_path}/{file}"
    write_records(path, [RECORD], Messages())
    done = subprocess.run([sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True, check=True)
    assert "cannot be written: File too large" in done.stdout
    assert read(path) == ([RECORD], [])
    assert len(list(tmp_path.iterdir())) == 1


def test_many_records_come_back_in_order(tmp_path: Path) -> None:
    records = [Record((Turn("user", f"{i}?"), Turn("assistant", str(i)))) for i in range(3500)]
    for file in CONTAINERS.values():
        write_records(f"{tmp_path}/{file}", iter(records), Messages())
        assert read(f"{tmp_path}/{file}") == (records, [])
