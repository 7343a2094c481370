"""Replies of models that were asked to change a text: what is taken, and what is left around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply
from generators.evolution.replies import candidates_in, complete_text

PARENT = "Name a river."
CHILD = "Name a river in Asia."
OTHER = "Name a river in Africa."


@pytest.mark.parametrize(
    "reply",
    [
        CHILD,
        f"  {CHILD}\n",
        f"New prompt: {CHILD}",
        f"NEW PROMPT:\n\n{CHILD}",
        f"#Rewritten Prompt#: {CHILD}",
        f"#Rewritten Prompt#:\n{CHILD}",
        f"**Rewritten Prompt:** {CHILD}",
        f"### Rewritten prompt:\n{CHILD}",
        f"Rewrite: {CHILD}",
        f"Sure! {CHILD}",
        f"Sure, here's the rewritten version: {CHILD}",
        f"Certainly! Here is a harder prompt:\n\n{CHILD}",
        f"Here’s the new prompt:\n```\n{CHILD}\n```",
        f"```text\n{CHILD}\n```",
        f'"{CHILD}"',
        f"“{CHILD}”",
        f"**{CHILD}**",
        f"<prompt>{CHILD}</prompt>",
        f"<prompt>{CHILD}",
        f"New prompt: <prompt>{CHILD}</prompt>",
        f'Sure, here you go.\n\n#Rewritten Prompt#:\n```\n"{CHILD}"\n```',
        f"I have made it harder.\nRewritten prompt: {CHILD}",
        f"<think>The prompt must get harder.</think>\n{CHILD}",
        f"It must get harder.</think>{CHILD}",
        f"Step 1: think.\nStep 2: write.\n#Rewritten Prompt#: {OTHER}\n#Finally Rewritten Prompt#: {CHILD}",
    ],
)
def test_the_changed_prompt_is_taken_from_what_stands_around_it(reply: str) -> None:
    assert candidates_in(reply, PARENT) == [CHILD]


@pytest.mark.parametrize(
    "reply",
    [
        f"1. {CHILD}\n2. {OTHER}",
        f"Sure, here are two versions:\n\n1) {CHILD}\n\n2) {OTHER}",
        f"Version 1: {CHILD}\nVersion 2: {OTHER}",
        f"**Option 1:** {CHILD}\n\n**Option 2:** {OTHER}",
        f"#Rewritten Prompt#: {CHILD}\n#Rewritten Prompt#: {OTHER}",
        f'1. "{CHILD}"\n2. "{OTHER}"\n3. "{OTHER}"',
    ],
)
def test_a_choice_of_prompts_is_read_as_several(reply: str) -> None:
    assert candidates_in(reply, PARENT) == [CHILD, OTHER]


@pytest.mark.parametrize(
    ("reply", "parent"),
    [
        ("Sort this list:\n1. the river Rhine in Germany\n2. the river Po in Italy", PARENT),
        ("1. Name a river in Asia.\n2. Name a river in Africa.", "1. Name a river.\n2. Name a lake."),
        ("1. Rhine\n2. Po", PARENT),
        ("2. Name a river in Asia.\n5. Name a river in Africa.", PARENT),
        ("Explain this code:\n```python\nprint(1)\n```", PARENT),
        ("```python\nprint(1)\n```", PARENT),
        ("Here is my code:\nprint(1)\nWhat does it print?", PARENT),
        ('"To be" or "not to be"', PARENT),
        ('"Rhine"', '"Po"'),
        ("```\nRhine\n```", "```\nPo\n```"),
        ("Nenne einen Fluss in Asien.", PARENT),
        ("Question 1: Which river?\nQuestion 2: Which lake?", PARENT),
        ("Compare two drafts.\nVersion 1: a long river\nVersion 2: a short river", PARENT),
        ("What is new here?\nNew version: 2.0", PARENT),
    ],
)
def test_what_belongs_to_the_prompt_stays(reply: str, parent: str) -> None:
    assert candidates_in(reply, parent) == [reply]


@pytest.mark.parametrize("reply", ["", " \n", "New prompt:", "#Rewritten Prompt#:\n", '""', "<think>Hm", "```\n```"])
def test_a_reply_without_a_text_is_unparsable(reply: str) -> None:
    with pytest.raises(UnparsableReply, match="blank"):
        candidates_in(reply, PARENT)


@pytest.mark.parametrize(
    "answer",
    [
        "1. The river Rhine in Germany.\n2. The river Po in Italy.",
        "Option 1: the river Rhine in Germany.\nOption 2: the river Po in Italy.",
    ],
)
def test_an_answer_may_have_numbered_parts(answer: str) -> None:
    assert candidates_in(f"Improved answer: {answer}", "Rhine, Po.", choice=False) == [answer]
    assert len(candidates_in(answer, "Rhine, Po.")) == 2
    assert candidates_in("New answer: Rhine.\n\nNew answer: Po.", "Rhine, Po.", choice=False) == ["Rhine.", "Po."]


def test_a_reply_that_breaks_off_is_unparsable() -> None:
    assert complete_text(ChatReply(f" {CHILD} ")) == CHILD
    with pytest.raises(UnparsableReply, match="breaks off"):
        complete_text(ChatReply(CHILD, finish_reason="length"))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_whatever_the_reply_is_no_blank_text_comes_of_it(text: str) -> None:
    try:
        found = candidates_in(text, PARENT)
    except UnparsableReply:
        return
    assert found
    assert all(part and part == part.strip() for part in found)
