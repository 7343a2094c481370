"""The scripted provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curator.errors import ProviderError, RecipeError, RequestRefused
from curator.llm.base import ChatRequest
from curator.llm.scripted import ScriptedProvider
from curator.llm.spec import ModelSpec
from curator.record import Turn


def ask(text: str) -> ChatRequest:
    return ChatRequest((Turn("system", "be brief"), Turn("user", text)), "script")


async def test_a_list_answers_in_order_and_ends() -> None:
    provider = ScriptedProvider(["one", RequestRefused("no")])
    assert (await provider.chat(ask("a"))).text == "one"
    with pytest.raises(RequestRefused):
        await provider.chat(ask("b"))
    with pytest.raises(ProviderError, match="2 replies are used up"):
        await provider.chat(ask("c"))


async def test_a_mapping_answers_by_the_last_turn() -> None:
    provider = ScriptedProvider({"tide": "low", "brief": "never"})
    assert (await provider.chat(ask("what of the tide?"))).text == "low"
    with pytest.raises(ProviderError, match="no reply"):
        await provider.chat(ask("what else?"))


async def test_a_function_answers_anything() -> None:
    provider = ScriptedProvider(lambda request: request.messages[-1].content.upper())
    reply = await provider.chat(ask("abc"))
    assert (reply.text, reply.usage.estimated) == ("ABC", True)


async def test_from_a_file(tmp_path: Path) -> None:
    lines = (
        '{"contains": "tide", "reply": "low"}\n{"contains": "bad", "reply": "boom", "status": 503}\n{"reply": "else"}\n'
    )
    (tmp_path / "replies.jsonl").write_text(lines)
    provider = ScriptedProvider.from_spec(ModelSpec(extra={"file": "replies.jsonl"}), tmp_path)
    assert (await provider.chat(ask("the tide"))).text == "low"
    assert (await provider.chat(ask("hm"))).text == "else"
    with pytest.raises(ProviderError) as caught:
        await provider.chat(ask("bad"))
    assert (caught.value.retryable, caught.value.status) == (True, 503)


def test_identity_follows_the_script() -> None:
    same = [ModelSpec(extra={"replies": [{"contains": "a", "reply": "b"}]}) for _ in range(2)]
    other = ModelSpec(extra={"replies": [{"contains": "a", "reply": "c"}]})
    identities = [ScriptedProvider(spec).identity for spec in [*same, other]]
    assert identities[0] == identities[1] != identities[2]


@pytest.mark.parametrize(
    "extra",
    [{}, {"replies": []}, {"replies": ["a", 3]}, {"replies": [{"text": "x"}]}, {"file": "none.jsonl"}, {"more": 1}],
)
def test_what_is_no_script(extra: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        ScriptedProvider(ModelSpec(extra=extra), folder=tmp_path)
