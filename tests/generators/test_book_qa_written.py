"""Pairs that the model writes, passages that hold nothing, groups for splits, and foreign text in its marks."""

from __future__ import annotations

import pytest

from curator.llm.base import ChatRequest
from curator.llm.scripted import ScriptedProvider
from curator.record import Record
from curator.stage import Prompt
from curator.text.document import Chapter, Document
from generators.book.question_types import QUESTION_TYPES
from tests.generators.vell import (
    BRENN,
    FINCH,
    HALE,
    INJECTION,
    OPENS,
    VELL,
    context,
    echo_statement,
    made,
    reasons,
    stage,
)
from tests.stage.samples import Unsteady, outcome


def pair(
    question: str = "Who kept the log?", answer: str = "Orla Finch.", evidence: str = FINCH, more: str = ""
) -> str:
    """Return a reply in labelled lines."""
    return f"Question: {question}\nAnswer: {answer}\n{more}Evidence: {evidence}"


@pytest.mark.parametrize("kind", sorted(name for name, entry in QUESTION_TYPES.items() if "written" in entry.answers))
async def test_every_written_type_says_what_it_wants(kind: str) -> None:
    records, asked = await made([kind], pair(), answers="written", difficulties=["intermediate"])
    assert records
    if kind == "quote-attribution":
        assert not asked
        return
    assert {record.origin.label("question_type") for record in records} == {kind}
    for request in asked:
        assert "- The question " in request.messages[-1].content
        assert "[UNANSWERABLE]" in request.messages[-1].content


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        (FINCH, FINCH),
        (f"“{FINCH.lower()}”", FINCH),
        (FINCH.replace("has kept", "had kept"), FINCH),
        (FINCH.replace("1984", "1985"), None),
        ("Orla is the keeper of the book.", None),
        ("", None),
    ],
    ids="verbatim typography one-word-off another-number paraphrase missing".split(),
)
async def test_evidence_is_kept_as_the_document_has_it(evidence: str, found: str | None) -> None:
    document = Document("a", f"{OPENS} {FINCH}")
    records, _ = await made(["why-how"], pair(evidence=evidence), document, answers="written", max_words=50)
    (record,) = records
    assert record.origin.source is not None
    if found is None:
        assert reasons(records) == ["evidence-not-found"]
        assert record.origin.source.evidence_at is None
    else:
        assert reasons(records) == [""]
        at = record.origin.source.evidence_at
        assert at is not None
        assert document.text[at : at + len(found)] == record.origin.source.evidence == found


async def test_a_written_yes_no_answer_has_the_wanted_polarity() -> None:
    reply = pair("Did Orla Finch keep the log?", "Yes, she did.")
    records, _ = await made(["yes-no"], reply, Document("a", f"{FINCH}\n\n{FINCH}"), answers="written", max_words=20)
    by_polarity = {
        record.origin.label("polarity"): reason for record, reason in zip(records, reasons(records), strict=True)
    }
    assert by_polarity == {"yes": "", "no": "wrong-polarity"}


async def test_written_choices_are_filled_with_names_of_the_book() -> None:
    text = f"{FINCH}\n\nThe pilots are Captain Tom Hale, Oda Brenn, Ruth Tamsin and Alma Reed of Vell."
    reply = pair("Who has kept it?", "1984", more="Wrong answers: 1983; 1984; 1982; 1981; 1980\n")
    records, _ = await made(["multiple-choice"], reply, Document("a", text), answers="written", max_words=20)
    assert reasons(records)[0] == ""
    assert sorted(line[3:] for line in records[0].input.split("\n")) == ["1981", "1982", "1983", "1984"]
    records, _ = await made(
        ["multiple-choice"], pair("Who?", "green"), Document("a", text), answers="written", max_words=20
    )
    assert reasons(records)[0] == "too-few-options"


async def test_a_summary_may_be_about_a_whole_chapter() -> None:
    text = f"One\n\n{FINCH}\n\n{OPENS}\n\nTwo\n\n{BRENN}\n\n{HALE}"
    cut = text.index("Two")
    document = Document("a", text, "", (Chapter("One", 0, cut), Chapter("Two", cut, len(text))))
    options = {"answers": "written", "summary_of": "chapter", "max_words": 20}
    records, asked = await made(["summary"], "Question: What happens?\nAnswer: Much.", document, **options)
    spans = [(record.origin.source.start, record.origin.source.end) for record in records if record.origin.source]
    assert len(spans) == len(asked) == 2
    assert FINCH in asked[0].messages[-1].content
    assert OPENS in asked[0].messages[-1].content
    assert reasons(records) == ["", ""]


async def test_a_long_chapter_is_summed_up_in_stretches_and_its_passages_are_not_called_unasked() -> None:
    text = "\n\n".join(f"In the year {1000 + n} the keeper of the log of Vell wrote {n} lines." for n in range(200))
    options = {"answers": "written", "summary_of": "chapter", "max_words": 100}
    records, asked = await made(["summary"], "Question: What happens?\nAnswer: Much.", Document("a", text), **options)
    spans = [(record.origin.source.start, record.origin.source.end) for record in records if record.origin.source]
    assert reasons(records) == ["", ""]
    assert sorted(spans) == [(0, min(spans)[1]), (min(spans)[1] + 2, len(text))]
    sizes = [len(request.messages[-1].content.split()) for request in asked]
    assert max(sizes) < 2100
    assert min(sizes) > 0.8 * max(sizes)


async def test_a_model_may_decline_a_passage() -> None:
    records, _ = await made(["why-how"], "[UNANSWERABLE]", answers="written")
    assert set(reasons(records)) == {"nothing-to-ask"}


@pytest.mark.parametrize("reply", ["[UNANSWERABLE]", '{"pairs": []}'])
async def test_a_passage_without_pairs_is_told(reply: str) -> None:
    records, _ = await made(["factoid"], reply, answers="written")
    assert set(reasons(records)) == {"nothing-to-ask"}


async def test_each_item_of_a_reply_becomes_a_record() -> None:
    reply = (
        f'{{"pairs": [{{"question": "When?", "answer": 1984, "evidence": "{FINCH}"}}, "junk", '
        f'{{"question": "Who kept the log?", "answer": "Orla Finch.", "evidence": "{FINCH}"}}, {{"question": "Wh'
    )
    records, _ = await made(["factoid"], reply, Document("a", FINCH), answers="written", per_chunk=9)
    assert reasons(records) == ["", "unreadable-pair", "", "unreadable-pair"]
    assert [record.response for record in records] == ["1984", "", "Orla Finch.", ""]
    details = [record.drop.detail for record in records if record.drop]
    assert details == ["it is no object with a question and an answer", "it breaks off"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("No. She did not.", ""),
        ("No", ""),
        ("Normally yes, she did.", "wrong-polarity"),
        ("November 1984.", "wrong-polarity"),
        ("Nobody did.", "wrong-polarity"),
    ],
)
async def test_a_no_is_a_word_and_not_a_beginning(answer: str, reason: str) -> None:
    reply = pair("Did Orla Finch keep the log?", answer)
    records, _ = await made(["yes-no"], reply, Document("a", f"{FINCH}\n\n{FINCH}"), answers="written", max_words=20)
    (found,) = [record for record in records if record.origin.label("polarity") == "no"]
    assert reasons([found]) == [reason]


async def test_a_question_may_have_the_word_unanswerable_in_it() -> None:
    document = Document("a", "In 1781 Immanuel Kant called the question of the soul unanswerable by reason alone.")
    records, _ = await made(["factoid"], "Which question did Immanuel Kant call unanswerable in 1781?", document)
    assert reasons(records) == [""]


async def test_earlier_questions_of_a_passage_are_shown_whatever_the_order_of_replies() -> None:
    def reply(request: ChatRequest) -> str:
        said = request.messages[-1].content
        return pair(f"Question {said.count('<asked>')} about {'Finch' if FINCH in said else 'others'}?")

    runs = []
    for _ in range(3):
        client = Unsteady(reply)
        records, asked = await made(["why-how"], client, answers="written", per_chunk=3)
        runs.append([(record.instruction, record.origin.prompt_hash) for record in records])
        texts = [request.messages[-1].content for request in asked if FINCH in request.messages[-1].content]
        shown = sorted((text for text in texts), key=lambda text: text.count("<asked>"))
        assert "<asked>" not in shown[0]
        assert shown[2].endswith("<asked>Question 0 about Finch?</asked>\n<asked>Question 1 about Finch?</asked>")
    assert runs[0] == runs[1] == runs[2]


async def test_kept_and_dropped_are_what_was_parsed() -> None:
    reply = f"{pair()}\n{pair('Another? And another?')}\n{pair(evidence='nowhere')}"
    records, asked = await made(["factoid"], reply, difficulties=["basic"], answers="written")
    assert len(records) == 3 * len(asked)
    assert set(reasons(records[:3])) == {"", "several-questions", "evidence-not-found"}


# --- Passages, groups, foreign text ---


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("Too short for this.", "4 words, fewer than 5"),
        ("Contents\n\nChapter 1 ..... 3\nChapter 2 ..... 9\nChapter 3 ..... 27", "list of contents"),
        ("12 | 13 | 14\n15 | 16 | 17\n18 | 19 | 20\n21 | 22 | 23", "list of contents or a table"),
    ],
)
def test_what_holds_nothing_is_passed_over_and_said(text: str, detail: str) -> None:
    items = list(stage(["factoid"], min_words=5).prompts(context(document=Document("a", f"{text}\n\n{FINCH}"))))
    whole = stage(["factoid"], min_words=5, max_words=20).prompts(context(document=Document("a", text)))
    (record,) = whole
    assert items
    assert isinstance(record, Record)
    assert record.drop is not None
    assert record.drop.reason == "low-information"
    assert detail in record.drop.detail


def test_what_is_passed_over_comes_last() -> None:
    document = Document("a", f"Short one.\n\n{'word ' * 29}word\n\n{FINCH}")
    items = list(stage(["factoid"], min_words=1).prompts(context(document=document)))
    assert [isinstance(item, Prompt) for item in items] == [True, *[False] * (len(items) - 1)]


async def test_groups_keep_together_what_would_leak() -> None:
    first, _ = await made(["yes-no"], ScriptedProvider(echo_statement))
    again, _ = await made(["factoid"], "Who is it?")
    facts = {record.origin.source.evidence: record.origin.label("fact") for record in first if record.origin.source}
    for record in again:
        assert record.origin.source is not None
        assert facts.get(record.origin.source.evidence, record.origin.label("fact")) == record.origin.label("fact")
        assert record.origin.label("chunk") == f"{VELL.digest[:12]}:{record.origin.source.chunk}"
        assert record.origin.label("chapter") == f"{VELL.digest[:12]}:"
    assert len(set(facts.values())) == len(facts)


@pytest.mark.parametrize("answers", ["verbatim", "written"])
@pytest.mark.parametrize("kind", ["why-how", "yes-no", "multiple-choice", "unanswerable", "comparison", "temporal"])
async def test_foreign_text_stays_between_its_marks(answers: str, kind: str) -> None:
    planted = INJECTION.replace("for Orla", "because before 1984 Tom and Oda left for Orla").replace("</passage>", "")
    text = f"{planted}\n\n{FINCH}\n\n{BRENN} {HALE}"
    _, asked = await made([kind], "Who is it?", Document("a", text), answers=answers)
    requests = [request for request in asked if "{{ 7*7 }}" in request.messages[-1].content]
    assert requests
    mark = "sentence" if answers == "verbatim" else "passage"
    for request in requests:
        content = request.messages[-1].content
        assert content.count(f"<{mark}>") == content.count(f"</{mark}>")
        inside = [part.split(f"</{mark}>")[0] for part in content.split(f"<{mark}>")[1:]]
        assert any("{{ 7*7 }}" in part for part in inside)
        assert sum(part.count("{{ 7*7 }}") for part in inside) == content.count("{{ 7*7 }}")


async def test_a_limit_holds_for_every_type() -> None:
    kinds = [name for name, entry in QUESTION_TYPES.items() if "verbatim" in entry.answers]
    client = ScriptedProvider(lambda _request: "Who is it?")
    assert await outcome(stage(kinds), (), context(client, limit=0)) == []
    assert client.asked == []
    assert len(await outcome(stage(kinds), (), context(client, limit=2))) == 2
