"""Single stages on records in memory: for notebooks and tests, without a workspace."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from curator.record import Record
from curator.results import Results, ResultsInMemory
from curator.stage import Context, Stage
from curator.stage.context import Asker
from curator.stage.ordered import as_stream
from curator.text.document import Document


def apply(
    stage: Stage[Any],
    records: Iterable[Record] = (),
    *,
    documents: Sequence[Document] = (),
    model: Asker | None = None,
    others: Mapping[str, Asker] | None = None,
    seed: int = 0,
    limit: int | None = None,
    results: Results | None = None,
) -> list[Record]:
    """Run one stage on records.

    Args:
        stage: the stage.
        records: what it is given; those already dropped are left out.
        documents: the documents it may read.
        model: the model it may ask.
        others: the further models that its options name.
        seed: where its random choices begin.
        limit: how many candidates it may make at most.
        results: where costly results of our own are kept; forgotten after the call unless said.

    Returns:
        What it gives out, dropped records among it.

    Raises:
        CuratorError: the stage cannot run on this.
    """
    context = Context(
        stage.key,
        seed,
        documents=tuple(documents),
        model=model,
        others=others or {},
        limit=limit,
        results=ResultsInMemory() if results is None else results,
    )
    stage.check(context)

    async def collect() -> list[Record]:
        stream = as_stream([record for record in records if record.drop is None])
        return [record async for record in stage.run(stream, context)]

    return asyncio.run_coroutine_threadsafe(collect(), _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Return the loop that all calls share, in a thread of its own.

    A notebook has a loop already, and a loop cannot be entered twice; a model's connections belong to the loop in which
    they were opened, and are to serve the next call too.
    """
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="curator-apply", daemon=True).start()
    return loop
