"""`curator plan`."""

from __future__ import annotations

from pathlib import Path

from tests.ui.project import PAIRS, use_endpoint
from tests.ui.terminal import Call

PRICE = "price: {input_usd_per_million: 1000, output_usd_per_million: 1000}"


def test_a_plan_asks_nothing_and_writes_nothing(project: Path, curator: Call) -> None:
    ended = curator("plan")
    assert ended.code == 0
    assert "harbour-notes: 4 stages, 1 source of " in ended.out
    assert "scripted/default" in ended.out
    assert "In all: $0." in ended.out
    assert not (project / "curator.db").exists()


def test_json_has_low_and_high(project: Path, curator: Call) -> None:
    data = curator("plan", "--json").data
    asking = {stage["stage"]: stage for stage in data["stages"]}["book-qa"]
    assert asking["requests"] == {"low": len(PAIRS), "high": 2 * len(PAIRS)}
    assert data["usd"] == {"low": 0, "high": 0}
    assert data["models"] == {"writer": {"label": "scripted/default", "reason": ""}}


def test_limit_lowers_the_price(project: Path, curator: Call) -> None:
    use_endpoint(project, "http://127.0.0.1:9/v1", PRICE)
    whole, limited = curator("plan", "--json").data, curator("plan", "--json", "--limit", "1").data
    assert 0 < limited["usd"]["high"] < whole["usd"]["high"]


def test_prices_and_budget_are_said(project: Path, curator: Call) -> None:
    use_endpoint(project, "http://127.0.0.1:9/v1", PRICE)
    out = curator("plan", "--set", "budget.max_usd=2.5").out
    assert "Budget: max_usd 2.5; the run stops before it is crossed." in out
    assert "openai/alpha" in out


def test_an_unknown_price_is_said(project: Path, curator: Call) -> None:
    use_endpoint(project, "http://127.0.0.1:9/v1")
    assert "In all: unknown." in curator("plan").out


def test_a_change_that_means_nothing_is_refused(project: Path, curator: Call) -> None:
    ended = curator("plan", "--set", "stages.book-q.options.per_chunk=2")
    assert ended.code == 2
    assert "no entry 'book-q'; did you mean 'book-qa'?" in ended.error
