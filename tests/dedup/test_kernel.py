"""The compiled kernel gives what the portable engine gives, bit for bit."""

from __future__ import annotations

import random
import re
import sys
import unicodedata
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curator.dedup import characters, kernel, portable
from curator.dedup.choices import Shingles
from curator.dedup.forest import Forest
from curator.dedup.shingles import Sets, Shingled
from curator.dedup.texts import Texts
from curator.text.words import normalise, word_spans
from tests.dedup.corpus import ALPHABETS, corpus

if not kernel.is_built():
    pytest.skip("the kernel was not compiled: no C compiler was found", allow_module_level=True)

KINDS: tuple[Shingles, ...] = ("auto", "words", "characters")
LATIN = (*range(0x300), *range(0x2000, 0x2070))
TEXTS = corpus(1, 1200)


def assert_equal_sets(ours: Shingled, wanted: Shingled) -> None:
    for one, other in ((ours.words, wanted.words), (ours.characters, wanted.characters)):
        assert one.offsets.tolist() == other.offsets.tolist()
        assert one.values.tolist() == other.values.tolist()
        assert (one.offsets.dtype, one.values.dtype) == (other.offsets.dtype, other.values.dtype)
    assert ours.short.tolist() == wanted.short.tolist()


def assert_equal_forests(ours: Forest, wanted: Forest) -> None:
    for one, other in zip(ours, wanted, strict=True):
        assert (one.tolist(), one.dtype) == (other.tolist(), other.dtype)


@pytest.mark.parametrize("shingles", KINDS)
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.95, 1.0])
def test_sets_forests_and_similarities_are_those_of_the_portable_engine(shingles: Shingles, threshold: float) -> None:
    draw = random.Random(2)
    groups = np.array([draw.choice([0, 0, 0, 1, 2**64 - 1]) for _ in TEXTS], dtype=np.uint64)
    wanted, ours = portable.shingled(TEXTS, shingles, threshold), kernel.shingled(TEXTS, shingles, threshold)
    assert_equal_sets(ours, wanted)
    near, exact = (join(ours, threshold, groups) for join in (kernel.near_forest, kernel.exact_forest))
    assert_equal_forests(near, portable.near_forest(wanted, threshold, groups))
    assert_equal_forests(exact, portable.exact_forest(wanted, threshold, groups))
    assert len(exact.left) >= len(near.left) > 50
    left, right = (np.array([draw.randrange(len(TEXTS)) for _ in range(300)]) for _ in range(2))
    assert kernel.similarities(ours, left, right).tolist() == portable.similarities(wanted, left, right).tolist()


def test_full_buckets_are_gone_through_in_the_same_order() -> None:
    draw = random.Random(3)
    template = "the old ferryman tells the dog a tale of the river when it was young and full of fish".split()
    texts = [" ".join([*template, *draw.choices("abcdefgh", k=draw.randint(1, 4)), *template]) for _ in range(1300)]
    groups = np.zeros(len(texts), dtype=np.uint64)
    for shingles in KINDS:
        sets = kernel.shingled(texts, shingles, 0.9)
        forest = kernel.near_forest(sets, 0.9, groups)
        assert_equal_forests(forest, portable.near_forest(sets, 0.9, groups))
        assert forest.crowded.any()
        few = kernel.shingled(texts[:300], shingles, 0.9)
        assert_equal_forests(kernel.exact_forest(few, 0.9, groups[:300]), portable.exact_forest(few, 0.9, groups[:300]))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=4), st.sampled_from(KINDS))
@example(["don't 2'x a'2b O'Neill's rock'n'roll 'tis it`s l´eau x'_y", "_a_ a_b '' a''b x'²"], "words")
@example(["漢'字 a'漢字b ก็ไทย'a 漢\u0301 \u0301a 가\u11a8 ᄀ\u1161"], "words")
@example(["\ud83d\ude00 \udc00\ud800 \x00a\x00b\x00 "], "characters")
def test_any_text_is_cut_alike(texts: list[str], shingles: Shingles) -> None:
    assert_equal_sets(kernel.shingled(texts, shingles, 0.8), portable.shingled(texts, shingles, 0.8))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(ALPHABETS), min_size=1, max_size=4).flatmap(lambda own: st.text("".join(own))))
def test_text_of_difficult_characters_is_cut_alike(text: str) -> None:
    for shingles in ("words", "characters"):
        assert_equal_sets(kernel.shingled([text], shingles, 0.8), portable.shingled([text], shingles, 0.8))


@pytest.mark.parametrize("first", range(0, 0x110000, 0x11000))
def test_every_character_is_cut_alike_between_letters(first: int) -> None:
    """In steps through all of Unicode: a character after a letter, before one, after an apostrophe, twice."""
    step = 5 if first < 0x22000 else 97
    texts = [f"a{c}b 漢{c} a'{c} {c}{c}" for c in map(chr, range(first, min(first + 0x11000, 0x110000), step))]
    for shingles in ("words", "characters"):
        assert_equal_sets(kernel.shingled(texts, shingles, 0.8), portable.shingled(texts, shingles, 0.8))


def test_the_two_word_patterns_agree_on_latin_text() -> None:
    """The kernel asks the pattern for all scripts only; an arrow makes it that one."""
    for probe in ("{0}", "a{0}b", "a'{0}", "{0}'a", "'{0}{0}'"):
        for number in LATIN:
            text = probe.format(chr(number))
            assert word_spans(text) == [(start - 1, end - 1) for start, end in word_spans("→" + text)], hex(number)


def test_what_a_table_says_of_a_character_is_its_normal_form() -> None:
    for block in (0, 1, 2, 3, 0x20, 0x21, 0x30, 0xAC, 0xFB, 0xFD, 0x1F6):
        table = characters.table_of(frozenset({0, block}))
        for entry, number in zip(table.entries[table.places[block]], range(block << 8, block + 1 << 8), strict=True):
            start = int(entry) & 0x1FFFFF
            run = [int(entry)]
            if entry & characters.SEVERAL:
                run = table.several[start + 1 : start + 1 + int(table.several[start])].tolist()
            form = "".join(chr(each & 0x1FFFFF) for each in run)
            if not entry & characters.BOUND:
                assert normalise(f"|{chr(number)}|") == f"|{form}|".replace("  ", " ")


def test_characters_of_a_normal_form_are_their_own_normal_form() -> None:
    """A text that was normalised in Python goes through the same table, which must leave it as it is."""
    for number in (*range(0x3000), *range(0xF900, 0x10000), *range(0x1D100, 0x1FA00)):
        for character in normalise(f"|{chr(number)}|")[1:-1]:
            assert normalise(f"|{character}|") == f"|{character}|", hex(number)


def test_only_texts_whose_characters_depend_on_each_other_are_left_to_python() -> None:
    for text in ("Plain.", "café “x” – 漢字 かな 한국 😀 Привет ½ ŉ ﬁ \u00ad", "नमः ก"):
        assert not _bound(text), text
    for text in ("e\u0301", "\u1100\u1161", "\u0301", "ಕ\u0cbe\u0cd5", "वि\u093c"):
        assert _bound(text), text


def _bound(text: str) -> bool:
    blocks = frozenset({0, *(ord(character) >> 8 for character in text)})
    table = characters.table_of(blocks)
    return any(
        table.entries[table.places[ord(character) >> 8]][ord(character) & 255] & characters.BOUND for character in text
    )


def test_nothing_but_composing_characters_is_composed_with() -> None:
    """Every character that could melt into the one before it is known, for all pairs that Unicode has."""
    composing = characters._composing()
    for number in range(0x110000):
        parts = unicodedata.decomposition(chr(number)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            assert chr(int(parts[1], 16)) in composing


# --- Edges ---


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["a"], ["a"] * 70, list("abcdefghij") * 8, [" ", "\n"], ["😀"] * 3, ["👨‍👩‍👧", "👨‍👩‍👦"], ["你好吗"] * 2,
     ["مرحبا بالعالم", "مَرحبا بالعالم"], ["\ud800", "\ud800"], ["\0", "\0\0"], ["ab" * 40_000, "ab" * 30_000]],
    ids=range(13),
)  # fmt: skip
@pytest.mark.parametrize("shingles", KINDS)
def test_edges(texts: Sequence[str], shingles: Shingles) -> None:
    groups = np.zeros(len(texts), dtype=np.uint64)
    wanted, ours = portable.shingled(texts, shingles, 0.8), kernel.shingled(texts, shingles, 0.8)
    assert_equal_sets(ours, wanted)
    assert_equal_forests(kernel.near_forest(ours, 0.8, groups), portable.near_forest(wanted, 0.8, groups))
    assert_equal_forests(kernel.exact_forest(ours, 0.8, groups), portable.exact_forest(wanted, 0.8, groups))


def test_a_megabyte_of_text() -> None:
    draw = random.Random(4)
    long = "".join(draw.choice("abcdefgh é") for _ in range(1_000_000))
    texts = [long, long[:-500] + "changed", "abc " * 250_000]
    ours = kernel.shingled(texts, "characters", 0.8)
    assert_equal_sets(ours, portable.shingled(texts, "characters", 0.8))
    assert kernel.exact_forest(ours, 0.8, np.zeros(3, dtype=np.uint64)).left.tolist() == [0]


def test_template_twins_cost_no_square_of_their_number() -> None:
    """Compared pair by pair, these would be 1.25 thousand million pairs: minutes instead of a moment."""
    texts = [
        f"Write a story about {n} in which a dog and a cat walk to the old ferryman's house." for n in range(50_000)
    ]
    sets = kernel.shingled(texts, "words", 0.5)
    groups = np.zeros(len(texts), dtype=np.uint64)
    joined = kernel.near_forest(sets, 0.5, groups)
    assert len(joined.left) > 49_900
    assert not joined.crowded.any()
    apart = kernel.near_forest(sets, 0.8, groups)
    assert len(apart.left) == 0
    assert apart.crowded.sum() > 40_000
    assert len(kernel.exact_forest(sets, 0.5, groups).left) == 49_999


def test_texts_of_a_slice_are_those_texts() -> None:
    column = Texts.of(TEXTS)
    assert_equal_sets(kernel.shingled(column[100:200], "auto", 0.8), portable.shingled(TEXTS[100:200], "auto", 0.8))


def test_sets_need_not_begin_at_nought() -> None:
    sets = kernel.shingled(TEXTS, "words", 0.8)
    part = Sets(sets.words.offsets[500:], sets.words.values)
    count = len(TEXTS) - 500
    empty = Sets(np.zeros(count + 1, dtype=np.int64), np.zeros(0, dtype=np.uint32))
    tail = Shingled(part, empty, np.zeros(count, dtype=np.bool_))
    groups = np.zeros(count, dtype=np.uint64)
    wanted = portable.shingled(TEXTS[500:], "words", 0.8)
    assert_equal_forests(kernel.near_forest(tail, 0.8, groups), portable.near_forest(wanted, 0.8, groups))
    assert_equal_forests(kernel.exact_forest(tail, 0.8, groups), portable.exact_forest(wanted, 0.8, groups))


# --- Wrong arguments ---


def _column(data: bytes, *offsets: int) -> Texts:
    return Texts(np.frombuffer(data, np.uint8), np.array(offsets, dtype=np.int64))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (_column(b"abc", 0, 4), "beyond"),
        (_column(b"abc", -1, 3), "beyond"),
        (_column(b"abc", 0, 2, 1, 3), "ascend"),
        (_column(b"abc"), "offsets"),
        (_column(b"caf\xc3", 0, 4), "UTF-8"),
        (_column("é".encode() * 2, 0, 1, 4), "UTF-8"),
        (_column(b"\xc0\x80", 0, 2), "UTF-8"),
        (_column(b"\xe0\x80\x80", 0, 3), "UTF-8"),
        (_column(b"\xf4\x90\x80\x80", 0, 4), "UTF-8"),
        (_column(b"\xff", 0, 1), "UTF-8"),
        (_column(b"\x80", 0, 1), "UTF-8"),
    ],
)
def test_buffers_that_are_no_texts_are_refused(column: Texts, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kernel.shingled(column, "auto", 0.8)


def test_what_is_no_string_is_refused() -> None:
    with pytest.raises(TypeError):
        Texts.of(["a", 7])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        kernel.laid_out(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1])
def test_thresholds_that_are_none_are_refused(threshold: float) -> None:
    sets = kernel.shingled(["a b c", "a b c"], "words", 0.8)
    groups = np.zeros(2, dtype=np.uint64)
    with pytest.raises(ValueError, match=r"threshold|bands"):
        kernel.near_forest(sets, threshold, groups)
    with pytest.raises(ValueError, match=r"threshold|prefix"):
        kernel.exact_forest(sets, threshold, groups)


def test_numbers_and_lengths_are_checked() -> None:
    sets = kernel.shingled(["a b c", "a b d"], "words", 0.8)
    with pytest.raises(ValueError, match="no text"):
        kernel.similarities(sets, np.array([0]), np.array([2]))
    with pytest.raises(ValueError, match="length"):
        kernel.similarities(sets, np.array([0, 1]), np.array([1]))
    with pytest.raises(ValueError, match="length"):
        kernel.near_forest(sets, 0.8, np.zeros(1, dtype=np.uint64))
    with pytest.raises(ValueError, match="length"):
        kernel.exact_forest(sets, 0.8, np.zeros(3, dtype=np.uint64))


def test_the_extension_keeps_no_arguments() -> None:
    texts = Texts.of(["some text of several words"] * 3)
    before = sys.getrefcount(texts.data), sys.getrefcount(texts.offsets)
    for _ in range(10):
        kernel.shingled(texts, "auto", 0.8)
    assert (sys.getrefcount(texts.data), sys.getrefcount(texts.offsets)) == before


@given(st.lists(st.text("aB \n\t'é漢\u0301\ud800½ﬁ", max_size=12), max_size=8))
@example(["ab", "ba", "b a", "é", "e\u0301", "É"])
def test_form_hashes_tell_normal_forms_but_for_blanks(texts: list[str]) -> None:
    hashes = kernel.form_hashes(Texts.of(texts)).tolist()
    forms = [normalise(text).replace(" ", "") for text in texts]
    assert [bool(value) for value in hashes] == [bool(form) for form in forms]
    assert [hashes.index(value) for value in hashes] == [forms.index(form) for form in forms]


@given(st.lists(st.text("aB1 \n\t'é漢\u00a0\x1c\ud800", max_size=12), max_size=8), st.booleans())
def test_pieces_are_what_stands_between_blanks(texts: list[str], capitals: bool) -> None:
    found = [piece for part in kernel.pieces(texts, capitals=capitals) for piece in part.removesuffix("\n").split("\n")]
    wanted = {piece for text in texts for piece in re.split("[ \t-\r]+", text)}
    letter = "B" if capitals else "a"
    assert len(found) == len(set(found))
    assert set(found) == {piece for piece in wanted if letter in piece or not piece.isascii()}


def test_many_pieces_come_in_parts() -> None:
    texts = [f"piece{number} piece{number // 2}" for number in range(200_000)]
    parts = list(kernel.pieces(texts, capitals=False))
    assert len(parts) == 3
    assert "".join(parts) == "".join(f"piece{number}\n" for number in range(200_000))
