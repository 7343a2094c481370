"""Preference pairs: which answer is better, by whom, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from curator.errors import PluginError, StageError
from curator.formats.preference import Preference as PreferenceFormat
from curator.llm.base import ChatReply, ChatRequest
from curator.llm.scripted import ScriptedProvider
from curator.record import Origin, Record, Turn, single_turn
from curator.stage import Context
from curator.text.document import Document
from curator.text.prompt import PromptFolder
from generators.answers.ratings import ASPECTS, Judge, rating_in, ratings_in
from generators.preference import Preference
from tests.stage.samples import Unsteady, model_of, outcome

ASKED = single_turn("How many posts are there?", "There are ten posts.", origin=Origin("above"))

Script = Callable[[ChatRequest], str | ChatReply] | Sequence[str | Exception]
WORTH = {"Ten.": 5, "Nine.": 3, "Who knows.": 1, "Dix.": 5}

GOLD = {
    "Red and blue.": {"instruction-following": 5},
    "Bread is made of flour and water.": {"instruction-following": 1},
    "A week has seven days.": dict.fromkeys(ASPECTS, 5),
    "A spider has four legs.": {"truthfulness": 1},
    "Nobody can know that so early; it is usually cold there in winter.": {"honesty": 5},
    "You certainly had eggs.": {"honesty": 1},
    "Keep it in a paper bag at room temperature, and freeze what you cannot eat in three days.": {"helpfulness": 5},
    "Eggs are food.": {"helpfulness": 1},
    "A spider certainly has four legs.": {
        "instruction-following": 4,
        "truthfulness": 1,
        "honesty": 1,
        "helpfulness": 1,
    },
}
"""What people say each demonstration answer is worth; written down apart from the prompts."""


def judge(request: ChatRequest) -> str:
    """Rate an answer as `WORTH` says, and what it does not know not at all."""
    answer = request.messages[-1].content.split("<answer>\n")[1].split("\n</answer>")[0]
    worth = WORTH.get(answer)
    return f"Rationale: by the list.\nRating: {worth}" if worth else "I cannot tell."


def context(limit: int | None = None, **scripts: Script) -> Context:
    """Return the surroundings; the models are named as the scripts, `own` the stage's."""
    models = {name: model_of(ScriptedProvider(script, model=name)) for name, script in scripts.items()}
    return Context("preference", 7, model=models.pop("own", None), others=models, limit=limit)


async def made(options: dict[str, Any], *records: Record, limit: int | None = None, **scripts: Script) -> list[Record]:
    """Return what comes of records, the parents left out."""
    parents = records or (ASKED,)
    found = await outcome(Preference(options), parents, context(limit, **scripts))
    assert found[: len(parents)] == list(parents)
    return found[len(parents) :]


def fate(record: Record) -> tuple[str, str | None, str]:
    """Return a record's two answers and why it was dropped."""
    return record.response, record.rejected, record.drop.reason if record.drop else ""


async def test_the_better_answer_is_chosen_and_the_worse_rejected() -> None:
    (pair,) = await made({"judge": "judge"}, own=["Nine.", "Ten."], judge=judge)
    assert fate(pair) == ("Ten.", "Nine.", "")
    assert pair.messages[:-1] == ASKED.messages[:1]
    assert pair.origin.parents == (ASKED.id,)
    labels = dict(pair.origin.labels)
    assert (labels["chosen_rating"], labels["rejected_rating"]) == ("5", "3")
    assert (labels["judge"], labels.get("judge_is_writer")) == ("scripted/judge", None)
    assert labels["chosen_note"] == "instruction-following 5, truthfulness 5, honesty 5, helpfulness 5"
    assert len(pair.origin.further_replies) == 1 + 2 * len(ASPECTS)


async def test_a_pair_can_be_written_as_preference() -> None:
    (pair,) = await made({"judge": "judge"}, own=["Nine.", "Ten."], judge=judge)
    row = PreferenceFormat().write_row(pair)
    assert (row["chosen"][0]["content"], row["rejected"][0]["content"]) == ("Ten.", "Nine.")
    assert PreferenceFormat().read_row(row).id == pair.id


async def test_each_aspect_is_a_question_of_its_own_with_the_reason_first() -> None:
    seen: list[ChatRequest] = []

    def noting(request: ChatRequest) -> str:
        seen.append(request)
        return judge(request)

    await made({"judge": "judge"}, own=["Nine.", "Ten."], judge=noting)
    assert len(seen) == 2 * len(ASPECTS)
    assert {request.sampling.temperature for request in seen} == {0}
    for request in seen:
        demonstrations = [turn.content for turn in request.messages if turn.role == "assistant"]
        assert len(demonstrations) == 2
        assert all(text.index("Rationale:") < text.index("Rating:") for text in demonstrations)


async def test_the_rating_is_the_mean_of_the_aspects() -> None:
    def uneven(request: ChatRequest) -> str:
        true = "truth" in request.messages[0].content.split("\n")[1] or "true?" in request.messages[0].content
        return f"Rating: {1 if true and 'Nine' in request.messages[-1].content else 5}"

    (pair,) = await made({"judge": "judge"}, own=["Nine.", "Ten."], judge=uneven)
    assert (pair.origin.label("chosen_rating"), pair.origin.label("rejected_rating")) == ("5", "4")


async def test_all_aspects_at_once_cost_one_question_an_answer() -> None:
    asked: list[ChatRequest] = []

    def joint(request: ChatRequest) -> str:
        asked.append(request)
        worth = 4 if "Ten." in request.messages[-1].content else 2
        return "Rationale: so.\n" + "\n".join(f"{aspect}: {worth}" for aspect in ASPECTS)

    (pair,) = await made({"judge": "judge", "rating": "joint"}, own=["Nine.", "Ten."], judge=joint)
    assert (fate(pair), len(asked)) == (("Ten.", "Nine.", ""), 2)


async def test_a_ten_where_a_one_was_meant_never_wins() -> None:
    def botched(request: ChatRequest) -> str:
        return "Rating: 10" if "Nine." in request.messages[-1].content else "Rating: 2"

    records = await made({"n": 3, "judge": "judge", "retries": 0}, own=["Nine.", "Ten.", "Two."], judge=botched)
    assert [fate(record) for record in records] == [("Ten.", "Two.", "tie"), ("Nine.", None, "unrated")]


async def test_writers_take_turns_and_the_judge_may_be_one_of_them() -> None:
    (pair,) = await made({"writers": ["a", "b"]}, a=["Nine."], b=["Ten."], own=judge)
    assert fate(pair) == ("Ten.", "Nine.", "")
    assert pair.origin.label("chosen_model") == "scripted/b"
    assert pair.origin.label("rejected_model") == "scripted/a"
    assert pair.origin.label("judge_is_writer") == ""

    def both(request: ChatRequest) -> str:
        return judge(request) if "You rate" in request.messages[0].content else ("Ten." if request.sample else "Nine.")

    (own,) = await made({}, own=both)
    assert own.origin.label("judge_is_writer") == "yes"
    assert Preference({"writers": ["a", "b"], "judge": "a"}).also_asks() == ("a", "b")


async def test_equal_ratings_make_no_pair() -> None:
    (pair,) = await made({"judge": "judge"}, own=["Ten.", "Dix."], judge=judge)
    assert fate(pair) == ("Ten.", "Dix.", "tie")


@pytest.mark.parametrize(("margin", "reason"), [(0, ""), (2, ""), (2.5, "tie")])
async def test_a_margin_may_be_asked_for(margin: float, reason: str) -> None:
    (pair,) = await made({"judge": "judge", "margin": margin}, own=["Nine.", "Ten."], judge=judge)
    assert fate(pair) == ("Ten.", "Nine.", reason)


async def test_equal_answers_make_no_pair() -> None:
    (single,) = await made({"n": 3}, own=lambda _request: "Ten.")
    assert fate(single) == ("Ten.", None, "single-answer")


async def test_every_answer_is_kept() -> None:
    replies = ["Nine.", "Who knows.", "Ten.", "What?"]
    records = await made({"n": 4, "judge": "judge", "retries": 0}, own=replies, judge=judge)
    assert [fate(record) for record in records] == [
        ("Ten.", "Who knows.", ""),
        ("Nine.", None, "not-paired"),
        ("What?", None, "unrated"),
    ]
    assert sorted([*(r.response for r in records), records[0].rejected or ""]) == sorted(replies)


async def test_the_rejected_one_may_be_drawn() -> None:
    drawn = set()
    for number in range(12):
        parent = single_turn(f"Question {number}?", "")
        options = {"n": 3, "judge": "judge", "rejected": "random"}
        records = await made(options, parent, own=["Nine.", "Who knows.", "Ten."], judge=judge)
        again = await made(options, parent, own=["Nine.", "Who knows.", "Ten."], judge=judge)
        assert records == again
        assert records[0].response == "Ten."
        drawn.add(records[0].rejected)
    assert drawn == {"Nine.", "Who knows."}


async def test_the_reference_decides() -> None:
    (pair,) = await made({"by": "reference"}, own=["No posts at all.", "Ten posts there are."])
    assert fate(pair) == ("Ten posts there are.", "No posts at all.", "")
    assert await made({"by": "reference"}, single_turn("Unanswered?", ""), own=[]) == []


async def test_a_registered_measure_decides() -> None:
    fog = Document("fog.txt", "Fog is measured with ten white posts on the Post Path.")
    world = Context(
        "preference",
        documents=(fog,),
        model=model_of(ScriptedProvider(["With nine black buckets.", "With ten white posts."])),
    )
    *_, pair = await outcome(Preference({"by": "grounding", "grounded": True}), (ASKED,), world)
    assert fate(pair) == ("With ten white posts.", "With nine black buckets.", "")
    assert pair.origin.label("rated_by") == "grounding"
    assert pair.origin.source is not None


@pytest.mark.parametrize(
    ("by", "error", "message"),
    [
        ("judgement", PluginError, "no stage 'judgement'"),
        ("heuristics.response_words", StageError, "neither more nor less is better"),
        ("threshold", StageError, "no evaluator"),
    ],
)
def test_what_cannot_decide_is_refused_before_the_run(by: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Preference({"by": by}).check(Context())


async def test_unreadable_answers_leave_a_dropped_record() -> None:
    (record,) = await made({"retries": 0}, own=["", ""])
    assert record.drop is not None
    assert record.drop.reason == "unparsable"
    cut = ChatReply("Ten and", "length")
    records = await made({}, own=lambda request: "Ten." if request.sample else cut)
    assert [fate(record) for record in records] == [
        ("Ten.", None, "single-answer"),
        ("Ten and", None, "cut-off"),
    ]


async def test_lineage_makes_pairs_without_asking() -> None:
    parent = single_turn("How many?", "Nine.")
    child = single_turn("How many?", "Ten.", origin=Origin("evol", parents=(parent.id,)))
    other = single_turn("How much?", "Ten.", origin=Origin("evol", parents=(parent.id,)))
    same = single_turn("How many?", "Nine.", rejected="x", origin=Origin("evol", parents=(parent.id,)))
    records = (parent, child, other, same)
    (pair,) = await made({"pairs": "lineage"}, *records)
    assert fate(pair) == ("Ten.", "Nine.", "")
    assert pair.origin.parents == (child.id, parent.id)
    assert pair.origin.method == "preference"
    (spoilt,) = await made({"pairs": "lineage", "better": "parent"}, *records)
    assert fate(spoilt) == ("Nine.", "Ten.", "")
    assert await made({"pairs": "lineage"}, *records, limit=0) == []


def test_a_judge_is_named_for_judging_only() -> None:
    with pytest.raises(ValidationError, match="by: judge"):
        Preference({"by": "reference", "judge": "judge"})


async def test_the_same_comes_of_any_order_of_replies() -> None:
    def answers(request: ChatRequest) -> str:
        if "You rate" in request.messages[0].content:
            return f"Rating: {len(request.messages[-1].content) % 5 + 1}"
        return f"{request.messages[-1].content}{'!' * request.sample}"

    records = [single_turn(f"Question {'?' * number}", "") for number in range(5)]
    runs = [
        await outcome(Preference({"n": 4}), records, Context("p", model=model_of(Unsteady(answers)))) for _ in range(3)
    ]
    assert runs[0] == runs[1] == runs[2]


def _judge_prompts() -> list[tuple[str, Turn, Turn]]:
    """Return every demonstration that a judge is shown, as (aspect, question, verdict)."""
    folder: PromptFolder = Preference().prompt_folder(Context())
    shown = []
    for aspect in (*ASPECTS, ""):
        turns = Judge(folder, model="", joint=not aspect)._prompt(single_turn("Q", "A"), aspect).turns[1:-1]
        shown += [(aspect, ask, say) for ask, say in zip(turns[::2], turns[1::2], strict=True)]
    return shown


@pytest.mark.parametrize(("aspect", "asked", "verdict"), _judge_prompts())
def test_every_demonstration_of_the_judge_has_its_gold_label(aspect: str, asked: Turn, verdict: Turn) -> None:
    answer = asked.content.split("<answer>\n")[1].split("\n</answer>")[0]
    gold = GOLD[answer]
    if aspect:
        assert rating_in(verdict.content) == gold[aspect]
    else:
        assert ratings_in(verdict.content) == gold


async def test_unread_and_equal_answers_and_all_verdicts_are_kept() -> None:
    cut = ChatReply("Ten and", "length")
    replies: list[str | ChatReply] = ["Nine.", "", "Ten.", cut, "Who knows.", "Ten.", "What?", cut]
    options = {"n": 8, "judge": "judge", "retries": 0}
    records = await made(options, own=lambda request: replies[request.sample], judge=judge)
    assert [fate(record)[2] for record in records] == ["", "not-paired", "unrated", "cut-off", "unparsable"]
    keys = [key for r in records for key in (r.origin.reply_key, *r.origin.further_replies)]
    assert len(keys) == len(set(keys)) == len(replies) + 4 * len(ASPECTS)


async def test_an_unread_answer_is_kept_beside_the_only_one() -> None:
    records = await made({"retries": 0}, own=["", "Ten."])
    assert [fate(record)[2] for record in records] == ["single-answer", "unparsable"]


async def test_a_lineage_without_pairs_says_what_is_lacking() -> None:
    seed = single_turn("How many?", "Nine.")
    orphan = single_turn("How much?", "Ten.", origin=Origin("evol", parents=("r1-gone",)))
    other = single_turn("How long?", "Ten.", origin=Origin("evol", parents=(seed.id,)))
    unanswered = single_turn("How?", "")
    records = await made({"pairs": "lineage"}, seed, orphan, other, unanswered)
    assert [record.drop.detail.split("; ")[0] for record in records if record.drop] == [
        "it names no parent",
        "its parent is not among the records above",
        "its parent asks something else, or answers the same",
    ]
    assert {(record.drop.reason, record.origin.stage) for record in records if record.drop} == {
        ("no-pair", "preference")
    }
    assert [record.origin.parents for record in records] == [(seed.id,), (orphan.id,), (other.id,)]
    assert len(await made({"pairs": "lineage"}, seed, orphan, limit=1)) == 1
