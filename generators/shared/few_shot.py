"""Examples shown as turns of a dialogue: small models follow those, and lose their way in one long prompt.

A method keeps its examples in a Jinja file of its prompts, which holds a YAML list: each entry has the values of the
slots of the question's own prompt, and the `reply` that is wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import yaml

from curator.errors import StageError
from curator.record import Turn
from curator.text.prompt import PromptFolder


def examples_in(folder: PromptFolder, name: str) -> tuple[dict[str, str], ...]:
    """Read a file of examples.

    Args:
        folder: the method's prompts.
        name: the file's name, without `.jinja`.

    Returns:
        The examples, in the file's order; the texts by their names.

    Raises:
        StageError: the file is no YAML list of mappings.
    """
    try:
        # Every value is a text: `No` is a reply, and no False. This loader makes nothing but texts, lists and mappings.
        entries = yaml.load(folder.render(name), Loader=yaml.BaseLoader) or []  # noqa: S506
    except yaml.YAMLError as error:
        raise StageError(f"prompt {name}.jinja: this is no YAML: {error}") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise StageError(f"prompt {name}.jinja: it must be a YAML list of mappings from slot to text")
    return tuple({key: str(value).strip() for key, value in entry.items()} for entry in entries)


def shown(
    folder: PromptFolder, prompt: str, examples: Iterable[Mapping[str, str]], *, reply: str = "reply", **values: object
) -> tuple[Turn, ...]:
    """Return examples as turns: the prompt filled with each, and the reply to it.

    Args:
        folder: the method's prompts.
        prompt: the prompt's file name, without `.jinja`.
        examples: the values of its slots, and the reply.
        reply: the name of the reply among them.
        values: further slots of the prompt, equal for all.

    Returns:
        A user's and an assistant's turn for each example.

    Raises:
        StageError: an example lacks a slot of the prompt, or the reply.
    """
    turns: list[Turn] = []
    for example in examples:
        if reply not in example:
            raise StageError(f"an example of the prompt {prompt}.jinja has no {reply!r}; it has {', '.join(example)}")
        turns += [Turn("user", folder.render(prompt, **{**values, **example})), Turn("assistant", example[reply])]
    return tuple(turns)
