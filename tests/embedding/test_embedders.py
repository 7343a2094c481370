"""Both backends keep the embedder's promise, and agree."""

from __future__ import annotations

import numpy as np
import pytest

from curator.embedding.agreement import LEAST_MEAN_COSINE, SENTENCES, agreement
from curator.embedding.base import MOST_UNKNOWN, Embedder, encodable, unit_rows

pytestmark = pytest.mark.filterwarnings("default")  # what the libraries below warn about is theirs

TEXTS = [
    "How do I open an account?",
    "Tell me how to set up an account.",
    "Rain fell on the harbour all night. " * 12,
    "The council meets on the first Tuesday of each month.",
    "Kjærlighet på pinne, 日本語, مرحبا",
]
both = pytest.mark.parametrize("which", ["fast", "exact"])


@pytest.fixture
def model(which: str, fast: Embedder, exact: Embedder) -> Embedder:
    """Return one of the backends."""
    return {"fast": fast, "exact": exact}[which]


@both
def test_vectors_have_length_one_and_mean_something(model: Embedder) -> None:
    vectors = model.embed(TEXTS)
    assert vectors.shape == (5, model.dimensions)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert vectors[0] @ vectors[1] > 0.7 > 0.4 > vectors[0] @ vectors[2]


@both
def test_no_text_no_vector(model: Embedder) -> None:
    assert model.embed([]).shape == (0, model.dimensions)
    assert model.readings([]) == []
    assert model.unknown_shares([]).shape == (0,)


@both
@pytest.mark.parametrize("text", ["", " \n", "\ud800", "a\udfffb", "\x00", "x" * 1_000_000, "word " * 200_000])
def test_any_string_has_a_vector(model: Embedder, text: str) -> None:
    [vector] = model.embed([text])
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@both
def test_what_is_too_long_can_be_told(model: Embedder) -> None:
    assert model.max_tokens == 256
    # A special token at either end; each word here is one token.
    assert [reading.tokens for reading in model.readings(["", "one two", "word " * 300])] == [2, 4, 302]
    long = model.embed(["word " * 254, "word " * 254 + "and an end that nobody reads"])
    assert long[0] @ long[1] == pytest.approx(1, abs=1e-5)


@both
@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0), (" \n", 0), ("What is the capital of France?", 0), ("Москва это город", 0),
        ("ประเทศไทยมีเมืองหลวงชื่ออะไร", 1), ("ភ្នំពេញជារាជធានី", 1), ("😀😀", 1), ("ስለ ኢትዮጵያ ታሪክ ንገረኝ", 1), ("x" * 101, 1),
        ("abcd 😀", 1 / 5), ("ab\ud800 😀😀", 2 / 4),
        ("word " * 253 + "😀", 1 / (4 * 253 + 1)), ("word " * 300 + "😀", 1e-9),
    ],
)  # fmt: skip
def test_how_much_is_unknown_is_told_by_characters_of_what_is_read(model: Embedder, text: str, share: float) -> None:
    [told] = model.unknown_shares([text])
    assert told == pytest.approx(share, abs=1e-8)


def test_to_a_model_all_that_it_cannot_read_means_the_same(fast: Embedder) -> None:
    """That is why `MOST_UNKNOWN` is needed."""
    texts = ["ประเทศไทยมีเมืองหลวงชื่ออะไร", "แมวนอนบนเก้าอี้"]
    assert np.prod(fast.embed(texts), axis=0).sum() == pytest.approx(1, abs=1e-5)
    assert (fast.unknown_shares(texts) > MOST_UNKNOWN).all()


@both
def test_a_vector_does_not_depend_on_its_neighbours(model: Embedder) -> None:
    together = model.embed(TEXTS)
    alone = np.concatenate([model.embed([text]) for text in TEXTS])
    backwards = model.embed(TEXTS[::-1])[::-1]
    assert (together * alone).sum(axis=1).min() >= 1 - 1e-5
    assert (together * backwards).sum(axis=1).min() >= 1 - 1e-5


def test_in_8_bits_it_does_not_depend_on_them_in_any_bit(fast: Embedder) -> None:
    together = fast.embed(TEXTS)
    assert together.tobytes() == np.concatenate([fast.embed([text]) for text in TEXTS]).tobytes()


def test_the_backends_agree(fast: Embedder, exact: Embedder) -> None:
    near = agreement(fast.embed(SENTENCES), exact.embed(SENTENCES))
    assert near.suffices
    assert near.mean >= LEAST_MEAN_COSINE > 0.98
    assert near.lowest >= 0.95
    assert fast.dimensions == exact.dimensions


def test_the_backends_read_the_same_tokens(fast: Embedder, exact: Embedder) -> None:
    assert fast.readings(TEXTS) == exact.readings(TEXTS)


def test_names_tell_what_may_be_compared(fast: Embedder, exact: Embedder) -> None:
    model, _slash, backend = fast.name.partition("/")
    assert model.startswith("all-MiniLM-L6-v2@")
    assert backend == "onnx-int8.1"
    assert exact.name == f"{model}/sentence-transformers"


@pytest.mark.parametrize(
    ("text", "mended"),
    [("plain", "plain"), ("é日😀", "é日😀"), ("a\ud800", "a\ufffd"), ("\udc00\ud83d", "\ufffd\ufffd")],
)
def test_lone_surrogates_are_replaced(text: str, mended: str) -> None:
    assert encodable(text) == mended


def test_a_vector_of_zeros_stays_one() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0]], dtype=np.float32))
    assert rows.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0]]
