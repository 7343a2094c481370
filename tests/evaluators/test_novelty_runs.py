"""Novelty in whole runs: until enough are novel, after kill -9, across recipes, and with a shared server."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from curator.errors import StoreError
from curator.llm.base import ChatRequest
from curator.llm.scripted import ScriptedProvider
from curator.recipe.load import load_recipe
from curator.record import Record
from curator.run import run_recipe
from curator.stage import Context
from curator.store import Store
from evaluators.novelty import BATCH, Novelty
from tests.dedup.harbour_texts import text
from tests.dedup.index.redis_server import free_port, redis_server
from tests.evaluators.novel_records import copy_of, dropped, record
from tests.resume.counting_server import CountingServer
from tests.resume.test_kill import finish, start, workspace
from tests.run.samples import carry_out, funnel, kept, plan_of
from tests.stage.samples import Asker, Unsteady, outcome


async def test_generation_goes_on_until_enough_are_novel(tmp_path: Path) -> None:
    def two_alike(request: ChatRequest) -> str:
        return text(int(request.messages[-1].content.split()[-1]) // 2)

    def plan() -> Any:
        stages = (Asker({"n": 100}), Novelty({"field": "response"}))
        return plan_of(tmp_path, *stages, uses={"asker": {"accept": 6}})

    result = await carry_out(plan(), Unsteady(two_alike))
    assert result.shortfalls == ()
    accepted = kept(tmp_path)
    assert [each.instruction for each in accepted] == [f"Q{number}.0" for number in (0, 2, 4, 6, 8, 10)]
    before = funnel(tmp_path)
    assert dict(before[1].dropped)["near-duplicate"] >= 5
    await carry_out(plan(), ScriptedProvider(two_alike))
    assert kept(tmp_path) == accepted
    assert funnel(tmp_path) == before


SPACE = "novelty/1/threshold=0.8/field=instruction/shingles=auto/guard=False/novelty"

RECIPE = """\
stages:
  - {{use: import, options: {{file: {file}}}}}
  - {{use: novelty}}
export:
  - {{format: messages, path: out/{file}, include_dropped: true}}
"""


def run_on(folder: Path, name: str, records: Sequence[Record]) -> list[dict[str, Any]]:
    """Carry out a recipe that reads these records; return what it exports, dropped ones too."""
    rows = [{"instruction": each.instruction, "output": each.response} for each in records]
    (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (folder / f"{name}.yaml").write_text(RECIPE.format(file=f"{name}.jsonl"), encoding="utf-8")
    run_recipe(load_recipe(folder / f"{name}.yaml"), folder)
    return [json.loads(line) for line in (folder / "out" / f"{name}.jsonl").read_text("utf-8").splitlines()]


def test_a_second_recipe_in_the_workspace_makes_no_near_copies(tmp_path: Path) -> None:
    originals = [record(seed) for seed in range(8)]
    run_on(tmp_path, "first", originals)
    assert len(kept(tmp_path)) == 8
    run_on(tmp_path, "second", [*map(copy_of, originals), record(20)])
    assert [each.instruction for each in kept(tmp_path)] == [record(20).instruction]
    assert dropped(kept(tmp_path, "dropped")) == [each.id for each in originals]
    again = run_on(tmp_path, "first", originals)
    assert len(kept(tmp_path)) == len(again) == 8


KILLS = 3

KILLED_RECIPE = """\
seed: 3
sources: [book.md]
models:
  writer: {{provider: openai, model: keeper, base_url: '{url}/v1', max_concurrency: 4}}
stages:
  - {{use: book-qa, model: writer, options: {{per_chunk: 50, max_words: 60}}}}
  - {{use: novelty, options: {{field: instruction, guard: false}}}}
export:
  - {{format: messages, path: out/all.jsonl, include_dropped: true}}
"""


def killed_workspace(folder: Path, url: str) -> Path:
    """Write a workspace whose questions differ in one number or two, so that all depends on which came first."""
    workspace(folder, "", sentences=120)
    (folder / "recipe.yaml").write_text(KILLED_RECIPE.format(url=url), encoding="utf-8")
    return folder


def test_killed_runs_decide_the_same(tmp_path: Path) -> None:
    moments = random.Random(7)
    with CountingServer(delay_s=0.01) as server:
        whole = killed_workspace(tmp_path / "whole", server.url)
        finish(whole)
        server.asked.clear()
        torn = killed_workspace(tmp_path / "torn", server.url)
        remembered = []
        for _kill in range(KILLS):
            process, wanted = start(torn), server.asked.total() + moments.randint(3, 15)
            while not server.wait_for(wanted, 0.2) and process.poll() is None:
                pass
            process.kill()
            process.communicate()
            with Store.open(torn) as store:
                remembered.append(len(list(store.results.all(SPACE))))
        finish(torn)
    exported = (torn / "out" / "all.jsonl").read_bytes()
    assert exported == (whole / "out" / "all.jsonl").read_bytes()
    assert 0 < remembered[-1] < exported.count(b"\n")
    assert len(set(remembered)) > 1
    assert 0 < len(kept(torn)) < exported.count(b"\n")
    finish(torn)
    assert (torn / "out" / "all.jsonl").read_bytes() == exported


# --- A shared server ---


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A Redis server."""
    (tmp_path / "redis").mkdir()
    with redis_server(tmp_path / "redis") as url:
        yield url


async def test_workspaces_that_name_a_server_share_it(server: str) -> None:
    originals = [record(seed) for seed in range(3 * BATCH // 2)]
    copies = [copy_of(each) for each in originals]
    for _again in range(2):
        assert dropped(await outcome(Novelty({"redis": server}), originals, Context())) == [None] * len(originals)
        made = await outcome(Novelty({"redis": server}), copies, Context())
        assert dropped(made) == [each.id for each in originals]
    assert dropped(await outcome(Novelty({"redis": server, "space": "own"}), copies, Context())) == [None] * len(copies)


async def test_two_machines_at_once_let_one_of_twins_through(server: str) -> None:
    originals = [record(seed) for seed in range(20)]
    context = Context()
    one, other = await asyncio.gather(
        outcome(Novelty({"redis": server}), originals, context),
        outcome(Novelty({"redis": server}), [copy_of(each) for each in originals], context),
    )
    assert [(a.drop is None) + (b.drop is None) for a, b in zip(one, other, strict=True)] == [1] * 20


def test_a_server_that_is_not_there_is_reported_before_anything_is_spent() -> None:
    with pytest.raises(StoreError, match="Redis server"):
        Novelty({"redis": f"redis://127.0.0.1:{free_port()}/0"}).check(Context())
    Novelty().check(Context())
