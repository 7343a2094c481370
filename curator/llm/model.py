"""(placeholder, being written) A model lent to a stage."""

from __future__ import annotations

import msgspec

from curator.llm.base import ChatReply, Sampling
from curator.record import Turn


class Answer(msgspec.Struct, frozen=True):
    """A reply and how we came by it.

    Attributes:
        reply: the model's reply.
        key: the key it is stored under.
        replayed: whether it was taken from the store instead of being asked.
        usd: what it cost when it was bought; None when unknown.
    """

    reply: ChatReply
    key: str
    replayed: bool
    usd: float | None


class Model:
    """A model with everything a stage should not have to think of: cache, limits, retries, budget, accounting."""

    name: str

    async def ask(
        self, turns: tuple[Turn, ...], *, sampling: Sampling = Sampling(), json_schema: str = "", sample: int = 0
    ) -> Answer:
        """Ask the model, or replay its stored reply."""
        raise NotImplementedError
