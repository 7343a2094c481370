"""The persona slot of every generator: each prompt has one, in an order that the seed fixes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from curator.errors import StageError
from curator.llm.scripted import ScriptedProvider
from curator.record import Record
from curator.stage import Context
from tests.stage.samples import Asker, Unsteady, echo, model_of, outcome

PEOPLE = tuple(f"Person number {number} of Vell." for number in range(4))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people.txt").write_text("\n".join(PEOPLE))
    return tmp_path


async def made(
    folder: Path, client: ScriptedProvider, *, seed: int = 7, limit: int | None = None, **options: int
) -> list[Record]:
    stage = Asker({"personas": "people.txt", "n": 8, **options})
    return await outcome(stage, (), Context("asker", seed, folder, model=model_of(client), limit=limit))


async def test_each_prompt_is_asked_as_one_of_them(folder: Path) -> None:
    client = ScriptedProvider(echo)
    records = await made(folder, client)
    named = [record.origin.label("persona") for record in records]
    assert Counter(named) == dict.fromkeys(PEOPLE, 2)
    assert named[:4] == named[4:] != list(PEOPLE)
    for record, request in zip(records, client.asked, strict=True):
        assert request.messages[0].role == "system"
        assert request.messages[0].content.endswith(record.origin.label("persona"))
        assert record.origin.label("number")


async def test_the_seed_and_nothing_else_says_who_asks(folder: Path) -> None:
    first = await made(folder, ScriptedProvider(echo))
    assert await made(folder, Unsteady(echo)) == first
    assert await made(folder, ScriptedProvider(echo), limit=3) == first[:3]
    others = [await made(folder, ScriptedProvider(echo), seed=seed) for seed in range(5)]
    assert len({tuple(record.origin.label("persona") for record in records) for records in others}) > 1


async def test_records_that_need_no_model_have_none(folder: Path) -> None:
    records = await made(folder, ScriptedProvider(echo), ready=2)
    assert [bool(record.origin.label("persona")) for record in records] == [False] * 2 + [True] * 8


async def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"people\.txt cannot be read"):
        await made(tmp_path, ScriptedProvider(echo))
