"""The engine for many machines finds what the embedded one finds, loses no row, and says what is wrong."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curator.dedup.choices import Shingles
from curator.dedup.equal import chosen_texts, equal_texts
from curator.dedup.minhash import UNCROWDED
from curator.dedup.near import near_duplicates
from curator.dedup.scale import cluster as cluster_module
from curator.dedup.scale import groups, splits
from curator.dedup.texts import Texts
from curator.errors import CuratorError, FormatError, RecipeError
from tests.dedup.corpus import corpus, random_words

pytest.importorskip("daft", reason="the extra `scale` is not installed")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from curator.dedup.scale.engine import Report, deduplicate  # noqa: E402

Duplicates = dict[int, tuple[str, int, float, int]]
"""For each row that goes: the reason, the row that stays, the similarity, the row over which they were joined."""


def all_kinds(count: int) -> list[str]:
    """Return texts of all kinds, among them many that differ in a year or a name only."""
    draw = random.Random(7)
    plain = [text for text in corpus(3, count) if text.isprintable() or text.isascii()]
    frame = random_words(draw, 40)
    twins = [
        " ".join([*frame, "in", str(1900 + at % 90), "said", draw.choice(["Anna", "Otto"]), "there"])
        for at in range(400)
    ]
    texts = [*plain, *twins, *(text.upper() + " " for text in draw.sample(plain, 50))]
    draw.shuffle(texts)
    return [text for text in texts if "\ud800" not in text and text.encode("utf-8", "ignore").decode() == text]


def expected(
    texts: list[str], threshold: float = 0.8, shingles: Shingles = "auto", guard: bool = True, order: Any = None
) -> Duplicates:
    """Return what is to go by the embedded engine: equal texts first, then near ones of those left."""
    column = Texts.of(texts)
    equal = equal_texts(column, order)
    left = np.array([at for at in range(len(texts)) if at not in equal], dtype=np.int64)
    near = near_duplicates(
        chosen_texts(column, left),
        threshold=threshold,
        shingles=shingles,
        guard=guard,
        order=None if order is None else order[left],
    )
    found: Duplicates = {
        int(left[at]): ("near-duplicate", int(left[twin.of]), round(twin.similarity, 4), int(left[twin.via]))
        for at, twin in near.items()
    }
    for at, of in equal.items():
        end = found.get(of)
        found[at] = ("exact-duplicate", of, 1.0, of) if end is None else ("exact-duplicate", end[1], end[2], of)
    return found


def written_rows(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of all parts, in the order of the parts."""
    rows: list[dict[str, Any]] = []
    for part in sorted(folder.iterdir()):
        if part.suffix == ".parquet":
            rows += pq.read_table(part).to_pylist()
        else:
            rows += map(json.loads, part.read_text(encoding="utf-8").splitlines())
    return rows


def found_in(folder: Path) -> Duplicates:
    """Return what the rows that went say of themselves."""
    return {
        row["place"]: (row["dropped_reason"], row["duplicate_row"] - 1, row["similarity"], row["via_row"] - 1)
        for row in written_rows(folder)
    }


def write(folder: Path, texts: list[str], files: int = 2, group: int = 150, **columns: list[Any]) -> Path:
    """Write texts to some files of Parquet, with each one's place."""
    folder.mkdir(exist_ok=True)
    step = -(-len(texts) // files)
    table = pa.table({"text": texts, "place": range(len(texts)), **columns})
    for at in range(files):
        pq.write_table(table.slice(at * step, step), folder / f"{at}.parquet", row_group_size=group)
    return folder


@pytest.fixture
def finely_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have many splits and many cells, though there are few texts."""
    monkeypatch.setattr(splits, "SPLIT_BYTES", 20_000)
    monkeypatch.setattr(groups, "CELL_TEXTS", 200)


@pytest.mark.usefixtures("finely_cut")
@pytest.mark.parametrize(
    ("threshold", "shingles", "guard"),
    [(0.8, "auto", True), (0.8, "auto", False), (0.7, "words", True), (0.9, "characters", False), (0.5, "auto", True)],
)
def test_the_same_as_in_memory(tmp_path: Path, threshold: float, shingles: Shingles, guard: bool) -> None:
    texts = all_kinds(2_500)
    files = write(tmp_path / "in", texts)
    report = deduplicate(
        [files],
        tmp_path / "kept",
        dropped=tmp_path / "dropped",
        text="text",
        threshold=threshold,
        shingles=shingles,
        guard=guard,
    )
    wanted = expected(texts, threshold, shingles, guard)
    assert len(wanted) > 300
    assert found_in(tmp_path / "dropped") == wanted
    assert [row["place"] for row in written_rows(tmp_path / "kept")] == [
        at for at in range(len(texts)) if at not in wanted
    ]
    assert report.parts == len(list((tmp_path / "kept").iterdir())) > 5
    assert report.rows == len(texts) == report.kept + report.exact + report.near
    assert report.exact == sum(why[0] == "exact-duplicate" for why in wanted.values()) > 40
    assert report.clusters == len({why[1] for why in wanted.values()})


def template_family(draw: random.Random, count: int) -> list[str]:
    """Return texts of one pattern, most of them just below the usual threshold of each other, some above it."""
    frame = random_words(draw, 44)
    texts = [[*frame, *random_words(draw, 6)] for _ in range(count)]
    copies = [[*text[:-1], "another"] for text in draw.sample(texts, count // 10)]
    return [" ".join(text) for text in (*texts, *copies)]


@pytest.mark.usefixtures("finely_cut")
@pytest.mark.parametrize("guard", [True, False])
def test_families_are_searched_as_in_memory(tmp_path: Path, guard: bool) -> None:
    draw = random.Random(11)
    texts = [*template_family(draw, UNCROWDED // 2), *template_family(draw, 2 * UNCROWDED), *random_words(draw, 50)]
    draw.shuffle(texts)
    in_memory = near_duplicates(texts, threshold=0.8, guard=guard)
    files = write(tmp_path / "in", texts)
    report = deduplicate([files], tmp_path / "kept", dropped=tmp_path / "dropped", text="text", guard=guard)
    assert found_in(tmp_path / "dropped") == expected(texts, guard=guard)
    assert report.near > UNCROWDED // 10
    assert report.crowded == in_memory.crowded > UNCROWDED


@pytest.mark.usefixtures("finely_cut")
def test_rounds_change_nothing(tmp_path: Path) -> None:
    texts = all_kinds(1_000)
    files, steps = write(tmp_path / "in", texts), list[str]()
    arguments: dict[str, Any] = {"dropped": tmp_path / "dropped", "text": "text", "memory_gb": 0.0002}
    deduplicate([files], tmp_path / "kept", progress=steps.append, **arguments)
    assert sum(step.startswith("looking for similar") for step in steps) > 2
    assert sum(step.startswith("comparing ") for step in steps) > 2
    assert found_in(tmp_path / "dropped") == expected(texts)


def test_the_best_stays(tmp_path: Path) -> None:
    texts = all_kinds(800)
    draw = random.Random(1)
    scores = [draw.choice([None, 1.0, 2.0, 5.0]) for _ in texts]
    files = write(tmp_path / "in", texts, score=scores)
    deduplicate([files], tmp_path / "kept", dropped=tmp_path / "dropped", text="text", keep_best="score")
    places = np.empty(len(texts), dtype=np.int64)
    places[np.argsort([-(score or -1) for score in scores], kind="stable")] = np.arange(len(texts))
    wanted = expected(texts, order=places)
    assert found_in(tmp_path / "dropped") == wanted
    assert wanted != expected(texts)


def test_a_threshold_of_one_joins_equal_texts_only(tmp_path: Path) -> None:
    text = "The harbour master knows every boat, every tide and every name on the quay of the town."
    files = write(tmp_path / "in", [text, text.replace(",", ";"), text.upper()], files=1)
    report = deduplicate([files], tmp_path / "kept", text="text", threshold=1.0)
    assert (report.exact, report.near, report.kept) == (1, 0, 2)


def test_rows_keep_their_columns_types_and_metadata(tmp_path: Path) -> None:
    schema = pa.schema(
        [("text", pa.string()), ("turns", pa.list_(pa.struct([("role", pa.string())]))), ("at", pa.timestamp("ms"))],
        metadata={"made by": "a test"},
    )
    rows = [{"text": text, "turns": [{"role": text}], "at": None} for text in ("one", "ONE", "two", None)]
    pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / "in.parquet", compression="zstd")
    deduplicate([tmp_path / "in.parquet"], tmp_path / "kept", dropped=tmp_path / "dropped", text="text")
    [part] = (tmp_path / "kept").iterdir()
    kept = pq.read_table(part)
    assert kept.schema.equals(pq.read_schema(tmp_path / "in.parquet"), check_metadata=True)
    assert kept.to_pylist() == [rows[0], rows[2], rows[3]]
    assert pq.read_metadata(part).row_group(0).column(0).compression == "ZSTD"
    [dropped] = written_rows(tmp_path / "dropped")
    assert dropped == {
        **rows[1],
        "dropped_reason": "exact-duplicate",
        "duplicate_row": 1,
        "similarity": 1.0,
        "via_row": 1,
    }


def test_lines_of_json_stay_byte_for_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ["[1]", '"\\ud800"']  # what no column of Arrow can hold
    lines = [f'{{"text": "wort {at % 7}",  "é": {other[at % 2]}}}' for at in range(60)]
    source = tmp_path / "in.jsonl"
    source.write_bytes("\r\n".join([lines[0], "", *lines[1:]]).encode("utf-8"))
    monkeypatch.setattr(splits, "SPLIT_BYTES", 100)
    report = deduplicate([source], tmp_path / "kept", dropped=tmp_path / "dropped", text="text")
    kept = b"".join(part.read_bytes() for part in sorted((tmp_path / "kept").iterdir()))
    assert kept.decode("utf-8").splitlines() == lines[:7]
    gone = written_rows(tmp_path / "dropped")
    assert len(gone) == report.exact == 53
    assert gone[0] == {
        **json.loads(lines[7]),
        "dropped_reason": "exact-duplicate",
        "duplicate_row": 1,
        "similarity": 1.0,
        "via_row": 1,
    }


def test_lines_that_arrow_cannot_read_are_read_all_the_same(tmp_path: Path) -> None:
    lines = ['{"q": "a", "a": "\\ud800", "id": 1}', '{"q": "A", "a": "\\udfff", "id": "2"}', '{"q": "b", "a": ""}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    report = deduplicate([tmp_path / "in.jsonl"], tmp_path / "kept", text=QuestionAndAnswer())
    assert (report.rows, report.exact) == (3, 1)
    [part] = (tmp_path / "kept").iterdir()
    assert part.read_text().splitlines() == [lines[0], lines[2]]


def test_all_rows_alike(tmp_path: Path) -> None:
    report = deduplicate([write(tmp_path / "in", ["The same text."] * 3_000)], tmp_path / "kept", text="text")
    assert (report.kept, report.exact, report.clusters, report.largest_cluster) == (1, 2_999, 1, 3_000)


def test_rows_without_text_stay(tmp_path: Path) -> None:
    files = write(tmp_path / "in", ["", None, " ", "a", "A", "\u200b"], files=1)  # type: ignore[list-item]
    report = deduplicate([files], tmp_path / "kept", text="text", shingles="words")
    assert (report.rows, report.blank, report.kept) == (6, 4, 5)


def test_a_text_can_be_taken_out_of_any_columns(tmp_path: Path) -> None:
    questions, answers = ["Why?", "Why?", "Why?"], ["So.", "Not so.", "so."]
    pq.write_table(pa.table({"q": questions, "a": answers, "id": [1, 2, 3]}), tmp_path / "in.parquet")
    deduplicate([tmp_path / "in.parquet"], tmp_path / "kept", text=QuestionAndAnswer())
    assert [row["id"] for row in written_rows(tmp_path / "kept")] == [1, 2]


class QuestionAndAnswer:
    """The question and its answer."""

    def needs(self, names: Any) -> list[str]:
        """Return both columns."""
        return [name for name in names if name != "id"]

    def __call__(self, table: Any) -> Any:
        """Return both texts of each row as one."""
        assert table.num_rows == 0 or table.column_names == ["q", "a"]
        both = [f"{row['q']}\n{row['a']}" for row in table.to_pylist()]
        return pa.array(both, pa.large_string())


def damaged(path: Path) -> None:
    """Write a file of Parquet whose pages are damaged and whose end is sound."""
    pq.write_table(pa.table({"text": random_words(random.Random(1), 5_000)}), path, use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[100:3_000] = b"\xff" * 2_900
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty", None, "there is no .parquet or .jsonl file in this folder"),
        ("gone.parquet", None, "there is no such file or folder"),
        ("*.parquet", None, "no .parquet or .jsonl file is called so"),
        ("a.csv", "text\n", "is neither .parquet nor .jsonl"),
        ("a.parquet", "this is no parquet", "cannot be read: Parquet magic bytes not found"),
        ("a.jsonl", "", "has no row"),
        ("a.jsonl", '{"other": "x"}\n', "none of 1 rows has a text to compare"),
        ("a.jsonl", '{"text": "x"}\n{"text": \n', 'JSON parse error: Invalid value: {"text":'),
        ("a.jsonl", '{"text": "x"}\n{"text": 5}\n', 'from string to number: {"text": 5}'),
        ("a.jsonl", '{"text": "x"} {"text": "y"}\n', "more than one object"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, name: str, content: str | None, said: str) -> None:
    (tmp_path / "empty").mkdir()
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(FormatError) as error:
        deduplicate([tmp_path / name], tmp_path / "kept", text="text")
    assert str(error.value).startswith(f"{tmp_path / name}: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "kept").exists()


def test_a_missing_or_unfit_column_is_named(tmp_path: Path) -> None:
    files = write(tmp_path / "in", ["a", "b"], files=1)
    for options, said in (
        ({"text": "txt"}, "no column 'txt'; the columns are text, place"),
        ({"text": "place"}, "the column 'place' is int64, not text"),
        ({"text": "text", "keep_best": "score"}, "no column 'score'; the columns are text, place"),
        ({"text": "text", "keep_best": "text"}, "the column 'text' is string, not numbers"),
    ):
        with pytest.raises(FormatError, match=said) as error:
            deduplicate([files], tmp_path / "kept", **options)  # type: ignore[arg-type]
        assert str(error.value).startswith(f"{files / '0.parquet'}: ")


def test_a_damaged_file_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    write(tmp_path / "in", random_words(random.Random(2), 9_000))
    damaged(tmp_path / "in" / "9.parquet")
    done = in_a_process(f"deduplicate([{str(tmp_path / 'in')!r}], {str(tmp_path / 'kept')!r}, text='text')")
    assert done.returncode == 4, done.stderr
    assert done.stdout.startswith(f"FormatError: {tmp_path / 'in' / '9.parquet'}: cannot be read: ")
    assert done.stderr == ""
    assert not (tmp_path / "kept").exists()


def test_folders_that_a_failing_run_made_are_removed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    files = write(tmp_path / "in", ["", " "], files=1)
    for out in (tmp_path / "a" / "b" / "kept", tmp_path / "mine"):
        with pytest.raises(FormatError, match="none of 2 rows has a text"):
            deduplicate([files], out, dropped=tmp_path / "a" / "b" / "dropped", text="text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "mine"]
    assert list((tmp_path / "mine").iterdir()) == []


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    files = write(tmp_path / "in", ["a", "a"], files=1)
    with pytest.raises(FormatError, match="is there already"):
        deduplicate([files], files, text="text")
    with pytest.raises(RecipeError, match="name another folder"):
        deduplicate([files], tmp_path / "kept", dropped=tmp_path / "kept", text="text")
    with pytest.raises(RecipeError, match="above 0 and at most 1"):
        deduplicate([files], tmp_path / "kept", text="text", threshold=1.5)
    (tmp_path / "kept").mkdir()
    table = pa.table({"text": ["a", "a"], "similarity": [1, 2]})
    pq.write_table(table, tmp_path / "taken.parquet")
    with pytest.raises(FormatError, match="has a column 'similarity' already"):
        deduplicate([tmp_path / "taken.parquet"], tmp_path / "kept", dropped=tmp_path / "dropped", text="text")
    assert list((tmp_path / "kept").iterdir()) == []
    assert not (tmp_path / "dropped").exists()


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9"])
def test_a_cluster_that_does_not_answer(tmp_path: Path, address: str) -> None:
    with pytest.raises(CuratorError, match=f"no Ray cluster answers at {address}"):
        deduplicate([write(tmp_path / "in", ["a"])], tmp_path / "kept", text="text", ray=address)


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_what_listens_and_is_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setattr(cluster_module, "_JOIN_PATIENCE_S", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"{scheme}127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(CuratorError, match=f"something listens at {address}, but no Ray cluster has answered"):
            deduplicate([write(tmp_path / "in", ["a"])], tmp_path / "kept", text="text", ray=address)


@pytest.mark.parametrize("address", ["nowhere", "http://127.0.0.1:9", "127.0.0.1", "127.0.0.1:many"])
def test_what_is_no_address(tmp_path: Path, address: str) -> None:
    with pytest.raises(CuratorError, match="is no address of a Ray cluster"):
        deduplicate([write(tmp_path / "in", ["a"])], tmp_path / "kept", text="text", ray=address)


def test_without_daft_the_extra_is_named() -> None:
    done = in_a_process("deduplicate(['x'], 'y', text='text')", before="import sys; sys.modules['daft'] = None")
    assert done.stdout.startswith("CuratorError: the engine daft needs daft, which is not installed: pip install ")
    assert "instruct-curator[scale]" in done.stdout


def in_a_process(call: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the engine in a process of its own; our errors end it with status 4."""
    program = f"""
        {before}
        from curator.dedup.scale.engine import deduplicate
        from curator.errors import CuratorError
        try:
            print(tuple({call}))
        except CuratorError as error:
            print(f"{{type(error).__name__}}: {{error}}")
            raise SystemExit(4)
    """
    program = textwrap.dedent(program)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a Ray cluster of this machine alone, and stop it."""
    from tests.dedup.scale.ray_cluster import started

    with started() as address:
        yield address


def test_on_a_cluster_as_in_one_process(tmp_path: Path, cluster: str) -> None:
    texts = all_kinds(600)
    write(tmp_path / "in", texts)
    places = f"[{str(tmp_path / 'in')!r}], {str(tmp_path / 'kept')!r}, dropped={str(tmp_path / 'dropped')!r}"
    done = in_a_process(f"deduplicate({places}, text='text', ray={cluster!r})")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert found_in(tmp_path / "dropped") == expected(texts)
    report = deduplicate([tmp_path / "in"], tmp_path / "here", text="text")
    assert isinstance(report, Report)
    assert done.stdout == f"{tuple(report)}\n"


def test_what_goes_wrong_on_a_cluster_is_said_as_here(tmp_path: Path, cluster: str) -> None:
    damaged(tmp_path / "a.parquet")
    done = in_a_process(
        f"deduplicate([{str(tmp_path / 'a.parquet')!r}], {str(tmp_path / 'kept')!r}, text='text', ray={cluster!r})"
    )
    assert done.stdout.startswith(f"FormatError: {tmp_path / 'a.parquet'}: cannot be read: ")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
