"""Importing: what is in the file is in the stream, and what cannot be read says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from curator.errors import FormatError
from curator.formats import write_records
from curator.formats.messages import Messages
from curator.record import Record, Score, single_turn
from curator.stage import Context
from generators.imported import Import
from tests.stage.samples import outcome

ROW = {"instruction": "What is the rent?", "input": "", "output": "Ten crowns."}


def write(folder: Path, *rows: Any) -> None:
    """Write a dataset; a text among the rows is written as it stands."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "data.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


async def imported(folder: Path, *above: Record, limit: int | None = None, **options: Any) -> list[Record]:
    """Return what the stage gives out."""
    stage = Import({"file": "data.jsonl", **options}, key="mine")
    context = Context("mine", folder=folder, recipe_hash="r" * 16, limit=limit)
    stage.check(context)
    return await outcome(stage, above, context)


async def test_records_come_after_what_is_above(tmp_path: Path) -> None:
    write(tmp_path, ROW, {**ROW, "instruction": "And the deposit?"})
    above = single_turn("above", "x")
    (first, second, third) = await imported(tmp_path, above)
    assert (first, second.instruction, third.instruction) == (above, "What is the rent?", "And the deposit?")
    origin = second.origin
    assert (origin.stage, origin.method, origin.recipe_hash, origin.model) == ("mine", "import", "r" * 16, "")
    assert origin.label("file") == "data.jsonl"


async def test_bad_rows_are_kept_as_dropped_with_their_numbers(tmp_path: Path) -> None:
    write(tmp_path, ROW, "{broken", {**ROW, "instruction": "Two?"}, {"other": 1}, "[1, 2]")
    found = await imported(tmp_path)
    assert [record.instruction for record in found] == [
        "What is the rent?",
        "row 2 of data.jsonl",
        "Two?",
        "row 4 of data.jsonl",
        "row 5 of data.jsonl",
    ]
    dropped = [record for record in found if record.drop]
    assert [(record.drop.stage, record.drop.reason) for record in dropped if record.drop] == [("mine", "bad-row")] * 3
    assert all(record.drop.detail for record in dropped if record.drop)
    assert {record.origin.stage for record in found} == {"mine"}


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (1, 1), (2, 2), (9, 3)])
async def test_a_limit(limit: int, count: int, tmp_path: Path) -> None:
    write(tmp_path, ROW, {**ROW, "instruction": "Two?"}, {**ROW, "instruction": "Three?"})
    assert len(await imported(tmp_path, limit=limit)) == count


async def test_a_format_can_be_named(tmp_path: Path) -> None:
    write(tmp_path, {"prompt": "Q", "completion": "A", "instruction": "other", "output": "other"})
    (record,) = await imported(tmp_path, format="prompt-completion")
    assert (record.instruction, record.response) == ("Q", "A")


@pytest.mark.parametrize("content", ["", "\n\n", "{broken\n", '{"strange": 1}\n'])
async def test_a_file_without_records_is_refused_before_the_run(content: str, tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text(content)
    with pytest.raises(FormatError, match=r"data\.jsonl"):
        await imported(tmp_path)


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"data\.jsonl"):
        await imported(tmp_path)


def test_an_unknown_format_gets_its_near_miss() -> None:
    with pytest.raises(ValidationError, match="there is no format 'alpacca'; did you mean 'alpaca'"):
        Import({"file": "x", "format": "alpacca"})


async def test_what_was_dropped_before_its_export_stays_dropped(tmp_path: Path) -> None:
    """The stage that dropped it may not be in this recipe, so the drop counts where the record comes in."""
    kept = single_turn("Kept?", "Yes.").with_scores(Score("grounding", 0.9, "all of it"))
    dropped = single_turn("Dropped?", "Yes.").dropped("threshold", "below-min", "0.2 < 0.5")
    write_records(tmp_path / "data.jsonl", [kept, dropped], Messages(), provenance=True)
    (first, second) = await imported(tmp_path)
    assert (first.drop, first.scores) == (None, kept.scores)
    assert second.drop is not None
    assert (second.drop.stage, second.drop.reason) == ("mine", "dropped-before")
    assert second.drop.detail == "by threshold: below-min: 0.2 < 0.5"
