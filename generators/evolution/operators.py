"""The ways in which Evol-Instruct changes a prompt, and those in which Evol-Quality changes an answer.

Source:
    general: Xu et al. 2023, "WizardLM", arXiv 2304.12244, section 3: five operators in depth, one in breadth.
    code: Luo et al. 2023, "WizardCoder", arXiv 2306.08568, section on Code Evol-Instruct: five methods, one template.
    down: Luo et al. 2023, "WizardMath", arXiv 2308.09583, section on downward evolution: easier prompts about the same
    or another topic.
    quality: Liu et al. 2023, "What Makes Good Data for Alignment?" (DEITA), arXiv 2312.15685, section on quality: five
    aspects along which a response is rewritten.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

Variant = Literal["general", "code", "down"]


class Operator(msgspec.Struct, frozen=True):
    """One way to change a text.

    Attributes:
        name: its name, as labels and weights have it; its prompt's file is named after it.
        frame: which system prompt surrounds it.
    """

    name: str
    frame: str = ""

    @property
    def prompt(self) -> str:
        """The name of its prompt's file, without `.jinja`."""
        return self.name.replace("-", "_")


def _all(names: str, frame: str = "") -> tuple[Operator, ...]:
    return tuple(Operator(name, frame) for name in names.split())


OPERATORS: Mapping[Variant, tuple[Operator, ...]] = {
    "general": (
        *_all("constraint deepen concretise reasoning complicate-input", "depth"),
        *_all("in-breadth", "breadth"),
    ),
    "code": _all("add-constraint rarer-requirement reasoning-steps erroneous-code tighter-complexity", "code"),
    "down": _all("simplify easier-topic", "down"),
}
"""The operators of each variant of `evol-instruct`."""

ASPECTS = _all("helpfulness relevance depth creativity detail")
"""The operators of `evol-quality`."""


def weights_problem(weights: Mapping[str, float], operators: Iterable[Operator]) -> str:
    """Say what is wrong with a table of weights.

    Args:
        weights: how often each operator is drawn, relative to the others; one that is not named has 1.
        operators: those to choose from.

    Returns:
        The problem; "" if there is none.
    """
    names = [operator.name for operator in operators]
    strange = [name for name in weights if name not in names]
    if strange:
        return f"there is no operator {strange[0]!r}; known: {', '.join(names)}"
    negative = [name for name, weight in weights.items() if not 0 <= weight < float("inf")]
    if negative:
        return f"the weight of {negative[0]!r} must be a number from 0 up"
    if not any(weights.get(name, 1.0) for name in names):
        return "all operators have the weight 0; leave at least one"
    return ""


def draw(operators: tuple[Operator, ...], weights: Mapping[str, float], chance: random.Random) -> Operator:
    """Draw an operator: uniformly, unless weights are given.

    Args:
        operators: those to choose from.
        weights: as in `weights_problem`.
        chance: the source of randomness.

    Returns:
        One of them.
    """
    return chance.choices(operators, [weights.get(operator.name, 1.0) for operator in operators])[0]
