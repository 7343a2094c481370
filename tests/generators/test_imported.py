"""Importing: what is in the file is in the stream, and what cannot be read says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from curator.errors import FormatError
from curator.formats import write_records
from curator.formats.columns import Columns
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


@pytest.mark.parametrize(
    ("row", "instruction", "given", "response"),
    [
        ({"question": "Who?", "answer": "Ann."}, "Who?", "", "Ann."),
        ({"Question": "Who?", "Answer": "Ann.", "context": "Ann sails."}, "Who?", "Ann sails.", "Ann."),
        ({"prompt": "Who?", "response": "Ann."}, "Who?", "", "Ann."),
        ({"query": "Who?", "answers": {"text": ["Ann", "Ann F."], "answer_start": [0, 0]}}, "Who?", "", "Ann"),
        ({"problem": "2+2", "solution": 4, "id": 9}, "2+2", "", "4"),
        ({"instruction": "Who?", "input": "Ann sails.", "output": "Ann."}, "Who?", "Ann sails.", "Ann."),
        ({"conversations": [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "Ann."}]}, "Who?", "", "Ann."),
        ({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]}, "Q", "", "A"),
    ],
)
async def test_usual_layouts_are_recognised(
    row: dict[str, Any], instruction: str, given: str, response: str, tmp_path: Path
) -> None:
    write(tmp_path, row)
    (record,) = await imported(tmp_path)
    assert (record.instruction, record.input, record.response) == (instruction, given, response)


async def test_columns_are_mapped_and_the_origin_of_each_row_is_kept(tmp_path: Path) -> None:
    write(
        tmp_path, {"q": "Who?", "a": "Ann.", "c": "Ann sails.", "s": "Be brief."}, "{broken", {"q": "Why?", "a": None}
    )
    columns = {"instruction": "q", "response": "a"}
    (first, second, third) = await imported(tmp_path, columns=columns, licence="cc0-1.0", source="the harbour")
    assert (first.instruction, first.response, first.system) == ("Who?", "Ann.", "")
    assert dict(first.origin.labels) == {
        "file": "data.jsonl",
        "licence": "cc0-1.0",
        "source": "the harbour",
        "row": "1",
    }
    assert second.drop is not None
    assert (second.drop.reason, second.origin.label("row")) == ("bad-row", "2")
    assert (third.response, third.drop, third.origin.label("row")) == ("", None, "3")
    all_four = {**columns, "input": "c", "system": "s"}
    (whole, *_others) = await imported(tmp_path, columns=all_four)
    assert (whole.input, whole.system) == ("Ann sails.", "Be brief.")


@pytest.mark.parametrize("columns", [{}, {"instruction": "question", "response": "answer", "input": "context"}])
@pytest.mark.parametrize("first", [0, 1], ids=["plain row first", "plain row last"])
async def test_a_row_may_lack_what_another_has(columns: dict[str, str], first: int, tmp_path: Path) -> None:
    plain = {"question": "Who?", "answer": "Ann."}
    rows = [plain, {**plain, "question": "Where?", "context": "Ann sails to Vell."}]
    write(tmp_path, *(rows if first == 0 else rows[::-1]))
    found = {record.instruction: record for record in await imported(tmp_path, columns=columns)}
    assert {name: (record.input, record.drop) for name, record in found.items()} == {
        "Who?": ("", None),
        "Where?": ("Ann sails to Vell.", None),
    }


async def test_a_row_needs_its_question_and_may_lack_its_answer(tmp_path: Path) -> None:
    write(tmp_path, {"question": "Who?", "answer": "Ann."}, {"answer": "Bo."}, {"question": "Why?"})
    (_whole, without_question, without_answer) = await imported(tmp_path)
    assert without_question.drop is not None
    assert without_question.drop.reason == "bad-row"
    assert "no column 'question' for the instruction" in without_question.drop.detail
    assert (without_answer.instruction, without_answer.response, without_answer.drop) == ("Why?", "", None)


async def test_the_row_that_decides_keeps_its_names_when_others_have_likelier_ones(tmp_path: Path) -> None:
    write(tmp_path, {"prompt": "Who?", "answer": "Ann."}, {"prompt": "Why?", "answer": "So.", "question": "no"})
    assert [record.instruction for record in await imported(tmp_path)] == ["Who?", "Why?"]


async def test_a_format_of_a_later_row_wins_over_rows_that_fit_nothing(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    write(tmp_path, {"id": 1}, {"messages": chat, "prompt": "no", "response": "no"})
    (nothing, record) = await imported(tmp_path)
    assert nothing.drop is not None
    assert (record.instruction, record.response) == ("Q", "A")


async def test_what_was_changed_in_reading_stands_on_the_record(tmp_path: Path) -> None:
    write_records(tmp_path / "data.jsonl", [single_turn("Who?", "Ann.")], Messages(), provenance=True)
    (row,) = [json.loads(line) for line in (tmp_path / "data.jsonl").read_text().splitlines()]
    row["messages"][1]["content"] = "Bo \ud800."
    write(tmp_path, row)
    (record,) = await imported(tmp_path)
    assert record.response == "Bo \ufffd."
    assert record.origin.label("mended").startswith("1 half surrogate pairs")
    assert "the content was changed since export" in record.origin.label("mended")


async def test_rows_without_a_response_can_be_dropped(tmp_path: Path) -> None:
    write(tmp_path, {"q": "Who?", "a": "Ann."}, {"q": "Why?", "a": ""})
    columns = {"instruction": "q", "response": "a"}
    found = await imported(tmp_path, columns=columns, unanswered="drop")
    assert [record.drop and record.drop.reason for record in found] == [None, "unanswered"]
    assert [record.drop for record in await imported(tmp_path, columns=columns)] == [None, None]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"instruction": "questoin", "response": "answer"},
            "no column 'questoin' for the instruction; .*; did you mean 'question'",
        ),
        ({"instruction": "zzz"}, "no column 'zzz' for the instruction; the columns are answer, question"),
    ],
)
async def test_a_wrong_column_is_refused_with_those_that_are_there(
    columns: dict[str, str], said: str, tmp_path: Path
) -> None:
    write(tmp_path, {"question": "Who?", "answer": "Ann."})
    with pytest.raises(FormatError, match=said):
        await imported(tmp_path, columns=columns)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": {"instrution": "q"}}, "no part 'instrution'; did you mean 'instruction'"),
        ({"columns": {"response": "a"}}, "say which column is the instruction"),
        ({"columns": {"instruction": "q"}, "format": "alpaca"}, "leave out `format`"),
        ({"dataset": "org/name"}, "one of the two"),
        ({"revision": "main"}, "belong to a `dataset`"),
    ],
)
def test_options_that_contradict_each_other(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Import({"file": "x", **options})


async def test_a_dataset_is_streamed_with_its_facts(tmp_path: Path) -> None:
    """A folder of data files is opened by the same door as a dataset of the Hub."""
    folder = tmp_path / "harbour"
    folder.mkdir()
    (folder / "train.jsonl").write_text('{"question": "Who?", "answer": "Ann."}\n{"question": "Why?"}\n')
    stage = Import({"dataset": str(folder), "licence": "cc0-1.0"})
    context = Context("import", folder=tmp_path)
    stage.check(context)
    (first, second) = await outcome(stage, (), context)
    assert (first.instruction, first.response, second.response) == ("Who?", "Ann.", "")
    assert dict(first.origin.labels) == {
        "dataset": str(folder),
        "split": "train",
        "licence": "cc0-1.0",
        "row": "1",
    }
    with pytest.raises(FormatError, match=r"Available splits: \['train'\]"):
        Import({"dataset": str(folder), "split": "test"}).check(context)


def test_without_the_hub_the_message_says_what_to_do() -> None:
    """In an interpreter of its own, because the library reads the setting when it is imported."""
    code = (
        "from curator.formats.hub_dataset import open_hub_dataset\n"
        "try: open_hub_dataset('org/nowhere')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("FormatError dataset 'org/nowhere' cannot be opened")
    assert "give it as `file:`" in ended.stdout


async def test_the_columns_of_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("Frage,Antwort\nWer?,Ann.\n", encoding="utf-8")
    stage = Import({"file": "data.csv", "columns": {"instruction": "Frage", "response": "Antwort"}})
    (record,) = await outcome(stage, (), Context("import", folder=tmp_path))
    assert (record.instruction, record.response) == ("Wer?", "Ann.")


def test_a_mapping_writes_what_it_reads() -> None:
    columns = Columns({"instruction": "q", "response": "a", "input": "c"})
    row = {"q": "Who?", "a": "Ann.", "c": "Ann sails."}
    assert columns.write_row(columns.read_row(row)) == row
    with pytest.raises(FormatError, match="the system has no column"):
        columns.write_row(single_turn("Q", "A", system="S"))
    with pytest.raises(FormatError, match="more than one question"):
        columns.write_row(Record((*single_turn("Q", "A").messages, *single_turn("Q", "A").messages)))


@pytest.mark.parametrize("column", ["instruction", "question", "prompt", "query"])
async def test_a_file_of_questions_alone_is_read(column: str, tmp_path: Path) -> None:
    write(tmp_path, {column: "What is the rent?"}, {column: "And the deposit?"})
    found = await imported(tmp_path)
    assert [(record.instruction, record.response) for record in found] == [
        ("What is the rent?", ""),
        ("And the deposit?", ""),
    ]


async def test_questions_beside_an_unknown_column_are_not_taken_for_questions_alone(tmp_path: Path) -> None:
    write(tmp_path, {"question": "What is the rent?", "antwort": "Zehn Kronen."})
    with pytest.raises(
        FormatError, match=r"or say which column holds what, as in `columns: \{instruction: question, response: COLUMN"
    ):
        await imported(tmp_path)
