"""Records: an identity that can be checked again, and nothing that can be changed in place."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.record import Origin, Record, Role, Score, Source, Turn, single_turn

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ROLES = st.sampled_from(("system", "user", "assistant", "tool"))
RECORDS = st.builds(
    Record, messages=st.lists(st.builds(Turn, ROLES, TEXT)).map(tuple), rejected=st.none() | TEXT
)  # any text but half surrogate pairs, which no UTF-8 file can hold


def id_by_the_docstring(record: Record) -> str:
    """Compute an id as the docstring of `curator.record` describes it, with nothing but the standard library."""
    content: list[object] = [[[turn.role, turn.content] for turn in record.messages]]
    if record.rejected is not None:
        content.append(record.rejected)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return "r1-" + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (single_turn("What is the rent?", "Twelve crowns."), "r1-d3807d96b6d5f6b8806edfbcce8f8391"),
        (
            single_turn("Sum up.", "Short.", input="A long text.", system="Be brief."),
            "r1-c51a1c3a5725c7b79941605ee30a7276",
        ),
        (Record((Turn("user", "Q"), Turn("assistant", "good")), rejected="bad"), "r1-a76c2b374774c1c5edaed74f1e8ab020"),
        (Record((Turn("user", 'Ünïcode “quotes” "\\ / \t\n\x01 🎻'),)), "r1-eacffd6db77e4cf3cc51df230db3fb57"),
        (Record(()), "r1-f71be624039f50aca9a7938cbf69bcf2"),
    ],
)
def test_ids_are_pinned(record: Record, expected: str) -> None:
    """These ids stand in files of users: a change of one of them needs a new prefix."""
    assert record.id == expected


@given(RECORDS)
def test_anybody_can_check_an_id(record: Record) -> None:
    assert record.id == id_by_the_docstring(record)


@given(RECORDS, TEXT, st.floats(allow_nan=False))
def test_what_happens_to_a_record_never_changes_its_id(record: Record, text: str, value: float) -> None:
    touched = record.with_scores(Score("grounding", value, text)).with_origin(stage=text, parents=(text,))
    touched = msgspec.structs.replace(touched.dropped(text, text, text), input_at=len(text))
    assert touched.id == record.id


@given(RECORDS, TEXT)
def test_an_edit_changes_the_id(record: Record, text: str) -> None:
    edited = msgspec.structs.replace(record, messages=(*record.messages, Turn("user", text)))
    assert edited.id != record.id
    assert msgspec.structs.replace(record, rejected=f"{record.rejected or ''}{text}!").id != record.id


@pytest.mark.parametrize("role", ["system", "user", "tool"])
def test_the_role_counts(role: Role) -> None:
    assert Record((Turn(role, "x"),)).id != Record((Turn("assistant", "x"),)).id


def test_an_empty_rejected_reply_is_not_none() -> None:
    assert Record((), rejected="").id != Record(()).id


@given(TEXT, TEXT, TEXT, TEXT)
def test_a_single_turn_gives_back_its_parts(instruction: str, response: str, text: str, system: str) -> None:
    record = single_turn(instruction, response, input=text, system=system)
    assert (record.instruction, record.response, record.input, record.system) == (instruction, response, text, system)


@pytest.mark.parametrize("instruction", ["Sum up:", "Ends in blank lines\n\n", "\n\n", ""])
def test_the_input_begins_after_one_blank_line(instruction: str) -> None:
    record = single_turn(instruction, "", input="\n\nText")
    assert record.messages == (Turn("user", f"{instruction}\n\n\n\nText"),)
    assert record.input_at == len(instruction) + 2
    assert (record.instruction, record.input) == (instruction, "\n\nText")


def test_without_input_the_whole_turn_is_the_instruction() -> None:
    record = single_turn("One paragraph.\n\nAnother.", "Yes.")
    assert (record.input_at, record.instruction, record.input) == (None, "One paragraph.\n\nAnother.", "")


def test_a_dialogue_is_asked_first_and_answered_last() -> None:
    turns = (Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c"), Turn("assistant", "d"), Turn("tool", "e"))
    assert (Record(turns).instruction, Record(turns).response, Record(turns).system) == ("a", "d", "")
    assert (Record(()).instruction, Record(()).response) == ("", "")


def test_a_score_of_the_same_name_is_replaced() -> None:
    record = single_turn("Q", "A").with_scores(Score("a", 1), Score("b", 2)).with_scores(Score("a", None, "not read"))
    assert record.scores == (Score("b", 2), Score("a", None, "not read"))
    assert (record.score("a"), record.score("b"), record.score("c")) == (None, 2, None)


def test_labels() -> None:
    origin = Origin(labels=(("category", "berths"), ("difficulty", "basic")))
    assert (origin.label("category"), origin.label("tone"), origin.label("tone", "dry")) == ("berths", "", "dry")


@pytest.mark.parametrize(
    "value", [Turn("user", "x"), Origin(), Score("a", 1.0), single_turn("Q", "A"), Source("d", "", 0, 0, 1)]
)
def test_nothing_can_be_changed_in_place(value: msgspec.Struct) -> None:
    field = value.__struct_fields__[0]
    with pytest.raises(AttributeError):
        setattr(value, field, "other")
    assert hash(value) == hash(msgspec.structs.replace(value))


def test_with_origin_and_dropped_keep_the_rest() -> None:
    record = single_turn("Q", "A", origin=Origin("maker", "method", ("r1-0",)))
    marked = record.with_origin(model="scripted/x").dropped("gate", "too-short", "2 words")
    assert marked.origin == Origin("maker", "method", ("r1-0",), "scripted/x")
    assert marked.drop is not None
    assert (marked.drop.stage, marked.drop.reason, marked.drop.detail) == ("gate", "too-short", "2 words")
    assert (record.origin.model, record.drop) == ("", None)
