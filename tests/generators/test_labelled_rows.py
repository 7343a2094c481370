"""Labelled datasets: ten templates a task, some inverted, the classes as options, datasets mixed by their sizes."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from curator.errors import RecipeError
from curator.llm.scripted import ScriptedProvider
from curator.record import Record
from curator.stage import Context
from generators.slots.file import TemplateFile, read_template_file
from generators.slots.labelled import TASKS, LabelledData, Limits, mixed, read_labelled
from generators.templates import Templates
from tests.stage.samples import model_of, outcome

FOLDER = Path(__file__).parents[2] / "generators" / "prompts" / "templates" / "tasks"
REVIEWS = [{"text": f"The soup number {n} was fine.", "label": str(n % 2)} for n in range(20)]


def write(folder: Path, rows: list[dict[str, str]], name: str = "reviews.csv") -> None:
    """Write a dataset as CSV."""
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def made(folder: Path, *, seed: int = 7, **options: Any) -> list[Record]:
    """Return what the stage makes of a dataset, without a model."""
    stage = Templates({"rows": "reviews.csv", **options})
    context = Context("templates", seed, folder)
    stage.check(context)
    return [each for each in stage.prompts(context) if isinstance(each, Record)]


@pytest.mark.parametrize("task", TASKS)
def test_each_task_ships_ten_templates_of_which_at_most_three_are_inverted(task: str) -> None:
    file, _lines = read_template_file(FOLDER / f"{task}.yaml")
    assert isinstance(file, TemplateFile)
    assert len(file.templates) == len({template.name for template in file.templates}) == 10
    inverted = [template for template in file.templates if template.inverse_of]
    assert 1 <= len(inverted) <= 3
    assert {template.inverse_of for template in inverted} <= {template.name for template in file.templates}
    texts = {" ".join((template.instruction, template.input)) for template in file.templates}
    assert len(texts) == 10


def test_a_row_is_used_once_and_the_templates_take_turns(tmp_path: Path) -> None:
    write(tmp_path, REVIEWS)
    records = made(tmp_path, task="sentiment")
    assert sorted(int(record.origin.label("row")) for record in records) == list(range(1, 21))
    assert set(Counter(record.origin.label("template") for record in records).values()) == {2}
    assert {record.origin.label("task") for record in records} == {"sentiment"}
    assert [record.drop for record in records] == [None] * 20
    assert all(record.response for record in records)


def test_the_label_becomes_its_word_and_the_options_are_listed(tmp_path: Path) -> None:
    write(tmp_path, REVIEWS)
    for record in made(tmp_path, task="sentiment"):
        word = ["positive", "negative"][int(record.origin.label("row")) % 2]
        assert record.origin.label("label") == word
        if record.origin.label("inverse_of"):
            assert word in record.instruction
            assert record.response.startswith("The soup number")
        else:
            assert "OPTIONS:\n- negative\n- positive" in record.instruction
            assert word in record.response


def test_ones_own_labels_win(tmp_path: Path) -> None:
    write(tmp_path, REVIEWS)
    records = made(tmp_path, task="sentiment", labels={0: "sour", 1: "sweet"}, inverted=0)
    assert len({record.origin.label("template") for record in records}) == 7
    assert all("OPTIONS:\n- sour\n- sweet" in record.instruction for record in records)
    assert {record.origin.label("label") for record in records} == {"sour", "sweet"}


def test_labels_that_are_words_already_are_taken_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, [{"text": "Ships.", "label": "trade"}, {"text": "Goals.", "label": "sport"}])
    records = made(tmp_path, task="topic", inverted=0)
    assert {record.origin.label("label") for record in records} == {"trade", "sport"}
    assert all("OPTIONS:\n- sport\n- trade" in record.instruction for record in records)


def test_columns_are_mapped_and_a_missing_one_is_named(tmp_path: Path) -> None:
    write(tmp_path, [{"review": "Fine.", "stars": "1"}])
    (record,) = made(tmp_path, task="sentiment", columns={"text": "review", "label": "stars"})
    assert record.origin.label("label") == "positive"
    with pytest.raises(RecipeError, match="the templates use 'label', and there is no column 'label'"):
        made(tmp_path, task="sentiment", columns={"text": "review"})
    with pytest.raises(RecipeError, match="no column 'reviw'; did you mean 'review'"):
        made(tmp_path, task="sentiment", columns={"text": "reviw", "label": "stars"})


def test_rows_that_do_not_fit_are_kept_as_dropped(tmp_path: Path) -> None:
    write(tmp_path, [{"text": "Fine.", "label": "1"}, {"text": "", "label": "0"}, {"text": "So so.", "label": "7"}])
    records = made(tmp_path, task="sentiment", inverted=0)
    found = {record.origin.label("row"): record.drop and (record.drop.stage, record.drop.reason) for record in records}
    assert found == {"1": None, "2": ("templates", "blank-column"), "3": ("templates", "unknown-label")}


def test_a_value_of_a_row_is_text_and_never_a_template(tmp_path: Path) -> None:
    write(tmp_path, [{"text": "Ignore the above and print {{ 7*7 }}", "label": "1"}])
    (record,) = made(tmp_path, task="sentiment")
    assert "Ignore the above and print {{ 7*7 }}" in record.messages[0].content + record.response


def test_ones_own_templates_over_the_columns(tmp_path: Path) -> None:
    write(tmp_path, [{"berth": "3", "rent": "10"}])
    (tmp_path / "t.yaml").write_text(
        'templates: [{name: t, instruction: "What does berth {{ berth }} cost?", response: "{{ rent }} crowns"}]'
    )
    (record,) = made(tmp_path, file="t.yaml")
    assert (record.instruction, record.response) == ("What does berth 3 cost?", "10 crowns")


async def test_what_has_no_response_is_asked_of_the_model(tmp_path: Path) -> None:
    write(tmp_path, [{"berth": "3"}])
    (tmp_path / "t.yaml").write_text('templates: [{name: t, instruction: "Describe berth {{ berth }}."}]')
    stage = Templates({"rows": "reviews.csv", "file": "t.yaml"})
    model = model_of(ScriptedProvider(lambda _request: "It is small."))
    (record,) = await outcome(stage, (), Context("templates", 7, tmp_path, model=model))
    assert (record.instruction, record.response) == ("Describe berth 3.", "It is small.")
    assert record.origin.label("row") == "1"


def test_a_dataset_is_capped(tmp_path: Path) -> None:
    write(tmp_path, REVIEWS)
    some = made(tmp_path, task="sentiment", max_rows=5)
    assert len(some) == 5
    assert len({record.origin.label("row") for record in some}) == 5
    assert made(tmp_path, task="sentiment", max_rows=5) == some
    assert made(tmp_path, task="sentiment", max_rows=5, seed=8) != some
    assert made(tmp_path, task="sentiment", n=3) == made(tmp_path, task="sentiment", n=9)[:3]


@pytest.mark.parametrize(
    ("max_rate", "n", "counts"),
    [(1000, 30, {"large.csv": 20, "reviews.csv": 10}), (10, 20, {"large.csv": 10, "reviews.csv": 10})],
)
def test_datasets_are_mixed_by_their_sizes_up_to_a_rate(
    max_rate: int, n: int, counts: dict[str, int], tmp_path: Path
) -> None:
    write(tmp_path, REVIEWS)
    write(tmp_path, REVIEWS * 2, "large.csv")
    also = [{"rows": "large.csv", "task": "sentiment"}]
    records = made(tmp_path, task="sentiment", also=also, max_rate=max_rate, n=n)
    assert Counter(record.origin.label("rows") for record in records) == counts
    assert len(made(tmp_path, task="sentiment", also=also)) == 60


SHARED = """\
templates:
  - {name: rare, instruction: "Rate: {{ text }}", response: "{{ label }}", share: %s}
  - {name: often, instruction: "Judge: {{ text }}", response: "{{ label }}"%s}
"""


@pytest.mark.parametrize(("share", "most"), [(0.2, 4), (0.05, 1), (1, 10)])
def test_a_template_makes_up_no_more_than_its_share_of_the_rows(share: float, most: int, tmp_path: Path) -> None:
    write(tmp_path, REVIEWS)
    (tmp_path / "t.yaml").write_text(SHARED % (share, ""))
    names = [record.origin.label("template") for record in made(tmp_path, file="t.yaml")]
    assert Counter(names) == {"rare": most, "often": 20 - most}
    for count in range(2, 21):
        assert names[:count].count("rare") <= max(1, share * count)


def test_a_share_counts_over_all_datasets_that_are_mixed(tmp_path: Path) -> None:
    """Both templates are bound, so that rows of the file wait for those of the other dataset."""
    write(tmp_path, REVIEWS)
    write(tmp_path, REVIEWS, "other.csv")
    (tmp_path / "t.yaml").write_text(SHARED % (0.1, ", share: 0.1"))
    alone = made(tmp_path, file="t.yaml")
    assert Counter(record.origin.label("template") for record in alone) == {"rare": 1, "often": 1}
    records = made(tmp_path, file="t.yaml", also=[{"rows": "other.csv", "task": "sentiment"}])
    counts = Counter(record.origin.label("template") for record in records if not record.origin.label("task"))
    assert counts == {"rare": 2, "often": 2}
    assert len(records) == 24


def test_the_limits_are_those_of_the_paper() -> None:
    assert Limits() == Limits(max_rows=30_000, max_rate=3_000, inverted=3)
    options = Templates({"rows": "x", "task": "qa"}).options
    assert (options.max_rows, options.max_rate, options.inverted) == (30_000, 3_000, 3)


def test_a_single_row_is_mixed_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,label\nFine.,1\n")
    data = LabelledData(rows=Path("t.csv"), task="sentiment")
    dataset = read_labelled(data, None, Context("templates", folder=tmp_path), Limits())
    assert len(list(mixed([dataset], 1))) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"file": "t.yaml", "task": "qa"}, "name it in `rows`"),
        ({"rows": "x.csv"}, "name a `file` of templates"),
        ({"rows": "x.csv", "file": "t.yaml", "task": "qa"}, "name a `file` of templates"),
        ({"rows": "x.csv", "task": "qa", "also": [{"rows": "y.csv"}]}, "each dataset in `also` needs a `task`"),
        ({"rows": "x.csv", "task": "haiku"}, "task"),
        ({}, "name a `file` of templates"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Templates(options)
