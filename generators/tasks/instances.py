"""The instances of a task in a model's reply, and the rules by which they are turned away.

Source:
    Wang et al. 2022, "Self-Instruct", arXiv 2212.10560, section 2.2 (input first, output first; filtering), and the
    released code. Ours differs in that everything turned away is kept with its reason.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from curator.stage import Rejection
from generators.tasks.numbered import without_placeholder
from generators.tasks.seeds import Instance

MOST_INSTANCES = 5
"""How many instances of a task the paper keeps."""

_EXAMPLE = re.compile(r"^[ \t#*]*example[ \t]*(?:\d*[ \t*]*[:.)]?[ \t*]*$|\d+[ \t*]*[:.)][ \t*]*)", re.I | re.M)
_INPUT = re.compile(r"^[ \t*]*input[ \t*]*[:\uff1a][ \t*]*", re.I)
_OUTPUT = re.compile(r"^[ \t*]*(?:output|answer|response)[ \t*]*[:\uff1a][ \t*]*", re.I | re.M)
_PAIR = re.compile(r"\n(?=[ \t*]*input[ \t*]*[:\uff1a](?:.|\n)*?\n[ \t*]*output[ \t*]*[:\uff1a])", re.I)
_LABEL = re.compile(r"^[ \t*]*(?:class[ \t]+)?label[ \t*]*[:\uff1a][ \t*]*", re.I | re.M)
_FENCES = re.compile(r"\A\s*```\w*\n(.*?)\n?```\s*\Z", re.S)


def read_input_first(text: str, *, faithful: bool = False) -> list[Instance]:
    """Read instances that give their input, if any, before their output.

    Args:
        text: the model's text.
        faithful: read nothing in a reply without a mark; otherwise all of it is the output.

    Returns:
        One for each `Example N` that has an `Output:`; without such headings, the one pair that the mark divides.
    """
    text = _bare(text)
    parts = [part for part in _EXAMPLE.split(text) if part.strip()]
    if len(parts) == 1 and not faithful:  # pairs that nobody numbered
        parts = _PAIR.split(parts[0])
    found = []
    for part in parts:
        mark = _OUTPUT.search(part)
        if mark is not None:
            given = without_placeholder(_INPUT.sub("", part[: mark.start()].strip(), count=1))
            found.append(Instance(given, part[mark.end() :].strip()))
    if found or faithful or not text:
        return found
    return [Instance("", text)] if not _INPUT.match(text) else [Instance(_INPUT.sub("", text, count=1).strip())]


def read_output_first(text: str) -> list[Instance]:
    """Read instances that give their class label before an input that has it.

    Args:
        text: the model's text.

    Returns:
        One for each `Class label:`: the rest of the line is the output, what follows it the input.
    """
    found = []
    for part in _LABEL.split(_bare(text))[1:]:
        label, _newline, rest = part.partition("\n")
        given = _EXAMPLE.sub("", rest).strip()
        found.append(Instance(without_placeholder(_INPUT.sub("", given, count=1)), label.strip(" \t*")))
    return found


def judge_instances(
    instances: Sequence[Instance], *, truncated: bool, most: int, numbers: random.Random
) -> list[tuple[Instance, Rejection | None]]:
    """Say of each instance whether it is kept, by the paper's rules in the paper's order.

    Args:
        instances: the instances of one task.
        truncated: whether the reply ran into its length limit; the last instance is then not whole.
        most: how many are kept at most.
        numbers: chooses among more.

    Returns:
        All of them, in their order, each with None or the reason against it.
    """
    reasons = [_fault(each) for each in instances]
    if truncated and reasons:
        reasons[-1] = Rejection("truncated", "the reply ended before the instance did")
    fit = [place for place, reason in enumerate(reasons) if reason is None]
    disputed = _disputed([instances[place] for place in fit])
    seen: set[Instance] = set()
    for place in fit:
        each = instances[place]
        if disputed:
            reasons[place] = Rejection("conflicting-outputs", f"two outputs for the input {disputed!r}")
        elif each in seen:
            reasons[place] = Rejection("duplicate-instance", "the task has it already")
        seen.add(each)
    left = [place for place, reason in enumerate(reasons) if reason is None]
    for place in sorted(set(left) - set(numbers.sample(left, min(most, len(left))))):
        reasons[place] = Rejection("surplus-instance", f"{most} instances of a task are kept")
    return list(zip(instances, reasons, strict=True))


def _fault(instance: Instance) -> Rejection | None:
    given, output = instance.input.strip(), instance.output.strip()
    if not output:
        return Rejection("empty-output")
    if given == output:
        return Rejection("input-equals-output")
    if given.endswith(":") or output.endswith(":"):
        return Rejection("cut-generation", "it ends in a colon")
    return None


def _disputed(instances: Sequence[Instance]) -> str:
    """Return an input, not empty, that has two outputs; "" if none has."""
    outputs: dict[str, str] = {}
    for each in instances:
        if each.input and outputs.setdefault(each.input, each.output) != each.output:
            return each.input
    return ""


def _bare(text: str) -> str:
    fenced = _FENCES.match(text)
    return (fenced.group(1) if fenced and "```" not in fenced.group(1) else text).strip()
