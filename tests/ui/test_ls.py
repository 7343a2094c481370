"""`curator ls`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.project import KEPT, MADE
from tests.ui.terminal import Call
from ui.cli.ls import parse_condition


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("", MADE),
        ("--status kept", KEPT),
        ("--status dropped", 1),
        ("--status pending", 0),
        ("--stage seeds", 2),
        ("--stage book-qa", 3),
        ("--dropped-by grounded", 1),
        ("--dropped-by grounding", 0),
        ("--reason below-threshold", 1),
        ("--reason nonsense", 0),
        ("--score grounding<0.8", 1),
        ("--score grounding>=0.8", 2),
        ("--score grounding>=0.8 --score grounding<0.8", 0),
        ("--stage book-qa --status kept", 2),
        ("-n 2", 2),
    ],
)
def test_filters(arguments: str, found: int, ran: Path, curator: Call) -> None:
    ended = curator("ls", "--json", *arguments.split())
    assert ended.code == 0
    assert len(ended.data) == found


def test_ids_are_for_other_commands(ran: Path, curator: Call) -> None:
    """`--ids` prints what `show` takes, and nothing else."""
    ended = curator("ls", "--ids", "--status", "kept", "-n", "2")
    listed = ended.out.split()
    assert [record["id"] for record in curator("ls", "--json", "--status", "kept", "-n", "2").data] == listed
    assert curator("show", listed[0]).code == 0


def test_a_row_says_what_became_of_it(ran: Path, curator: Call) -> None:
    out = curator("ls").out
    assert "How many bells hang in the" in out
    assert "grounded: below-threshold" in out
    assert f"{MADE} of {MADE} shown." in out
    assert f"1 of {MADE} shown; -n shows more." in curator("ls", "-n", "1").out


def test_no_record_is_no_error(ran: Path, curator: Call) -> None:
    assert curator("ls", "--reason", "nonsense").out == "0 of 0 shown.\n"


def test_json_has_roles_labels_and_scores_by_name(ran: Path, curator: Call) -> None:
    [row] = curator("ls", "--json", "--status", "dropped").data
    assert row["id"].startswith("r1-")
    assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]
    assert row["origin"]["labels"]["question_type"] == "factoid"
    assert row["origin"]["source"]["evidence"] == "Nine bells hang in the tower above the fish market."
    assert row["drop"]["reason"] == "below-threshold"
    assert "grounding" in {score["name"] for score in row["scores"]}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--stage", "book-q"), "no stage 'book-q'; did you mean 'book-qa'?"),
        (("--dropped-by", "grunded"), "no stage 'grunded'; did you mean 'grounded'?"),
        (("--score", "groundin<1"), "the score 'groundin'; did you mean 'grounding'?"),
        (("--score", "grounding"), "as in 'grounding<0.5'"),
        (("--score", "grounding<low"), "as in 'grounding<0.5'"),
        (("--score", "grounding!1"), "as in 'grounding<0.5'"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(
    arguments: tuple[str, ...], says: str, ran: Path, curator: Call
) -> None:
    ended = curator("ls", *arguments)
    assert ended.code == 2
    assert says in ended.error


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("grounding<0.5", ("grounding", "<", 0.5)),
        (" judge.accuracy >= 4 ", ("judge.accuracy", ">=", 4.0)),
        ("self-containment=1", ("self-containment", "=", 1.0)),
        ("x>-2", ("x", ">", -2.0)),
    ],
)
def test_conditions(text: str, parts: tuple[str, str, float]) -> None:
    assert tuple(parse_condition(text)) == parts
