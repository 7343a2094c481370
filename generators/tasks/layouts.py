"""The same task in many layouts, so that a model trained on it does not wait for one of them.

Source:
    Wang et al. 2022, "Self-Instruct", arXiv 2212.10560, section 2.3 and the released code: seven layouts with an input
    and six without, chosen at random; every other time a field name before the input goes. The wording is ours.
"""

from __future__ import annotations

import random
import re

from generators.tasks.seeds import Instance

WITH_INPUT = (
    "Task: {task}\nInput: {input}\nOutput:",
    "Task: {task}\n\nInput: {input}\n\nOutput:",
    "{task}\n\nInput: {input}\n\nOutput:",
    "{task}\n\n{input}\n\nOutput:",
    "{task}\n{input}\nOutput:",
    "{task}\n\n{input}",
    "Task: {task}\n{input}",
)
WITHOUT_INPUT = (
    "Task: {task}\nOutput:",
    "Task: {task}\n\nOutput:",
    "{task}\nOutput:",
    "{task}\n\nOutput:",
    "Task: {task}",
    "{task}",
)

_FIELD = re.compile(r"\b(\w+):")


def laid_out(task: str, instance: Instance, numbers: random.Random) -> tuple[str, str]:
    """Return a task and an input as one text.

    Args:
        task: the instruction.
        instance: the instance.
        numbers: chooses the layout, and whether the input loses its field name and its blank lines.

    Returns:
        The text, and the layout's name: `input-1` to `input-7` or `plain-1` to `plain-6`.
    """
    layouts, kind = (WITH_INPUT, "input") if instance.input else (WITHOUT_INPUT, "plain")
    number = numbers.randrange(len(layouts))
    given = without_field_name(instance.input) if instance.input and numbers.random() < 0.5 else instance.input
    return layouts[number].replace("{input}", "\0").replace("{task}", task).replace("\0", given), f"{kind}-{number + 1}"


def without_field_name(given: str) -> str:
    """Return an input without the name before it, if it has a single one, and with no blank lines.

    Args:
        given: the input, as `Text: The tide is low.`

    Returns:
        The input, as `The tide is low.`
    """
    names = set(_FIELD.findall(given))
    if len(names) == 1 and given.startswith(name := f"{names.pop()}:"):
        given = given.removeprefix(name).strip()
    return re.sub(r"\n{2,}", "\n", given)
