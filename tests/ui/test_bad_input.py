"""What users do wrong, and what the world does to them: one line says what, where and what to do; nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.ui.project import KEPT, NOTES, change, write_lines
from tests.ui.terminal import Call

KEY = "sk-" + "abcdefghijklmnop1234"
RECIPE, NOTE = "recipe.yaml", "sources/notes.md"


class Case(NamedTuple):
    """One thing that is wrong: how it comes about, the exit code, and what the message must hold."""

    spoil: Callable[[Path], object]
    code: int
    says: tuple[str, ...]


def recipe(old: str, new: str) -> Callable[[Path], object]:
    return lambda folder: change(folder / RECIPE, old, new)


def source(content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / NOTE).write_bytes(content)


def file(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8")


def both(*steps: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda folder: [step(folder) for step in steps]


TEMPLATES = "slots: {colour: [red]}\ntemplates:\n  - {name: t, instruction: 'Is it {{ color }}?', response: 'Yes.'}\n"
USE_TEMPLATES = recipe("  - {use: grounding}", "  - {use: templates, options: {file: t.yaml}}\n  - {use: grounding}")

CASES = {
    "source-missing": Case(lambda f: (f / NOTE).unlink(), 1, (NOTE, "does not exist", "relative to the workspace")),
    "source-empty": Case(source(b"\n \n"), 1, (NOTE, "is empty", "needs some text")),
    "source-binary": Case(source(b"\x89PNG\r\n\x1a\n\0\0\0"), 1, (NOTE, "is binary", "give a text file")),
    "source-latin-1": Case(source("Café Ørn".encode("latin-1")), 1, (NOTE, "at byte 3", "iconv -f WINDOWS-1252")),
    "source-folder": Case(
        both(lambda f: (f / "empty").mkdir(), recipe(NOTE, "empty")),
        1,
        ("empty holds no file that can be read: nothing; known suffixes: .docx",),
    ),
    "source-kind": Case(
        both(lambda f: (f / NOTE).rename(f / "notes.odt"), recipe(NOTE, "notes.odt")),
        1,
        ("notes.odt", "known suffixes: "),
    ),
    "source-pattern": Case(recipe(NOTE, "sources/*.rst"), 1, ("'sources/*.rst' matches no file in",)),
    "stage": Case(
        recipe("use: grounding", "use: groundin"), 2, (f"{RECIPE}:9: ", "no stage 'groundin'", "'grounding'?")
    ),
    "option": Case(
        recipe("per_chunk", "per_chnk"), 2, (f"{RECIPE}:8: ", "unknown key", "per_chnk", "did you mean 'per_chunk'?")
    ),
    "option-value": Case(recipe("per_chunk: 1", "per_chunk: 0"), 2, (f"{RECIPE}:8: ", "greater than or equal to 1")),
    "key": Case(recipe("seed: 3", "sede: 3"), 2, (f"{RECIPE}:2: ", "unknown key 'sede'", "did you mean 'seed'?")),
    "score": Case(
        recipe("score: grounding", "score: grundig"),
        2,
        (f"{RECIPE}:10: ", "needs the score 'grundig'", "no stage above it gives", "did you mean 'grounding'?"),
    ),
    "score-too-early": Case(
        lambda f: (f / RECIPE).write_text((f / RECIPE).read_text().replace("  - {use: grounding}\n", "")),
        2,
        (f"{RECIPE}:9: ", "'grounded' needs the score 'grounding'"),
    ),
    "model": Case(recipe("model: writer", "model: writr"), 2, (f"{RECIPE}:8: ", "did you mean 'writer'?")),
    "provider": Case(
        recipe("provider: scripted", "provider: scriptd"), 2, (f"{RECIPE}:5: ", "did you mean 'scripted'?")
    ),
    "format": Case(recipe("format: messages", "format: mesages"), 2, (f"{RECIPE}:12: ", "did you mean 'messages'?")),
    "yaml": Case(recipe("seed: 3", "seed: [3"), 2, (f"{RECIPE}:", "not valid YAML")),
    "yaml-tab": Case(recipe("seed: 3", "\tseed: 3"), 2, (f"{RECIPE}:2: ", "not valid YAML")),
    "yaml-control-character": Case(recipe("seed: 3", "seed: \x01"), 2, (RECIPE, "not valid YAML")),
    "yaml-twice": Case(recipe("seed: 3", "seed: 3\nseed: 4"), 2, (f"{RECIPE}:3: ", "'seed' stands here a second time")),
    "recipe-binary": Case(lambda f: (f / RECIPE).write_bytes(b"\xff\xfe\0"), 2, (RECIPE, "cannot be read")),
    "recipe-list": Case(file(RECIPE, "- a\n"), 2, (RECIPE, "a recipe is a mapping with `stages:`")),
    "recipe-empty": Case(file(RECIPE, ""), 2, (RECIPE,)),
    "secret-by-value": Case(
        recipe("provider: scripted", f"provider: scripted, model: {KEY}"), 2, (f"{RECIPE}:5: ", "api_key_env")
    ),
    "secret-by-name": Case(
        recipe("provider: scripted", f"provider: scripted, api_key: {KEY}"), 2, (f"{RECIPE}:5: ", "`.env`")
    ),
    "import-missing": Case(recipe("file: seeds.jsonl", "file: seds.jsonl"), 1, ("seds.jsonl", "No such file")),
    "import-kind": Case(both(file("s.xyz", "a"), recipe("file: seeds.jsonl", "file: s.xyz")), 1, ("s.xyz", ".jsonl")),
    "import-format": Case(
        recipe("file: seeds.jsonl", "file: seeds.jsonl, format: alpca"), 2, (f"{RECIPE}:7: ", "did you mean 'alpaca'?")
    ),
    "import-no-row": Case(file("seeds.jsonl", '{"a": 1}\n'), 1, ("seeds.jsonl",)),
    "template-slot": Case(
        both(file("t.yaml", TEMPLATES), USE_TEMPLATES), 1, ("t.yaml:3", "the slot 'color'", "did you mean 'colour'?")
    ),
    "template-file": Case(USE_TEMPLATES, 2, ("t.yaml", "check `file:` of the stage 'templates'")),
    "script-missing": Case(recipe("file: script.jsonl", "file: scrpt.jsonl"), 2, ("cannot read", "scrpt.jsonl")),
    "export-suffix": Case(recipe("out/train.jsonl", "out/train.docx"), 2, ("recipe.yaml:", "train.docx", "use .jsonl")),
    "export-into-a-file": Case(
        recipe("out/train.jsonl", "recipe.yaml/train.jsonl"), 1, ("train.jsonl", "cannot be written")
    ),
    "script-line": Case(file("script.jsonl", "{}\n"), 2, ("script.jsonl", "each line must be")),
}


@pytest.mark.parametrize("name", CASES)
def test_one_line_says_what_is_wrong_and_earlier_work_stays(name: str, ran: Path, curator: Call) -> None:
    exported = (ran / "out" / "train.jsonl").read_bytes()
    case = CASES[name]
    case.spoil(ran)
    ended = curator("run")
    assert ended.code == case.code, ended
    for words in case.says:
        assert words in ended.error
    assert KEY not in ended.out + ended.err
    assert (ran / "out" / "train.jsonl").read_bytes() == exported
    assert len(curator("ls", "--run", "1", "--json", "--status", "kept").data) == KEPT


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.code == 2 and "script" not in name])
def test_a_plan_finds_the_same(name: str, project: Path, curator: Call) -> None:
    CASES[name].spoil(project)
    assert curator("plan").error == curator("run").error
    assert not (project / "curator.db").exists()


def good_rows() -> Iterator[dict[str, str]]:
    yield {"instruction": "Who rings the bells?", "input": "", "output": "Nobody."}
    yield {"instruction": "Who sells fish?", "input": "", "output": "Everybody."}


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("rows.jsonl", "\n".join([*map(json.dumps, good_rows()), '{"instruction": "cut o']) + "\n", 3),
        ("rows.jsonl", "\n".join([json.dumps({"instruction": 7, "output": []}), *map(json.dumps, good_rows())]), 1),
        ("rows.csv", "instruction,input,output\na?,,b\nc?\nd?,,e\n", 2),
    ],
)
def test_a_bad_row_is_left_out_with_its_number(name: str, text: str, number: int, project: Path, curator: Call) -> None:
    (project / name).write_text(text, encoding="utf-8")
    change(project / RECIPE, "file: seeds.jsonl", f"file: {name}")
    assert curator("run").code == 0
    [row] = curator("ls", "--json", "--status", "dropped", "--stage", "seeds").data
    assert row["drop"]["reason"] == "bad-row"
    assert f"row {number} of {name}" in row["messages"][0]["content"]
    assert len(curator("ls", "--json", "--status", "kept", "--stage", "seeds").data) == 2


def test_a_key_typed_after_set_is_refused_and_not_echoed(project: Path, curator: Call) -> None:
    ended = curator("run", "--set", f"models.writer.api_key={KEY}")
    assert ended.code == 2
    assert "looks like a key" in ended.error
    assert KEY not in ended.err


def test_what_the_system_refuses_is_one_line(ran: Path, curator: Call) -> None:
    change(ran / RECIPE, NOTE, "a" * 300 + ".md")
    ended = curator("run")
    assert ended.code == 1
    assert "File name too long" in ended.error


def test_a_text_of_windows_is_read_all_the_same(project: Path, curator: Call) -> None:
    (project / NOTE).write_bytes(NOTES.replace("\n", "\r\n").encode("utf-16"))
    assert len(curator("run", "--json").data["exported"]) == 1


def test_lines_of_a_script_without_the_answer_fail_the_run_and_say_so(project: Path, curator: Call) -> None:
    write_lines(project / "script.jsonl", {"contains": "Alma", "reply": "{}"})
    ended = curator("run")
    assert ended.code == 4
    assert "no reply for a request" in ended.error
