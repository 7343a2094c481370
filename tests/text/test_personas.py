"""Files of personas, and the prompt that speaks as one of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curator.errors import SourceError, StageError
from curator.record import Turn
from curator.text.personas import read_personas, speaking_as

BAKER = "A baker of Vell who gets up at three."
DIVER = "A diver who is afraid of eels."


def written(folder: Path, text: str, name: str = "people.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_one_persona_a_line(tmp_path: Path) -> None:
    assert read_personas(written(tmp_path, f"\n  {BAKER}\n\n{DIVER}  \n")) == (BAKER, DIVER)


def test_each_persona_comes_once_in_the_files_order(tmp_path: Path) -> None:
    assert read_personas(written(tmp_path, f"{DIVER}\n{BAKER}\n{DIVER}\n")) == (DIVER, BAKER)


@pytest.mark.parametrize(
    "row",
    [
        BAKER,
        {"persona": BAKER},
        {"persona": f" {BAKER} ", "response": DIVER},
        {"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": BAKER}]},
        {"instruction": "Who?", "response": BAKER},
        {"instruction": "Who?", "input": "", "output": BAKER},
        {"prompt": "Who?", "completion": BAKER},
        {"text": BAKER},
        {"persona": "", "text": BAKER},
    ],
    ids=str,
)
def test_rows_of_every_kind_hold_a_persona(row: object, tmp_path: Path) -> None:
    assert read_personas(written(tmp_path, json.dumps(row) + "\n\n", "people.jsonl")) == (BAKER,)


def test_a_line_of_a_text_file_is_no_json(tmp_path: Path) -> None:
    line = json.dumps({"persona": BAKER})
    assert read_personas(written(tmp_path, line)) == (line,)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{broken", r"line 2: this is no JSON"),
        ('{"name": "Orla", "age": 9}', r"line 2: no persona in it \(found: name, age\); name the column `persona`"),
        ('{"persona": 7}', r"line 2: no persona in it \(found: persona\)"),
        ('{"messages": []}', r"line 2: no persona in it"),
        ("[1]", r"line 2: no persona in it \(found: list\)"),
        ('" "', r"line 2: no persona in it"),
    ],
)
def test_a_row_without_a_persona_is_refused_with_its_line(row: str, problem: str, tmp_path: Path) -> None:
    path = written(tmp_path, f"{json.dumps(BAKER)}\n{row}\n", "people.jsonl")
    with pytest.raises(StageError, match=problem):
        read_personas(path)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"none\.txt cannot be read"):
        read_personas(tmp_path / "none.txt")
    with pytest.raises(StageError, match="is empty; write one persona a line"):
        read_personas(written(tmp_path, " \n\n"))
    (tmp_path / "binary.txt").write_bytes(b"\x00\x01")
    with pytest.raises(SourceError, match="is binary"):
        read_personas(tmp_path / "binary.txt")


def test_the_persona_stands_at_the_end_of_the_system_turn() -> None:
    turns = (Turn("system", "Be brief."), Turn("user", "Hi"))
    system, user = speaking_as(BAKER, turns)
    assert system == Turn(
        "system",
        f"Be brief.\n\nWhatever you write shall be what this person would ask for, know and care about: {BAKER}",
    )
    assert user == turns[1]


@pytest.mark.parametrize("turns", [(), (Turn("user", "Hi"),)])
def test_a_prompt_without_a_system_turn_gets_one(turns: tuple[Turn, ...]) -> None:
    system, *others = speaking_as(DIVER, turns)
    assert (system.role, system.content.endswith(DIVER)) == ("system", True)
    assert tuple(others) == turns
