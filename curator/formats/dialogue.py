"""Dialogues in the cells of a row.

Datasets in the wild name the same thing in many ways, so one reader serves all formats that hold dialogues.

Source: the column and role names are those of TRL ("Dataset formats and types" in its documentation), of
LLaMA-Factory (data/README.md) and of FastChat's ShareGPT files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypedDict

from curator.errors import FormatError
from curator.formats.rows import kind_of, list_of, parsed_list
from curator.record import Record, Role, Turn

ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "system": "system",
        "developer": "system",
        "user": "user",
        "human": "user",
        "prompter": "user",
        "assistant": "assistant",
        "gpt": "assistant",
        "chatgpt": "assistant",
        "bing": "assistant",
        "bard": "assistant",
        "model": "assistant",
        "function_call": "assistant",
        "tool": "tool",
        "function": "tool",
        "function_response": "tool",
        "observation": "tool",
        "ipython": "tool",
    }
)
"""Every name of a role that is understood, and the role it means."""


NO_RESPONSE = "no response: the dialogue does not end with an assistant turn that says something"
"""Why a record that nobody answered cannot be written where a reply is needed."""


class Message(TypedDict):
    """A turn as chat templates take it."""

    role: str
    content: str


def messages_of(turns: Iterable[Turn]) -> list[Message]:
    """Return the turns, laid out as chat messages.

    Args:
        turns: the turns.

    Returns:
        One message a turn.
    """
    return [{"role": turn.role, "content": turn.content} for turn in turns]


def turns_of(row: Mapping[str, Any], column: str) -> tuple[Turn, ...]:
    """Return the dialogue in one column of a row: a list of messages, or JSON text of one.

    Args:
        row: the row.
        column: the column's name.

    Returns:
        The turns, at least one.

    Raises:
        FormatError: it is no list, an empty one, or a message in it is not a role and a text.
    """
    found = list_of(row, column)
    if not found:
        raise FormatError(f"{column} is empty")
    return tuple(_turn(message, f"turn {number} of {column}") for number, message in enumerate(found, start=1))


def turns_or_text_of(row: Mapping[str, Any], column: str, role: Role) -> tuple[Turn, ...]:
    """Return the dialogue in one column of a row, where plain text stands for a single turn.

    Args:
        row: the row.
        column: the column's name.
        role: who speaks where it is plain text.

    Returns:
        The turns, at least one.

    Raises:
        FormatError: it is neither text nor a dialogue, or is empty.
    """
    value = row.get(column)
    if isinstance(value, str) and value and not _is_dialogue(parsed_list(value)):
        return (Turn(role, value),)
    return turns_of(row, column)


def before_reply(record: Record) -> tuple[Turn, ...]:
    """Return what a record's last turn replies to, once it is sure that there is a reply.

    Args:
        record: the record.

    Returns:
        All turns but the last; at least one.

    Raises:
        FormatError: the dialogue does not end with the assistant, or nothing comes before.
    """
    if not record.messages or record.messages[-1].role != "assistant" or not record.messages[-1].content:
        raise FormatError(NO_RESPONSE)
    if len(record.messages) == 1:
        raise FormatError("no prompt: nothing comes before the response")
    return record.messages[:-1]


def refuse_pair(record: Record) -> None:
    """Refuse a preference pair, for formats that hold one reply only.

    Args:
        record: the record.

    Raises:
        FormatError: it has a rejected reply.
    """
    if record.rejected is not None:
        raise FormatError("a preference pair: the rejected reply has no place here; write it as `preference`")


def _turn(message: object, where: str) -> Turn:
    if not isinstance(message, Mapping):
        raise FormatError(f"{where} is {kind_of(message)}, not a message")
    role = _first(message, "role", "from")
    if not isinstance(role, str) or role.lower() not in ROLES:
        raise FormatError(f"{where} has the role {role!r}; known: {', '.join(ROLES)}")
    content = _first(message, "content", "value")
    if message.get("tool_calls"):
        raise FormatError(f"{where} has tool_calls, which a record cannot hold; write the call as its content")
    if not isinstance(content, str):
        raise FormatError(f"{where} has {kind_of(content)} for content, not text")
    return Turn(ROLES[role.lower()], content)


def _first(message: Mapping[str, Any], *keys: str) -> Any:
    return next((message[key] for key in keys if message.get(key) is not None), None)


def _is_dialogue(found: list[Any] | None) -> bool:
    return bool(found) and all(isinstance(item, Mapping) and item.keys() & {"role", "from"} for item in found or ())
