"""A user's turn that is left open: what is sent to each provider, and who cannot."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import ProviderError
from curator.llm.base import ChatReply, ChatRequest, Sampling
from curator.llm.local import LocalProvider
from curator.llm.model import Model
from curator.llm.ollama import OllamaProvider
from curator.llm.open_turn import (
    NAMES,
    TEMPLATES,
    before_mark,
    before_special_tokens,
    marked,
    open_prompt,
)
from curator.llm.openai import OpenAIProvider
from curator.llm.scripted import ScriptedProvider
from curator.llm.spec import ModelSpec
from curator.llm.weights import SMOLLM2
from curator.record import Turn
from tests.llm.endpoint import Call, endpoint
from tests.llm.ollama_server import OllamaServer, serving

OPEN = Turn("user", "")
STEERED = (Turn("system", "Maths only."), OPEN)
LONG = (Turn("system", "S"), Turn("user", "A"), Turn("assistant", "B"), OPEN)


def open_request(template: str = "chatml", turns: tuple[Turn, ...] = STEERED, **sampling: Any) -> ChatRequest:
    return ChatRequest(turns, "m", Sampling(**{"max_tokens": 12, "stop": ("\n",), **sampling, "open_turn": template}))


@pytest.mark.parametrize(
    ("template", "bare", "steered", "long"),
    [
        (
            "chatml",
            "<|im_start|>user\n",
            "<|im_start|>system\nMaths only.<|im_end|>\n<|im_start|>user\n",
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n"
            "<|im_start|>user\n",
        ),
        (
            "llama-3",
            "<|start_header_id|>user<|end_header_id|>\n\n",
            "<|start_header_id|>system<|end_header_id|>\n\nMaths only.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\n",
            "<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nA"
            "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nB<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\n",
        ),
        ("mistral", "[INST] ", "[INST] Maths only.\n\n", "[INST] S\n\nA [/INST] B</s>[INST] "),
        (
            "zephyr",
            "<|user|>\n",
            "<|system|>\nMaths only.</s>\n<|user|>\n",
            "<|system|>\nS</s>\n<|user|>\nA</s>\n<|assistant|>\nB</s>\n<|user|>\n",
        ),
        (
            "gemma",
            "<start_of_turn>user\n",
            "<start_of_turn>user\nMaths only.\n\n",
            "<start_of_turn>user\nS\n\nA<end_of_turn>\n<start_of_turn>model\nB<end_of_turn>\n<start_of_turn>user\n",
        ),
    ],
)
def test_each_template_breaks_off_where_the_user_speaks(template: str, bare: str, steered: str, long: str) -> None:
    assert [open_prompt(turns, template, "m") for turns in ((OPEN,), STEERED, LONG)] == [bare, steered, long]


def test_what_the_user_says_already_is_continued() -> None:
    assert open_prompt((Turn("user", "Write a poem"),), "chatml", "m") == "<|im_start|>user\nWrite a poem"


def test_every_template_is_pinned() -> None:
    assert NAMES == ("auto", "chatml", "llama-3", "mistral", "zephyr", "gemma")
    assert set(NAMES[1:]) == set(TEMPLATES)


@pytest.mark.parametrize("turns", [(), (Turn("user", "Hi"), Turn("assistant", "Hello"))])
def test_only_a_users_turn_can_be_left_open(turns: tuple[Turn, ...]) -> None:
    with pytest.raises(ProviderError, match="only a user's turn can be left open"):
        open_prompt(turns, "chatml", "m")
    with pytest.raises(ProviderError, match="only a user's turn can be left open"):
        marked(turns, "m")


@given(st.text())
def test_a_models_own_template_is_cut_where_the_user_speaks(said: str) -> None:
    messages = marked((Turn("user", said),), "m")
    assert before_mark(f"<user>{messages[0]['content']}</user>", "m") == f"<user>{said}"


def test_a_template_that_loses_the_turn_is_told() -> None:
    with pytest.raises(ProviderError, match="does not write the user's turn"):
        before_mark("<user></user>", "m")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("What is it?<|im_end|>", "What is it?"),
        ("<|im_start|>What is it?<|eot_id|>No.", "What is it?"),
        (" What is it? [/INST] It is.", "What is it?"),
        ("What is it?<end_of_turn>\n<start_of_turn>model", "What is it?"),
        ("Is a < b and c > d?", "Is a < b and c > d?"),
        ("<|im_end|>", ""),
    ],
)
def test_marks_of_the_template_end_what_the_model_wrote(written: str, text: str) -> None:
    assert before_special_tokens(written) == text


def test_keys_of_other_requests_are_what_they_were() -> None:
    request = ChatRequest((Turn("user", "Hi"),), "m", Sampling(temperature=0.5, stop=("x",)))
    assert request.key("local:1") == "412b256b4992110214760bf626d26bc2"
    assert b"open_turn" not in msgspec.json.encode(request)
    assert open_request("chatml").key("i") != open_request("gemma").key("i") != open_request("").key("i")


class ChatsOnly:
    """A plugin's provider as they were written before turns could be left open."""

    model = "m"
    parallel = 1
    identity = "chats-only"

    async def chat(self, request: ChatRequest) -> ChatReply:
        return ChatReply("I am a chat.")

    async def models(self) -> list[str]:
        return ["m"]

    async def aclose(self) -> None:
        return None


async def test_a_provider_that_cannot_is_not_asked() -> None:
    model = Model(ChatsOnly(), provider="plugin")
    assert (await model.ask((Turn("user", "Hi"),))).reply.text == "I am a chat."
    with pytest.raises(ProviderError, match=r"plugin/m: this provider answers chats only.*local and ollama models can"):
        await model.ask((OPEN,), sampling=Sampling(open_turn="auto"))


async def test_the_wish_reaches_the_provider() -> None:
    client = ScriptedProvider(["What is it?"])
    model = Model(client, provider="scripted", sampling=Sampling(temperature=0.5))
    await model.ask((OPEN,), sampling=Sampling(open_turn="auto", temperature=1.0))
    assert client.asked[0].sampling == Sampling(temperature=1.0, open_turn="auto")


async def test_an_openai_server_continues_a_text() -> None:
    def behave(call: Call) -> web.Response:
        choice = {"index": 0, "text": "What is 2 + 2?", "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 6}
        return web.json_response({"object": "text_completion", "model": "m", "choices": [choice], "usage": usage})

    async with endpoint(behave) as served:
        client = OpenAIProvider(ModelSpec(model="m", base_url=served.url), environ={})
        reply = await client.chat(open_request("chatml", temperature=1.0, top_p=1.0))
        with pytest.raises(ProviderError, match=r"named chat template, and 'auto' is none.*chatml, llama-3"):
            await client.chat(open_request("auto"))
        await client.aclose()
    (call,) = served.calls
    assert call.request.path == "/v1/completions"
    assert call.body == {
        "model": "m",
        "prompt": "<|im_start|>system\nMaths only.<|im_end|>\n<|im_start|>user\n",
        "temperature": 1.0,
        "top_p": 1.0,
        "max_tokens": 12,
        "stop": ["\n"],
    }
    assert (reply.text, reply.finish_reason, reply.usage.completion_tokens) == ("What is 2 + 2?", "stop", 6)


async def test_ollama_continues_a_raw_text() -> None:
    with serving(OllamaServer(lambda request: f"after {request.messages[-1].content!r}")) as server:
        client = OllamaProvider(ModelSpec(model="smollm2:135m", base_url=server.url), environ={})
        reply = await client.chat(open_request("gemma", (OPEN,), temperature=1.0))
        with pytest.raises(ProviderError, match=r"ollama/smollm2:135m: .*named chat template"):
            await client.chat(open_request("auto"))
        await client.aclose()
    (body,) = server.continued
    assert (body["prompt"], body["raw"], body["stream"]) == ("<start_of_turn>user\n", True, False)
    assert body["options"]["stop"] == ["\n"]
    assert server.chats == []
    assert reply.text == r"after '<start_of_turn>user\n'"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.estimated) == (11, 7, False)


async def test_the_embedded_model_tells_its_own_template() -> None:
    """SmolLM2's template puts a system prompt of its own before the user's turn."""
    client = LocalProvider(ModelSpec(provider="local", extra={"slots": 2}))
    own = Turn("system", "You are a helpful AI assistant named SmolLM, trained by Hugging Face")
    told = await client.chat(open_request("auto", (OPEN,), seed=3))
    named = await client.chat(open_request("chatml", (own, OPEN), seed=3))
    steered = await client.chat(open_request("auto", (Turn("system", "You write about cheese."), OPEN), seed=3))
    await client.aclose()
    assert told.text.strip()
    assert "\n" not in told.text + steered.text
    assert told.usage.prompt_tokens == named.usage.prompt_tokens != steered.usage.prompt_tokens
    assert told.model == SMOLLM2.name
