"""Does a reader who sees the passage answer the question as the record does?"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from pydantic import Field

from curator.record import Record, Score
from curator.stage import AskingOptions, Measure, Reading
from evaluators.reader import Agreement, Reader, ReaderEvaluator

NAME = "round-trip"

DRAWN_AT = 0.7
"""The temperature of several samples: at 0 they would all be the same."""


class RoundTripOptions(AskingOptions):
    """Options of `round-trip`.

    Attributes:
        samples: how many answers are drawn and averaged; several measure the reader's consistency with itself, too.
    """

    samples: int = Field(default=1, ge=1, le=20)


class RoundTrip(ReaderEvaluator[RoundTripOptions]):
    """Asks a model the record's question with its passage beside it, and holds the reply against the record's answer.

    - `round-trip.f1`: token F1 of the two answers in SQuAD's normal form, 2·|A ∩ R| / (|A| + |R|) over multisets of
      tokens; with several samples their mean.
    - `round-trip.em`: the share of samples that match exactly.

    Each has the range 0 to 1, higher is better; 0.6 is a usual threshold for answers of a few words. An answer of more
    than 8 words is held against a full sentence of the reader's. Where the reader finds no answer both are 0, unless
    the record is labelled `question_type: unanswerable`, when both are 1: its reader is shown the passage that it was
    written about, a further source. Records without any source have no value.

    Source: Alberti et al. 2019, "Synthetic QA Corpora Generation with Roundtrip Consistency", arXiv 1906.05416, section
    2, keep a pair if the reader's span is the same; Puri et al. 2020, arXiv 2002.09599, test it by exact
    match in SQuAD's normal form (Rajpurkar et al. 2016, arXiv 1606.05250, section 6.1). Ours asks a chat model.
    """

    name: ClassVar[str] = NAME
    Options: ClassVar[type[AskingOptions]] = RoundTripOptions

    def gives(self) -> tuple[Measure, ...]:
        """Return the two measures."""
        return (
            Measure(f"{NAME}.f1", "token F1 of the reader's answer and the record's"),
            Measure(f"{NAME}.em", "share of the reader's answers that match exactly"),
        )

    def requests_per_record(self) -> tuple[int, int]:
        """Return how many replies a record takes: none where it has no source."""
        return (0, self.options.samples)

    async def compare(self, reader: Reader, record: Record, passage: str) -> tuple[Score, ...]:
        """Draw the reader's answers with the passage; see `ReaderEvaluator`."""
        temperature = 0.0 if self.options.samples == 1 else DRAWN_AT
        draws = range(self.options.samples)
        readings = await asyncio.gather(
            *(reader.agreement(record, passage, draw=draw, temperature=temperature) for draw in draws)
        )
        read = [reading.value for reading in readings if reading.value is not None]
        if not read:
            return self.unscored(f"{readings[0].reason}: {readings[0].problem}")
        told = _told(read, readings)
        return (
            Score(f"{NAME}.f1", sum(one.f1 for one in read) / len(read), told),
            Score(f"{NAME}.em", sum(one.exact for one in read) / len(read), told),
        )


def _told(read: list[Agreement], readings: list[Reading[Agreement]]) -> str:
    """Return what the reader said, the samples apart."""
    answers = dict.fromkeys(one.text for one in read)
    told = " | ".join(f"“{text}”" if text else "no answer in the passage" for text in answers)
    lost = len(readings) - len(read)
    return f"the reader: {told}" + (f"; {lost} of {len(readings)} samples could not be read" if lost else "")
