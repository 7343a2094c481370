"""Drop records that say the same, letter for letter, as an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from curator.record import Record
from curator.stage.base import StageOptions
from curator.stage.context import Context
from curator.stage.selector import CorpusSelector, Rejection
from curator.text.fields import Field, text_of


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
        from curator.dedup.equal import equal_texts
        from curator.dedup.texts import Texts

        found = equal_texts(Texts.of([text_of(record, self.options.field) for record in records]))
        stays = {place: records[first].id for place, first in found.items()}
        return [
            Rejection("exact-duplicate", f"of {stays[place]}", (stays[place],)) if place in stays else None
            for place in range(len(records))
        ]
