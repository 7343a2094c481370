"""Function schemas: read from a file, checked, and held against the calls that a model writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from curator.errors import StageError
from curator.text.decoding import decode
from curator.text.near_miss import did_you_mean
from generators.tools.references import contains_itself, references, target


class Function(msgspec.Struct, frozen=True):
    """A function that may be called.

    Attributes:
        name: its name.
        description: what it does.
        schema: the JSON Schema of its arguments, an object, as JSON text.
    """

    name: str
    description: str
    schema: str

    @property
    def parameters(self) -> dict[str, Any]:
        """The JSON Schema of its arguments."""
        parameters: dict[str, Any] = json.loads(self.schema)
        return parameters

    @property
    def listing(self) -> dict[str, Any]:
        """The function as OpenAI's `tools` list it."""
        described = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": described}


class Call(msgspec.Struct, frozen=True):
    """A call of a function, its arguments as JSON text."""

    name: str
    arguments: str

    @property
    def values(self) -> Any:
        """The arguments."""
        return json.loads(self.arguments)


def read_functions(path: Path) -> tuple[Function, ...]:
    """Read a file of function schemas.

    Args:
        path: a JSON file: a list (or one, or a mapping with a list under `tools` or `functions`) of OpenAI's
            `{"type": "function", "function": {...}}`, of the bare `{"name", "description", "parameters"}`, or of JSON
            Schemas of an object whose `title` is the function's name.

    Returns:
        The functions, in the file's order.

    Raises:
        StageError: the file cannot be read, is no JSON, or a function in it is not what it should be: says which one.
    """
    try:
        data = json.loads(decode(path.read_bytes(), str(path)))
    except OSError as error:
        raise StageError(f"tools: {path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise StageError(f"tools: {path} is no JSON: {error}") from error
    except RecursionError as error:
        raise StageError(f"tools: {path} is nested too deeply to be read") from error
    if isinstance(data, dict):
        data = next((data[key] for key in ("tools", "functions") if isinstance(data.get(key), list)), [data])
    if not isinstance(data, list) or not data:
        raise StageError(f"tools: {path} holds no list of functions; write OpenAI's `tools` or bare functions")
    functions = tuple(_function(entry, f"{path}, function {number}") for number, entry in enumerate(data, 1))
    names = [function.name for function in functions]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise StageError(f"tools: {path} describes the function {twice!r} twice")
    return functions


def fault_of(call: Call, functions: Sequence[Function]) -> tuple[str, str] | None:
    """Hold a call against the functions.

    Args:
        call: the call.
        functions: what may be called.

    Returns:
        None if it is in order; otherwise the short reason and the detail. An argument that the schema does not name is
        a fault unless the schema allows further ones in so many words (`additionalProperties`).
    """
    known = {function.name: function for function in functions}
    function = known.get(call.name)
    if function is None:
        return "unknown-function", f"there is no function {call.name!r}{did_you_mean(call.name, known)}"
    values, schema = call.values, function.parameters
    if not isinstance(values, dict):
        return "wrong-arguments", f"{call.name}: the arguments are {type(values).__name__}, not an object"
    missing = [name for name in schema.get("required", ()) if name not in values]
    if missing:
        return "missing-argument", f"{call.name}: {missing[0]} is required"
    closed = not any(key in schema for key in ("additionalProperties", "patternProperties"))
    extra = [name for name in values if name not in schema.get("properties", {})] if closed else []
    if extra:
        return "unknown-argument", f"{call.name}: it has no argument {extra[0]!r}"
    error = next(_errors(function.schema, values), None)
    if error is None:
        return None
    kind = "unknown-argument" if error[0] == "additionalProperties" else "wrong-argument"
    return kind, f"{call.name}: {error[1]}"


def _errors(schema: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for error in sorted(_validator(schema).iter_errors(values), key=lambda error: error.json_path):
        yield str(error.validator), f"{error.json_path.removeprefix('$.')}: {error.message}"


@cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema))


def _function(entry: Any, where: str) -> Function:
    described = entry.get("function", entry) if isinstance(entry, dict) else None
    if not isinstance(described, dict):
        raise StageError(f"tools: {where}: this is {type(entry).__name__}, not a function's description")
    bare = "parameters" not in described and ("properties" in described or described.get("type") == "object")
    name = described.get("name", described.get("title") if bare else None)
    if not isinstance(name, str) or not name.strip():
        raise StageError(f"tools: {where} has no `name`")
    where = f"{where} ({name})"
    description = described.get("description", "")
    if not isinstance(description, str):
        raise StageError(f"tools: {where}: `description` is no text")
    unnamed = {key: value for key, value in described.items() if key not in {"name", "title", "description"}}
    parameters = unnamed if bare else described.get("parameters") or {"type": "object", "properties": {}}
    try:
        return Function(name, description, json.dumps(_checked(parameters, where), ensure_ascii=False))
    except RecursionError as error:
        raise StageError(f"tools: {where}: `parameters` are nested too deeply to be checked") from error


def _checked(parameters: Any, where: str) -> dict[str, Any]:
    from jsonschema import Draft202012Validator, SchemaError

    if not isinstance(parameters, dict) or parameters.get("type", "object") != "object":
        raise StageError(f"tools: {where}: `parameters` must be the JSON Schema of an object")
    try:
        Draft202012Validator.check_schema(parameters)
    except SchemaError as error:
        raise StageError(
            f"tools: {where}: `parameters` is no JSON Schema: {error.json_path}: {error.message}"
        ) from error
    properties = parameters.get("properties", {})
    unknown = [name for name in parameters.get("required", ()) if name not in properties]
    if unknown:
        near = did_you_mean(unknown[0], properties)
        raise StageError(f"tools: {where}: `required` names {unknown[0]!r}, which `properties` lacks{near}")
    for reference in references(parameters):
        if target(reference, parameters) is None:
            raise StageError(
                f"tools: {where}: `$ref` {reference!r} leads nowhere in `parameters`; put it under `$defs`"
            )
    if contains_itself(parameters):
        raise StageError(f"tools: {where}: a `$ref` in `parameters` leads back to itself, so nothing can ever fit it")
    return parameters
