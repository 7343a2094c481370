"""A model folder answers: a tiny Llama that these tests make, with random weights and a tokenizer of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from curator.errors import ProviderError, RecipeError, RequestRefused
from curator.llm.base import ChatReply, ChatRequest, Sampling
from curator.llm.local import LocalProvider
from curator.llm.local_transformers import TransformersProvider
from curator.llm.spec import ModelSpec
from curator.record import Turn

TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}"
    "<s>{{ m.role }}\n{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)
CONTEXT_TOKENS = 256
TEXT = "the harbour of Vell opens at six and the boats go out with the tide, says the harbour master to the crew. " * 4

shared = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model folder as `save_pretrained` writes it."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    fast: Any = PreTrainedTokenizerFast
    wrapped = fast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    wrapped.chat_template = TEMPLATE
    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=len(wrapped),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT_TOKENS,
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
    )
    path = tmp_path_factory.mktemp("models") / "tiny-llama"
    model: Any = LlamaForCausalLM(config)
    model.save_pretrained(path)
    wrapped.save_pretrained(path)
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(folder: Path) -> AsyncIterator[TransformersProvider]:
    running = TransformersProvider(ModelSpec(provider="local", model=str(folder)))
    yield running
    await running.aclose()


def ask(text: str = "When do the boats go out?", schema: str = "", sample: int = 0, **sampling: Any) -> ChatRequest:
    settings = Sampling(**{"max_tokens": 12, **sampling})
    return ChatRequest((Turn("user", text),), "tiny-llama", settings, schema, sample)


async def answers(client: TransformersProvider, *requests: ChatRequest) -> list[ChatReply]:
    return await asyncio.gather(*map(client.chat, requests))


def test_the_provider_local_takes_model_folders(folder: Path) -> None:
    client = LocalProvider.from_spec(ModelSpec(provider="local", model=folder.name), folder.parent)
    assert isinstance(client, TransformersProvider)
    assert client.model == "tiny-llama"
    again = LocalProvider.from_spec(ModelSpec(provider="local", model=str(folder)))
    assert client.identity == again.identity
    assert client.identity.startswith("local:")


@shared
async def test_it_answers_with_its_usage(client: TransformersProvider) -> None:
    (reply,) = await answers(client, ask(temperature=0))
    assert reply.text
    assert reply.model == "tiny-llama"
    assert reply.usage.prompt_tokens > 5
    assert 0 < reply.usage.completion_tokens <= 12


@shared
async def test_neighbours_in_a_batch_change_nothing(client: TransformersProvider) -> None:
    requests = [
        ask("Short."),
        ask("A much longer question about the tide, the boats, the crew and the harbour master.", temperature=0),
        ask("Warm?", temperature=1.5, top_p=0.7, seed=3),
        ask("Many tokens, please.", max_tokens=30, seed=4),
        ask("Penalties.", temperature=0, presence_penalty=1.0, frequency_penalty=0.5),
    ]
    together = await answers(client, *requests)
    alone = [await client.chat(request) for request in requests]
    assert [reply.text for reply in together] == [reply.text for reply in alone]
    assert [reply.usage for reply in together] == [reply.usage for reply in alone]
    assert [reply.finish_reason for reply in together] == [reply.finish_reason for reply in alone]


@shared
async def test_seeds_and_samples_are_honoured(client: TransformersProvider) -> None:
    drawn = [ask(temperature=1.0, seed=1), ask(temperature=1.0, seed=1), ask(temperature=1.0, seed=2)]
    first, same, other = [reply.text for reply in await answers(client, *drawn)]
    assert first == same != other
    again = [reply.text for reply in await answers(client, ask(), ask(), ask(sample=1))]
    assert again[0] == again[1] != again[2]


@shared
async def test_greedy_is_what_the_model_itself_would_say(client: TransformersProvider, folder: Path) -> None:
    import transformers

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(str(folder))
    prompt = "<s>user\nWhen do the boats go out?</s><s>assistant\n"
    ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)["input_ids"]
    made = model.generate(
        ids, attention_mask=ids.new_ones(ids.shape), do_sample=False, max_new_tokens=12, pad_token_id=1
    )
    expected = tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)
    assert (await client.chat(ask(temperature=0))).text == expected


@shared
async def test_a_nucleus_of_nothing_is_greedy(client: TransformersProvider) -> None:
    greedy, narrow = await answers(client, ask(temperature=0), ask(temperature=1.0, top_p=1e-9))
    assert greedy.text == narrow.text


@shared
async def test_a_stop_string_ends_the_reply(client: TransformersProvider) -> None:
    whole = await client.chat(ask(temperature=0, max_tokens=30))
    stop = whole.text[5:8]
    cut = await client.chat(ask(temperature=0, max_tokens=30, stop=(stop,)))
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish_reason == "stop"
    assert cut.usage.completion_tokens < whole.usage.completion_tokens


@shared
async def test_the_length_is_kept(client: TransformersProvider) -> None:
    short, long = await answers(client, ask(temperature=0, max_tokens=3), ask(temperature=0, max_tokens=9))
    assert (short.finish_reason, short.usage.completion_tokens) == ("length", 3)
    assert long.text.startswith(short.text[:-1])


@shared
async def test_a_schema_is_asked_for_in_words(client: TransformersProvider) -> None:
    plain, structured = await answers(client, ask(), ask(schema='{"type":"object"}'))
    assert structured.usage.prompt_tokens > plain.usage.prompt_tokens


@shared
async def test_one_that_is_refused_spoils_no_batch(client: TransformersProvider) -> None:
    tool = ChatRequest((Turn("tool", "x"),), "tiny-llama", Sampling(max_tokens=4))
    outcomes = await asyncio.gather(*map(client.chat, [ask(), ask("tide " * 400), tool, ask()]), return_exceptions=True)
    assert isinstance(outcomes[0], ChatReply)
    assert isinstance(outcomes[1], RequestRefused)
    assert f"the context holds {CONTEXT_TOKENS}" in str(outcomes[1])
    assert isinstance(outcomes[2], RequestRefused)
    assert "no tools here" in str(outcomes[2])
    assert isinstance(outcomes[3], ChatReply)


@shared
async def test_one_that_is_given_up_does_not_hold_others(client: TransformersProvider) -> None:
    gone = asyncio.create_task(client.chat(ask("Gone.")))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await client.chat(ask())).text


async def test_closing_leaves_nobody_waiting(folder: Path) -> None:
    client = TransformersProvider(ModelSpec(provider="local", model=str(folder), max_concurrency=1))
    flights = [asyncio.create_task(client.chat(ask(f"Question {number}"))) for number in range(3)]
    await asyncio.sleep(0.05)
    async with asyncio.timeout(10):
        await client.aclose()
        outcomes = await asyncio.gather(*flights, return_exceptions=True)
    assert all(isinstance(outcome, ChatReply | asyncio.CancelledError) for outcome in outcomes)
    assert isinstance(outcomes[-1], asyncio.CancelledError)


async def test_a_damaged_folder_is_an_error(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:500])
    client = TransformersProvider(ModelSpec(provider="local", model=str(tmp_path)))
    with pytest.raises(ProviderError, match="transformers cannot load the model folder"):
        await client.chat(ask())
    await client.aclose()


async def test_a_folder_without_a_chat_template_cannot_be_asked(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        if path.name != "chat_template.jinja":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    client = TransformersProvider(ModelSpec(provider="local", model=str(tmp_path)))
    with pytest.raises(ProviderError, match="no chat template"):
        await client.chat(ask())
    await client.aclose()


def test_a_folder_takes_no_engine_settings(folder: Path) -> None:
    with pytest.raises(RecipeError, match="takes no extra settings, and has slots"):
        TransformersProvider(ModelSpec(provider="local", model=str(folder), extra={"slots": 2}))


@shared
async def test_a_users_turn_can_be_left_open(client: TransformersProvider, folder: Path) -> None:
    import transformers

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
    lengths = {}
    for template, prompt in {"auto": "<s>user\nWhen", "zephyr": "<|user|>\nWhen"}.items():
        (reply,) = await answers(client, ask("When", open_turn=template))
        lengths[template] = reply.usage.prompt_tokens, len(tokenizer(prompt, add_special_tokens=False)["input_ids"])
    assert all(counted == expected for counted, expected in lengths.values())
    assert lengths["auto"] != lengths["zephyr"]
