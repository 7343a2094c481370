"""Examples as turns, and what is wrong with a file of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.errors import StageError
from curator.record import Turn
from curator.text.prompt import PromptFolder
from generators.shared.few_shot import examples_in, shown


def folder(path: Path, **files: str) -> PromptFolder:
    for name, text in files.items():
        (path / f"{name}.jinja").write_text(text)
    return PromptFolder(path)


def test_an_example_is_the_filled_prompt_and_its_reply(tmp_path: Path) -> None:
    prompts = folder(
        tmp_path, ask="{{ verb }} {{ what }}!", examples="- {what: cheese, reply: 7}\n- {what: tea, reply: No}"
    )
    examples = examples_in(prompts, "examples")
    assert examples == ({"what": "cheese", "reply": "7"}, {"what": "tea", "reply": "No"})
    assert shown(prompts, "ask", examples, verb="Rate") == (
        Turn("user", "Rate cheese!"),
        Turn("assistant", "7"),
        Turn("user", "Rate tea!"),
        Turn("assistant", "No"),
    )
    assert shown(prompts, "ask", examples[:1], reply="what", verb="Rate")[1] == Turn("assistant", "cheese")


def test_no_examples_are_no_turns(tmp_path: Path) -> None:
    assert examples_in(folder(tmp_path, examples=""), "examples") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- {what: [", "prompt examples.jinja: this is no YAML"),
        ("what: cheese", "prompt examples.jinja: it must be a YAML list of mappings"),
        ("- cheese", "prompt examples.jinja: it must be a YAML list of mappings"),
    ],
)
def test_a_file_that_holds_no_examples_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=problem.replace(".", r"\.")):
        examples_in(folder(tmp_path, examples=text), "examples")


def test_an_example_has_a_reply_and_every_slot(tmp_path: Path) -> None:
    prompts = folder(tmp_path, ask="{{ what }}")
    with pytest.raises(StageError, match=r"an example of the prompt ask\.jinja has no 'reply'; it has what"):
        shown(prompts, "ask", [{"what": "cheese"}])
    with pytest.raises(StageError, match=r"prompt ask\.jinja: 'what' is undefined"):
        shown(prompts, "ask", [{"reply": "7"}])
