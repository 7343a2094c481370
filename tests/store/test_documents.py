"""The text of the sources, as it was when records were made from it."""

from __future__ import annotations

from curator.store import Store
from curator.text.document import Chapter, Document


def test_documents_are_kept_by_their_text(store: Store) -> None:
    before = Document("notes.md", "The first edition.", "Notes", (Chapter("One", 0, 18),))
    after = Document("notes.md", "The second edition.", "Notes")
    store.documents.add((before, after))
    store.flush()
    assert store.documents.get(before.digest) == before
    assert store.documents.get(after.digest) == after
    assert store.documents.get("0" * 32) is None


def test_equal_texts_rest_once_under_their_first_name(store: Store) -> None:
    store.documents.add((Document("a.md", "Same."), Document("b.md", "Same.")))
    store.documents.add((Document("c.md", "Same."),))
    store.flush()
    found = store.documents.get(Document("", "Same.").digest)
    assert found is not None
    assert found.name == "a.md"


def test_no_documents_is_nothing(store: Store) -> None:
    store.documents.add(())
    store.flush()
