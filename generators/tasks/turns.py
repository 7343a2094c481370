"""What a run's prompts become before they are asked, by their turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import cycle

from curator.record import Turn
from curator.stage import Prompt


class PromptTurns:
    """Gives each prompt the persona whose turn it is, and a prompt that comes again another draw.

    A small pool gives the same examples twice, and the stored reply to them would be no news.
    """

    def __init__(self, personas: Sequence[str]) -> None:
        """Start a run.

        Args:
            personas: in the order in which they take turns.
        """
        self._voices = cycle(personas)
        self._before: Counter[tuple[Turn, ...]] = Counter()

    def placed(self, prompt: Prompt) -> tuple[Prompt, int]:
        """Return a prompt as it is asked.

        Args:
            prompt: the prompt, in the order of the run.

        Returns:
            The prompt as it is sent, and which draw of it is wanted, 0 the first.
        """
        prompt = prompt.spoken_by(next(self._voices, ""))
        self._before[prompt.turns] += 1
        return prompt, self._before[prompt.turns] - 1
