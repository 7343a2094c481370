"""Can a question be understood by somebody who does not see the passage it was made from?"""

from __future__ import annotations

from typing import ClassVar

from curator.record import Record, Score
from curator.stage.base import Measure, StageOptions
from curator.stage.context import Context
from curator.stage.evaluator import Evaluator
from evaluators.references import unresolved


class SelfContainment(Evaluator[StageOptions]):
    """Measures whether a question stands on its own.

    1 if none of the patterns of `evaluators.references` is found, otherwise 0, and the explanation names what points
    outside and why it does. Range 0 to 1, higher is better. English. A question that carries its own text as input may
    speak of "the text" or "the following"; one in a conversation's first turn may not.

    Source: the two kinds of dependence (pointing at the source, leaving something unnamed) follow Choi et al., 2021,
    arXiv 2102.05169, section 2; here the question is measured and not rewritten, and by patterns.
    """

    name: ClassVar[str] = "self-containment"

    def gives(self) -> tuple[Measure, ...]:
        """Return the one measure."""
        return (Measure("self-containment", "1 if the question stands on its own, 0 if not"),)

    async def score(self, record: Record, context: Context) -> tuple[Score, ...]:
        """Measure one record.

        Args:
            record: the record.
            context: not used.

        Returns:
            One score; without a value if nobody asks.
        """
        if not record.instruction.strip():
            return (Score("self-containment", None, "no question"),)
        found = unresolved(record.instruction, has_input=bool(record.input.strip()))
        return (Score("self-containment", 0.0 if found else 1.0, found),)
