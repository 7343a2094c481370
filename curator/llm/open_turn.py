"""A request whose last turn, the user's, is left open: an aligned model then writes what a user would ask.

Chat endpoints always close the user's turn, so such a request goes out as plain text: the dialogue in the model's chat
template, up to where the user's words would go on. "auto" takes the model's own template, which providers know that run
the model themselves; for a server, the template has to be named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from curator.errors import ProviderError
from curator.llm.base import ChatClient
from curator.record import Turn

AUTO = "auto"
"""The name of the model's own template."""

MARK = "OPEN-TURN-MARK"
"""What stands, for a moment, where the open turn breaks off: a word that no chat template alters."""


class ChatTemplate(msgspec.Struct, frozen=True):
    """How a family of models writes a dialogue: what stands before and after the words of each role.

    The mark of the text's beginning is left out, since servers put it there themselves.

    Attributes:
        user: before and after what the user says.
        assistant: before and after what the assistant says.
        system: before and after the system prompt; None where it is put before the first words of the user.
    """

    user: tuple[str, str]
    assistant: tuple[str, str]
    system: tuple[str, str] | None = None


def _alike(form: str, after: str, **names: str) -> ChatTemplate:
    """Return a template that writes all roles alike."""
    roles = {role: (form.format(names.get(role, role)), after) for role in ("user", "assistant", "system")}
    return ChatTemplate(**roles)


TEMPLATES: Mapping[str, ChatTemplate] = MappingProxyType(
    {
        "chatml": _alike("<|im_start|>{}\n", "<|im_end|>\n"),
        "llama-3": _alike("<|start_header_id|>{}<|end_header_id|>\n\n", "<|eot_id|>"),
        "mistral": ChatTemplate(user=("[INST] ", " [/INST]"), assistant=(" ", "</s>")),
        "zephyr": _alike("<|{}|>\n", "</s>\n"),
        "gemma": ChatTemplate(
            user=("<start_of_turn>user\n", "<end_of_turn>\n"), assistant=("<start_of_turn>model\n", "<end_of_turn>\n")
        ),
    }
)
"""The templates that can be named: chatml (Qwen, SmolLM2 ...), llama-3, mistral, zephyr and gemma."""

NAMES = (AUTO, *TEMPLATES)

_SPECIAL = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>", re.IGNORECASE
)


def open_prompt(turns: Sequence[Turn], template: str, where: str) -> str:
    """Write a dialogue up to where the user's words would go on.

    Args:
        turns: the dialogue; the last turn is the user's, with what it says already, as a rule nothing.
        template: a name of `TEMPLATES`.
        where: the provider and model, for the error text.

    Returns:
        The text that the model is to continue.

    Raises:
        ProviderError: the template is not known, or the last turn is not the user's.
    """
    check_open(turns, where)
    if template not in TEMPLATES:
        raise ProviderError(
            f"{where}: the user's turn can be left open only in a named chat template, and {template!r} is none that "
            f"this provider knows; name one of {', '.join(TEMPLATES)}"
        )
    form = TEMPLATES[template]
    text, held = "", ""
    for turn in turns[:-1]:
        if turn.role == "system" and form.system is None:
            held = f"{turn.content}\n\n"
            continue
        before, after = {"user": form.user, "system": form.system or form.user}.get(turn.role, form.assistant)
        text += f"{before}{held if turn.role == 'user' else ''}{turn.content}{after}"
        held = "" if turn.role == "user" else held
    return f"{text}{form.user[0]}{held}{turns[-1].content}"


def marked(turns: Sequence[Turn], where: str) -> list[dict[str, str]]:
    """Return a dialogue as a model's own template takes it, with the mark where the open turn breaks off.

    Args:
        turns: the dialogue; the last turn is the user's.
        where: the provider and model, for the error text.

    Returns:
        The messages; `before_mark` cuts what the template makes of them.

    Raises:
        ProviderError: the last turn is not the user's.
    """
    check_open(turns, where)
    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    messages[-1]["content"] += MARK
    return messages


def before_mark(text: str, where: str) -> str:
    """Return a rendered dialogue up to the mark.

    Args:
        text: what a model's own template made of `marked` messages.
        where: the provider and model, for the error text.

    Returns:
        The text that the model is to continue.

    Raises:
        ProviderError: the template has lost the last turn.
    """
    before, mark, _after = text.rpartition(MARK)
    if not mark:
        raise ProviderError(f"{where}: the model's chat template does not write the user's turn as it is given")
    return before


def check_open(turns: Sequence[Turn], where: str) -> None:
    """See that there is a user's turn to leave open.

    Args:
        turns: the dialogue.
        where: the provider and model, for the error text.

    Raises:
        ProviderError: the last turn is not the user's.
    """
    if not turns or turns[-1].role != "user":
        raise ProviderError(f"{where}: only a user's turn can be left open, and the dialogue ends with none")


def check_can_open(client: ChatClient, where: str) -> None:
    """See that a provider can leave a turn open.

    Args:
        client: the provider's connection.
        where: the provider and model, for the error text.

    Raises:
        ProviderError: it cannot; says which can.
    """
    if not getattr(client, "opens_turns", False):
        raise ProviderError(
            f"{where}: this provider answers chats only, and cannot leave the user's turn open; local and ollama "
            "models can, and servers with /v1/completions behind the provider openai (vLLM, llama.cpp, LM Studio)"
        )


def before_special_tokens(text: str) -> str:
    """Return what a model wrote before the first mark of a chat template, marks at its beginning left out.

    Args:
        text: what a model wrote into an open turn.

    Returns:
        Text without marks such as `<|im_end|>`, `[/INST]` or `<end_of_turn>`, and without surrounding blank space.
    """
    parts = (part.strip() for part in _SPECIAL.split(text))
    return next((part for part in parts if part), "")
