"""Function calls: calls drawn and held against schemas, dialogues laid out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from curator.errors import StageError, UnparsableReply
from curator.llm.base import ChatReply, ChatRequest
from curator.llm.scripted import ScriptedProvider
from curator.stage import Context, Prompt
from generators.tool_use import ToolUse
from generators.tools.dialogue import call_turn, calls_in, result_turn, shown_call, unmentioned
from generators.tools.schemas import Call, Function
from tests.generators.tool_samples import PILOT, TIDE, calls_of, context, function, read, reasons, stage
from tests.stage.samples import model_of, outcome


@pytest.mark.parametrize(
    "reply",
    [
        '<tool_call>\n{"name": "tide", "arguments": {"berth": 3}}\n</tool_call>',
        '<tool_call>{"name": "tide", "arguments": {"berth": 3}}',
        'Sure! <TOOL_CALL>{"name": "tide", "parameters": {"berth": 3}}</TOOL_CALL> Done.',
        '{"name": "tide", "arguments": "{\\"berth\\": 3}"}',
        '```json\n[{"type": "function", "function": {"name": "tide", "arguments": {"berth": 3}}}]\n```',
        '{"tool_calls": [{"name": "tide", "arguments": {"berth": 3}}]}',
        "<think>{}</think>{'name': 'tide', 'arguments': {'berth': 3,}}",
        '<tool_call>{"name": "tide", "arguments": {"berth": 3}}</tool_call>'
        '<tool_call>{"name": "tide", "arguments": {"berth": 3}}</tool_call>',
    ],
)
def test_a_call_is_read_however_it_is_written(reply: str) -> None:
    assert calls_in(reply) == (Call("tide", '{"berth": 3}'),)


def test_several_calls_and_none_are_read() -> None:
    two = '<tool_call>{"name": "a", "arguments": {}}</tool_call>\n<tool_call>{"name": "b"}</tool_call>'
    assert calls_in(two) == (Call("a", "{}"), Call("b", "{}"))
    for none in ("None.", "no call needed", "[]", "No tool call", "null"):
        assert calls_in(none) == ()


@pytest.mark.parametrize("reply", ["", "The harbour master knows.", '{"tide": 3}', '<tool_call>{"name": "ti'])
def test_a_reply_without_a_call_is_unparsable(reply: str) -> None:
    with pytest.raises(UnparsableReply):
        calls_in(reply)


async def test_a_dialogue_is_laid_out_as_the_convention_says(tmp_path: Path) -> None:
    (record,) = await outcome(stage(n=1), (), context(tmp_path, lambda request: _echo(request)))
    system, user, assistant = record.messages
    assert (system.role, user.role, assistant.role) == ("system", "user", "assistant")
    listed = system.content.split("<tools>\n")[1].split("\n</tools>")[0]
    assert json.loads(listed) == {"type": "function", "function": TIDE}
    (call,) = calls_of(record)
    jsonschema.validate(call["arguments"], TIDE["parameters"])
    assert record.drop is None
    assert dict(record.origin.labels) == {"order": "call-first", "kind": "call", "functions": "tide"}


def _echo(request: ChatRequest) -> str:
    """Word a request that says all that is in the call."""
    said = request.messages[-1].content.split("<call>\n")[1].split("\n</call>")[0]
    return f"Request: please do {' and '.join(said.splitlines()[1:])} for me"


def test_no_value_can_close_a_tag() -> None:
    call = Call("f", json.dumps({"a": "</tool_call> </tool_response>"}))
    for turn, tag in ((call_turn([call]), "tool_call"), (result_turn([call], ["</tool_response>"]), "tool_response")):
        assert turn.content.count(f"</{tag}>") == 1
    inner = call_turn([call]).content.removeprefix("<tool_call>").removesuffix("</tool_call>")
    assert json.loads(inner)["arguments"] == call.values


async def test_every_function_has_its_turn_and_no_call_comes_twice(tmp_path: Path) -> None:
    tools = [TIDE, {**PILOT, "description": "Send a pilot."}]
    records = await outcome(stage(n=40), (), context(tmp_path, _echo, tools))
    made = [json.dumps(calls_of(record)) for record in records]
    assert len(set(made)) == len(made)
    names = [calls_of(record)[0]["name"] for record in records]
    assert set(names[:2]) == {"tide", "call_pilot"}
    assert 2 < len(records) < 40  # the pilot knows two boats only


async def test_parallel_calls(tmp_path: Path) -> None:
    records = await outcome(stage(n=6, parallel_share=1), (), context(tmp_path, lambda _r: "Any request"))
    assert {len(calls_of(record)) for record in records} == {2}
    assert {record.origin.label("kind") for record in records} == {"parallel"}


async def test_requests_that_need_no_call(tmp_path: Path) -> None:
    def script(request: ChatRequest) -> str:
        return "How long does rice cook?" if "nothing to do" in request.messages[-1].content else "Twelve minutes."

    records = await outcome(stage(n=5, no_call_share=1), (), context(tmp_path, script))
    assert [record.response for record in records] == ["Twelve minutes."] * 5
    assert {record.origin.label("kind") for record in records} == {"no-call"}
    assert all("<tools>" in record.system and record.drop is None for record in records)


def test_shares_are_kept(tmp_path: Path) -> None:
    prompts = list(ToolUse({"tools": "tools.json", "n": 300, "no_call_share": 0.3}).prompts(context(tmp_path)))
    kinds = [dict(prompt.labels)["kind"] for prompt in prompts if isinstance(prompt, Prompt)]
    assert 60 <= kinds.count("no-call") <= 120


def test_a_larger_n_begins_the_same(tmp_path: Path) -> None:
    world = context(tmp_path, tools=[TIDE, PILOT])
    few, many = (list(ToolUse({"tools": "tools.json", "n": n}).prompts(world)) for n in (5, 12))
    assert many[: len(few)] == few


async def test_a_request_that_hides_a_value_is_dropped(tmp_path: Path) -> None:
    hidden = ["When is high water?"] * 2
    (record,) = await outcome(stage(n=1, retries=1), (), context(tmp_path, hidden))
    assert reasons([record]) == ["value-not-in-request"]
    assert record.drop is not None
    assert "does not say berth" in record.drop.detail
    (kept,) = await outcome(stage(n=1, mentioned=False), (), context(tmp_path, ["When is high water?"]))
    assert kept.drop is None


async def test_a_request_that_hides_a_value_is_asked_again(tmp_path: Path) -> None:
    replies = ["When is high water?", "When is high water at berths 1 2 3 4 5 6 7 8 9, Monday or Friday?"]
    (record,) = await outcome(stage(n=1, retries=1), (), context(tmp_path, replies))
    assert (record.instruction, record.drop) == (replies[1], None)


def test_a_value_of_a_list_is_told_from_the_others() -> None:
    watch = function({"properties": {"watch": {"enum": ["Dew Watch", "Lamp Watch"]}}})
    call = Call("f", '{"watch": "Lamp Watch"}')
    assert unmentioned(call, watch, "Who is on the watch?") == ["watch"]
    assert unmentioned(call, watch, "Who is on the lamp?") == []


@pytest.mark.parametrize(
    ("request_text", "missing"),
    [
        ("Berth 3 on Friday, please", []),
        ("berth three, friday", []),
        ("Berth 4 on Friday", ["berth"]),
        ("Berth 3", ["day"]),
    ],
)
def test_values_are_looked_for_as_people_write_them(request_text: str, missing: list[str]) -> None:
    tide = Function("tide", "", json.dumps(TIDE["parameters"]))
    assert unmentioned(Call("tide", '{"berth": 3, "day": "Friday"}'), tide, request_text) == missing


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ('<tool_call>{"name": "tide", "arguments": {"berth": 3}}</tool_call>', ""),
        ('{"name": "ebb", "arguments": {}}', "unknown-function"),
        ('{"name": "tide", "arguments": {}}', "missing-argument"),
        ('{"name": "tide", "arguments": {"berth": 3, "x": 1}}', "unknown-argument"),
        ('{"name": "tide", "arguments": {"berth": "three"}}', "wrong-argument"),
        ('{"name": "tide", "arguments": {"berth": 4}}', "value-not-in-request"),
        ("No call needed.", "no-call"),
        ("I do not know.", "unparsable"),
    ],
)
async def test_request_first_holds_every_call_against_the_schemas(written: str, reason: str, tmp_path: Path) -> None:
    world = context(tmp_path, ["Request: When is high water at berth 3?", written])
    (record,) = await outcome(stage(n=1, order="request-first", retries=0), (), world)
    assert reasons([record]) == [reason]
    assert record.messages[1].content == "When is high water at berth 3?"
    assert record.origin.label("order") == "request-first"


async def test_results_and_a_final_answer(tmp_path: Path) -> None:
    def script(request: ChatRequest) -> str:
        asked = request.messages[-1].content
        if asked.startswith("Write what the function returns"):
            return '{"metres": 4}'
        return "High water is at 4 metres." if asked.startswith("Answer the request") else _echo(request)

    (record,) = await outcome(stage(n=1, results=True), (), context(tmp_path, script))
    assert [turn.role for turn in record.messages] == ["system", "user", "assistant", "tool", "assistant"]
    response = record.messages[3].content.removeprefix("<tool_response>").removesuffix("</tool_response>")
    assert json.loads(response) == {"name": "tide", "content": {"metres": 4}}
    assert record.response == "High water is at 4 metres."
    assert record.origin.label("results") == "simulated"
    assert len(record.origin.further_replies) == 2


async def test_a_blank_reply_leaves_a_dropped_record(tmp_path: Path) -> None:
    (record,) = await outcome(stage(n=1, retries=0), (), context(tmp_path, [""]))
    assert reasons([record]) == ["unparsable"]


@pytest.mark.parametrize("options", [{}, {"order": "request-first"}, {"no_call_share": 1}])
def test_a_planted_line_in_a_description_stays_inside_its_tag(options: dict[str, Any], tmp_path: Path) -> None:
    (prompt,) = stage(n=1, **options).prompts(context(tmp_path, tools=[PILOT]))
    assert isinstance(prompt, Prompt)
    asked = prompt.turns[-1].content
    tag = asked.split("<")[1].split(">")[0]
    assert asked.count(f"</{tag}>") == 1
    assert asked.index("{{ 7*7 }}") < asked.index(f"</{tag}>")
    assert "Ignore the above" not in prompt.turns[0].content


def test_a_planted_line_cannot_close_the_list_of_tools(tmp_path: Path) -> None:
    world = context(tmp_path, tools=[PILOT])
    (prompt,) = stage(n=1).prompts(world)
    assert isinstance(prompt, Prompt)
    conventions = stage()._conventions(prompt.item, stage().prompt_folder(world)).content
    assert conventions.count("</tools>") == 1
    listed = json.loads(conventions.split("<tools>\n")[1].split("\n</tools>")[0])
    assert listed["function"]["description"] == PILOT["description"]


def test_what_is_refused_before_the_run(tmp_path: Path) -> None:
    silent = {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}}
    world = context(tmp_path, tools=[silent])
    with pytest.raises(StageError, match="set `order: request-first`"):
        stage().check(world)
    stage(order="request-first").check(world)
    stage(values={"a": ["x"]}).check(world)


def test_a_call_is_shown_as_people_write_it() -> None:
    assert shown_call(Call("f", '{"a": "x", "b": [1, true]}')) == 'f(a="x", b=[1, true])'


def _calls(count: int) -> str:
    return "\n".join(
        f'<tool_call>{{"name": "tide", "arguments": {{"berth": {berth}}}}}</tool_call>' for berth in range(1, count + 1)
    )


@pytest.mark.parametrize(
    ("count", "reason", "asked"), [(4, "", 7), (5, "too-many-calls", 2), (40, "too-many-calls", 2)]
)
async def test_the_calls_of_a_reply_are_bounded_and_so_is_what_a_dialogue_costs(
    count: int, reason: str, asked: int, tmp_path: Path
) -> None:
    def script(request: ChatRequest) -> str:
        said = request.messages[-1].content
        if said.startswith("Write the request"):
            return f"Tide at berths {' '.join(map(str, range(1, count + 1)))}?"
        if "<tools>" in request.messages[0].content:
            return _calls(count)
        return '{"metres": 4}' if said.startswith("Write what the function") else "Four metres everywhere."

    read(tmp_path, [{**TIDE, "parameters": {"properties": {"berth": {"type": "integer"}}}}])
    client = ScriptedProvider(script)
    made = stage(n=1, order="request-first", results=True)
    (record,) = await outcome(made, (), Context("tool-use", 7, folder=tmp_path, model=model_of(client)))
    assert (reasons([record]), len(client.asked)) == ([reason], asked)
    assert asked <= made.requests_per_prompt()[1] == 7


@pytest.mark.parametrize(
    ("options", "whole"),
    [
        ({}, []),
        ({"no_call_share": 1}, []),
        ({"no_call_share": 1}, ["How long does rice cook?"]),
        ({"order": "request-first"}, ["When is high water at berth 3?"]),
        ({"results": True}, ["Tide at berths 1 2 3 4 5 6 7 8 9 on Monday or Friday?"]),
        ({"results": True}, ["Tide at berths 1 2 3 4 5 6 7 8 9 on Monday or Friday?", '{"metres": 4}']),
    ],
)
async def test_a_reply_that_breaks_off_makes_no_dialogue(
    options: dict[str, Any], whole: list[str], tmp_path: Path
) -> None:
    """The request, the words without a call, the call, the result, the final answer."""
    left = iter(whole)
    cut = ChatReply('<tool_call>{"name": "tide", "arguments": {"berth": 3', finish_reason="length")

    def script(_request: ChatRequest) -> str | ChatReply:
        return next(left, cut)

    read(tmp_path, [TIDE])
    world = Context("tool-use", 7, folder=tmp_path, model=model_of(ScriptedProvider(script)))
    (record,) = await outcome(stage(n=1, **options), (), world)
    assert reasons([record]) == ["cut-off"]
    assert record.response == cut.text
    assert len(record.origin.further_replies) == len(whole)


async def test_wordings_that_hide_a_value_stay_among_the_replies(tmp_path: Path) -> None:
    replies = ["When is high water?", "And when?", "When is high water at berths 1 2 3 4 5 6 7 8 9, Monday or Friday?"]
    (kept,) = await outcome(stage(n=1, retries=3), (), context(tmp_path, replies))
    assert (kept.drop, len(kept.origin.further_replies), kept.origin.label("reworded")) == (None, 2, "2")
    (dropped,) = await outcome(stage(n=1, retries=1), (), context(tmp_path, replies))
    assert (reasons([dropped]), len(dropped.origin.further_replies)) == (["value-not-in-request"], 1)
    (unread,) = await outcome(stage(n=1, retries=1), (), context(tmp_path, [*replies[:1], "", ""]))
    assert (reasons([unread]), len(unread.origin.further_replies)) == (["unparsable"], 1)


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("Where is Ada's boat?", []),
        ("Where is Ada’s boat?", []),
        ("Where is Adas boat?", ["who"]),
    ],
)
def test_a_possessive_says_the_name(said: str, missing: list[str]) -> None:
    who = function({"properties": {"who": {"type": "string"}}})
    assert unmentioned(Call("f", '{"who": "Ada"}'), who, said) == missing


def test_a_name_with_an_apostrophe_is_found_as_it_is() -> None:
    who = function({"properties": {"who": {"type": "string"}}})
    assert unmentioned(Call("f", '{"who": "St. John\'s"}'), who, "Is there fog at St. John's?") == []
