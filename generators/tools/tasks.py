"""What each dialogue with function calls is to become, drawn from the seed before anything is asked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from curator.stage import Context
from generators.tools.schemas import Call, Function
from generators.tools.values import Values, draw_call

MOST_REDRAWS = 10
"""How often a call that was drawn before is drawn anew; a function of few values has no more."""


class Task(msgspec.Struct, frozen=True):
    """What one prompt is to become: the item of the prompt.

    Attributes:
        kind: "call", "parallel" or "no-call".
        functions: those that the dialogue lists, in its order.
        wanted: the function that the request is to need; "" for none, or where the calls are drawn.
        calls: the calls that the request is for; empty where the model writes them.
        sample: which draw of this prompt is wanted.
    """

    kind: str
    functions: tuple[Function, ...]
    wanted: str = ""
    calls: tuple[Call, ...] = ()
    sample: int = 0


class Mix(NamedTuple):
    """What dialogues are to be made of.

    Attributes:
        calls_first: whether the calls are drawn.
        parallel_share: the share of drawn tasks with two calls.
        no_call_share: the share of tasks without any.
        listed: how many functions a dialogue lists at most.
        values: values to draw, by the arguments' names.
    """

    calls_first: bool
    parallel_share: float
    no_call_share: float
    listed: int
    values: Values


def tasks(functions: Sequence[Function], n: int, mix: Mix, context: Context) -> Iterator[Task]:
    """Yield what each dialogue is to become: every function in turn, in a drawn order.

    Args:
        functions: what may be called.
        n: how many at most; calls that were drawn before make no second task.
        mix: what dialogues are to be made of.
        context: lends the randomness.

    Yields:
        The tasks; the first ones are the same whatever `n` is.
    """
    order = list(functions)
    context.random("order").shuffle(order)
    drawn: set[tuple[Call, ...]] = set()
    for number in range(n):
        rng = context.random("task", number)
        function, share = order[number % len(order)], rng.random()
        if share < mix.no_call_share:
            yield Task("no-call", _listed(rng, functions, (), mix.listed), sample=number)
        elif not mix.calls_first:
            listed = _listed(rng, functions, (function,), mix.listed)
            yield Task("call", listed, wanted=function.name, sample=number // len(order))
        else:
            parallel = share < mix.no_call_share + mix.parallel_share
            called = (function, rng.choice(functions)) if parallel else (function,)
            calls = _new_calls(called, rng, mix.values, drawn)
            if calls:
                drawn.add(calls)
                yield Task("parallel" if parallel else "call", _listed(rng, functions, called, mix.listed), calls=calls)


def _new_calls(
    called: Sequence[Function], rng: random.Random, values: Values, drawn: set[tuple[Call, ...]]
) -> tuple[Call, ...]:
    """Return calls that were not drawn together before and differ from each other; none if there are no more."""
    for _redraw in range(MOST_REDRAWS):
        calls = tuple(draw_call(function, rng, values) for function in called)
        if calls not in drawn and len(set(calls)) == len(calls):
            return calls
    return ()


def _listed(
    rng: random.Random, functions: Sequence[Function], called: Sequence[Function], most: int
) -> tuple[Function, ...]:
    """Return the functions that a dialogue lists: those called and drawn others, in a drawn order."""
    others = [function for function in functions if function not in called]
    chosen = [*dict.fromkeys(called)]
    chosen += rng.sample(others, max(0, min(len(others), most - len(chosen))))
    rng.shuffle(chosen)
    return tuple(chosen)
