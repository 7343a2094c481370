"""What a judge of two prompts says, and what is taken from it."""

from __future__ import annotations

import pytest

from curator.errors import UnparsableReply
from generators.evolution.verdicts import is_equal


@pytest.mark.parametrize(
    ("reply", "equal"),
    [
        ("Equal", True),
        ("equal.", True),
        ("**Equal**", True),
        ("Verdict: Equal", True),
        ("Yes", True),
        ("Yes, they are equal.", True),
        ("They are the same.", True),
        ("Not equal", False),
        ("Not Equal.", False),
        ("NOT EQUAL", False),
        ("Verdict: Not equal", False),
        ("No.", False),
        ("No, they are not equal.", False),
        ("They differ.", False),
        ("Unequal", False),
        ("They are not the same.", False),
        ("Equal\n\nBoth ask for a river; they do not differ.", True),
        ("The second adds a continent, where the first has equal depth otherwise. Verdict: Not equal", False),
        ("Both ask for a river, and neither goes further than the other in any way, so: Equal", True),
        ("<think>They look equal.</think>Not equal", False),
        ("Not identical", False),
        ("They aren’t equal.", False),
        ("The prompts aren't equal.", False),
        ("They are not exactly the same.", False),
        ("Not quite equal.", False),
        ("Not equivalent", False),
        ("They are equivalent.", True),
        ("They are identical", True),
        ("The two prompts are not asking for the same thing.", False),
        ("They cannot be considered equal.", False),
        ("They are far from identical.", False),
        ("They do not differ.", True),
        ("There is no difference between the two.", True),
        ("They are equal, not different.", True),
        ("Are they equal? No.", False),
        ("Not equal. The second has the same subject.", False),
        ("No: the second one asks for more.", False),
        ("Verdict: No", False),
        ("The answer is: not the same", False),
    ],
)
def test_a_verdict_is_read(reply: str, equal: bool) -> None:
    assert is_equal(reply) is equal


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Perhaps.",
        "The harbour master knows.",
        "Égal",
        "Equal or not equal",
        "Almost equal.",
        "No, they are the same.",
        "They are not equal, but have the same subject.",
        "They are the same, except that the second asks for three stanzas.",
        "They ask for the same. However, the second adds a limit.",
        "They are equal if the stanzas do not count.",
        "Equal.\nNot equal.",
    ],
)
def test_a_reply_without_a_verdict_or_with_two_is_unparsable(reply: str) -> None:
    with pytest.raises(UnparsableReply, match="neither 'Equal' nor 'Not equal'"):
        is_equal(reply)
