"""`curator clusters`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.project import make_project, write_lines
from tests.ui.terminal import Call
from ui.cli.main import run

STAGES = """\
name: alike
stages:
  - {use: import, options: {file: rows.jsonl}}
  - {use: exact-dedup}
  - {use: near-dedup}
  - {use: semantic-dedup, options: {threshold: 0.8}}
  - {use: decontaminate, options: {against: [bench.jsonl]}}
"""

BELLS = "The bells of the tower are rung by hand at noon, and once more when the last ferry has left the harbour."
FISH = "Fish is sold at the market every morning, before the sun has come up over the roofs of the old town."
SECRET = "A ferry leaves the harbour at seven with forty people on board and takes up nine more at each of its stops"
ROWS = (
    ("When are the bells rung?", BELLS),
    ("When are the bells rung?", BELLS + " So it goes."),
    ("WHEN ARE THE BELLS RUNG?", BELLS.upper() + " SO IT GOES."),
    ("When is fish sold?", FISH),
    ("When is  fish sold?", FISH),
    ("How do I bake a sourdough bread?", "Mix flour and water, wait, and bake it."),
    ("What is the way to bake a sourdough bread?", "Mix flour and water, wait, then bake it."),
    ("How many are on board?", SECRET),
)


@pytest.fixture
def ran(tmp_path_factory: pytest.TempPathFactory, kept_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a workspace after its run, as the current folder; the run is made once for all tests, which only read."""
    folder = tmp_path_factory.getbasetemp() / "alike"
    if not folder.exists():
        _make(folder)
    monkeypatch.chdir(folder)
    return folder


def _make(folder: Path) -> None:
    make_project(folder)
    (folder / "recipe.yaml").write_text(STAGES)
    write_lines(folder / "rows.jsonl", *({"instruction": asked, "output": told} for asked, told in ROWS))
    write_lines(folder / "bench.jsonl", {"question": SECRET, "answer": "So."})
    assert run(["run", "--workspace", str(folder)]) == 0


def test_clusters_and_pairs(ran: Path, curator: Call) -> None:
    data = curator("clusters", "--json").data
    bells, fish = data["clusters"]
    assert (bells["text"], bells["size"]) == (ROWS[0][0], 3)
    assert [(one["stage"], one["reason"]) for one in bells["dropped"]] == [
        ("near-dedup", "near-duplicate"),
        ("exact-dedup", "exact-duplicate"),
    ]
    assert bells["dropped"][1]["of"] == bells["dropped"][0]["id"]  # it went for one that went later
    assert "Jaccard 0.9" in bells["dropped"][0]["detail"]
    assert (fish["text"], fish["size"]) == (ROWS[3][0], 2)
    assert (bells["response"], bells["of_run"]) == (ROWS[0][1], 1)
    assert [(one["text"], one["response"]) for one in bells["dropped"]] == [ROWS[1], ROWS[2]]
    [pair] = data["suggested"]
    assert (pair["text"], pair["response"]) == ROWS[6]
    assert (pair["of_text"], pair["of_response"]) == ROWS[5]
    assert pair["of"] in {record["id"] for record in curator("ls", "--status", "kept", "--json").data}
    assert pair["value"] >= 0.8
    assert (data["run"], data["clusters_in_all"], data["suggested_in_all"]) == (1, 2, 1)


def test_the_tables(ran: Path, curator: Call) -> None:
    ended = curator("clusters")
    assert ended.code == 0
    told = ended.out
    assert "stays for 2" in told
    assert "near-dedup: near-duplicate" in told
    assert "Jaccard 0.9" in told
    assert "2 of 2 clusters shown." in told
    assert "Both stayed; worth a look:" in told
    assert told.endswith("1 of 1 pair shown.\n")
    assert "contaminated" not in told


def test_what_differs_is_seen(ran: Path, curator: Call) -> None:
    told = curator("clusters").out
    assert "When are the be… the harbour. So it goes." in told
    assert "When are the be… the harbour.\n" in told  # who stays, at the same place
    assert "WHEN ARE THE BELLS RUNG?" in told  # differs from its first letter


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--min-size 4", "No cluster is as large; there are 2 smaller clusters, which --min-size hides.\n"),
        ("--min-size 3", "1 of 1 cluster shown; and 1 smaller cluster, which --min-size hides.\n"),
        ("-n 1", "1 of 2 clusters shown; -n shows more.\n"),
    ],
)
def test_what_is_not_shown_is_counted(options: str, says: str, ran: Path, curator: Call) -> None:
    assert says in curator("clusters", *options.split()).out


def test_who_went_for_a_record_of_an_earlier_run(tmp_path: Path, curator: Call) -> None:
    recipe = "stages: [{use: import, options: {file: rows.jsonl}}, {use: novelty}]\n"
    (tmp_path / "recipe.yaml").write_text(recipe)
    write_lines(tmp_path / "rows.jsonl", {"instruction": ROWS[0][0], "output": ROWS[0][1]})
    assert curator("run").code == 0
    (tmp_path / "recipe.yaml").write_text(recipe.replace("rows", "more"))
    write_lines(tmp_path / "more.jsonl", {"instruction": ROWS[1][0], "output": ROWS[1][1]})
    assert curator("run").code == 0
    [cluster] = curator("clusters", "--json").data["clusters"]
    assert (cluster["text"], cluster["response"], cluster["of_run"]) == (*ROWS[0], 1)
    told = curator("clusters").out
    assert "stays for 1, from an earlier run" in told
    assert "When are the be… the harbour.\n" in told


@pytest.mark.parametrize(
    ("options", "sizes", "pairs"),
    [
        ("--stage near-dedup", [2], 0),
        ("--stage exact-dedup", [2, 2], 0),
        ("--stage semantic-dedup", [], 1),
        ("--stage decontaminate", [], 0),
        ("--min-size 3", [3], 1),
        ("--limit 1", [3], 1),
    ],
)
def test_options(options: str, sizes: list[int], pairs: int, ran: Path, curator: Call) -> None:
    data = curator("clusters", "--json", *options.split()).data
    assert [cluster["size"] for cluster in data["clusters"]] == sizes
    assert len(data["suggested"]) == pairs


def test_nothing_repeats_another(ran: Path, curator: Call) -> None:
    assert curator("clusters", "--stage", "import").out == "No record went for another one.\n"


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ("--stage neardedup", 2, "run 1 has no stage 'neardedup'; did you mean 'near-dedup'?"),
        ("--run 7", 1, "there is no run 7"),
        ("--min-size 1", 2, "--min-size"),
        ("-w nowhere", 1, "there is no folder nowhere"),
    ],
)
def test_one_line_says_what_is_wrong(options: str, code: int, says: str, ran: Path, curator: Call) -> None:
    ended = curator("clusters", *options.split())
    assert ended.code == code
    assert says in ended.error
