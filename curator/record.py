"""What a record is: one instruction example, where it came from, and what became of it.

Identity. A record's id is `r1-` and the BLAKE2b hash (digest size 16 bytes, so 32 hexadecimal digits) of its canonical
content: the JSON array `[messages]`, or `[messages, rejected]` when it has a rejected reply, where `messages` is
`[[role, content], ...]`, written in UTF-8 without blank space and with nothing escaped that JSON does not demand.
Nothing else counts: scoring, dropping or reviewing a record never changes its id, and an edit makes a new record whose
parent is the old one. `1` is the version of this rule; a new rule takes a new prefix.

Everything here is frozen and holds only tuples and strings, so records can be shared between stages without copies.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

Role = Literal["system", "user", "assistant", "tool"]


class Turn(msgspec.Struct, frozen=True, array_like=True):
    """One message of a dialogue."""

    role: Role
    content: str


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """The passage of a document that a record was made from.

    Attributes:
        document: the document's name, as the recipe gives it.
        digest: the hash of the document's clean text, which the store keeps (see `curator.text.document`).
        chunk: the passage's number in the document, from 0.
        start: the passage's first character in the clean text.
        end: one past its last character.
        chapter: the chapter's heading, or "" where there is none.
        evidence: the words of the passage that the answer rests on, as the generator quoted them.
        evidence_at: the evidence's first character in the clean text, where `evidence` stands letter for letter; None
            where it was not looked for or not found.
    """

    document: str
    digest: str
    chunk: int
    start: int
    end: int
    chapter: str = ""
    evidence: str = ""
    evidence_at: int | None = None


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a record came to be.

    Attributes:
        stage: the recipe's name of the stage that made it.
        method: the generator's registered name.
        parents: the ids of the records it was made from.
        model: the model that wrote it, as `provider/name`; "" if none did.
        prompt_hash: the hash of the rendered prompt; "" without a model.
        reply_key: the key of the stored reply that it was parsed from; "" without a model.
        source: the passage it rests on, if any.
        recipe_hash: the hash of the recipe that ran.
        labels: further facts of the method's own, as (name, value): category, difficulty, template ...
        further_sources: the other passages it rests on, as a comparison does.
        further_replies: the keys of the other replies it took (a check, a response, a second opinion).
    """

    stage: str = ""
    method: str = ""
    parents: tuple[str, ...] = ()
    model: str = ""
    prompt_hash: str = ""
    reply_key: str = ""
    source: Source | None = None
    recipe_hash: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    further_sources: tuple[Source, ...] = ()
    further_replies: tuple[str, ...] = ()

    def label(self, name: str, default: str = "") -> str:
        """Return the value of the label `name`, or `default`."""
        return dict(self.labels).get(name, default)


class Score(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measured value of one record; the evaluator declares its range, unit and direction once.

    Attributes:
        name: the measure's name, as in `grounding` or `judge.accuracy`.
        value: the value; None when the evaluator could not score this record (the explanation says why).
        explanation: one line a person can check.
        of: the id of the record that the value compares this one with, where it does.
    """

    name: str
    value: float | None
    explanation: str = ""
    of: str = ""


class Drop(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a record left the stream.

    Attributes:
        stage: the recipe's name of the stage that dropped it.
        reason: a short machine-readable reason, counted in the funnel.
        detail: what a person needs to agree or disagree.
        of: the ids of what it repeats: the record that stays in its place, or the benchmark items that it gives away.
    """

    stage: str
    reason: str
    detail: str = ""
    of: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One instruction example.

    Attributes:
        messages: the dialogue, oldest turn first.
        rejected: the worse reply of a preference pair, beside the last assistant turn.
        input_at: where, in the first user turn, the text that the instruction works on begins (Alpaca's `input`);
            None if there is none. Presentation only: it is no part of the identity.
        origin: how the record came to be.
        scores: what evaluators measured, in the order they did.
        drop: why the record left the stream; None while it is in.
    """

    messages: tuple[Turn, ...]
    rejected: str | None = None
    input_at: int | None = None
    origin: Origin = Origin()
    scores: tuple[Score, ...] = ()
    drop: Drop | None = None

    @property
    def id(self) -> str:
        """The content hash described in this module's docstring."""
        content: list[object] = [self.messages]
        if self.rejected is not None:
            content.append(self.rejected)
        digest = hashlib.blake2b(msgspec.json.encode(content), digest_size=16).hexdigest()
        return f"r1-{digest}"

    @property
    def instruction(self) -> str:
        """The first user turn, without its input; "" if nobody asks."""
        turn = self._first("user")
        return turn if self.input_at is None else turn[: self.input_at].removesuffix(INPUT_SEPARATOR)

    @property
    def input(self) -> str:
        """The text that the instruction works on; "" if there is none."""
        return "" if self.input_at is None else self._first("user")[self.input_at :]

    @property
    def response(self) -> str:
        """The last assistant turn; "" if there is none yet."""
        return next((turn.content for turn in reversed(self.messages) if turn.role == "assistant"), "")

    @property
    def system(self) -> str:
        """The system prompt; "" if there is none."""
        return self._first("system")

    def score(self, name: str) -> float | None:
        """Return the latest value of the score `name`, or None where it was not measured."""
        return next((score.value for score in reversed(self.scores) if score.name == name), None)

    def with_scores(self, *scores: Score) -> Record:
        """Return this record with `scores` added; a score of the same name is replaced."""
        names = {score.name for score in scores}
        kept = tuple(score for score in self.scores if score.name not in names)
        return msgspec.structs.replace(self, scores=kept + scores)

    def dropped(self, stage: str, reason: str, detail: str = "", of: tuple[str, ...] = ()) -> Record:
        """Return this record, marked as dropped by `stage`; see `Drop` for the rest."""
        return msgspec.structs.replace(self, drop=Drop(stage, reason, detail, of))

    def with_origin(self, **changes: Any) -> Record:
        """Return this record with fields of its origin changed."""
        return msgspec.structs.replace(self, origin=msgspec.structs.replace(self.origin, **changes))

    def _first(self, role: Role) -> str:
        return next((turn.content for turn in self.messages if turn.role == role), "")


INPUT_SEPARATOR = "\n\n"
"""What stands between an instruction and its input in a user turn."""


def single_turn(instruction: str, response: str, *, input: str = "", system: str = "", **fields: Any) -> Record:
    """Build the commonest record: one question, one answer.

    Args:
        instruction: what is asked.
        response: the answer; "" leaves the assistant's turn out (to be answered later).
        input: the text the instruction works on.
        system: a system prompt.
        fields: further fields of `Record`.

    Returns:
        The record.
    """
    turns = [Turn("system", system)] if system else []
    turns.append(Turn("user", f"{instruction}{INPUT_SEPARATOR}{input}" if input else instruction))
    if response:
        turns.append(Turn("assistant", response))
    input_at = len(instruction) + len(INPUT_SEPARATOR) if input else None
    return Record(tuple(turns), input_at=input_at, **fields)
