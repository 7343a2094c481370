"""Methods that ask several questions for one record, and children that take their parent's place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pytest

from curator.errors import StageError
from curator.llm.base import ChatRequest
from curator.llm.scripted import ScriptedProvider
from curator.record import Record, Turn, single_turn
from curator.stage import Context, Prompt
from tests.stage.samples import Debate, Mend, Shout, Unsteady, echo, model_of, outcome

ABOVE = tuple(single_turn(f"above {number}", "answer") for number in range(4))


def context(client: ScriptedProvider, critic: ScriptedProvider | None = None, limit: int | None = None) -> Context:
    others = {"critic": model_of(critic)} if critic else {}
    return Context("mend", recipe_hash="r" * 16, model=model_of(client), others=others, limit=limit)


async def test_a_record_of_two_questions_names_both_replies() -> None:
    client, critic = ScriptedProvider(echo, model="writer"), ScriptedProvider(echo, model="critic")
    made = await outcome(Debate({"n": 2}), (), context(client, critic))
    assert [record.response for record in made] == [f"echo of criticise echo of question {n}" for n in range(2)]
    first = made[0].origin
    assert (first.model, first.label("number")) == ("scripted/writer", "0")
    assert first.reply_key == client.asked[0].key(client.identity)
    assert first.further_replies == (critic.asked[0].key(critic.identity),)


async def test_what_a_further_question_ends_is_kept_with_its_words() -> None:
    critic = ScriptedProvider(lambda _request: "nice")
    (made,) = await outcome(Debate({"n": 1, "retries": 2}), (), context(ScriptedProvider(echo), critic))
    assert made.drop is not None
    assert (made.drop.reason, made.drop.detail) == ("unparsable", "that is no criticism")
    assert made.messages[-1].content == "nice"
    assert len(made.origin.further_replies) == 1
    assert [request.sample for request in critic.asked] == [0, 1, 2]


async def test_a_model_that_was_not_lent_is_named() -> None:
    with pytest.raises(StageError, match="'critic'"):
        await outcome(Debate({"n": 1}), (), context(ScriptedProvider(echo)))


async def test_draws_do_not_meet_the_retries_of_other_draws() -> None:
    client = ScriptedProvider(lambda _request: "nice")
    stage = Debate({"n": 1, "retries": 1})
    (prompt,) = stage.prompts(context(client))
    assert not isinstance(prompt, Record)

    def unreadable(_reply: object) -> str:
        from curator.errors import UnparsableReply

        raise UnparsableReply("never")

    for sample in range(3):
        await stage.ask(prompt, context(client), unreadable, sample=sample)
    assert [request.sample for request in client.asked] == [0, 1, 2, 3, 4, 5]


async def test_a_child_takes_its_parents_place() -> None:
    def answers(request: ChatRequest) -> str:
        return {"mend above 1": "bad", "mend above 2": "same"}.get(request.messages[-1].content, "better")

    made = await outcome(Mend(), ABOVE, context(Unsteady(answers)))
    assert [(record.instruction, record.drop.reason if record.drop else "") for record in made if record.response] == [
        ("above 0", "superseded"),
        ("above 0, mended", ""),
        ("above 1", ""),
        ("mend above 1", "unparsable"),
        ("above 2", ""),
        ("above 2, mended", "same"),
        ("above 3", "superseded"),
        ("above 3, mended", ""),
    ]
    heir = made[1]
    assert made[0].drop is not None
    assert made[0].drop.detail == f"by {heir.id}"
    assert heir.origin.parents == (ABOVE[0].id,)


async def test_only_the_named_stages_records_are_superseded() -> None:
    stage = Mend()
    stage.takes = "other"
    other = ABOVE[1].with_origin(stage="other")
    made = await outcome(stage, (ABOVE[0], other, ABOVE[2]), context(ScriptedProvider(echo)))
    assert [record.drop is not None for record in made] == [False, True, False, False]


@pytest.mark.parametrize("limit", [0, 1, 3])
async def test_a_limit_leaves_the_other_parents_in_place(limit: int) -> None:
    client = ScriptedProvider(echo)
    made = await outcome(Mend(), ABOVE, context(client, limit=limit))
    assert len(made) == len(ABOVE) + limit
    assert len(client.asked) == limit
    assert sum(record.drop is not None for record in made) == limit


async def test_two_questions_stay_in_order_however_replies_come() -> None:
    surroundings = context(Unsteady(), Unsteady())
    made = await outcome(Debate({"n": 40}), (), dataclasses.replace(surroundings))
    assert [record.instruction for record in made] == [f"Q{number}" for number in range(40)]


@pytest.mark.parametrize(("limit", "asked"), [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2), (9, 4)])
async def test_a_limit_counts_candidates_where_a_question_gives_several(limit: int, asked: int) -> None:
    class Two(Mend):
        def per_prompt(self) -> int:
            return 2

    client = ScriptedProvider(echo)
    await outcome(Two(), ABOVE, context(client, limit=limit))
    assert len(client.asked) == asked


async def test_a_question_without_a_fit_answer_is_dropped_with_it() -> None:
    class Answer(Mend):
        needs_heir = True

    answered, bare = ABOVE[0], single_turn("above 9", "")
    made = await outcome(Answer(), (answered, bare), context(ScriptedProvider(lambda _request: "same")))
    assert [record.drop.reason if record.drop else "" for record in made] == ["", "same", "no-fit-child", "same"]


async def test_a_limited_run_asks_about_each_parent_before_the_second_time() -> None:
    class Twice(Shout):
        def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
            for turn in range(2):
                yield Prompt((Turn("user", f"shout {record.instruction} {turn}"),), item=record)

    client = ScriptedProvider(echo)
    await outcome(Twice(), ABOVE[:3], context(client, limit=4))
    asked = [request.messages[-1].content for request in client.asked]
    assert asked == ["shout above 0 0", "shout above 1 0", "shout above 2 0", "shout above 0 1"]
