r"""A dialogue with function calls, laid out as text: written, and read from what a model says.

The layout is the Hermes convention: the system turn lists the functions as JSON, one a line, between <tools> and
</tools>; an assistant turn holds each call as <tool_call>{"name": ..., "arguments": {...}}</tool_call>; a tool turn
holds each result as <tool_response>{"name": ..., "content": ...}</tool_response>. In all of them "</" is written as
the JSON escape "<\/", so that no value can close a tag.

Source: NousResearch, "Hermes-Function-Calling", the prompt format of its README; our wording of the system turn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from curator.errors import UnparsableReply
from curator.llm.structured import parse_as
from curator.record import Turn
from curator.text.evidence import numbers
from curator.text.words import words
from generators.shared.plain_reply import spoken
from generators.tools.schemas import Call, Function

_TAGGED = re.compile(r"<tool_calls?>(.*?)(?=</?tool_calls?>|\Z)", re.DOTALL | re.IGNORECASE)
_NO_CALL = re.compile(r"\W*(?:none|no (?:function |tool )?calls?(?: (?:is )?needed)?|null|\[\s*\])\W*", re.IGNORECASE)


class WrittenCall(BaseModel):
    """A call as models write it: in Hermes' or OpenAI's form, the arguments perhaps as a string of JSON."""

    model_config = ConfigDict(extra="ignore")

    name: str
    arguments: Any = None

    @model_validator(mode="before")
    @classmethod
    def _unwrapped(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("function"), dict):
            data = data["function"]
        if not isinstance(data, dict):
            return data
        arguments: Any = next((data[key] for key in ("arguments", "parameters", "args") if key in data), {})
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments)
            except ValueError:
                return {**data, "arguments": arguments}  # held against the schema, it is a wrong argument
        return {**data, "arguments": {} if arguments is None else arguments}


class WrittenCalls(BaseModel):
    """The calls of one reply."""

    tool_calls: list[WrittenCall]


def calls_in(reply: str) -> tuple[Call, ...]:
    """Return the calls that a reply holds.

    Args:
        reply: the model's text: calls between tags, or JSON of one or several, in a fence or not.

    Returns:
        The calls, in order, each once; none where the reply says that none is needed.

    Raises:
        UnparsableReply: there is no call in it, and it does not say so either.
    """
    text = spoken(reply)
    if _NO_CALL.fullmatch(text):
        return ()
    pieces = [piece for piece in _TAGGED.findall(text) if piece.strip()] or [text]
    found = [call for piece in pieces for call in parse_as(piece, WrittenCalls).tool_calls]
    if not found:
        raise UnparsableReply("there is no call in it")
    return tuple(dict.fromkeys(Call(call.name, json.dumps(call.arguments, ensure_ascii=False)) for call in found))


def listing(functions: Sequence[Function]) -> str:
    """Return the functions as the system turn lists them: one a line, as JSON."""
    return "\n".join(_json(function.listing) for function in functions)


def call_turn(calls: Sequence[Call]) -> Turn:
    """Return the assistant's turn that makes the calls."""
    made = ({"name": call.name, "arguments": call.values} for call in calls)
    return Turn("assistant", "\n".join(f"<tool_call>\n{_json(call)}\n</tool_call>" for call in made))


def result_turn(calls: Sequence[Call], results: Sequence[Any]) -> Turn:
    """Return the tool's turn that answers the calls, each with its result."""
    given = ({"name": call.name, "content": result} for call, result in zip(calls, results, strict=True))
    return Turn("tool", "\n".join(f"<tool_response>\n{_json(result)}\n</tool_response>" for result in given))


def shown_call(call: Call) -> str:
    """Return a call as people write it: `name(argument=value, ...)`."""
    values = call.values.items() if isinstance(call.values, dict) else ()
    return f"{call.name}({', '.join(f'{name}={json.dumps(value, ensure_ascii=False)}' for name, value in values)})"


def told_values(call: Call) -> str:
    """Return the arguments of a call as notes for a sentence that says them: "berth: 3, day: Friday"."""
    values = call.values.items() if isinstance(call.values, dict) else ()
    return ", ".join(f"{name}: {_plain(value)}" for name, value in values)


def unmentioned(call: Call, function: Function, request: str) -> list[str]:
    """Return the arguments of a call whose values nobody could tell from the request.

    Texts and numbers count; a text out of a list counts as mentioned if a word is that tells it from the others, and
    what has a format (a date, a time) is left alone, because people write it otherwise.

    Args:
        call: the call.
        function: what it calls.
        request: what the user says.

    Returns:
        Their names, in order.
    """
    told, said = set(numbers(request)), set(words(request))
    said |= {word.removesuffix("'s") for word in said}  # "Ada's boat" says Ada
    properties = function.parameters.get("properties", {})
    return [
        name for name, value in call.values.items() if not _is_mentioned(value, properties.get(name, {}), said, told)
    ]


def _is_mentioned(value: Any, schema: Any, said: set[str], told: set[str]) -> bool:
    if isinstance(value, bool) or value is None or (isinstance(schema, dict) and "format" in schema):
        return True
    if isinstance(value, int | float):
        return bool(set(numbers(f"{value}")) & told)
    if isinstance(value, list):
        return all(_is_mentioned(item, {}, said, told) for item in value)
    if isinstance(value, dict):
        return all(_is_mentioned(item, {}, said, told) for item in value.values())
    if isinstance(schema, dict) and "enum" in schema:
        return _is_told_apart(value, schema["enum"], said)
    return set(words(value)) <= said


def _is_told_apart(value: str, listed: Sequence[Any], said: set[str]) -> bool:
    """Return whether a word was said that this value has and no other of the list."""
    own = set(words(value.replace("_", " ")))
    others = (set(words(str(other).replace("_", " "))) for other in listed if other != value)
    telling = own.difference(*others) or own
    return not telling or bool(telling & said)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")
