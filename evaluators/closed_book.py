"""Does the answer come from the passage, or did the model know it before?"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from curator.record import Record, Score
from curator.stage import AskingOptions, Measure
from evaluators.reader import Reader, ReaderEvaluator, has_no_answer

NAME = "closed-book"


class ClosedBook(ReaderEvaluator[AskingOptions]):
    """Asks a model the record's question twice, with the passage and without, and compares.

    - `closed-book.f1`: token F1 of the answer from memory and the record's answer; range 0 to 1, neither is better. A
      high value says that the model knew the fact before: usual for famous books.
    - `closed-book.delta`: F1 with the passage - F1 without; range -1 to 1, higher is better. About 0 means that the
      passage added nothing, so the answer may be right and yet not rest on it; 1 that it rests on the passage alone.

    Records without a source, and those labelled `question_type: unanswerable`, of which there is nothing to know, have
    no value.

    Two requests a record; that with the passage is the same as the one of `round-trip` and is not paid for twice.

    Source: F1 as in SQuAD (Rajpurkar et al. 2016, arXiv 1606.05250, section 6.1). Lewis et al. 2021, "PAQ", arXiv
    2102.07033, section 2.4, ask without the passage, too, but with a retriever and to keep what is then answered;
    here nothing is retrieved, and the difference tells what the passage is worth.
    """

    name: ClassVar[str] = NAME

    def gives(self) -> tuple[Measure, ...]:
        """Return the two measures."""
        return (
            Measure(f"{NAME}.f1", "token F1 of the answer from memory and the record's", better="neither"),
            Measure(f"{NAME}.delta", "token F1 with the passage less that without", low=-1.0),
        )

    def requests_per_record(self) -> tuple[int, int]:
        """Return how many replies a record takes: none where it has no value."""
        return (0, 2)

    def unfit(self, record: Record) -> str:
        """Return why no reader is asked about a record; see `ReaderEvaluator`."""
        # A memory that knows nothing would agree with a record without an answer, and be called one that knew the fact.
        return "it has no answer that could be known" if has_no_answer(record) else super().unfit(record)

    async def compare(self, reader: Reader, record: Record, passage: str) -> tuple[Score, ...]:
        """Ask the reader with the passage and without; see `ReaderEvaluator`."""
        from_passage, from_memory = await asyncio.gather(
            reader.agreement(record, passage), reader.agreement(record, "")
        )
        if from_memory.value is None:
            return self.unscored(f"without the passage {from_memory.reason}: {from_memory.problem}")
        remembered = from_memory.value
        told = f"from memory: “{remembered.text}”" if remembered.text else "from memory: no answer"
        f1 = Score(f"{NAME}.f1", remembered.f1, told)
        if from_passage.value is None:
            why = f"with the passage {from_passage.reason}: {from_passage.problem}"
            return f1, Score(f"{NAME}.delta", None, why)
        delta = from_passage.value.f1 - remembered.f1
        told = f"{from_passage.value.f1:.2f} with the passage, {remembered.f1:.2f} without"
        return f1, Score(f"{NAME}.delta", delta, told)
