"""The kinds of questions that `book-qa` asks, and how a run keeps to the shares that are wanted of each."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import msgspec

Difficulty = Literal["basic", "intermediate", "advanced"]
"""Levels after Bloom's taxonomy: remember; understand and apply; analyse, evaluate and create."""

UNANSWERABLE_SHARE = 0.1
"""The share of questions that the document does not answer, where a recipe names the type without a weight. Enough to
teach a model to say so, and few enough that it does not learn to say it always."""


class QuestionType(msgspec.Struct, frozen=True):
    """A kind of question.

    Attributes:
        answers: the ways in which it can be answered: "verbatim", "written", "retrieved".
        quoted: whether an answer must come with words of the passage that prove it.
    """

    answers: frozenset[str]
    quoted: bool = True


_ANY = frozenset({"verbatim", "written", "retrieved"})
_PASSAGE = frozenset({"verbatim", "written"})
_OPEN = frozenset({"written", "retrieved"})

QUESTION_TYPES: Mapping[str, QuestionType] = MappingProxyType(
    {
        "factoid": QuestionType(_ANY),
        "definition": QuestionType(_ANY),
        "why-how": QuestionType(_ANY),
        "comparison": QuestionType(_ANY),
        "temporal": QuestionType(_ANY),
        "quote-attribution": QuestionType(_PASSAGE),
        "summary": QuestionType(_OPEN, quoted=False),
        "multiple-choice": QuestionType(_PASSAGE),
        "yes-no": QuestionType(_PASSAGE),
        "unanswerable": QuestionType(_PASSAGE, quoted=False),
        "character": QuestionType(_OPEN),
        "theme": QuestionType(_OPEN),
        "counterfactual": QuestionType(_OPEN, quoted=False),
    }
)
"""All types, by the name that a recipe and the label `question_type` use."""


def type_weights(types: Sequence[str] | Mapping[str, float]) -> dict[str, float]:
    """Return the share of each type.

    Args:
        types: the types alone, which then have equal shares but for `unanswerable`, which has
            `UNANSWERABLE_SHARE`; or each with its weight.

    Returns:
        Shares that add up to 1, in the given order.
    """
    if isinstance(types, Mapping):
        total = sum(types.values())
        return {name: weight / total for name, weight in types.items()}
    names = list(dict.fromkeys(types))
    others = len(names) - ("unanswerable" in names)
    rare = UNANSWERABLE_SHARE if others else 1.0
    rest = (1 - rare if len(names) > others else 1.0) / max(1, others)
    return {name: rare if name == "unanswerable" else rest for name in names}


class Quota:
    """Draws names so that every prefix of the draws has about the shares that are wanted.

    Each draw takes the name that lags most behind its share. A name that cannot be had at the moment is made up for
    later. Where all can be had, no count is ever off its share by more than the number of names.
    """

    def __init__(self, shares: Mapping[str, float], chance: random.Random) -> None:
        """Begin with nothing drawn.

        Args:
            shares: the share of each name; they add up to 1.
            chance: decides which of the equally wanted comes first.
        """
        self._shares = dict(shares)
        self._lead = {name: chance.random() * 1e-6 for name in self._shares}

    def wanted(self) -> list[str]:
        """Return all names, the one that lags most behind first."""
        return sorted(self._shares, key=lambda name: self._lead[name] - self._shares[name])

    def took(self, name: str) -> None:
        """Count a draw of `name`."""
        for other, share in self._shares.items():
            self._lead[other] -= share
        self._lead[name] += 1

    def draw(self) -> str:
        """Return the name that is most wanted, counted as drawn."""
        name = self.wanted()[0]
        self.took(name)
        return name


def equal_shares(names: Iterable[str]) -> dict[str, float]:
    """Return equal shares of the names, adding up to 1."""
    listed = list(names)
    return {name: 1 / len(listed) for name in listed}
