"""`accept`: as many records as wanted, no more, and an honest word when there are fewer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from curator.llm.scripted import ScriptedProvider
from curator.record import Record, single_turn
from curator.run import Progress
from curator.stage import Context, Rejection, Selector, Stage, StageOptions
from curator.store import FunnelRow
from tests.run.samples import Divides, carry_out, funnel, kept, names, plan_of
from tests.stage.samples import Asker, Mend, Shout, Unsteady, echo

THIRDS = {"by": 3}


class Chosen(Selector[StageOptions]):
    """Keeps the answers to the questions whose number is chosen."""

    name: ClassVar[str] = "chosen"

    def __init__(self, choose: Callable[[int], bool]) -> None:
        super().__init__()
        self._choose = choose

    def decide(self, record: Record, context: Context) -> Rejection | None:
        return None if self._choose(int(record.origin.label("number"))) else Rejection("not-chosen")


def accepting(folder: Path, wanted: int, *stages: Stage[Any], **use: Any) -> Any:
    """Return a plan whose first stage is to have `wanted` records accepted."""
    return plan_of(folder, *stages, uses={stages[0].key: {"accept": wanted, **use}})


@pytest.mark.parametrize("wanted", [1, 4, 10])
async def test_exactly_as_many_as_wanted(wanted: int, tmp_path: Path) -> None:
    """Every third candidate survives, so more than the first guess have to be made, in several passes."""
    progress = Progress()
    plan = accepting(tmp_path, wanted, Asker({"n": 500}), Divides(THIRDS))
    client = Unsteady()
    result = await carry_out(plan, client, progress=progress)
    assert names(kept(tmp_path)) == [f"Q{3 * number}.0" for number in range(wanted)]
    assert result.shortfalls == ()
    assert len(client.asked) == len({request.messages for request in client.asked}) <= 5 * wanted
    assert progress.requests == len(client.asked)


async def test_the_last_pass_makes_more_than_enough_and_says_which_were_too_many(tmp_path: Path) -> None:
    plan = accepting(tmp_path, 4, Asker({"n": 500}), Divides(THIRDS))
    await carry_out(plan, ScriptedProvider(echo))
    # Pass 1: 4 made, 2 survive; a yield of one half asks for 2 / (2 / 4) = 4 more.
    # Pass 2: 8 made, 3 survive (0, 3, 6); 1 / (3 / 8) asks for 3 more. Pass 3: 11 made, 4 survive.
    assert funnel(tmp_path)[0] == FunnelRow("asker", 0, 11, (), 11)
    plan = accepting(tmp_path, 5, Asker({"n": 500}), Divides({"by": 1}), candidates=50)
    await carry_out(plan, ScriptedProvider(echo))
    assert funnel(tmp_path)[0].made == 5  # everything survives, so the first pass is enough


async def test_what_survives_after_enough_have_is_surplus(tmp_path: Path) -> None:
    """Half survive in pass 1 (0), so 8 are made in pass 2, and all of the new ones survive: more than were missing."""

    def late(record_number: int) -> bool:
        return record_number in (0, 1) or record_number >= 4

    plan = accepting(tmp_path, 4, Asker({"n": 100}), Chosen(late))
    await carry_out(plan, ScriptedProvider(echo))
    surplus = [record for record in kept(tmp_path, "dropped") if record.drop and record.drop.reason == "surplus"]
    assert names(kept(tmp_path)) == ["Q0.0", "Q1.0", "Q4.0", "Q5.0"]
    assert names(surplus) == ["Q6.0", "Q7.0"]
    assert {record.drop.detail for record in surplus if record.drop} == {"4 of asker were accepted before it"}
    assert {record.drop.stage for record in surplus if record.drop} == {"chosen"}
    assert funnel(tmp_path) == [
        FunnelRow("asker", 0, 8, (), 8),
        FunnelRow("chosen", 8, 0, (("not-chosen", 2), ("surplus", 2)), 4),
    ]


async def test_only_the_gate_decides(tmp_path: Path) -> None:
    """`divides` is the gate, so what `strict` drops below it is not made up for."""
    stages = (Asker({"n": 100}), Divides(), Divides({"by": 4}, key="strict"))
    plan = accepting(tmp_path, 4, *stages, gate=["divides"])
    result = await carry_out(plan, ScriptedProvider(echo))
    assert funnel(tmp_path)[1].left == 4  # 0, 2, 4, 6
    assert names(kept(tmp_path)) == ["Q0.0", "Q4.0"]
    assert result.shortfalls == ()


async def test_without_a_gate_all_stages_decide(tmp_path: Path) -> None:
    stages = (Asker({"n": 100}), Divides(), Divides({"by": 4}, key="strict"))
    await carry_out(accepting(tmp_path, 4, *stages), ScriptedProvider(echo))
    assert names(kept(tmp_path)) == ["Q0.0", "Q4.0", "Q8.0", "Q12.0"]


async def test_stages_below_the_gate_run_once(tmp_path: Path) -> None:
    """What is expensive below the gate sees the final records only."""
    stages = (Asker({"n": 100}), Divides(THIRDS), Shout())
    client = ScriptedProvider(echo)
    await carry_out(accepting(tmp_path, 3, *stages, gate=["divides"]), client)
    shouted = [request.messages[-1].content for request in client.asked if "shout" in request.messages[-1].content]
    assert shouted == ["shout Q0.0", "shout Q3.0", "shout Q6.0"]


@pytest.mark.parametrize(
    ("options", "use", "limit", "why"),
    [
        ({"n": 6}, {}, None, "2 of the 5 wanted records were accepted, from 6 candidates; it has nothing more to make"),
        (
            {"n": 99},
            {"candidates": 7},
            None,
            "3 of the 5 wanted records were accepted, from 7 candidates; its candidate budget",
        ),
        ({"n": 99}, {}, 8, "3 of the 5 wanted records were accepted, from 8 candidates; this run is limited to 8"),
        ({"n": 99}, {}, 2, "1 of the 5 wanted records were accepted, from 2 candidates; this run is limited to 2"),
        ({"n": 0}, {}, None, "0 of the 5 wanted records were accepted, from 0 candidates; it has nothing more to make"),
    ],
)
async def test_a_shortfall_is_said(
    options: dict[str, int], use: dict[str, int], limit: int | None, why: str, tmp_path: Path
) -> None:
    plan = accepting(tmp_path, 5, Asker(options), Divides(THIRDS), **use)
    result = await carry_out(plan, ScriptedProvider(echo), limit=limit)
    (shortfall,) = result.shortfalls
    assert f"asker: {why}" in shortfall
    assert (result.run.status, result.run.note) == ("done" if limit is None else "limited", shortfall)


async def test_a_yield_of_nothing_ends_at_the_budget(tmp_path: Path) -> None:
    plan = accepting(tmp_path, 2, Asker({"n": 999, "retries": 0}), Divides())
    client = ScriptedProvider(lambda _request: "bad")
    result = await carry_out(plan, client)
    assert len(client.asked) == 10  # 5 candidates for each wanted record
    assert "0 of the 2 wanted" in result.shortfalls[0]


async def test_the_result_does_not_depend_on_who_was_faster(tmp_path: Path) -> None:
    stages = (Asker({"n": 200}), Divides(THIRDS), Shout(), Divides({"by": 1}, key="all"))
    for folder, client, at_once in (("a", ScriptedProvider(echo), 1), ("b", Unsteady(), 3), ("c", Unsteady(), 64)):
        await carry_out(accepting(tmp_path / folder, 9, *stages, gate=["divides"]), client, max_concurrency=at_once)
    everything = kept(tmp_path / "a", "all")
    assert len(kept(tmp_path / "a")) == 18
    assert kept(tmp_path / "b", "all") == everything
    assert kept(tmp_path / "c", "all") == everything


async def test_two_stages_may_each_want_some(tmp_path: Path) -> None:
    stages = (Asker({"n": 90}), Asker({"n": 90, "ready": 2}, key="other"), Divides({"by": 5}))
    uses: dict[str, dict[str, Any]] = {"asker": {"accept": 2, "gate": ["divides"]}, "other": {"accept": 4}}
    result = await carry_out(plan_of(tmp_path, *stages, uses=uses), Unsteady())
    by_stage = {stage: [r for r in kept(tmp_path) if r.origin.stage == stage] for stage in ("asker", "other")}
    assert names(by_stage["asker"]) == ["Q0.0", "Q5.0"]
    assert len(by_stage["other"]) == 4
    assert result.shortfalls == ()


async def test_running_again_asks_nothing(tmp_path: Path) -> None:
    plan = accepting(tmp_path, 5, Asker({"n": 500}), Divides(THIRDS))
    await carry_out(plan, Unsteady())
    before, again = kept(tmp_path, "all"), Unsteady()
    await carry_out(plan, again)
    assert (again.asked, kept(tmp_path, "all")) == ([], before)


async def test_a_child_that_takes_its_parents_place_counts_for_it(tmp_path: Path) -> None:
    """Of three candidates one is thrown out by `divides`; the two that stay are mended, and count as the asker's."""
    plan = accepting(tmp_path, 3, Asker({"n": 50}), Mend(), Divides({"by": 2}))
    result = await carry_out(plan, Unsteady())
    assert names(kept(tmp_path)) == [f"Q{number}.0, mended" for number in (0, 2, 4)]
    assert result.shortfalls == ()
    assert ("superseded", 5) in funnel(tmp_path)[1].dropped


async def test_what_cannot_be_mended_counts_itself(tmp_path: Path) -> None:
    plan = accepting(tmp_path, 2, Asker({"n": 50}), Mend())
    await carry_out(plan, ScriptedProvider(lambda request: "same" if "mend" in request.messages[-1].content else "yes"))
    assert names(kept(tmp_path)) == ["Q0.0", "Q1.0"]


async def test_a_child_that_equals_another_record_is_identical_whichever_reply_comes_first(tmp_path: Path) -> None:
    """`Q1.0` is mended into what `ready` made already; that one stays, the child is counted as identical."""

    class Twins(Asker):
        def prompts(self, context: Context) -> Any:
            yield from super().prompts(context)
            yield single_turn("Q1.0, mended", "better")

    answers = {"mend Q1.0, mended": "same"}
    for run in range(5):
        folder = tmp_path / str(run)
        folder.mkdir()
        client = Unsteady(lambda request: answers.get(request.messages[-1].content, "better"))
        await carry_out(plan_of(folder, Twins({"n": 4}), Mend()), client)
        assert names(kept(folder)) == ["Q1.0, mended", "Q0.0, mended", "Q2.0, mended", "Q3.0, mended"]
        assert dict(funnel(folder)[1].dropped) == {"superseded": 4, "identical": 1, "same": 1}
