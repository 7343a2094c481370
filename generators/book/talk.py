"""What was asked before about the same passage or topic, so that it is not asked again.

Questions about one passage are asked one after another, those about different passages side by side; so what is sent
does not depend on which reply comes first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


class Talk:
    """The questions about one passage or topic, in turn."""

    def __init__(self) -> None:
        """Begin with none asked."""
        self._given = 0
        self._over = 0
        self._questions: list[str] = []
        self._changed = asyncio.Condition()

    def take_turn(self) -> int:
        """Return the number of the next turn, from 0; turns are given in the order of the prompts."""
        self._given += 1
        return self._given - 1

    async def before(self, turn: int) -> list[str]:
        """Wait until the turns before this one are over.

        Args:
            turn: the turn's number.

        Returns:
            The questions that were asked in them.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._over == turn)
        return list(self._questions)

    async def over(self, questions: Iterable[str]) -> None:
        """End a turn.

        Args:
            questions: what was asked in it.
        """
        async with self._changed:
            self._questions += questions
            self._over += 1
            self._changed.notify_all()
