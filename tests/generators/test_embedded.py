"""Each method on the handbook with the embedded model: it is small, but what it makes are records."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from curator.formats import read_records
from curator.llm.local import LocalProvider
from curator.llm.model import Model
from curator.llm.spec import ModelSpec
from curator.record import Record, Source, single_turn
from curator.registry import formats
from curator.stage import Context, Transformer
from curator.text.document import Document
from curator.text.readers import read_document
from tests.conftest import EXAMPLE
from tests.stage.samples import outcome
from ui.cli.method_help import makers

METHODS = makers()
FILES = {
    "alpaca": "seeds.jsonl",
    "code-instruct": "code",
    "import": "seeds.jsonl",
    "self-instruct": "seeds.jsonl",
    "taxonomy": "taxonomy/qna.yaml",
    "templates": "templates/handbook.yaml",
    "tool-use": "tools.json",
}
OPTIONS: dict[str, dict[str, Any]] = {
    "alpaca": {"n_per_request": 2, "batch": 1},
    "backtranslation": {"keep": 0},
    "dialogue": {"turns": 2},
    "evol-instruct": {"rounds": 1},
    "preference": {"by": "reference"},
    "self-instruct": {"batch": 1},
}
"""Less than usual where the usual takes minutes: fewer tasks, turns and rounds, no ratings."""

ENOUGH = 3
"""Among so many candidates is one whose reply could be read: a model this small writes poor records, but records."""

MORE = {"bonito-tasks": 8}
"""For methods whose first kinds of task are beyond it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model() -> AsyncIterator[Model]:
    settings = ModelSpec(provider="local", temperature=0, max_tokens=120)
    client = LocalProvider(settings)
    yield Model.from_spec(client, settings, provider="local")
    await client.aclose()


def _seeds(*, answered: bool) -> list[Record]:
    known = [formats.load(name)() for name in formats.names()]
    bad: list[Any] = []
    rows = list(read_records(EXAMPLE / "seeds.jsonl", None, known, bad.append))[:4]
    assert not bad
    asked = [Record(record.messages[:1], input_at=record.input_at) for record in rows]
    return [record.with_origin(stage="seeds") for record in (rows if answered else asked)]


def _above(name: str, handbook: Document) -> list[Record]:
    """Return what a transformer is given: for the one that mends questions, one that leans on its passage."""
    if name != "decontextualize":
        return _seeds(answered=name != "respond")
    at = handbook.text.index("Hesper Dray")
    source = Source(handbook.name, handbook.digest, 0, at, at + 600)
    leaning = single_turn("What did she hang up there in September 1887?", "Four wet topsails.")
    return [leaning.with_origin(stage="seeds", source=source)]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", METHODS)
async def test_it_makes_records(name: str, model: Model) -> None:
    kind = METHODS[name]
    given = {kind.input_option: EXAMPLE / FILES[name]} if name in FILES else {}
    stage = kind({**given, **OPTIONS.get(name, {})})
    handbook = read_document(EXAMPLE / "sources" / "handbook.md")
    context = Context(
        stage.key,
        seed=7,
        folder=EXAMPLE,
        documents=(handbook,),
        recipe_hash="0" * 16,
        model=model,
        limit=MORE.get(name, ENOUGH),
    )
    stage.check(context)
    above = _above(name, handbook) if isinstance(stage, Transformer) else []
    made = [record for record in await outcome(stage, above, context) if record.origin.method == name]
    assert 0 < len(made) <= MORE.get(name, ENOUGH)
    assert any(record.drop is None or record.drop.reason != "unparsable" for record in made), made
    for record in made:
        assert record.messages
        assert record.drop is None or record.drop.reason
        if record.drop is None:
            assert all(turn.content.strip() for turn in record.messages)
            assert record.instruction
