"""`curator generate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ui.project import NOTES, PAIRS, change, pair
from tests.ui.terminal import Call

TEMPLATES = """\
slots: {colour: [red, green, blue]}
templates:
  - {name: colour, instruction: "Is {{ colour }} a colour?", response: "Yes, {{ colour }} is one."}
"""


@pytest.fixture
def scripted(tmp_path: Path) -> tuple[str, ...]:
    """Return the flags that let a script answer; the notes lie beside it."""
    (tmp_path / "notes.md").write_text(NOTES, encoding="utf-8")
    replies = [{"contains": sentence, "reply": pair(sentence)} for sentence in PAIRS]
    return (
        "--set",
        "answers=written",
        "--set",
        "per_chunk=1",
        "--set",
        "model.provider=scripted",
        "--set",
        f"model.extra.replies={json.dumps(replies)}",
    )


def test_a_method_on_a_document(scripted: tuple[str, ...], curator: Call, tmp_path: Path) -> None:
    ended = curator("generate", "book-qa", "notes.md", "-n", "2", "-o", "qa.jsonl", *scripted)
    assert ended.code == 0, ended.err
    assert "2 records written to qa.jsonl" in ended.out
    assert len((tmp_path / "qa.jsonl").read_text().splitlines()) == 2


def test_without_its_checks_everything_is_taken(scripted: tuple[str, ...], curator: Call) -> None:
    command = ("generate", "book-qa", "notes.md", "-n", "3", "--json", *scripted)
    assert len(curator(*command).data["shortfalls"]) == 1
    data = curator(*command, "--no-checks").data
    assert (data["shortfalls"], data["candidates"]["kept"]) == ([], 3)


def test_the_same_call_again_replays(scripted: tuple[str, ...], curator: Call) -> None:
    command = ("generate", "book-qa", "notes.md", "-n", "2", "--json", *scripted)
    assert curator(*command).data["cost"]["bought"] > 0
    assert curator(*command).data["cost"]["bought"] == 0


def test_a_method_on_its_own_file_and_in_another_format(curator: Call, tmp_path: Path) -> None:
    (tmp_path / "colours.yaml").write_text(TEMPLATES)
    command = ("generate", "templates", "colours.yaml", "-n", "3", "-f", "alpaca", "-o", "colours.csv", "--seed", "4")
    ended = curator(*command, "--set", "model.provider=scripted", "--set", "model.extra.replies=[hm]")
    assert ended.code == 0, ended.err
    assert (tmp_path / "colours.csv").read_text().startswith("instruction,input,output")


def test_what_is_typed_wins_over_the_environment(
    scripted: tuple[str, ...], curator: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_PROVIDER", "openai")
    monkeypatch.setenv("CURATOR_MODEL", "gamma")
    data = curator("generate", "book-qa", "notes.md", "-n", "1", "--json", *scripted).data
    assert data["run"]["recipe"]["models"]["writer"]["provider"] == "scripted"
    assert data["run"]["recipe"]["models"]["writer"]["model"] == "gamma"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("book-q", "notes.md"), 2, "there is no stage 'book-q'; did you mean 'book-qa'?"),
        (
            ("grounding", "notes.md"),
            2,
            "'grounding' makes no records; methods: ",
        ),
        (("book-qa",), 1, "no document to ask about"),
        (("book-qa", "nowhere.md"), 1, "nowhere.md does not exist"),
        (("templates",), 2, "name a `file` of templates"),
        (("tool-use",), 2, "'tool-use' needs a file, its 'tools', as in `curator generate tool-use"),
        (("book-qa", "notes.md", "--set", "per_chunk"), 2, "'per_chunk' has no value"),
        (("book-qa", "notes.md", "--set", "per_chnk=2"), 2, "did you mean 'per_chunk'?"),
        (("book-qa", "notes.md", "--set", "per_chunk=["), 2, "not valid YAML"),
        (("book-qa", "notes.md", "--set", "model.api_key=abc"), 2, "looks like a key"),
        (("book-qa", "notes.md", "-f", "alpca"), 2, "did you mean 'alpaca'?"),
        (("book-qa", "notes.md", "-n", "0"), 2, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: tuple[str, ...], code: int, says: str, scripted: tuple[str, ...], curator: Call, tmp_path: Path
) -> None:
    ended = curator("generate", *arguments)
    assert ended.code == code
    assert says in ended.error
    assert not (tmp_path / "generated.jsonl").exists()


def test_an_option_that_is_wrong_deep_down_is_one_line(
    scripted: tuple[str, ...], curator: Call, tmp_path: Path
) -> None:
    (tmp_path / "colours.yaml").write_text(TEMPLATES)
    change(tmp_path / "colours.yaml", "Is {{ colour }}", "Is {{ color }}")
    ended = curator("generate", "templates", "colours.yaml")
    assert ended.code == 1
    assert "uses the slot 'color'" in ended.error
    assert "did you mean 'colour'?" in ended.error


def test_set_below_a_plain_value_is_refused(curator: Call) -> None:
    ended = curator("generate", "book-qa", "--set", "per_chunk=1", "--set", "per_chunk.deeper=2")
    assert ended.code == 2
    assert "per_chunk" in ended.error


def test_a_methods_help_says_what_it_is_and_how_it_is_set(curator: Call) -> None:
    ended = curator("generate", "book-qa", "--help")
    assert ended.code == 0
    for said in (
        "book-qa: takes documents",
        "Source:",
        "curator generate book-qa ",
        "per_chunk",
        "Checked by",
        "near-dedup",
    ):
        assert said in ended.out
    assert curator("generate", "-h", "templates").out.startswith("templates: takes its file")


def test_the_commands_help_lists_the_methods(curator: Call) -> None:
    ended = curator("generate", "--help")
    assert ended.code == 0
    assert "Usage: curator generate" in ended.out
    for method in ("book-qa", "templates", "respond"):
        assert f"\n{method} " in ended.out


def test_without_a_method_the_help_is_shown_and_the_call_is_wrong(curator: Call) -> None:
    ended = curator("generate")
    assert ended.code == 2
    assert "\nbook-qa " in ended.out


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Return a dataset of questions without answers."""
    rows = [json.dumps({"messages": [{"role": "user", "content": f"What is {n} + 1?"}]}) for n in range(3)]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_method_that_works_on_records_takes_a_dataset_and_exports_its_own(
    questions: Path, curator: Call, tmp_path: Path
) -> None:
    model = ("--set", "model.provider=scripted", "--set", 'model.extra.replies=[{"reply": "A number, surely."}]')
    ended = curator("generate", "respond", "questions.jsonl", "-n", "2", "-o", "answered.jsonl", *model)
    assert ended.code == 0, ended.err
    written = [json.loads(line) for line in (tmp_path / "answered.jsonl").read_text().splitlines()]
    assert [row["messages"][-1] for row in written] == [{"role": "assistant", "content": "A number, surely."}] * 2


def test_pairs_are_written_in_the_format_that_holds_them(curator: Call, tmp_path: Path) -> None:
    pairs = [{"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "It is so."}]}]
    (tmp_path / "asked.jsonl").write_text(json.dumps(pairs[0]), encoding="utf-8")
    model = (
        "--set",
        "model.provider=scripted",
        "--set",
        "model.extra.replies=[Because it rains., It is so., Hm., So.]",
    )
    settings = ("--set", "by=reference", "--set", "n=2", "--no-checks")
    ended = curator("generate", "preference", "asked.jsonl", "-n", "1", "-o", "pairs.jsonl", *settings, *model)
    assert ended.code == 0, ended.err
    [row] = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]
    assert {"chosen", "rejected"} < set(row)


def test_it_says_that_it_needs_a_dataset(curator: Call) -> None:
    ended = curator("generate", "respond")
    assert ended.code == 2
    assert "'respond' works on records: name a dataset, as in `curator generate respond " in ended.error


def test_paths_among_the_options_are_read_from_where_one_stands(
    scripted: tuple[str, ...], curator: Call, tmp_path: Path
) -> None:
    (tmp_path / "people.txt").write_text("a ferry pilot\na net maker\n", encoding="utf-8")
    command = ("generate", "book-qa", "notes.md", "-n", "2", "--json", "--set", "personas=people.txt", *scripted)
    data = curator(*command).data
    assert data["run"]["recipe"]["stages"][0]["options"]["personas"] == str(tmp_path / "people.txt")


def test_a_second_model_is_set_by_its_name(scripted: tuple[str, ...], curator: Call) -> None:
    second = ("--set", "models.judge.provider=scripted", "--set", "models.judge.extra.replies=[fine]")
    data = curator("generate", "book-qa", "notes.md", "-n", "1", "--json", *second, *scripted).data
    assert data["run"]["recipe"]["models"]["judge"]["provider"] == "scripted"


def test_where_nothing_was_accepted_the_funnel_says_why(curator: Call, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(NOTES, encoding="utf-8")
    model = ("--set", "model.provider=scripted", "--set", 'model.extra.replies=[{"reply": "no question"}]')
    command = ("generate", "book-qa", "notes.md", "-n", "1", *model)
    ended = curator(*command, "--json")
    assert ended.code == 1
    assert "nothing to write" in ended.error
    assert ended.data["candidates"]["kept"] == 0
    assert ended.data["funnel"][0]["dropped"]["unparsable"] > 0
    assert "unparsable" in curator(*command).out


def test_an_input_is_not_written_over(questions: Path, curator: Call) -> None:
    before = questions.read_text()
    ended = curator("generate", "respond", "questions.jsonl", "-o", "questions.jsonl")
    assert ended.code == 2
    assert "--out questions.jsonl is one of the inputs" in ended.error
    assert questions.read_text() == before


def test_another_file_to_write_asks_nothing_anew(scripted: tuple[str, ...], curator: Call) -> None:
    command = ("generate", "book-qa", "notes.md", "-n", "2", "--json", *scripted)
    assert curator(*command, "-o", "one.jsonl").data["cost"]["bought"] > 0
    assert curator(*command, "-o", "two.csv").data["cost"]["bought"] == 0
