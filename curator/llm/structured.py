"""Reading what a model wrote as what was asked for: JSON, mended where it can be, and checked.

The order is from strict to lenient, so that a reply that needs no mending is never touched: JSON as it stands; JSON
inside a fence or behind a preamble; JSON that is nearly right (trailing commas, single or smart quotes, a list that
breaks off). Mending never invents: a value that breaks off in its middle is not taken for a whole one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, TypeVar, get_origin

import msgspec
from pydantic import BaseModel, ValidationError

from curator.errors import UnparsableReply

ModelT = TypeVar("ModelT", bound=BaseModel)

_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.S | re.I)
_THOUGHT_END = re.compile(r"</(?:think|thinking|reasoning)>", re.I)
_THOUGHT_START = re.compile(r"<(?:think|thinking|reasoning)>", re.I)
_FENCE = re.compile(r"```[\w-]*\s*\n(.*?)(?:```|\Z)", re.S)
_OPENING = re.compile(r"[{\[]\s*[\"'{\[“\]}\d\-tfnNI]")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<cut>"(?:[^"\\]|\\.)*\\?\Z)|[{}\[\],]', re.S)
"""What matters for nesting: whole strings (and one that breaks off), brackets, commas."""
_STRAIGHT = str.maketrans("“”", '""')
_DEEPEST = 64
"""Deeper nesting than any reply we ask for has; mending it would cost the more the deeper it is."""
_WHOLE_END = re.compile(r"(?:[\"'”}\]]|true|false|null),?\s*\Z")


def parse_as(text: str, model: type[ModelT]) -> ModelT:
    """Read a reply as an instance of `model`.

    A model with one field, a list, also takes the bare list, or a single item; of a list that breaks off it gets the
    complete items.

    Args:
        text: the reply.
        model: what was asked for.

    Returns:
        The instance; numbers in it are finite.

    Raises:
        UnparsableReply: nothing of that kind is in the reply; says what is wrong with the best candidate.
    """
    problem = ""
    for value in _candidates(text, model):
        try:
            instance = model.model_validate(_shaped(value, model))
        except ValidationError as error:
            problem = problem or _first_problem(error)  # the first reading is the most literal
            continue
        if _is_finite(instance.model_dump()):
            return instance
        problem = problem or "a number in it is not finite"
    problem = problem or "there is no JSON in it"
    if _breaks_off(text):
        problem = f"it breaks off; {problem}"
    raise UnparsableReply(f"the reply is no {model.__name__}: {problem}")


def schema_text(model: type[BaseModel]) -> str:
    """Return the JSON Schema of `model` as canonical JSON text, in the form that strict modes of endpoints take.

    Every object refuses further properties and requires its own, in the order in which the model declares them: that
    is the order in which they are written.

    Args:
        model: what replies shall be.

    Returns:
        The schema, as JSON without blank space.

    Raises:
        ValueError: the model has a field with free keys, which strict modes cannot express.
    """
    return msgspec.json.encode(_strict(model.model_json_schema(), model.__name__)).decode()


def _strict(node: Any, where: str) -> Any:
    if isinstance(node, list):
        return [_strict(item, where) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "object" and not node.get("properties"):
        raise ValueError(f"{where}: an object with free keys has no strict JSON Schema; declare its fields")
    strict: dict[str, Any] = {}
    for name, value in node.items():
        if name in {"properties", "$defs"}:
            strict[name] = {key: _strict(child, f"{where}.{key}") for key, child in value.items()}
        elif name not in {"title", "default"}:
            strict[name] = _strict(value, where)
    if "properties" in node:
        strict["required"] = list(node["properties"])
        strict["additionalProperties"] = False
    return strict


def _candidates(text: str, model: type[BaseModel]) -> Iterator[Any]:
    """Yield what the reply may mean, the most literal reading first."""
    whole, value = _loads(text)
    if whole:
        yield value
    spoken = _without_thoughts(text)
    passages = [match.group(1) for match in _FENCE.finditer(spoken)] or [spoken]
    for passage in passages:
        yield from _embedded(passage)
    for passage in passages:
        yield from _mended(passage, model)


def _loads(text: str) -> tuple[bool, Any]:
    try:
        return True, json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return False, None


def _no_number(_: str) -> None:
    """Read NaN and Infinity, which JSON does not have, as null: the model decides whether that will do."""


def _without_thoughts(text: str) -> str:
    text = _THOUGHT.sub("", text)
    for closing in _THOUGHT_END.finditer(text):  # some chat templates swallow the opening tag
        text = closing.string[closing.end() :]
    opened = _THOUGHT_START.search(text)
    return text[: opened.start()] if opened else text


def _embedded(text: str) -> Iterator[Any]:
    """Yield the complete JSON objects and lists that stand in a text, outermost only."""
    decoder = json.JSONDecoder(parse_constant=_no_number)
    position = 0
    while (start := _next_opening(text, position)) >= 0:
        try:
            value, position = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            return  # what follows lies inside something broken, and is for mending
        yield value


def _next_opening(text: str, position: int) -> int:
    found = _OPENING.search(text, position)
    return found.start() if found else -1


def _mended(text: str, model: type[BaseModel]) -> Iterator[Any]:
    import json_repair

    start = _next_opening(text, 0)
    if start < 0:
        return
    text = text[start:]
    if '"' not in text:
        text = text.translate(_STRAIGHT)
    item_depth = 1 if text.startswith("[") else 2
    depth, whole_items_end = _scan(text, item_depth)
    if depth > _DEEPEST:
        return
    if depth and _list_field(model):
        text = text[:whole_items_end] + ("]" if item_depth == 1 else "]}")
    elif depth and not _WHOLE_END.search(text.rstrip()):
        return  # a value may be cut in its middle; otherwise only the closing brackets are missing
    whole, value = _loads(text)
    yield value if whole else json_repair.loads(text)


def _scan(text: str, item_depth: int) -> tuple[int, int]:
    """Return how deep in brackets a text ends, and where its last whole item ends.

    Args:
        text: JSON, or nearly, from its first bracket on.
        item_depth: how deep a list's items stand.

    Returns:
        The depth, 0 once the first bracket is closed; and one past the last item's end.
    """
    depth = end = 0
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
            if depth == 0:
                return 0, len(text)
        if depth == item_depth and mark not in "{[" and token["cut"] is None:
            end = token.start() if mark == "," else token.end()
    return depth, end


def _breaks_off(text: str) -> bool:
    start = _next_opening(text, 0)
    return start >= 0 and _scan(text[start:], 1)[0] > 0


def _list_field(model: type[BaseModel]) -> str:
    """Return the name of the model's only field if that is a list; else ""."""
    if len(model.model_fields) != 1:
        return ""
    ((name, field),) = model.model_fields.items()
    return name if get_origin(field.annotation) in (list, tuple) else ""


def _shaped(value: Any, model: type[BaseModel]) -> Any:
    """Put a bare list, or a bare item, into the one list field of the model."""
    field = _list_field(model)
    if not field:
        return value
    if isinstance(value, list):
        return {field: value}
    if isinstance(value, dict) and value and field not in value:
        return {field: [value]}
    return value


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_finite(child) for child in value.values())
    if isinstance(value, (list, tuple)):
        return all(_is_finite(child) for child in value)
    return not isinstance(value, float) or math.isfinite(value)


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
