"""What models really write when asked for questions: each way of getting it wrong, and what becomes of it."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import UnparsableReply
from generators.book.replies import ReadPair, flaw_of, is_yes_no, pairs_in, question_in
from generators.book.topics import topics_in
from generators.shared.declined import is_declined

PAIR = ReadPair(question="Who keeps the log?", answer="Orla Finch.", evidence="Orla Finch keeps the log.")
ROW = {"question": PAIR.question, "answer": PAIR.answer, "evidence": PAIR.evidence}
LINES = "Question: Who keeps the log?\nAnswer: Orla Finch.\nEvidence: Orla Finch keeps the log."


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps({"pairs": [ROW]}),
        json.dumps([ROW]),
        json.dumps(ROW),
        f"Sure, here is the JSON you asked for:\n```json\n{json.dumps({'pairs': [ROW]})}\n```\nHope this helps!",
        json.dumps({"pairs": [ROW, ROW]})[:-40],
        LINES,
        LINES.upper()
        .replace("WHO KEEPS THE LOG?", "Who keeps the log?")
        .replace("ORLA FINCH KEEPS THE LOG.", "Orla Finch keeps the log.")
        .replace("ORLA FINCH.", "Orla Finch."),
        f"Here are the lines:\n\n{LINES}",
        "**Question:** Who keeps the log?\n**Answer:** Orla Finch.\n**Evidence:** Orla Finch keeps the log.",
        "1. Question: Who keeps the log?\n   Answer: Orla Finch.\n   Evidence: Orla Finch keeps the log.",
        "Q: Who keeps the log?\nA: Orla Finch.\nQuote: Orla Finch keeps the log.",
        "Question: “Who keeps the log?”\nAnswer: “Orla Finch.”\nEvidence: Orla Finch keeps the log.",
        "Question: Who keeps the log?\nAnswer:\nOrla Finch.\n\nEvidence: Orla Finch\nkeeps the log.",
    ],
    ids=(
        "json bare-list bare-object fenced truncated lines capitals preamble bold numbered short-labels curly-quotes "
        "values-below"
    ).split(),
)
def test_a_pair_is_read_from_whatever_it_stands_in(reply: str) -> None:
    first, *_ = pairs_in(reply)
    assert first.question == PAIR.question
    assert first.answer == PAIR.answer
    assert " ".join(first.evidence.split()) == PAIR.evidence


def test_a_numbered_list_gives_a_pair_each() -> None:
    reply = "1. Question: Who keeps the log?\nAnswer: Orla.\n2. Question: Who reads it?\nAnswer: Nobody."
    assert [(pair.question, pair.answer) for pair in pairs_in(reply)] == [
        ("Who keeps the log?", "Orla."),
        ("Who reads it?", "Nobody."),
    ]


def test_wrong_answers_are_parted_by_semicolons_lines_or_bars() -> None:
    for between in ("; ", " | ", "\n- "):
        reply = f"Question: Who?\nAnswer: Orla\nWrong answers: {between.join(('Tom', 'Oda', 'Ruth'))}"
        assert pairs_in(reply)[0].distractors == ["Tom", "Oda", "Ruth"]


@pytest.mark.parametrize(
    "reply", ["", "   \n", "The harbour master knows.", "{}", '{"pairs": []', "[1, 2]", "```\n```"]
)
def test_what_holds_no_pair_cannot_be_read(reply: str) -> None:
    with pytest.raises(UnparsableReply):
        pairs_in(reply)


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ({"question": "How many?", "answer": 12}, ReadPair(question="How many?", answer="12")),
        ({"question": "How many?", "answer": 1.5}, ReadPair(question="How many?", answer="1.5")),
        ({**ROW, "evidence": None}, PAIR.model_copy(update={"evidence": ""})),
        ({**ROW, "distractors": "Tom; Oda"}, PAIR.model_copy(update={"distractors": ["Tom", "Oda"]})),
    ],
    ids="whole-number decimal null-evidence distractors-in-one".split(),
)
def test_an_odd_part_is_read(odd: object, expected: ReadPair) -> None:
    assert pairs_in(json.dumps({"pairs": [ROW, odd, ROW]})) == [PAIR, expected, PAIR]


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ("junk", "no object"),
        (None, "no object"),
        ({"question": "Who?", "answer": ["Orla"]}, "answer: Input should be a valid string"),
        ({"frage": "Wer?"}, "neither question nor answer"),
        ({"question": "Who is \ud800?", "answer": "Orla"}, "half a character"),
    ],
    ids="text null list-answer other-names half-a-character".split(),
)
def test_an_item_that_is_no_pair_spoils_no_other(odd: object, why: str) -> None:
    first, unread, last = pairs_in(json.dumps({"pairs": [ROW, odd, ROW]}))
    assert (first, last) == (PAIR, PAIR)
    assert why in unread.unread
    assert unread.question.encode()  # it can be stored


@pytest.mark.parametrize("form", [{"pairs": [ROW, ROW]}, [ROW, ROW]], ids=["object", "bare-list"])
@pytest.mark.parametrize("cut", [3, 10, 40, 70])
def test_a_last_pair_that_breaks_off_is_told(form: object, cut: int) -> None:
    first, last = pairs_in(f"```json\n{json.dumps(form)[:-cut]}")
    assert first == PAIR
    assert last.unread == "it breaks off"
    assert last.question.startswith('{"question": "Who')


def test_an_empty_list_is_read_as_no_pairs() -> None:
    assert pairs_in('{"pairs": []}') == []


def test_a_list_that_is_none_of_pairs_hides_none() -> None:
    assert pairs_in(f"As in [1], I wrote: {json.dumps({'pairs': [ROW]})}") == [PAIR]


def test_a_missing_part_is_empty_and_not_invented() -> None:
    assert pairs_in('{"question": "Who keeps the log?"}') == [ReadPair(question="Who keeps the log?")]
    assert pairs_in("Answer: Orla Finch.") == [ReadPair(answer="Orla Finch.")]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnparsableReply):
        assert all(pair.question or pair.answer for pair in pairs_in(text))


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        ("question: who keeps the log?", "who keeps the log?"),
        ("**Question 1:** Who keeps the log?", "Who keeps the log?"),
        ("1. Who keeps the log?", "Who keeps the log?"),
        ("- Q: Who keeps the log?", "Who keeps the log?"),
        ("Sure, here is the question:\nWho keeps the log?", "Who keeps the log?"),
        ("```\nWho keeps the log?\n```", "Who keeps the log?"),
        ("“Who keeps the log?”", "Who keeps the log?"),
        ("誰が日誌を書きますか？", "誰が日誌を書きますか？"),
        ("Wer führt das Logbuch? Und seit wann?", "Wer führt das Logbuch?"),
    ],
)
def test_a_question_is_read_from_whatever_stands_around_it(reply: str, question: str) -> None:
    assert question_in(reply) == question


@pytest.mark.parametrize("reply", ["", "?", "Question:", "Question: ?", "No question here.", "w " * 60 + "?"])
def test_what_holds_no_question_cannot_be_read(reply: str) -> None:
    with pytest.raises(UnparsableReply):
        question_in(reply)


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("Who keeps the log? When did it begin?", "Orla.", "several-questions"),
        ("Orla Finch keeps the log?", "“Orla Finch keeps the log.”", "question-is-answer"),
        ("Which log does Orla Finch keep?", "Orla Finch.", "answer-in-question"),
        ("", "Orla Finch.", "incomplete-pair"),
        ("Who keeps the log?", " ", "incomplete-pair"),
    ],
)
def test_a_useless_pair_is_told_why(question: str, answer: str, reason: str) -> None:
    assert (flaw_of(question, answer) or ("", ""))[0] == reason


def test_a_sound_pair_has_no_flaw() -> None:
    assert flaw_of("Who keeps the log?", "Orla Finch.") is None
    assert flaw_of("Which is older, the mill or the bridge?", "The mill.", names_answer=True) is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Did Orla keep the log?", True),
        ("Is it green?", True),
        ("Who kept it?", False),
        ("Did Orla never keep it?", False),
        ("Didn't Orla keep it?", False),
        ("Is it green or red?", False),
        ("", False),
    ],
)
def test_yes_no_questions_are_told_from_others(question: str, expected: bool) -> None:
    assert is_yes_no(question) is expected


@pytest.mark.parametrize(
    ("reply", "declined"),
    [
        ("[UNANSWERABLE]", True),
        ("I am sorry: [ unanswerable ].", True),
        ("unanswerable.", True),
        ("**Answer:** Unanswerable", True),
        ("Who keeps the log?", False),
        ("Which question did Kant call unanswerable in 1781?", False),
        ("Kant called it unanswerable.", False),
        (f"{LINES * 5}\nQuestion: Why?\nAnswer: [UNANSWERABLE]", False),
    ],
)
def test_a_model_may_decline(reply: str, declined: bool) -> None:
    assert is_declined(reply) is declined


@pytest.mark.parametrize(
    "reply",
    ["The log\nThe pilots", "1. The log\n2. The pilots.", "Sure, here are two topics:\n- **The log**\n- The pilots\n"],
)
def test_topics_are_read_from_lists_of_every_kind(reply: str) -> None:
    assert topics_in(reply, 5) == ["The log", "The pilots"]


def test_topics_are_distinct_and_no_more_than_asked_for() -> None:
    assert topics_in("The log\nthe log\nPilots\nInk", 2) == ["The log", "Pilots"]
    assert topics_in("[UNANSWERABLE]", 2) == []
    with pytest.raises(UnparsableReply):
        topics_in("", 2)
