"""The embedded model and the engine that runs it, for real."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from curator.errors import ProviderError, RecipeError, RequestRefused
from curator.llm.base import ChatRequest, Sampling
from curator.llm.cores import usable_cores
from curator.llm.local import DEFAULT_SLOTS, LocalProvider
from curator.llm.local_engine import Engine, EngineSettings
from curator.llm.local_request import DEFAULT_MAX_TOKENS, DEFAULT_TEMPERATURE, completed
from curator.llm.model import Model
from curator.llm.spec import ModelSpec
from curator.llm.weights import SMOLLM2, embedded_weights
from curator.record import Turn

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"question": {"type": "string", "maxLength": 20}, "answer": {"type": "integer"}},
        "required": ["question", "answer"],
        "additionalProperties": False,
    }
)


def ask(text: str = "Name three colours.", schema: str = "", sample: int = 0, **sampling: Any) -> ChatRequest:
    settings = Sampling(**{"max_tokens": 10, **sampling})
    return ChatRequest((Turn("user", text),), SMOLLM2.name, settings, schema, sample)


def local(model: str = "", **extra: Any) -> LocalProvider:
    return LocalProvider(ModelSpec(provider="local", model=model, extra={"slots": 2, **extra}))


shared = pytest.mark.asyncio(loop_scope="module")
"""Marks the tests that ask one engine, for it answers in the event loop that it was started in."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[LocalProvider]:
    running = local()
    yield running
    await running.aclose()


@shared
async def test_it_answers_with_its_usage(client: LocalProvider) -> None:
    reply = await client.chat(ask("What is the capital of France?", temperature=0, max_tokens=24))
    assert reply.text.strip()
    assert reply.model == SMOLLM2.name
    assert 10 < reply.usage.prompt_tokens < 60
    assert 0 < reply.usage.completion_tokens <= 24
    assert not reply.usage.estimated
    assert reply.seconds > 0


@shared
async def test_a_reply_ends_at_its_length_or_a_stop_string(client: LocalProvider) -> None:
    long = await client.chat(ask("Write a long story.", temperature=0, max_tokens=5))
    assert (long.finish_reason, long.usage.completion_tokens) == ("length", 5)
    word = long.text.split()[1]
    cut = await client.chat(ask("Write a long story.", temperature=0, stop=(word,)))
    assert cut.finish_reason == "stop"
    assert word not in cut.text


@shared
async def test_a_schema_is_kept_whatever_the_model_would_say(client: LocalProvider) -> None:
    asked = [ask("Sing!", SCHEMA, sample, temperature=1.5, max_tokens=100) for sample in range(3)]
    for reply in await asyncio.gather(*map(client.chat, asked)):
        content = json.loads(reply.text)
        assert set(content) == {"question", "answer"}
        assert isinstance(content["answer"], int)


@shared
async def test_a_seed_is_honoured(client: LocalProvider) -> None:
    replies = [(await client.chat(ask(temperature=1.2, seed=seed))).text for seed in (3, 3, 4, 5)]
    assert replies[0] == replies[1]
    assert len(set(replies)) > 1


@shared
async def test_without_a_seed_the_request_decides(client: LocalProvider) -> None:
    again = [(await client.chat(ask(temperature=1.2))).text for _ in range(2)]
    assert again[0] == again[1]
    assert (await client.chat(ask(temperature=1.2, sample=1))).text != again[0]


async def test_a_prompt_longer_than_the_context_is_refused_in_tokens() -> None:
    client = local(context_tokens=256)
    with pytest.raises(RequestRefused, match=r"the prompt has 4\d\d tokens, and the context holds 256; use shorter"):
        await client.chat(ask("word " * 400))
    assert (await client.chat(ask())).text  # others are answered still
    await client.aclose()


@shared
async def test_a_schema_that_is_none_is_refused(client: LocalProvider) -> None:
    with pytest.raises(RequestRefused, match="schema"):
        await client.chat(ask(schema='{"type": "poem"}'))


@shared
async def test_a_run_can_fall_back_to_asking_in_words(client: LocalProvider) -> None:
    said: list[str] = []
    model = Model(client, provider="local", sampling=Sampling(max_tokens=4), notice=said.append)
    assert (await model.ask((Turn("user", "Hi"),), json_schema='{"type": "poem"}')).reply.text
    assert len(said) == 1


async def test_requests_in_flight_are_worked_on_together() -> None:
    client = local()
    asked = [client.chat(ask(f"Tell me about the number {number}.")) for number in range(5)]
    replies = await asyncio.gather(*asked)
    assert all(reply.text for reply in replies)
    assert len({reply.text for reply in replies}) > 1
    await client.aclose()


async def test_closing_gives_up_what_is_in_flight_at_once() -> None:
    client = local()
    await client.chat(ask(max_tokens=1))
    flights = [asyncio.create_task(client.chat(ask(f"Story {number}!", max_tokens=1900))) for number in range(2)]
    await asyncio.sleep(0.2)
    async with asyncio.timeout(10):
        await client.aclose()
        outcomes = await asyncio.gather(*flights, return_exceptions=True)
    assert all(isinstance(outcome, ProviderError) for outcome in outcomes)


async def test_a_request_that_is_given_up_frees_its_slot() -> None:
    client = local(slots=1)
    await client.chat(ask(max_tokens=1))
    flight = asyncio.create_task(client.chat(ask("Write a book.", max_tokens=1900)))
    await asyncio.sleep(0.2)
    flight.cancel()
    async with asyncio.timeout(10):
        assert (await client.chat(ask("Say hello."))).text
    await client.aclose()


async def test_closing_while_it_starts_leaves_no_engine() -> None:
    client = local()
    flight = asyncio.create_task(client.chat(ask()))
    await asyncio.sleep(0.05)
    flight.cancel()
    await asyncio.gather(flight, return_exceptions=True)
    assert client.engine is not None
    pid = client.engine.pid
    await client.aclose()
    assert not _runs(pid)


async def test_two_engines_live_in_one_process_and_leave_nothing() -> None:
    first, second = local(), local()
    replies = await asyncio.gather(first.chat(ask(temperature=0)), second.chat(ask(temperature=0)))
    assert replies[0].text == replies[1].text
    await first.aclose()
    assert (await second.chat(ask(temperature=0))).text == replies[0].text
    await second.aclose()
    await second.aclose()
    assert (await second.chat(ask(temperature=0))).text == replies[0].text  # asked again, it starts again
    await second.aclose()


def engine() -> Engine:
    """Start an engine as the provider does."""
    return Engine(EngineSettings(str(embedded_weights()), "m", slots=1, context_tokens=256, threads=1))


def test_a_closed_engine_is_gone() -> None:
    running = engine()
    os.kill(running.pid, 0)
    assert running.last_words() == ""
    running.close()
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)


async def test_an_engine_that_dies_is_told_of() -> None:
    client = local(slots=1)
    await client.chat(ask(max_tokens=1))
    assert client.engine is not None
    flight = asyncio.create_task(client.chat(ask("Write a book.", max_tokens=1900)))
    await asyncio.sleep(0.2)
    os.kill(client.engine.pid, signal.SIGKILL)
    with pytest.raises(ProviderError, match="stopped answering"):
        await flight
    await client.aclose()


ORPHAN = """
import os, signal
from curator.llm.local_engine import Engine, EngineSettings
from curator.llm.weights import embedded_weights
print(Engine(EngineSettings(str(embedded_weights()), "m", slots=1, context_tokens=256, threads=1)).pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_engine_does_not_outlive_its_parent() -> None:
    ended = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, timeout=60, check=False)
    pid = int(ended.stdout)
    deadline = time.monotonic() + 10
    while _runs(pid):
        assert time.monotonic() < deadline, "the engine is still there"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # an orphan may wait, dead, for the system to take note of it
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


QUIET = """
import asyncio, sys
from curator.llm.local import LocalProvider
from curator.llm.spec import ModelSpec
from curator.llm.base import ChatRequest, Sampling
from curator.record import Turn

async def main():
    client = LocalProvider(ModelSpec(provider="local", extra={"slots": 2}))
    request = ChatRequest((Turn("user", "Hello"),), client.model, Sampling(max_tokens=4))
    await client.chat(request)
    print(client.identity)
    if sys.argv[1] == "close":
        await client.aclose()
    else:
        task = asyncio.create_task(client.chat(ChatRequest(request.messages, client.model, Sampling(max_tokens=1900))))
        await asyncio.sleep(0.2)

asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["close", "leave"])
def test_nothing_is_printed_and_the_process_ends(end: str) -> None:
    ended = subprocess.run([sys.executable, "-c", QUIET, end], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0
    assert ended.stdout == "local:b179c9523d0e6a0f\n"
    assert [line for line in ended.stderr.splitlines() if "lama" in line or "ggml" in line] == []


def test_the_identity_is_the_content_wherever_it_lies(tmp_path: Path) -> None:
    elsewhere = tmp_path / "other-name.gguf"
    elsewhere.symlink_to(embedded_weights())
    assert local(str(elsewhere)).identity == local().identity == f"local:{SMOLLM2.sha256[:16]}"
    assert local(str(elsewhere)).model == "other-name"
    assert local(context_tokens=512).identity != local().identity


@pytest.mark.parametrize("name", ["", "embedded", "SmolLM2-135M-Instruct"])
def test_the_embedded_model_has_three_names(name: str) -> None:
    client = LocalProvider(ModelSpec(provider="local", model=name))
    assert (client.model, client.parallel) == (SMOLLM2.name, DEFAULT_SLOTS)


def test_the_embedded_model_need_not_be_here_until_it_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATOR_MODELS_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2])])
    client = local()
    with pytest.raises(ProviderError, match="curator models fetch"):
        asyncio.run(client.models())
    with pytest.raises(ProviderError, match="curator models fetch"):
        asyncio.run(client.chat(ask()))


@pytest.mark.parametrize(
    ("kept", "patch"),
    [(1_000, b""), (3_000_000, b""), (50_000_000, b""), (None, b"\xff" * 8)],
    ids=["header cut", "vocabulary cut", "weights cut", "impossible counts"],
)
async def test_a_damaged_file_is_an_error_and_no_crash(tmp_path: Path, kept: int | None, patch: bytes) -> None:
    content = bytearray(embedded_weights().read_bytes()[:kept])
    content[16 : 16 + len(patch)] = patch
    path = tmp_path / "damaged.gguf"
    path.write_bytes(content)
    client = local(str(path))
    with pytest.raises(ProviderError, match=r"cannot load .*damaged\.gguf.*damaged or cut off"):
        await client.chat(ask())
    await client.aclose()


def test_an_adapter_has_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="cannot be read"):
        local(lora=str(tmp_path / "none.gguf"))
    (tmp_path / "adapter.bin").write_bytes(b"PK")
    with pytest.raises(ProviderError, match="no GGUF file"):
        local(lora=str(tmp_path / "adapter.bin"))


async def test_a_model_is_no_adapter(tmp_path: Path) -> None:
    client = local(lora=str(embedded_weights()))
    assert client.identity == f"local:{SMOLLM2.sha256[:16]}+{SMOLLM2.sha256[:16]}x1"
    with pytest.raises(ProviderError, match="with the adapter"):
        await client.chat(ask())
    await client.aclose()


@pytest.mark.parametrize("extra", [{"slot": 1}, {"slots": 0}, {"context_tokens": "long"}])
def test_settings_that_are_not_known_are_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=rf"extra\.{next(iter(extra))}.*known: context_tokens"):
        LocalProvider(ModelSpec(provider="local", extra=extra))


def test_the_dispatchers_ceiling_bounds_the_memory() -> None:
    assert LocalProvider(ModelSpec(provider="local", max_concurrency=2)).parallel == 2
    assert LocalProvider(ModelSpec(provider="local", max_concurrency=99)).parallel == DEFAULT_SLOTS


def test_what_a_request_leaves_open_is_filled_in() -> None:
    bare = ChatRequest((Turn("user", "Hi"),), "m")
    filled = completed(bare, "local:1").sampling
    assert (filled.max_tokens, filled.temperature) == (DEFAULT_MAX_TOKENS, DEFAULT_TEMPERATURE)
    assert completed(bare, "local:1").sampling.seed == filled.seed != completed(bare, "local:2").sampling.seed
    seeded = ChatRequest(bare.messages, "m", Sampling(temperature=0, max_tokens=3, seed=2**32 - 1), sample=2)
    assert completed(seeded, "local:1").sampling == Sampling(temperature=0, max_tokens=3, seed=1)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "100000 100000"}, 1),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "nonsense"}, None),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
def test_a_containers_quota_counts(tmp_path: Path, files: dict[str, str], cores: int | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert usable_cores(tmp_path) == (cores or free)
