"""Tests of telling a file's format by its columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curator.errors import FormatError
from curator.formats import BadRow, read_records
from curator.formats.detection import DETECTION_ROWS
from curator.formats.prompt_completion import PromptCompletion
from curator.formats.sharegpt import ShareGpt
from curator.record import single_turn
from tests.formats.strategies import BY_NAME, FORMATS, example

ROW = {"prompt": "Q", "completion": "A"}


def jsonl(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("name", list(BY_NAME))
def test_each_format_is_known_by_what_it_writes(name: str) -> None:
    columns = frozenset(BY_NAME[name].write_row(example(name)))
    assert [format.name for format in FORMATS if format.recognises(columns)] == [name]


def test_unknown_columns_are_listed_with_those_that_would_fit(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", {"question": "Q", "answer": "A"})
    bad: list[BadRow] = []
    with pytest.raises(
        FormatError, match=r"a\.jsonl.*answer, question, which fit no format.*alpaca \(instruction, output\)"
    ):
        list(read_records(path, None, FORMATS, bad.append))
    assert bad == []


def test_columns_of_two_formats_ask_for_the_format(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", {"prompt": "Q", "completion": "A", "instruction": "I", "output": "O"})
    with pytest.raises(FormatError, match="fit alpaca and prompt-completion; say which"):
        list(read_records(path, None, FORMATS, lambda _: None))
    assert list(read_records(path, PromptCompletion(), FORMATS, lambda _: None)) == [single_turn("Q", "A")]


def test_a_wrong_name_is_answered_with_the_right_one(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", ROW)
    with pytest.raises(FormatError, match="sharegpt needs conversations; they fit prompt-completion"):
        list(read_records(path, ShareGpt(), FORMATS, lambda _: None))


def test_a_name_overrides_the_columns(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", ROW | {"label": True})
    assert list(read_records(path, PromptCompletion(), FORMATS, lambda _: None)) == [single_turn("Q", "A")]


def test_strange_rows_before_the_first_that_fits_are_reported(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", {"comment": "x"}, ["a"], ROW, {"comment": "y"})
    bad: list[BadRow] = []
    assert list(read_records(path, None, FORMATS, bad.append)) == [single_turn("Q", "A")]
    assert [row.number for row in bad] == [1, 2, 4]
    assert "needs completion, prompt" in bad[0].problem


def test_a_file_that_fits_nowhere_is_given_up_early(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", *[{"x": 1}] * DETECTION_ROWS, ROW)
    with pytest.raises(FormatError, match="the columns are x"):
        list(read_records(path, None, FORMATS, lambda _: None))
