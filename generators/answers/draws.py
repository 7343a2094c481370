"""The draws that come back for one question, sorted by what became of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply
from curator.stage import Reading


class Draw(msgspec.Struct, frozen=True):
    """One answer to one question.

    Attributes:
        text: the answer.
        cut_off: whether it ends because no more tokens were allowed.
    """

    text: str
    cut_off: bool = False


def read_draw(reply: ChatReply) -> Draw:
    """Read a reply as an answer.

    Args:
        reply: the model's reply.

    Returns:
        The answer.

    Raises:
        UnparsableReply: it is blank.
    """
    text = reply.text.strip()
    if not text:
        raise UnparsableReply("the reply is blank")
    return Draw(text, reply.finish_reason == "length")


class Drawn(msgspec.Struct, frozen=True):
    """What came of several draws.

    Attributes:
        fit: the readings of whole answers, each text once, in the order of asking.
        votes: the texts of all whole answers, as often as they came.
        cut_off: the readings of answers that break off, each text once.
        unread: the readings of replies that could not be read, each text and reason once.
        all: every reading, in the order of asking.
    """

    fit: tuple[Reading[Draw], ...]
    votes: tuple[str, ...]
    cut_off: tuple[Reading[Draw], ...]
    unread: tuple[Reading[Draw], ...]
    all: tuple[Reading[Draw], ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of `fit`."""
        return tuple(text_of(reading) for reading in self.fit)

    def alike(self, reading: Reading[Draw]) -> tuple[Reading[Draw], ...]:
        """Return the other readings that came to the same: one record stands for all of them."""
        return tuple(other for other in self.all if other is not reading and _content(other) == _content(reading))


def sorted_out(readings: Sequence[Reading[Draw]]) -> Drawn:
    """Sort what came of several draws.

    Args:
        readings: in the order of asking.

    Returns:
        The draws by what became of them.
    """
    fit: dict[str, Reading[Draw]] = {}
    cut_off: dict[str, Reading[Draw]] = {}
    unread: dict[tuple[str, str], Reading[Draw]] = {}
    votes = []
    for reading in readings:
        if reading.value is None:
            unread.setdefault(_content(reading), reading)
        else:
            (cut_off if reading.value.cut_off else fit).setdefault(reading.value.text, reading)
            votes += [] if reading.value.cut_off else [reading.value.text]
    broken = tuple(reading for text, reading in cut_off.items() if text not in fit)
    return Drawn(tuple(fit.values()), tuple(votes), broken, tuple(unread.values()), tuple(readings))


def text_of(reading: Reading[Draw]) -> str:
    """Return the answer that was read; "" if none was."""
    return reading.value.text if reading.value is not None else ""


def _content(reading: Reading[Draw]) -> tuple[str, str]:
    """Return what tells a reading from others: its text, and why it could not be read."""
    if reading.value is not None or reading.answer is None:
        return text_of(reading), reading.reason
    return reading.answer.reply.text, reading.reason
