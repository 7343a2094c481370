"""`curator run`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.llm.endpoint import Call as Request
from tests.llm.endpoint import reply
from tests.ui.conftest import Serve
from tests.ui.project import KEPT, MADE, PAIRS, change, pair, use_endpoint
from tests.ui.terminal import Call


def rows(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_shows_funnel_samples_and_what_it_wrote(project: Path, curator: Call) -> None:
    ended = curator("run")
    assert ended.code == 0, ended.err
    assert f"{KEPT} of {MADE} candidates accepted (80%)." in ended.out
    assert "1 below-threshold" in ended.out
    assert "3 requests answered;" in ended.out
    assert "Q: When does the ferry Alma leave Port Eld?" in ended.out
    assert f"{KEPT} records written to out/train.jsonl" in ended.out
    assert len(rows(project / "out" / "train.jsonl")) == KEPT


def test_talk_goes_to_stderr(project: Path, curator: Call) -> None:
    ended = curator("run")
    assert "Next: curator ls" in ended.err
    assert "Next" not in ended.out


def test_json_is_all_that_stdout_holds(project: Path, curator: Call) -> None:
    data = curator("run", "--json").data
    assert data["run"]["status"] == "done"
    assert data["run"]["recipe"]["name"] == "harbour-notes"
    assert data["candidates"] == {"kept": KEPT, "dropped": 1, "pending": 0}
    assert data["funnel"][-1] == {
        "stage": "grounded", "in": MADE, "made": 0, "dropped": {"below-threshold": 1}, "out": KEPT,
    }  # fmt: skip
    assert data["cost"]["requests"] == data["cost"]["bought"] == len(PAIRS)
    assert data["exported"] == [{"path": "out/train.jsonl", "written": KEPT, "refused": []}]
    assert data["shortfalls"] == []


def test_running_again_replays(ran: Path, curator: Call) -> None:
    data = curator("run", "--json").data
    assert (data["cost"]["requests"], data["cost"]["bought"]) == (len(PAIRS), 0)


def test_fresh_asks_anew_and_keeps_what_was_paid_for(ran: Path, curator: Call) -> None:
    ended = curator("run", "--fresh", "--json")
    assert ended.data["cost"]["bought"] == len(PAIRS)
    assert "Stored replies set aside, so that every model is asked anew: 3" in ended.err


def test_limit_bounds_every_stage_and_says_so(project: Path, curator: Call) -> None:
    ended = curator("run", "--limit", "1")
    assert "2 of 2 candidates accepted" in ended.out
    assert "limited to 1 candidate, and nothing was exported;" in ended.err


def test_a_quick_look_leaves_the_dataset_alone(project: Path, curator: Call) -> None:
    """`--limit` neither writes over what a whole run exported nor takes its place for `export`."""
    assert curator("run").code == 0
    whole = (project / "out" / "train.jsonl").read_bytes()
    assert curator("run", "--limit", "1").code == 0
    assert (project / "out" / "train.jsonl").read_bytes() == whole
    assert curator("export", "--out", "again.jsonl").code == 0
    assert (project / "again.jsonl").read_bytes() == whole


def test_set_changes_the_recipe_for_this_call(project: Path, curator: Call) -> None:
    data = curator("run", "--json", "--set", "stages.grounded.options.min=0", "--set", "seed=11").data
    assert data["candidates"]["kept"] == MADE
    assert data["run"]["recipe"]["seed"] == 11
    assert "seed: 3" in (project / "recipe.yaml").read_text(encoding="utf-8")


def test_options_are_variables_too(
    project: Path, curator: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CURATOR_WORKSPACE", str(project))
    monkeypatch.setenv("CURATOR_RUN_JSON", "1")
    monkeypatch.setenv("CURATOR_RUN_LIMIT", "1")
    monkeypatch.setenv("CURATOR_RUN_SET", "seed=11 name=other")
    data = curator("run").data
    assert (data["run"]["recipe"]["seed"], data["run"]["recipe"]["name"]) == (11, "other")
    assert data["candidates"]["kept"] == 2
    assert curator("run", "--limit", "3").data["candidates"]["kept"] == 4


def test_samples_can_be_left_out(project: Path, curator: Call) -> None:
    assert "Q: " not in curator("run", "--samples", "0").out


def test_a_model_of_known_price_needs_consent(project: Path, curator: Call, serve: Serve) -> None:
    price = "price: {input_usd_per_million: 1, output_usd_per_million: 2}"

    def answer(request: Request) -> object:
        return reply(next(pair(sentence) for sentence in PAIRS if sentence in request.question))

    with serve(answer) as endpoint:  # type: ignore[arg-type]
        use_endpoint(project, endpoint.url, price)
        refused = curator("run")
        assert refused.code == 3
        assert "may cost $0.00" in refused.error
        assert "--yes" in refused.error
        assert endpoint.calls == []
        agreed = curator("run", "--yes", "--json")
        assert agreed.code == 0, agreed.err
        assert len(endpoint.calls) == len(PAIRS)
    assert agreed.data["cost"]["usd"] == pytest.approx(len(PAIRS) * (11 * 1 + 7 * 2) / 1e6)


def test_a_model_of_unknown_price_needs_consent(project: Path, curator: Call) -> None:
    use_endpoint(project, "http://127.0.0.1:9/v1")
    ended = curator("run")
    assert ended.code == 3
    assert "an unknown amount" in ended.error


def test_a_dollar_limit_without_a_price_is_refused(project: Path, curator: Call) -> None:
    use_endpoint(project, "http://127.0.0.1:9/v1")
    ended = curator("run", "--yes", "--set", "budget.max_usd=1")
    assert ended.code == 2
    assert "max_usd cannot be kept" in ended.error


def test_the_budget_stops_the_run_and_raising_it_goes_on(project: Path, curator: Call) -> None:
    ended = curator("run", "--set", "budget.max_requests=2")
    assert ended.code == 3
    assert "2 of 2 requests are used" in ended.error
    assert "stopped by budget" in curator("status").out
    assert curator("run", "--json").data["cost"]["bought"] == 1


def test_nothing_accepted_shows_the_funnel_all_the_same(project: Path, curator: Call) -> None:
    change(project / "recipe.yaml", "unscored: keep", "unscored: drop")
    change(project / "recipe.yaml", "min: 0.8", "min: 2")
    nothing = curator("run")
    assert nothing.code == 1
    assert "nothing to write" in nothing.error
    assert f"0 of {MADE} candidates accepted (0%)." in nothing.out


def test_a_wanted_number_that_cannot_be_reached_is_said(project: Path, curator: Call) -> None:
    ended = curator("run", "--set", "stages.book-qa.accept=3")
    assert ended.code == 0
    assert "Short: book-qa: 2 of the 3 wanted records were accepted" in ended.err
