"""Function schemas: read, filled, and held against calls."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import StageError
from generators.tools.schemas import Call, fault_of, read_functions
from generators.tools.values import draw_call
from tests.generators.tool_samples import TIDE, function, read


@pytest.mark.parametrize(
    "data",
    [
        [{"type": "function", "function": TIDE}],
        [TIDE],
        TIDE,
        {"tools": [{"type": "function", "function": TIDE}]},
        {"functions": [TIDE]},
        [{"title": "tide", "description": TIDE["description"], **TIDE["parameters"]}],
    ],
)
def test_schemas_are_read_in_every_usual_layout(data: object, tmp_path: Path) -> None:
    (found,) = read(tmp_path, data)
    assert (found.name, found.description, found.parameters) == ("tide", TIDE["description"], TIDE["parameters"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "is no JSON"),
        ([], "holds no list of functions"),
        ("7", "holds no list of functions"),
        ([7], "function 1: this is int"),
        ([TIDE, {"description": "x"}], "function 2 has no `name`"),
        ([TIDE, TIDE], "describes the function 'tide' twice"),
        ([{"name": "f", "parameters": [1]}], r"function 1 \(f\): `parameters` must be the JSON Schema of an object"),
        ([{"name": "f", "parameters": {"type": "string"}}], "must be the JSON Schema of an object"),
        ([{"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "int"}}}}], "is no JSON Schema"),
        (
            [{"name": "f", "parameters": {"type": "object", "properties": {"day": {}}, "required": ["days"]}}],
            "`required` names 'days', which `properties` lacks; did you mean 'day'",
        ),
        (
            [{"name": "f", "parameters": {"properties": {"a": {"$ref": "http://127.0.0.1:9/x.json"}}}}],
            "leads nowhere",
        ),
        ([{"name": "f", "description": 7}], "`description` is no text"),
    ],
)
def test_a_bad_schema_is_one_clear_error(data: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=message):
        read(tmp_path, data)


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"tools: .*no\.json cannot be read: No such file"):
        read_functions(tmp_path / "no.json")


@pytest.mark.parametrize(
    ("call", "reason", "detail"),
    [
        (Call("tide", '{"berth": 3}'), "", ""),
        (Call("tide", '{"berth": 3, "day": "Friday"}'), "", ""),
        (Call("tides", "{}"), "unknown-function", "did you mean 'tide'"),
        (Call("tide", "{}"), "missing-argument", "berth is required"),
        (Call("tide", '{"berth": 3, "pier": 1}'), "unknown-argument", "no argument 'pier'"),
        (Call("tide", '{"berth": "3"}'), "wrong-argument", "berth: '3' is not of type 'integer'"),
        (Call("tide", '{"berth": 10}'), "wrong-argument", "greater than the maximum"),
        (Call("tide", '{"berth": 3, "day": "Sunday"}'), "wrong-argument", "is not one of"),
        (Call("tide", "[3]"), "wrong-arguments", "not an object"),
    ],
)
def test_a_call_is_held_against_the_schema(call: Call, reason: str, detail: str, tmp_path: Path) -> None:
    fault = fault_of(call, read(tmp_path, TIDE))
    assert (fault[0] if fault else "") == reason
    assert detail in (fault[1] if fault else "")


def test_further_arguments_pass_only_where_the_schema_allows_them() -> None:
    call = Call("f", '{"a": 1}')
    assert fault_of(call, (function({"properties": {}, "additionalProperties": True}),)) is None
    closed = fault_of(call, (function({"properties": {}, "additionalProperties": False}),))
    assert closed is not None
    assert closed[0] == "unknown-argument"


@settings(deadline=None)
@given(st.integers(), st.integers(-50, 50), st.integers(0, 50))
def test_what_is_drawn_meets_the_schema(seed: int, low: int, more: int) -> None:
    drawn_from = function(
        {
            "properties": {
                "whole": {"type": "integer", "minimum": low, "maximum": low + more},
                "broken": {"type": "number", "exclusiveMinimum": low},
                "day": {"enum": ["Monday", 3, None]},
                "town": {"type": "string", "description": "The town, e.g. San Rafael."},
                "when": {"type": "string", "format": "date"},
                "boats": {"type": "array", "items": {"const": "Ada"}, "minItems": 1},
                "place": {"$ref": "#/$defs/place"},
                "sure": {"type": ["boolean", "null"]},
                "either": {"anyOf": [{"type": "integer"}, {"enum": ["all"]}]},
            },
            "$defs": {"place": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}},
            "required": ["whole", "broken", "day", "town", "when", "boats", "place", "sure", "either"],
        }
    )
    call = draw_call(drawn_from, random.Random(seed), {})
    jsonschema.validate(call.values, drawn_from.parameters)
    assert call.values["town"] == "San Rafael"
    assert call == draw_call(drawn_from, random.Random(seed), {})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"properties": {"who": {"type": "string"}}, "required": ["who"]},
            "no value can be drawn for its argument who",
        ),
        (
            {
                "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}},
                "required": ["a"],
            },
            "its argument a.b",
        ),
        ({"properties": {"a": {"type": "integer", "minimum": 5, "maximum": 3}}, "required": ["a"]}, "argument a"),
        (
            {"properties": {"a": {"type": "string", "examples": ["x"], "pattern": "^y"}}, "required": ["a"]},
            "do not meet its schema",
        ),
        ({"properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "contain themselves"),
    ],
)
def test_a_schema_without_values_is_one_clear_error(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(StageError, match=message):
        draw_call(function(parameters), random.Random(1), {})


def test_values_of_the_recipe_win_and_optional_arguments_may_stay_out() -> None:
    who = function({"properties": {"who": {"type": "string"}, "note": {"type": "string"}}, "required": ["who"]})
    assert draw_call(who, random.Random(1), {"who": ["Orla"]}).values == {"who": "Orla"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"$ref": "#"},
        {"$dynamicRef": "#"},
        {"allOf": [{"$ref": "#"}]},
        {
            "properties": {"a": {"$ref": "#/$defs/x"}},
            "$defs": {"x": {"not": {"$ref": "#/$defs/y"}}, "y": {"$ref": "#/$defs/x"}},
        },
    ],
)
def test_a_schema_that_never_ends_is_one_clear_error(parameters: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"function 1 \(f\): a `\$ref` in `parameters` leads back to itself"):
        read(tmp_path, {"name": "f", "parameters": {"type": "object", **parameters}})


def test_a_schema_may_contain_itself_for_a_part_of_the_value(tmp_path: Path) -> None:
    tree = {
        "properties": {"branches": {"type": "array", "items": {"$ref": "#"}}, "not": {"$ref": "#/$defs/x"}},
        "$defs": {"x": {}},
    }
    functions = read(tmp_path, {"name": "f", "parameters": tree})
    assert fault_of(Call("f", '{"branches": [{"branches": []}]}'), functions) is None
    assert fault_of(Call("f", '{"branches": [{"branches": 3}]}'), functions) is not None


def test_what_is_nested_too_deeply_is_one_clear_error(tmp_path: Path) -> None:
    deep: dict[str, Any] = {}
    for _level in range(400):
        deep = {"type": "object", "properties": {"a": deep}}
    with pytest.raises(StageError, match=r"function 1 \(f\): `parameters` are nested too deeply"):
        read(tmp_path, {"name": "f", "parameters": deep})
    with pytest.raises(StageError, match=r"nested too deeply to be read"):
        read(tmp_path, "[" * 200_000)


@pytest.mark.parametrize(
    "argument",
    [
        {"type": "integer", "minimum": 1, "multipleOf": 1e-320},
        {"type": "number", "minimum": 10**400, "multipleOf": 0.5},
        {"type": "array", "items": {"const": 1}, "minItems": 10**9},
    ],
)
def test_numbers_beyond_all_bounds_are_one_clear_error(argument: dict[str, Any]) -> None:
    huge = function({"properties": {"n": argument}, "required": ["n"]}, "node")
    with pytest.raises(StageError, match="tools: node: no value can be drawn for its argument n"):
        draw_call(huge, random.Random(1), {})


def test_a_step_beyond_all_bounds_can_still_be_held_against() -> None:
    tiny = function({"properties": {"n": {"type": "integer", "multipleOf": 1e-320}}})
    assert fault_of(Call("f", '{"n": 1}'), (tiny,)) in (None, ("wrong-argument", "f: n: 1 is not a multiple of 1e-320"))
