"""One pass through a recipe: stages joined into one stream, and a tap behind each that keeps the books.

A pass is a pure function of the plan, the limits and the replies. A record's place in it is the number of the stage
that made it and its number among what that stage made; neither depends on which reply came first.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing

from curator.errors import StageError
from curator.recipe.plan import Plan, PlannedStage
from curator.record import Record
from curator.run.bookkeeping import Bookkeeper
from curator.stage import Context, Transformer
from curator.stage.ordered import as_stream
from curator.store import Position

IDENTICAL = "identical"
"""The reason of a candidate whose content is, to the letter, that of an earlier one."""

SURPLUS = "surplus"
"""The reason of a record that survived its gate after enough others had."""


class Pass:
    """One pass through a recipe, or through its beginning.

    Attributes:
        survivors: for each stage that is to have a number of its records accepted, how many survived its gate.
        made: for each stage, how many candidates it made.
    """

    def __init__(self, plan: Plan, contexts: Mapping[str, Context], books: Bookkeeper, until: int) -> None:
        """Prepare the pass.

        Args:
            plan: the plan.
            contexts: what each stage may use of the world, with its limit.
            books: where candidates and their fates are written.
            until: the number of the last stage to carry out, from 0.
        """
        self._stages = plan.stages[: until + 1]
        self._contexts = contexts
        self._books = books
        self._places: dict[str, Position] = {}
        self._heirs: dict[str, str] = {}
        self.made = {planned.key: 0 for planned in self._stages}
        self.survivors = {planned.key: 0 for planned in self._stages if planned.use.accept is not None}

    async def carry_out(self) -> None:
        """Run the stages until the stream ends; everything they make and drop is in the books afterwards.

        Raises:
            CuratorError: a stage could not go on.
        """
        async with AsyncExitStack() as streams:
            stream: AsyncIterator[Record] = as_stream(())
            arriving: set[str] = set()
            for number, planned in enumerate(self._stages):
                leaving: set[str] = set()
                out = planned.stage.run(stream, self._contexts[planned.key])
                if isinstance(out, AsyncGenerator):  # ends its requests now, not when the garbage is collected
                    streams.push_async_callback(out.aclose)
                stream = await streams.enter_async_context(aclosing(self._tap(number, out, arriving, leaving)))
                arriving = leaving
            async for record in stream:
                self._books.settle(self._places[record.id], record)

    async def _tap(
        self, number: int, out: AsyncIterator[Record], arriving: set[str], leaving: set[str]
    ) -> AsyncGenerator[Record, None]:
        """Write down what a stage made and dropped, and let the rest through."""
        planned = self._stages[number]
        seen: set[str] = set()
        async for record in out:
            key = record.id
            if record.origin.stage != planned.key and key in arriving and key not in seen:
                seen.add(key)
                place = self._places[key]
            elif record.origin.stage == planned.key:
                place = Position(number, self.made[planned.key])
                self.made[planned.key] += 1
                record = self._first_of_its_kind(planned.key, record, key)
                self._inherit(planned, record, key)
                if record.drop is None:
                    self._places[key] = place
                self._books.made(planned.key, place, record)
            else:
                raise StageError(
                    f"{planned.key}: the stage gave out a record twice, or one that it neither was given nor made "
                    f"({key}); a stage that changes a record's text must name itself in `origin.stage`"
                )
            record = self._gated(number, record)
            if record.drop is not None:
                # Wherever else the record may say that it was dropped, it is here that it left the stream.
                record = record.dropped(planned.key, record.drop.reason, record.drop.detail, record.drop.of)
                self._books.dropped(planned.key, place, record)
                continue
            leaving.add(key)
            self._books.passed(planned.key)
            yield record
        if lost := len(arriving) - len(seen):
            raise StageError(f"{planned.key}: the stage lost {lost} of the {len(arriving)} records it was given")

    def _first_of_its_kind(self, stage: str, record: Record, key: str) -> Record:
        """Mark a candidate whose content came before, in this pass, and was not dropped as it was made."""
        if key not in self._places or record.drop is not None:
            return record
        return record.dropped(stage, IDENTICAL, f"of {key}, made earlier in this run", (key,))

    def _inherit(self, planned: PlannedStage, record: Record, key: str) -> None:
        """Note that a record takes its parent's place, and with it what the parent counted for."""
        if isinstance(planned.stage, Transformer) and planned.stage.supersedes and record.drop is None:
            parent = next((parent for parent in record.origin.parents if parent in self._places), None)
            if parent is not None:
                self._heirs[key] = self._heirs.get(parent) or self._stages[self._places[parent].stage].key

    def _gated(self, number: int, record: Record) -> Record:
        """Count a record that survived the gate of the stage that made it, and drop it when there were enough."""
        if record.drop is not None:
            return record
        counts_for = {record.origin.stage, self._heirs.get(record.id) if self._heirs else None}
        for planned in self._stages:
            if planned.gate_ends_at == number and planned.key in counts_for:
                if self.survivors[planned.key] >= (planned.use.accept or 0):
                    stage = self._stages[number].key
                    return record.dropped(
                        stage, SURPLUS, f"{planned.use.accept} of {planned.key} were accepted before it"
                    )
                self.survivors[planned.key] += 1
        return record
