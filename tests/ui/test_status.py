"""`curator status`."""

from __future__ import annotations

from pathlib import Path

from tests.ui.project import KEPT, MADE, change
from tests.ui.terminal import Call


def test_the_funnel_of_the_latest_run(ran: Path, curator: Call) -> None:
    ended = curator("status")
    assert ended.code == 0
    assert "Run 1: done" in ended.out
    assert f"{KEPT} of {MADE} candidates accepted" in ended.out
    assert "ended 2" in ended.out


def test_json_is_that_of_the_run(ran: Path, curator: Call) -> None:
    run, status = curator("run", "--json").data, curator("status", "--json").data
    assert status == {key: run[key] for key in ("run", "candidates", "funnel", "cost")}


def test_a_failed_run_says_why_and_what_next(ran: Path, curator: Call) -> None:
    change(ran / "script.jsonl", '"contains": "Nine bells', '"status": 500, "contains": "Nine bells')
    assert curator("run", "--set", "models.writer.max_retries=0").code == 4
    ended = curator("status")
    assert ended.code == 0
    assert "Run 2: failed (" in ended.out
    assert "the latest that has is --run 1." in ended.err
    assert "`curator run` goes on from there" in ended.err


def test_an_earlier_run_by_its_number(ran: Path, curator: Call) -> None:
    assert curator("run", "--limit", "1").code == 0
    assert curator("status", "--run", "1", "--json").data["candidates"]["kept"] == KEPT
    assert curator("status", "--json").data["candidates"]["kept"] == 2
    refused = curator("status", "--run", "3")
    assert refused.code == 1
    assert "there is no run 3; the latest is 2" in refused.error


def test_no_run_yet(project: Path, curator: Call) -> None:
    ended = curator("status")
    assert ended.code == 1
    assert "make one with `curator run`" in ended.error
