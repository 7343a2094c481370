"""Generators: what they ask, how often, and what becomes of replies that cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import pytest

from curator.errors import ProviderError, RequestRefused, StageError
from curator.llm.base import ChatRequest, Sampling
from curator.llm.scripted import ScriptedProvider
from curator.record import Origin, Record, Turn, single_turn
from curator.stage import Context, GeneratorOptions, Prompt
from curator.stage.question import prompt_hash
from tests.stage.samples import Asker, Shout, Unsteady, echo, model_of, outcome, stream

ABOVE = tuple(single_turn(f"above {number}", "A", origin=Origin("above")) for number in range(4))


def context(client: ScriptedProvider | None = None, limit: int | None = None) -> Context:
    """Return the surroundings of a stage with this client as its model."""
    return Context("asker", recipe_hash="r" * 16, model=model_of(client) if client else None, limit=limit)


def questions(client: ScriptedProvider) -> list[str]:
    """Return what the client was asked, in order."""
    return [request.messages[-1].content for request in client.asked]


async def test_candidates_come_after_what_is_above_in_the_order_of_the_prompts() -> None:
    made = await outcome(Asker({"n": 60, "ready": 2}), ABOVE, context(Unsteady()))
    asked = [f"Q{number}.0" for number in range(60)]
    assert [record.instruction for record in made] == [*(r.instruction for r in ABOVE), "ready 0", "ready 1", *asked]


async def test_the_origin_is_complete() -> None:
    client = ScriptedProvider(echo)
    (made,) = await outcome(Asker({"n": 1}, key="my-asker"), (), context(client))
    origin = made.origin
    assert (origin.stage, origin.method, origin.model) == ("my-asker", "asker", "scripted/script")
    assert origin.prompt_hash == prompt_hash((Turn("user", "question 0"),))
    assert origin.reply_key == client.asked[0].key(client.identity)
    assert origin.source is not None
    assert (origin.source.document, origin.recipe_hash) == ("book", "r" * 16)
    assert (origin.label("number"), origin.parents) == ("0", ())


async def test_a_record_that_needs_no_model_has_none_in_its_origin() -> None:
    (made,) = await outcome(Asker({"n": 0, "ready": 1}), (), context())
    assert made.origin == Origin("asker", "asker", recipe_hash="r" * 16)


async def test_an_unreadable_reply_is_asked_again_as_another_sample() -> None:
    replies = {0: "bad", 1: "bad too", 2: "good"}
    client = ScriptedProvider(lambda request: replies[request.sample])
    (made,) = await outcome(Asker({"n": 1, "retries": 2}), (), context(client))
    assert (made.response, made.drop) == ("good", None)
    assert [request.sample for request in client.asked] == [0, 1, 2]
    assert made.origin.reply_key == client.asked[2].key(client.identity)


@pytest.mark.parametrize("retries", [0, 1, 3])
async def test_what_stays_unreadable_is_kept_as_dropped(retries: int) -> None:
    client = ScriptedProvider(lambda request: f"bad {request.sample}")
    (made,) = await outcome(Asker({"n": 1, "retries": retries}, key="mine"), (), context(client))
    assert made.drop is not None
    assert (made.drop.stage, made.drop.reason) == ("mine", "unparsable")
    assert made.drop.detail == f"'bad {retries}' is no answer"
    assert made.messages == (Turn("user", "question 0"), Turn("assistant", f"bad {retries}"))
    assert made.origin.source is not None
    assert len(client.asked) == retries + 1


async def test_a_refused_request_drops_its_candidate_and_the_rest_goes_on() -> None:
    def script(request: ChatRequest) -> str:
        if request.messages[-1].content == "question 1":
            raise RequestRefused("content_filter: not this one", status=400)
        return echo(request)

    client = ScriptedProvider(script)
    made = await outcome(Asker({"n": 3}), (), context(client))
    assert [record.drop.reason if record.drop else "" for record in made] == ["", "refused-by-provider", ""]
    assert made[1].drop is not None
    assert "content_filter: not this one" in made[1].drop.detail
    assert made[1].messages == (Turn("user", "question 1"),)
    assert len(client.asked) == 3  # a refusal is not asked again


async def test_an_endpoint_that_cannot_serve_ends_the_stage() -> None:
    def script(request: ChatRequest) -> str:
        if request.messages[-1].content == "question 2":
            raise ProviderError("wrong key", status=401)
        return echo(request)

    got: list[str] = []

    async def collect() -> None:
        async for record in Asker({"n": 5}).run(stream(()), context(ScriptedProvider(script))):
            got.append(record.instruction)

    with pytest.raises(ProviderError, match="wrong key"):
        await collect()
    assert got == ["Q0.0", "Q1.0"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_reply_may_hold_nothing() -> None:
    client = ScriptedProvider(lambda request: "none" if request.messages[-1].content.endswith("1") else "x")
    made = await outcome(Asker({"n": 3}), (), context(client))
    assert [record.instruction for record in made] == ["Q0.0", "Q2.0"]


async def test_without_a_model_it_says_what_to_do() -> None:
    with pytest.raises(StageError, match="asker: this stage asks a model, and it was given none; set `model:`"):
        await outcome(Asker({"n": 1}), (), context())


@pytest.mark.parametrize(
    ("limit", "each", "made", "asked"),
    [
        (0, 1, 0, 0),
        (1, 1, 1, 1),
        (7, 1, 7, 7),
        (20, 1, 20, 20),
        (99, 1, 20, 20),
        (7, 3, 7, 3),
        (6, 3, 6, 2),
        (1, 3, 1, 1),
    ],
)
async def test_a_limit_asks_no_more_than_it_needs(limit: int, each: int, made: int, asked: int) -> None:
    client = Unsteady()
    records = await outcome(Asker({"n": 20, "each": each}), ABOVE, context(client, limit))
    assert len(records) == len(ABOVE) + made
    assert sorted(questions(client)) == sorted(f"question {number}" for number in range(asked))


async def test_a_limit_goes_on_after_replies_without_records() -> None:
    client = ScriptedProvider(lambda request: "x" if request.messages[-1].content[-1] in "05" else "none")
    made = await outcome(Asker({"n": 30}), (), context(client, limit=3))
    assert [record.instruction for record in made] == ["Q0.0", "Q5.0", "Q10.0"]
    assert len(client.asked) == 11


async def test_dropped_candidates_count_towards_the_limit() -> None:
    """A limit bounds what is asked; how many are good enough is for `accept` to say."""
    client = ScriptedProvider(lambda _request: "bad")
    made = await outcome(Asker({"n": 30, "retries": 0}), (), context(client, limit=4))
    assert [record.drop.reason for record in made if record.drop] == ["unparsable"] * 4
    assert len(client.asked) == 4


class Particular(Asker):
    """Wants a schema and a sampler of its own."""

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        for prompt in super().prompts(context):
            assert isinstance(prompt, Prompt)
            yield Prompt(prompt.turns, prompt.item, '{"type":"object"}', Sampling(temperature=0.9, max_tokens=50))


async def test_schema_and_sampling_reach_the_model() -> None:
    client = ScriptedProvider(echo)
    await outcome(Particular({"n": 1}), (), context(client))
    assert client.asked[0].json_schema == '{"type":"object"}'
    assert client.asked[0].sampling == Sampling(temperature=0.9, max_tokens=50)


async def test_a_transformer_adds_children_in_their_parents_order() -> None:
    made = await outcome(Shout(), ABOVE, context(Unsteady()))
    assert made[:4] == list(ABOVE)
    assert [child.instruction for child in made[4:]] == [f"ABOVE {number}!" for number in range(4)]
    assert [child.origin.parents for child in made[4:]] == [(parent.id,) for parent in ABOVE]
    assert {child.origin.stage for child in made[4:]} == {"shout"}


async def test_a_transformer_takes_from_one_stage_only() -> None:
    stage = Shout()
    stage.takes = "other"
    other = single_turn("mine", "A", origin=Origin("other"))
    client = ScriptedProvider(echo)
    made = await outcome(stage, (*ABOVE, other), context(client))
    assert [record.instruction for record in made] == [*(r.instruction for r in ABOVE), "mine", "MINE!"]
    assert questions(client) == ["shout mine"]


async def test_a_transformer_that_is_given_nothing_makes_nothing() -> None:
    assert await outcome(Shout(), (), context(ScriptedProvider(echo))) == []


async def test_a_transformer_keeps_its_limit() -> None:
    client = ScriptedProvider(echo)
    made = await outcome(Shout(), ABOVE, context(client, limit=2))
    assert [record.instruction for record in made[4:]] == ["ABOVE 0!", "ABOVE 1!"]
    assert len(client.asked) == 2


class Siblings(Shout):
    """Names the parents itself, and makes children that need no model."""

    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        yield Prompt((Turn("user", "shout"),), item=record, parents=("r1-mother", record.id))
        yield single_turn(f"copy of {record.instruction}", "A", origin=Origin(parents=("r1-other",)))


async def test_parents_that_the_method_names_are_kept() -> None:
    made = await outcome(Siblings(), ABOVE[:1], context(ScriptedProvider(echo)))
    assert [child.origin.parents for child in made[1:]] == [("r1-mother", ABOVE[0].id), ("r1-other",)]


@pytest.mark.parametrize("retries", [-1, 11, "many"])
def test_retries_have_bounds(retries: object) -> None:
    with pytest.raises(ValueError, match="retries"):
        GeneratorOptions.model_validate({"retries": retries})
