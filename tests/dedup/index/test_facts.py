"""What texts state is found once for each, and is what the guard says of every pair."""

from __future__ import annotations

from collections.abc import Sequence, Set

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.dedup.guard import fact_keys
from curator.dedup.index import facts
from curator.dedup.index.facts import FactsByKey
from curator.text.names import lower_case_words

SENTENCES = (
    "Visitors come at nine.",
    "all visitors leave.",
    "Guests came to Bingley.",
    "Bingley opened the gate.",
    "They went to Bingley Hall.",
    "The hall was open.",
    "guests and bingley",
    "Straße und straße",
    "Ask Mr. O'Brien's clerk.",
    "It is 9 o'clock.",
    "It is 10.",
)
texts_of_some_sentences = st.lists(st.lists(st.sampled_from(SENTENCES), max_size=4).map(" ".join), max_size=8)


class Memory:
    """An index of texts, which says what it was asked for."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.asked: list[str] = []

    def texts_of(self, keys: Sequence[str]) -> dict[str, str]:
        """Return those that are there."""
        self.asked += keys
        return {key: self.texts[key] for key in keys if key in self.texts}

    def known_of(self, words: Set[str]) -> Set[str]:
        """Return those that any text writes in lower case."""
        return words & {word for each in self.texts.values() for word in lower_case_words(each)}


@settings(max_examples=150, deadline=None)
@given(texts_of_some_sentences, st.sampled_from([1, 3, facts.KEPT]))
def test_what_is_kept_is_what_the_guard_says_of_each_pair(texts: list[str], kept: int) -> None:
    memory, found = Memory(), FactsByKey()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(facts, "KEPT", kept)
        for number, text in enumerate(texts):
            small = {word for each in (*memory.texts.values(), text) for word in lower_case_words(each)}
            own, *others = fact_keys([text, *memory.texts.values()], common=small)
            alike = found.alike(str(number), text, [*memory.texts, "gone"], memory.texts_of, memory.known_of)
            assert alike == [key for key, other in zip(memory.texts, others, strict=True) if other == own]
            if not alike:
                memory.texts[str(number)] = text


def test_a_crowd_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def counted(texts: Sequence[str], *, common: Set[str]) -> list[bytes]:
        looked_at.extend(texts)
        return fact_keys(texts, common=common)

    monkeypatch.setattr(facts, "fact_keys", counted)
    memory, found = Memory(), FactsByKey()
    twins = [
        f"Write to the mayor of N{'abcdefghij'[number % 10]}{'klmnopqrst'[number // 10]} now." for number in range(50)
    ]
    for number, twin in enumerate(twins):
        assert found.alike(str(number), twin, list(memory.texts), memory.texts_of, memory.known_of) == []
        memory.texts[str(number)] = twin
    assert looked_at == twins
    assert memory.asked == []
    assert FactsByKey().alike(None, twins[7], list(memory.texts), memory.texts_of, memory.known_of) == ["7"]


def test_who_is_not_to_enter_or_is_forgotten_is_not_kept() -> None:
    memory, found = Memory(), FactsByKey()
    found.alike(None, "a text", [], memory.texts_of, memory.known_of)
    found.alike("a", "a text", [], memory.texts_of, memory.known_of)
    assert found.alike("b", "a text", ["a"], memory.texts_of, memory.known_of) == ["a"]
    found.forget("a")
    assert found.alike("b", "a text", ["a"], memory.texts_of, memory.known_of) == []
    assert memory.asked == ["a"]
