"""Tests of what each kind of file must survive."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curator.errors import FormatError
from curator.formats.containers import CONTAINERS, Row, container_of
from curator.formats.containers.csv_table import CsvTable
from curator.formats.containers.json_array import CHUNK_CHARS, JsonArray
from curator.formats.containers.jsonl import JsonLines


def write(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("path", "name"),
    [
        *[("a.jsonl", "jsonl"), ("A.JSONL", "jsonl"), ("a.ndjson", "jsonl"), ("a.json", "json"), ("a.csv", "csv")],
        *[("a.parquet", "parquet"), ("a/", "datasets"), ("a.json/", "datasets"), (Path(), "datasets")],
    ],
)
def test_the_ending_chooses(path: str | Path, name: str) -> None:
    assert container_of(path).name == name


def test_names_are_unique() -> None:
    assert len({container.name for container in CONTAINERS}) == len(CONTAINERS)


class TestJsonLines:
    def test_marks_blank_lines_and_line_ends(self, tmp_path: Path) -> None:
        path = write(tmp_path, b'\xef\xbb\xbf{"a": "\xe2\x80\xa8"}\r\n\r\n  \n{"a": 1}')
        assert list(JsonLines().read(path)) == [Row(1, {"a": "\u2028"}), Row(4, {"a": 1})]

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            (b'{"a": "\xe9"}', "not UTF-8: byte 0xe9 at position 8"),
            (b'{"a": }', "broken JSON at position 7: Expecting value"),
            (b"[" * 100_000, "broken JSON: nested too deeply"),
            (b'{"a": ' + b"1" * 5000 + b"}", "broken JSON: Exceeds the limit"),
            (b"[1]", "the row is a list"),
            (b"null", "the row is null"),
        ],
    )
    def test_a_bad_line_does_not_end_the_file(self, tmp_path: Path, line: bytes, problem: str) -> None:
        bad, good = JsonLines().read(write(tmp_path, line + b'\n{"a": 1}\n'))
        assert bad.value is None
        assert problem in bad.problem
        assert good == Row(2, {"a": 1})

    def test_what_python_writes_is_read(self, tmp_path: Path) -> None:
        path = write(tmp_path, b'{"a": "\\ud83d\\ude00", "b": "\\ud800", "c": NaN}')
        value = next(JsonLines().read(path)).value
        assert value is not None
        assert (value["a"], value["b"]) == ("\U0001f600", "\ud800")


class TestJsonArray:
    @pytest.mark.parametrize("data", [b"[]", b" [ ]\n"])
    def test_empty(self, tmp_path: Path, data: bytes) -> None:
        assert list(JsonArray().read(write(tmp_path, data))) == []

    def test_elements_longer_than_a_chunk_and_cut_anywhere(self, tmp_path: Path) -> None:
        rows = [
            {"a": "\u00e9\\" * size, "b": [True, None, -1.5e-7]} for size in range(0, CHUNK_CHARS, CHUNK_CHARS // 9)
        ]
        path = write(tmp_path, b"\xef\xbb\xbf" + json.dumps(rows, indent=1).encode())
        assert [row.value for row in JsonArray().read(path)] == rows

    def test_one_row_a_line_is_read_too(self, tmp_path: Path) -> None:
        assert list(JsonArray().read(write(tmp_path, b'{"a": 1}\n{"a": 2}'))) == [Row(1, {"a": 1}), Row(2, {"a": 2})]

    @pytest.mark.parametrize(
        ("tail", "problem"),
        [
            (b', {"b": ]}, {"c": 1}]', "Expecting value"),
            (b', {"b": "', "Unterminated string"),
            (b', {"b": ' + b"1" * 5000 + b"}]", "Exceeds the limit"),
            (b", " + b"[" * 100_000, "recursion"),
            (b",]", "Expecting value"),
            (b"", "the array is not closed"),
            (b' {"b": 1}]', "the array is not closed"),
            (b"] tail", "text after the end"),
        ],
    )
    def test_rows_before_broken_json_stand(self, tmp_path: Path, tail: bytes, problem: str) -> None:
        good, bad = JsonArray().read(write(tmp_path, b'[{"a": 1}' + tail))
        assert good == Row(1, {"a": 1})
        assert bad.number == 2
        assert problem in bad.problem

    def test_a_bad_element_does_not_end_the_file(self, tmp_path: Path) -> None:
        rows = list(JsonArray().read(write(tmp_path, b'[7, {"a": "\xe9"}, {"a": "\\udce9"}]')))
        assert rows == [
            Row(1, problem="the row is a number, not an object with columns"),
            Row(2, problem="not UTF-8"),
            Row(3, {"a": "\udce9"}),
        ]


class TestCsv:
    def test_marks_line_breaks_quotes_and_long_cells(self, tmp_path: Path) -> None:
        long = "x" * 200_000
        data = f'\ufeffa,b\r\n\r\n"1\r\n""2"", 3",\u2028\n{long},"\r"'.encode()
        rows = list(CsvTable().read(write(tmp_path, data)))
        assert rows == [Row(1, {"a": '1\r\n"2", 3', "b": "\u2028"}), Row(2, {"a": long, "b": "\r"})]

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            (b"1", "has 1 cells, where the header names 2 columns"),
            (b"1,2,3", "has 3 cells"),
            (b'"1"x,2', "broken CSV"),
            (b"\xe9,2", "not UTF-8"),
        ],
    )
    def test_a_bad_row_does_not_end_the_file(self, tmp_path: Path, line: bytes, problem: str) -> None:
        bad, good = CsvTable().read(write(tmp_path, b"a,b\n" + line + b"\n3,4\n"))
        assert bad.value is None
        assert problem in bad.problem
        assert good == Row(2, {"a": "3", "b": "4"})

    def test_a_quote_that_is_never_closed(self, tmp_path: Path) -> None:
        good, bad = CsvTable().read(write(tmp_path, b'a,b\n1,2\n"3,4\n5,6\n'))
        assert good.number == 1
        assert "unexpected end of data" in bad.problem

    @pytest.mark.parametrize(
        ("header", "problem"), [(b"a,b,a", "names 'a' twice"), (b"\xe9,b", "not UTF-8"), (b'"a"b', "cannot be read")]
    )
    def test_a_bad_header_is_an_error(self, tmp_path: Path, header: bytes, problem: str) -> None:
        with pytest.raises(FormatError, match=problem):
            list(CsvTable().read(write(tmp_path, header + b"\n1,2,3\n")))
