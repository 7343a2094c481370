"""`curator export`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ui.project import KEPT, MADE, change
from tests.ui.terminal import Call


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_accepted_records_in_a_format(ran: Path, curator: Call) -> None:
    ended = curator("export", "--format", "alpaca", "--out", "train.jsonl")
    assert ended.code == 0
    assert ended.out == f"{KEPT} records are in train.jsonl\n"
    assert [set(row) for row in rows(ran / "train.jsonl")] == [{"instruction", "input", "output"}] * KEPT


def test_the_path_is_relative_to_where_one_stands(
    ran: Path, curator: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert curator("export", "-w", ran, "-o", "here/train.jsonl").code == 0
    assert (tmp_path / "here" / "train.jsonl").exists()


def test_dropped_records_come_with_their_reasons(ran: Path, curator: Call) -> None:
    data = curator("export", "-o", "all.jsonl", "--include-dropped", "--json").data
    assert data == {"path": "all.jsonl", "format": "messages", "written": MADE, "refused": []}
    assert sum("below-threshold" in json.dumps(row) for row in rows(ran / "all.jsonl")) == 1


def test_provenance_is_a_column(ran: Path, curator: Call) -> None:
    curator("export", "-o", "plain.jsonl")
    curator("export", "-o", "told.jsonl", "--provenance")
    assert "curator" not in rows(ran / "plain.jsonl")[0]
    assert "curator" in rows(ran / "told.jsonl")[0]


def test_an_unfinished_run_is_taken_only_if_asked_for(ran: Path, curator: Call) -> None:
    change(ran / "script.jsonl", '"contains": "Nine bells', '"status": 500, "contains": "Nine bells')
    assert curator("run", "--set", "models.writer.max_retries=0").code == 4
    ended = curator("export", "-o", "train.jsonl")
    assert ended.code == 0
    assert "Run 2 has not come to its end (failed); this is run 1 of 2" in ended.err
    assert ended.out.startswith(f"{KEPT} records")
    # The seeds had come to the end before the model failed.
    assert curator("export", "-o", "new.jsonl", "--unfinished").out == "2 records are in new.jsonl\n"


def test_no_finished_run(project: Path, curator: Call) -> None:
    change(project / "script.jsonl", '"contains": "Nine bells', '"status": 500, "contains": "Nine bells')
    assert curator("run", "--set", "models.writer.max_retries=0").code == 4
    ended = curator("export", "-o", "train.jsonl")
    assert ended.code == 1
    assert "no run has come to its end yet (the latest: failed)" in ended.error


def test_refused_records_are_named(ran: Path, curator: Call) -> None:
    ended = curator("export", "--format", "preference", "-o", "pairs.jsonl")
    assert ended.code == 1
    assert f"all {KEPT} records were refused" in ended.error


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--format", "alpca", "-o", "x.jsonl"), 2, "there is no format 'alpca'; did you mean 'alpaca'?"),
        (("-o", "x.docx"), 1, "the ending '.docx' is unknown"),
        (("-o", "recipe.yaml/x.jsonl"), 1, "recipe.yaml"),
        (("-o", "sources/"), 1, "sources"),
    ],
)
def test_what_cannot_be_written_is_one_line(
    arguments: tuple[str, ...], code: int, says: str, ran: Path, curator: Call
) -> None:
    before = sorted(path.name for path in ran.iterdir())
    ended = curator("export", *arguments)
    assert ended.code == code
    assert says in ended.error
    assert sorted(path.name for path in ran.iterdir()) == before
