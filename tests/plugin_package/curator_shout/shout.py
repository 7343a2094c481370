"""Stage `shout`: each record again, with its question in capitals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from curator.errors import UnparsableReply
from curator.record import Record, single_turn
from curator.stage import Context, GeneratorOptions, Prompt, Transformer


class ShoutOptions(GeneratorOptions):
    """Options of `shout`.

    Attributes:
        mark: what is put at the end of the question.
    """

    mark: str = "!"


class Shout(Transformer[ShoutOptions]):
    """Makes a loud child of each record; it asks no model."""

    name: ClassVar[str] = "shout"
    asks: ClassVar[bool] = False
    example: ClassVar[str] = "curator generate shout seeds.jsonl -n 20 --out loud.jsonl"
    Options: ClassVar[type[ShoutOptions]] = ShoutOptions

    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        """Return the child of one record."""
        child = single_turn(record.instruction.upper() + self.options.mark, record.response)
        return [child.with_origin(parents=(record.id,))]

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Refuse a reply: nothing was asked."""
        raise UnparsableReply("shout asks no model")
