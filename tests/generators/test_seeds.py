"""Seed tasks, from datasets and from their own layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curator.errors import StageError
from generators.tasks.seeds import Instance, Seed, read_seeds

HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook" / "seeds.jsonl"
TASK = {
    "id": "seed_task_0",
    "name": "sort_words",
    "instruction": "Sort the words.",
    "instances": [{"input": "b a", "output": "a b"}, {"input": "", "output": "nothing"}],
    "is_classification": False,
}


def write(folder: Path, *rows: Any, name: str = "seeds.jsonl") -> Path:
    """Write a file; a text among the rows is written as it stands."""
    path = folder / name
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_the_layout_of_seed_tasks(tmp_path: Path) -> None:
    (seed,) = read_seeds(write(tmp_path, TASK))
    instances = (Instance("b a", "a b"), Instance("", "nothing"))
    assert seed == Seed("seed_task_0", "Sort the words.", instances, False, "sort_words")


def test_what_the_layout_leaves_out(tmp_path: Path) -> None:
    path = write(tmp_path, {"instruction": "Sort.", "instances": [], "is_classification": None, "note": 1}, TASK)
    assert read_seeds(path)[0] == Seed("seed-1", "Sort.")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"instruction": "Sort.", "input": "b a", "output": "a b"}, (Instance("b a", "a b"),)),
        ({"instruction": "Sort.", "output": "a b"}, (Instance("", "a b"),)),
        ({"instruction": "Sort.", "input": "", "output": ""}, ()),
        ({"prompt": "Sort.", "completion": "a b"}, (Instance("", "a b"),)),
        (
            {"messages": [{"role": "user", "content": "Sort."}, {"role": "assistant", "content": "a b"}]},
            (Instance("", "a b"),),
        ),
    ],
)
def test_any_format_of_datasets(tmp_path: Path, row: dict[str, Any], expected: tuple[Instance, ...]) -> None:
    assert read_seeds(write(tmp_path, row)) == (Seed("seed-1", "Sort.", expected),)


def test_a_table(tmp_path: Path) -> None:
    path = write(tmp_path, "instruction,input,output", "Sort.,b a,a b", name="seeds.csv")
    assert read_seeds(path) == (Seed("seed-1", "Sort.", (Instance("b a", "a b"),)),)


def test_the_handbooks_seeds() -> None:
    seeds = read_seeds(HANDBOOK)
    assert len(seeds) == 25
    assert all(seed.instruction and len(seed.instances) == 1 and seed.instances[0].output for seed in seeds)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((), "the file is empty"),
        (('{"broken": ',), "no row can be read"),
        (({"question": "Sort."},), "the columns are question, which fit no format"),
        (({"question": "Sort."},), "or give tasks as {instruction, instances"),
        (({"instruction": "", "output": "a"},), "row 1: instruction is empty"),
        (({"instruction": "A", "output": "a"}, {"instruction": 7, "output": "a"}), "row 2: instruction is a number"),
        (({**TASK, "instances": "none"},), "row 1: Expected `array`, got `str` - at `$.instances`"),
        (({**TASK, "instruction": " "},), "row 1: the instruction is empty"),
        ((TASK, {"id": "b", "task": "c"}), "row 2: the column 'instruction' is missing; found: id, task"),
        ((TASK, "{oops"), "row 2: "),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, rows: tuple[Any, ...], says: str) -> None:
    with pytest.raises(StageError) as caught:
        read_seeds(write(tmp_path, *rows))
    assert says in str(caught.value)
    assert "seeds.jsonl" in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"nowhere\.jsonl"):
        read_seeds(tmp_path / "nowhere.jsonl")
