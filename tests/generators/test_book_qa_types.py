"""Question types with verbatim answers: what each shows the model, what makes it true, what is dropped."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from curator.llm.scripted import ScriptedProvider
from curator.text.document import Document
from generators.book.entities import entities, exchanged
from generators.book.passages import length_words, passages_of, telling_sentences
from generators.book.question_types import Quota, type_weights
from generators.book.speakers import speeches
from generators.book_qa import BookQA
from tests.generators.vell import (
    BRENN,
    FINCH,
    OPENS,
    SAID,
    TEXT,
    context,
    echo_statement,
    made,
    meetings,
    reasons,
)


def test_unanswerable_has_a_tenth_where_nothing_is_said() -> None:
    weights = type_weights(["factoid", "yes-no", "unanswerable"])
    assert weights == pytest.approx({"factoid": 0.45, "yes-no": 0.45, "unanswerable": 0.1})
    assert type_weights(["unanswerable"]) == {"unanswerable": 1.0}
    assert type_weights({"factoid": 3, "unanswerable": 1}) == {"factoid": 0.75, "unanswerable": 0.25}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 1000))
def test_every_prefix_has_about_the_wanted_shares(weights: list[int], seed: int) -> None:
    shares = type_weights({str(name): weight for name, weight in enumerate(weights)})
    quota, drawn = Quota(shares, context().random(seed)), Counter[str]()
    for count in range(1, 60):
        drawn[quota.draw()] += 1
        assert all(abs(drawn[name] - share * count) <= len(shares) for name, share in shares.items())


def test_a_type_that_cannot_be_had_is_made_up_for() -> None:
    quota = Quota({"a": 0.5, "b": 0.5}, context().random("x"))
    for _ in range(4):
        quota.took("a")
    assert [quota.draw() for _ in range(4)] == ["b"] * 4


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"types": ["factoidd"]}, "did you mean 'factoid'"),
        ({"types": ["summary"]}, "set `answers: retrieved or written`"),
        ({"types": ["yes-no"], "answers": "retrieved"}, "cannot be had with `answers: retrieved`"),
        ({"types": {"factoid": 0}}, "above 0"),
        ({"types": []}, "give a list of types"),
        ({"difficulties": ["hard"]}, "basic"),
        ({"answers": "retrieved", "topics": []}, "the list is empty"),
    ],
)
def test_what_cannot_be_had_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        BookQA(options)


# --- Verbatim types ---


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("why-how", OPENS), ("temporal", BRENN), ("factoid", FINCH)],
)
async def test_a_type_takes_the_sentence_that_answers_it(kind: str, sentence: str) -> None:
    records, _ = await made([kind], "Why, when and who is Vell?", difficulties=["basic"], per_chunk=2)
    assert sentence in {record.response for record in records}
    assert {record.origin.label("question_type") for record in records if not record.drop} == {kind}


async def test_a_definition_is_asked_of_a_sentence_that_defines() -> None:
    document = Document("a", "A larkstone is a flat grey pebble of Merrow. Oda Brenn left Merrow in 1961 for good.")
    (record,) = (await made(["definition"], "What is a larkstone?", document))[0]
    assert record.response == "A larkstone is a flat grey pebble of Merrow."


async def test_yes_and_no_are_balanced_and_the_answer_states_the_truth() -> None:
    text = meetings(8)
    records, asked = await made(["yes-no"], ScriptedProvider(echo_statement), Document("a", text), max_words=20)
    assert reasons(records) == [""] * 8
    assert Counter(record.origin.label("polarity") for record in records) == {"yes": 4, "no": 4}
    for record, request in zip(records, asked, strict=True):
        polarity = record.origin.label("polarity")
        truth = record.origin.source.evidence if record.origin.source else ""
        assert record.response == f"{polarity.capitalize()}. {truth}"
        shown = request.messages[-1].content.split("<sentence>")[1].split("</sentence>")[0]
        assert (shown == truth) is (polarity == "yes")
        assert (shown in text) is (polarity == "yes")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Who has kept the log?", "not-yes-no"),
        ("Has nobody kept the log, or never?", "not-yes-no"),
        ("Has the log been kept since 1777?", "variant-lost"),
    ],
)
async def test_a_yes_no_question_that_changes_the_facts_is_dropped(reply: str, reason: str) -> None:
    records, _ = await made(["yes-no"], reply, Document("a", FINCH))
    assert reasons(records) == [reason] or reasons(records) == ["variant-lost"]


async def test_the_question_about_a_false_variant_must_name_what_is_false() -> None:
    text = meetings(4)
    records, _ = await made(["yes-no"], "Did the keeper meet anybody?", Document("a", text), max_words=20)
    outcomes = {
        (record.origin.label("polarity"), reason) for record, reason in zip(records, reasons(records), strict=True)
    }
    assert outcomes == {("yes", ""), ("no", "variant-lost")}


async def test_multiple_choice_has_four_options_and_its_right_one_at_every_place_as_often() -> None:
    names = ["Orla", "Tom", "Oda", "Ruth", "Alma", "Finn", "Greta", "Hugo"]
    text = "\n\n".join(f"In the long winter {name} of Vell painted the old boat green." for name in names)
    records, _ = await made(["multiple-choice"], "Which person painted it?", Document("a", text), max_words=20)
    assert reasons(records) == [""] * 8
    assert Counter(record.origin.label("option") for record in records) == dict.fromkeys("abcd", 2)
    for record in records:
        letter, options = record.origin.label("option"), dict(line.split(") ") for line in record.input.split("\n"))
        assert list(options) == list("abcd")
        assert len(set(options.values())) == 4
        assert record.origin.source is not None
        assert record.response == f"{letter}) {options[letter]}. {record.origin.source.evidence}"
        wrong = [option for name, option in options.items() if name != letter]
        assert not any(option in record.origin.source.evidence for option in wrong)


def test_what_is_exchanged_is_of_one_kind() -> None:
    text = "Four keepers of Vell met Mr. Hale and the third pilot, Orla, on 12 May 1923."
    found = {entity.text: entity.kind for entity in entities(text, {"vell", "hale", "orla"})}
    assert list(found) == ["four", "Vell", "Mr. Hale", "third", "Orla", "12", "1923"]
    assert len(set(found.values())) == len(found) - 1  # Vell and Orla are both names
    assert exchanged(text, entities(text, ())[0], "nine").startswith("Nine keepers")


async def test_a_choice_whose_question_tells_the_answer_is_dropped() -> None:
    text = "\n\n".join(
        f"In the long winter {name} of Vell painted the boat." for name in ("Orla", "Tom", "Oda", "Ruth")
    )
    records, _ = await made(
        ["multiple-choice"], "Did Orla, Tom, Oda or Ruth of Vell?", Document("a", text), max_words=20
    )
    assert set(reasons(records)) == {"answer-in-question"}


async def test_unanswerable_questions_rest_on_no_passage_and_say_so() -> None:
    records, asked = await made(["unanswerable"], ScriptedProvider(echo_statement))
    assert records
    assert reasons(records) == [""] * len(records)
    for record, request in zip(records, asked, strict=True):
        assert record.response == "“Vell” does not tell."
        assert record.origin.source is None
        (beside,) = record.origin.further_sources
        shown = request.messages[-1].content.split("<sentence>")[1].split("</sentence>")[0]
        assert shown not in TEXT
        assert shown != beside.evidence
        assert record.origin.label("chunk").endswith(f":{beside.chunk}")


async def test_an_unanswerable_question_that_lost_the_exchanged_name_is_dropped() -> None:
    records, _ = await made(["unanswerable"], "What happened there?")
    assert set(reasons(records)) == {"variant-lost"}


async def test_a_comparison_rests_on_two_passages() -> None:
    found, asked = await made(["comparison"], "How do Orla Finch and Oda Brenn compare?")
    records = [record for record in found if record.drop is None]
    assert records
    assert set(reasons(found)) <= {"", "no-question-of-these-types"}
    for record, request in zip(records, asked, strict=True):
        assert record.origin.source is not None
        (other,) = record.origin.further_sources
        assert other.chunk != record.origin.source.chunk
        assert record.response == f"{record.origin.source.evidence} {other.evidence}"
        assert request.messages[-1].content.count("<sentence>") == 2


async def test_who_says_something_needs_no_model() -> None:
    records, asked = await made(["quote-attribution"], "never asked")
    assert not asked
    (record,) = [record for record in records if record.drop is None]
    assert "“You may have my boat whenever you want it”" in record.instruction
    assert record.response == "Tom Hale"
    assert record.origin.source is not None
    assert record.origin.source.evidence == SAID.removesuffix(".")
    assert record.origin.model == ""


@pytest.mark.parametrize("kind", ["yes-no", "comparison", "multiple-choice", "quote-attribution", "temporal"])
async def test_a_passage_that_offers_nothing_for_the_types_is_told(kind: str) -> None:
    text = "They went there and it was so very nice to see. He said so."
    records, asked = await made([kind], "Who is it?", Document("a", text))
    assert not asked
    assert reasons(records) == ["no-question-of-these-types"]
    assert records[0].drop is not None
    assert kind in records[0].drop.detail


async def test_passages_without_a_question_come_behind_the_others_and_once() -> None:
    document = Document("a", f"{OPENS.replace('because', 'and')}\n\n{SAID}")
    records, _ = await made(["quote-attribution"], "?", document, max_words=20, per_chunk=3)
    assert reasons(records) == ["", "no-question-of-these-types"]
    assert "Tom Hale" not in records[1].instruction


@pytest.mark.parametrize(
    ("told", "speaker"),
    [
        ("cried Mrs. Bennet.", "Mrs. Bennet"),
        ("cried Mrs. Bennet’s husband.", ""),
        ("cried Mrs. Bennet's husband.", ""),
        ("cried James’ husband.", ""),
        ("Darcy called upon Jane later.", ""),
        ("Darcy began his walk.", ""),
        ("Darcy returned to the house.", ""),
        ("Darcy began, “and nothing else.”", "Darcy"),
        ("Darcy called.", "Darcy"),
        ("returned Darcy with a bow.", "Darcy"),
        ("Darcy said quietly.", "Darcy"),
    ],
)
def test_who_speaks_is_named_as_the_one_who_speaks(told: str, speaker: str) -> None:
    text = f"“There is nothing that I would not do for you,” {told}"
    (passage,) = passages_of(Document("a", text), 100)
    assert [speech.speaker for speech in speeches(passage)] == ([speaker] if speaker else [])


@pytest.mark.parametrize(
    ("before", "speaker"), [("Darcy began", "Darcy"), ("Darcy returned home", ""), ("Darcy said softly", "Darcy")]
)
def test_who_speaks_may_be_named_before(before: str, speaker: str) -> None:
    (passage,) = passages_of(Document("a", f"{before}: “There is nothing that I would not do for you.”"), 100)
    assert [speech.speaker for speech in speeches(passage)] == ([speaker] if speaker else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("磨坊由艾达于1923年建成，位于河边。他是老师。老桥在哪里？", ["磨坊由艾达于1923年建成，位于河边。"]),
        ("मिल 1923 में नदी के किनारे एडा द्वारा बनाई गई थी। पुल कहाँ है?", ["मिल 1923 में नदी के किनारे एडा द्वारा बनाई गई थी।"]),
        ("“The mill of Vell was never rebuilt!” It burned (so the keeper of the log says.)", None),
        ("水車小屋は川のそばに建てられた。", ["水車小屋は川のそばに建てられた。"]),
    ],
    ids=["chinese", "hindi", "marks", "japanese"],
)
def test_a_sentence_may_end_as_its_script_ends_it(text: str, expected: list[str] | None) -> None:
    found = [sentence for sentence, _at in telling_sentences(text)]
    assert found == (expected or ["“The mill of Vell was never rebuilt!”"])


def test_length_is_measured_alike_with_and_without_blanks() -> None:
    assert length_words("The mill was built by Ada.") == 6
    assert length_words("磨坊由艾达于1923年建成了。") == 6
    assert length_words("โรงสี is a mill") >= 4


async def test_levels_are_asked_for_and_labelled() -> None:
    records, asked = await made(["factoid"], "Who is it?", difficulties=["basic", "advanced"], per_chunk=2)
    levels = Counter(record.origin.label("difficulty") for record in records)
    assert abs(levels["basic"] - levels["advanced"]) <= 1
    said = {"basic": "remember one fact", "advanced": "analyse, to judge"}
    for record, request in zip(records, asked, strict=True):
        assert said[record.origin.label("difficulty")] in request.messages[-1].content
