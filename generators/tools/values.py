"""Arguments drawn at random from a function's schema: from what it lists, exemplifies or bounds; never invented."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from curator.errors import StageError
from generators.tools.schemas import Call, Function, fault_of

Values = Mapping[str, Sequence[Any]]

ATTEMPTS = 20
"""How often arguments are drawn anew where the schema forbids what was drawn (a pattern, a condition)."""

MOST_ITEMS = 100
"""The longest list that is drawn: nobody words a request with more."""

_EXAMPLES = re.compile(r"(?:\be\.g\.|\bfor example|\bsuch as|\bfor instance)[,:]?\s*([^;)\n]+)", re.IGNORECASE)
_SMALL, _LARGE = 1, 20
_SAMPLES = {
    "date": ("2026-03-02", "2026-05-17", "2026-09-21", "2026-11-30"),
    "time": ("06:30:00Z", "11:00:00Z", "14:15:00Z", "22:45:00Z"),
    "date-time": ("2026-03-02T08:00:00Z", "2026-09-21T14:30:00Z"),
    "email": ("ada@example.org", "tom@example.com"),
    "uri": ("https://example.org/a", "https://example.com/b"),
}


class NoValueError(Exception):
    """The schema gives nothing to draw a value from."""


def draw_call(function: Function, rng: random.Random, values: Values) -> Call:
    """Draw a call that the function's schema allows.

    Args:
        function: what is called.
        rng: where the choices come from.
        values: further values, by the arguments' names; they win over the schema's own.

    Returns:
        The call: every required argument, and about half of the others that a value can be drawn for.

    Raises:
        StageError: a required argument gives nothing to draw from, or nothing drawn is allowed.
    """
    schema = function.parameters
    fault: tuple[str, str] | None = None
    for _attempt in range(ATTEMPTS):
        try:
            drawn = _object(schema, rng, values, schema)
        except (NoValueError, RecursionError) as error:
            what = f"its argument {error}" if isinstance(error, NoValueError) else "arguments that contain themselves"
            raise StageError(
                f"tools: {function.name}: no value can be drawn for {what}: give it `enum`, `examples` "
                "or `default`, list values in the option `values`, or set `order: request-first`"
            ) from error
        call = Call(function.name, json.dumps(drawn, ensure_ascii=False))
        fault = fault_of(call, (function,))
        if fault is None:
            return call
    raise StageError(
        f"tools: {function.name}: the arguments drawn do not meet its schema ({fault[1] if fault else ''}); list "
        "values in the option `values`, or set `order: request-first`"
    )


def _object(schema: Mapping[str, Any], rng: random.Random, values: Values, root: Mapping[str, Any]) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    drawn: dict[str, Any] = {}
    for name, part in schema.get("properties", {}).items():
        wanted = name in required or rng.random() < 0.5  # drawn for each, so that one more value moves no other
        if not wanted:
            continue
        try:
            drawn[name] = rng.choice(list(values[name])) if values.get(name) else _value(part, rng, values, root)
        except NoValueError as error:
            if name in required:
                raise NoValueError(f"{name}.{error}" if str(error) else name) from error
    return drawn


def _value(schema: Any, rng: random.Random, values: Values, root: Mapping[str, Any]) -> Any:
    schema = _resolved(schema, root)
    listed = _listed(schema)
    if listed:
        return rng.choice(listed)
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return _value(rng.choice(schema[key]), rng, values, root)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if kind == "object":
        return _object(schema, rng, values, root)
    if kind == "array":
        return _array(schema, rng, values, root)
    return _scalar(kind, schema, rng)


def _array(schema: Mapping[str, Any], rng: random.Random, values: Values, root: Mapping[str, Any]) -> list[Any]:
    least = max(1, int(schema.get("minItems", 1)))
    if least > MOST_ITEMS:
        raise NoValueError
    most = max(least, min(least + 1, int(schema.get("maxItems", least + 1))))
    items = [_value(schema.get("items", {}), rng, values, root) for _ in range(rng.randint(least, most))]
    return [item for place, item in enumerate(items) if item not in items[:place]]


def _scalar(kind: Any, schema: Mapping[str, Any], rng: random.Random) -> Any:
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "null":
        return None
    if kind in {"integer", "number"}:
        return _number(kind, schema, rng)
    if kind == "string" and schema.get("format") in _SAMPLES:
        return rng.choice(_SAMPLES[schema["format"]])
    raise NoValueError


def _number(kind: str, schema: Mapping[str, Any], rng: random.Random) -> int | float:
    try:
        return _multiple(kind, schema, rng)
    except (OverflowError, ValueError) as error:  # bounds or steps beyond what numbers can be
        raise NoValueError from error


def _multiple(kind: str, schema: Mapping[str, Any], rng: random.Random) -> int | float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    low = low if low is not None else min(_SMALL, high) if high is not None else _SMALL
    high = high if high is not None else max(low + _LARGE, _LARGE)
    step = schema.get("multipleOf", 1 if kind == "integer" or high - low >= 2 else 0.1)
    first, last = int(-(-low // step)), int(high // step)
    if first > last:
        raise NoValueError
    whole = rng.randint(first, last) * step
    return int(whole) if kind == "integer" else round(whole, 6)


def _listed(schema: Mapping[str, Any]) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    for key in ("enum", "examples"):
        if isinstance(schema.get(key), list) and schema[key]:
            return list(schema[key])
    if schema.get("type") == "string":
        told = _EXAMPLES.search(str(schema.get("description", "")))
        if told:
            return [told[1].strip(" .\"'“”`")]
    return [schema["default"]] if schema.get("default") is not None else []


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references into the same schema, as deep as they go without a circle."""
    for _step in range(ATTEMPTS):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if reference is None:
            return schema if isinstance(schema, Mapping) else {}
        target: Any = root
        for part in str(reference).split("/")[1:]:
            target = target.get(part) if isinstance(target, Mapping) else None
        schema = target
    raise NoValueError
