"""Can a question, and its answer, be understood by somebody who does not see the passage they were made from?"""

from __future__ import annotations

from typing import ClassVar

from curator.record import Record, Score
from curator.stage.base import Measure, StageOptions
from curator.stage.context import Context
from curator.stage.evaluator import Evaluator
from curator.text.answer_references import pointing
from curator.text.references import unresolved

NAME = "self-containment"


class SelfContainment(Evaluator[StageOptions]):
    """Measures whether question and answer stand on their own.

    - `self-containment.question`: 1 if none of the patterns of `curator.text.references` is found, otherwise 0, and the
      explanation names what points outside and why it does.
    - `self-containment.answer`: the same for the answer and `curator.text.answer_references` ("The text states that").
    - `self-containment`: the smaller of the two.

    Range 0 to 1, higher is better. English. A question that carries its own text as input may speak of "the text" or
    "the following", and so may its answer; a question in a conversation's first turn may not.

    Source: the two kinds of dependence (pointing at the source, leaving something unnamed) follow Choi et al., 2021,
    arXiv 2102.05169, section 2; here they are measured by patterns. The stage `decontextualize` mends what is found.
    """

    name: ClassVar[str] = NAME
    version: ClassVar[int] = 2

    def gives(self) -> tuple[Measure, ...]:
        """Return the three measures."""
        return (
            Measure(NAME, "1 if question and answer stand on their own, 0 if not"),
            Measure(f"{NAME}.question", "1 if the question stands on its own, 0 if not"),
            Measure(f"{NAME}.answer", "1 if the answer stands on its own, 0 if not"),
        )

    async def score(self, record: Record, context: Context) -> tuple[Score, ...]:
        """Measure one record.

        Args:
            record: the record.
            context: not used.

        Returns:
            Three scores; without a value if nobody asks.
        """
        if not record.instruction.strip():
            return tuple(Score(measure.name, None, "no question") for measure in self.gives())
        has_input = bool(record.input.strip())
        asked = unresolved(record.instruction, has_input=has_input)
        answered = "" if has_input else pointing(record.response, record.instruction)
        answer = Score(f"{NAME}.answer", 0.0 if answered else 1.0, answered)
        if not record.response.strip():
            answer = Score(f"{NAME}.answer", None, "no answer")
        found = asked or answered
        return (
            Score(NAME, 0.0 if found else 1.0, found),
            Score(f"{NAME}.question", 0.0 if asked else 1.0, asked),
            answer,
        )
