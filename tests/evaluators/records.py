"""Records and runs that the tests of this folder share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from curator.record import Origin, Record, Source, single_turn
from curator.stage.base import Stage
from curator.stage.context import Context
from curator.stage.ordered import as_stream
from curator.text.document import Document


def run(stage: Stage[Any], records: Sequence[Record], context: Context | None = None) -> list[Record]:
    """Return what a stage makes of records."""

    async def collect() -> list[Record]:
        return [record async for record in stage.run(as_stream(tuple(records)), context or Context(stage=stage.key))]

    return asyncio.run(collect())


def kept(records: Sequence[Record]) -> list[Record]:
    """Return the records that were not dropped."""
    return [record for record in records if record.drop is None]


def sourced(question: str, answer: str, passage: str, evidence: str = "") -> tuple[Record, Context]:
    """Return a record made from a passage, and a run that has the passage among its sources."""
    text = f"Before. {passage} After."
    document = Document("a.md", text)
    source = Source("a.md", document.digest, 0, 8, 8 + len(passage), "Opening hours", evidence)
    return single_turn(question, answer, origin=Origin(source=source)), Context(documents=(document,))
