"""A whole novel: every chapter is asked about, every quotation stands where it is said to, no boilerplate comes in."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from curator.llm.base import ChatRequest
from curator.llm.scripted import ScriptedProvider
from curator.record import Record
from curator.stage import Context
from curator.text.document import Document
from curator.text.readers import read_document
from generators.book_qa import BookQA
from tests.books import CHAPTERS, FOREIGN, pride_and_prejudice
from tests.stage.samples import model_of, outcome

TYPES = ["factoid", "yes-no", "multiple-choice", "quote-attribution", "unanswerable", "temporal"]


@pytest.fixture(scope="module")
def novel(tmp_path_factory: pytest.TempPathFactory) -> Document:
    """Return the novel, read from a file as Project Gutenberg gives it."""
    path = tmp_path_factory.mktemp("books") / "pride.txt"
    path.write_text(pride_and_prejudice(), encoding="utf-8")
    return read_document(path, "pride.txt")


def quoting(request: ChatRequest) -> str:
    """Ask about what is shown in its own words; quote a passage's last words where there is a passage."""
    content = request.messages[-1].content
    for mark in ("sentence", "passage"):
        if f"<{mark}>" in content:
            shown = content.rsplit(f"<{mark}>", 1)[1].split(f"</{mark}>")[0].strip()
            pair = f"Question: Who?\nAnswer: Them.\nEvidence: {' '.join(shown.split()[-15:])}"
            return _reply(shown) if mark == "sentence" else pair
    return _reply(content.rsplit("Sentence: ", 1)[1])


@cache
def _reply(shown: str) -> str:
    return f"Is it told that {' '.join(shown.replace('?', '').split()[:30])}?"


async def made(document: Document, **options: object) -> list[Record]:
    """Return what the stage makes of the novel."""
    context = Context("book-qa", 7, documents=(document,), model=model_of(ScriptedProvider(quoting)))
    return await outcome(BookQA({"per_chunk": 1, "retries": 0, **options}), (), context)


def assert_sound(records: list[Record], document: Document) -> None:
    """Every quotation stands at its place, in the document's letters; nothing of the file's frame is left."""
    sources = [source for record in records if (source := record.origin.source) is not None]
    assert sources
    for source in sources:
        if source.evidence_at is not None:
            assert document.text[source.evidence_at :].startswith(source.evidence)
            assert source.start <= source.evidence_at < source.end
    for record in records:
        text = " ".join(turn.content for turn in record.messages).casefold()
        assert not any(word in text for word in FOREIGN)


async def test_all_chapters_are_covered_by_one_pair_a_passage(novel: Document) -> None:
    records = await made(novel)
    assert_sound(records, novel)
    kept = [record.origin.source for record in records if record.drop is None]
    assert len({source.chapter for source in kept if source}) == CHAPTERS
    assert all(source and source.evidence and source.evidence_at is not None for source in kept)
    assert len({record.origin.label("chapter") for record in records if record.drop is None}) == CHAPTERS


async def test_types_are_had_in_equal_shares(novel: Document) -> None:
    records = await made(novel, types=TYPES)
    assert_sound(records, novel)
    counts = Counter(record.origin.label("question_type") for record in records if record.origin.label("question_type"))
    rare = counts.pop("unanswerable")
    total = sum(counts.values()) + rare
    assert 0.05 <= rare / total <= 0.15
    assert max(counts.values()) - min(counts.values()) <= 0.05 * total
    speakers = Counter(
        record.response for record in records if record.origin.label("question_type") == "quote-attribution"
    )
    assert {"Elizabeth", "Jane", "Mrs. Bennet"} <= set(speakers)


async def test_written_quotations_are_found_where_they_stand(novel: Document) -> None:
    records = await made(novel, answers="written", types=["why-how", "character"], max_words=300)
    assert_sound(records, novel)
    found = [record.origin.source for record in records if record.drop is None]
    assert len({source.chapter for source in found if source}) == CHAPTERS
