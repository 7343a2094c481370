"""What a run's prompts become before they are asked, by their turn."""

from __future__ import annotations

from collections import Counter
from itertools import cycle
from pathlib import Path

import msgspec

from curator.record import Turn
from curator.stage import Context, Prompt
from curator.text.personas import read_personas, speaking_as


class PromptTurns:
    """Gives each prompt the persona whose turn it is, and a prompt that comes again another draw.

    A small pool gives the same examples twice, and the stored reply to them would be no news.
    """

    def __init__(self, personas: Path | None, context: Context) -> None:
        """Start a run.

        Args:
            personas: the file of personas, if any.
            context: the stage's surroundings.

        Raises:
            StageError: the file cannot be read.
        """
        said = list(read_personas(context.path(personas))) if personas else []
        context.random("personas").shuffle(said)
        self._personas = cycle(said)
        self._before: Counter[tuple[Turn, ...]] = Counter()

    def placed(self, prompt: Prompt) -> tuple[Prompt, int]:
        """Return a prompt as it is asked.

        Args:
            prompt: the prompt, in the order of the run.

        Returns:
            The prompt as it is sent, and which draw of it is wanted, 0 the first.
        """
        persona = next(self._personas, "")
        if persona:
            labels = (*prompt.labels, ("persona", persona))
            prompt = msgspec.structs.replace(prompt, turns=speaking_as(persona, prompt.turns), labels=labels)
        self._before[prompt.turns] += 1
        return prompt, self._before[prompt.turns] - 1
