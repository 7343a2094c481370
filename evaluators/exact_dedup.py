"""Drop records that say the same, letter for letter, as an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from curator.record import Record
from curator.stage.base import StageOptions
from curator.stage.context import Context
from curator.stage.selector import CorpusSelector, Rejection
from curator.text.fields import Field, text_of
from curator.text.words import normalise


class ExactDedupOptions(StageOptions):
    """Options of `exact-dedup`.

    Attributes:
        field: what is compared: `instruction` (with its input), `response`, `both`, or the whole `dialogue`.
    """

    field: Field = "dialogue"


class ExactDedup(CorpusSelector[ExactDedupOptions]):
    """Keeps the first of all records whose normal form is equal.

    The normal form ignores case, white space, compatibility characters and the style of quotes and dashes (see
    `curator.text.words.normalise`). A record without the chosen field is never a duplicate.
    """

    name: ClassVar[str] = "exact-dedup"
    Options: ClassVar[type[StageOptions]] = ExactDedupOptions

    async def select(self, records: Sequence[Record], context: Context) -> Sequence[Rejection | None]:
        """Reject each record that repeats an earlier one.

        Args:
            records: the records, in order.
            context: not used.

        Returns:
            For each record None, or the rejection that names the first of its kind.
        """
        first: dict[str, Record] = {}
        decisions: list[Rejection | None] = []
        for record in records:
            form = normalise(text_of(record, self.options.field))
            original = first.get(form)
            if form and original is None:
                first[form] = record
            repeats = () if original is None else (original.id,)
            decisions.append(Rejection("exact-duplicate", f"of {repeats[0]}", repeats) if repeats else None)
        return decisions
