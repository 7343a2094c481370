"""The handbook's scripts and function schemas say what the handbook says."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from curator.stage import Context, Prompt
from generators.code.snippets import read_code
from generators.tool_use import ToolUse
from generators.tools.schemas import read_functions

HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"


def script(name: str) -> dict[str, Any]:
    """Return the names that a script defines."""
    return runpy.run_path(str(HANDBOOK / "code" / f"{name}.py"))


def test_a_day_of_fleece_brings_what_the_handbook_says() -> None:
    fog = script("fog_yield")
    assert fog["litres_in_a_day"]("fleece") == 80_640
    assert sum(fog["NETS"].values()) == 336
    assert sum(fog["NETS"].values()) * fog["NET_AREA_M2"] == 16_128
    assert sum(fog["DAYS_IN_A_YEAR"].values()) == 365
    assert [fog["grade"](posts) for posts in (10, 9, 8, 7, 6, 4, 3, 2, 1, 0)] == [
        *("wisp", "wisp", "veil", "veil", "fleece", "fleece", "wool", "wool", "wall", "wall")
    ]


def test_shares_and_bills_are_the_handbooks() -> None:
    water = script("water_bill")
    assert water["daily_share"](6) == 250
    assert water["daily_share"](5, {"goat": 2, "hen": 9}) == 227
    assert water["in_marls"](water["bill_bits"](5_400, 180)) == "27 marls 60 bits"


def test_nobody_stands_two_watches_in_a_row() -> None:
    watches = script("watch_roster")
    assert watches["clashes"](365, watches["NET_HANDS"]) == []
    assert {count for _begins, count in watches["WATCHES"].values()} == {2, 3}


def test_snippets_can_be_drawn_from_the_scripts() -> None:
    files = read_code(HANDBOOK / "code")
    assert [file.name for file in files] == ["fog_yield.py", "watch_roster.py", "water_bill.py"]
    assert all(30 <= len(file.lines) <= 60 and file.language == "python" for file in files)


@pytest.mark.parametrize("order", ["call-first", "request-first"])
def test_every_function_of_the_handbook_can_be_called(order: str) -> None:
    stage = ToolUse({"tools": "tools.json", "order": order, "n": 60})
    context = Context("tool-use", 7, folder=HANDBOOK)
    stage.check(context)
    assert len(read_functions(HANDBOOK / "tools.json")) == 5
    assert sum(isinstance(prompt, Prompt) for prompt in stage.prompts(context)) >= 50
