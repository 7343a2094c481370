"""`--set`: a recipe changed from the command line."""

from __future__ import annotations

from typing import Any

import pytest

from curator.errors import RecipeError
from curator.recipe.model import Recipe
from tests.recipe.conftest import RECIPE, Load


def at(recipe: Recipe, *path: str | int) -> Any:
    """Return a value of a recipe, as its JSON has it."""
    value: Any = recipe.model_dump(mode="json", by_alias=True)
    for part in path:
        value = value[part]
    return value


@pytest.mark.parametrize(
    ("change", "path", "value"),
    [
        ("seed=3", ("seed",), 3),
        ("name=other", ("name",), "other"),
        ("name=a=b", ("name",), "a=b"),
        ("sources=[a.md, b.md]", ("sources",), ["a.md", "b.md"]),
        ("models.writer.model=gpt-5-mini", ("models", "writer", "model"), "gpt-5-mini"),
        ("models.writer.temperature=0.5", ("models", "writer", "temperature"), 0.5),
        ("models.extra-one.provider=ollama", ("models", "extra-one", "provider"), "ollama"),
        ("budget.max_usd=1.5", ("budget", "max_usd"), 1.5),
        ("stages.book-qa.options.per_chunk=5", ("stages", 1, "options", "per_chunk"), 5),
        ("stages.1.options.per_chunk=5", ("stages", 1, "options", "per_chunk"), 5),
        ("stages.heuristics.options.note=x", ("stages", 2, "options", "note"), "x"),
        ("stages.short.options.max=5", ("stages", 4, "options", "max"), 5),
        ("stages.threshold.options.min=5", ("stages", 3, "options", "min"), 5),
        ("stages.threshold-2.options.min=5", ("stages", 5, "options", "min"), 5),
        ("export.0.path=x.csv", ("export", 0, "path"), "x.csv"),
        (" seed =3", ("seed",), 3),
        ("stages.book-qa.candidates=", ("stages", 1, "candidates"), None),
    ],
)
def test_a_value_is_set(change: str, path: tuple[str | int, ...], value: object, load: Load) -> None:
    recipe, before = load(RECIPE, change), load()
    assert at(recipe, *path) == value
    section = path[0]
    others = [name for name in Recipe.model_fields if name != section]
    assert [at(recipe, name) for name in others] == [at(before, name) for name in others]


def test_changes_are_made_in_order(load: Load) -> None:
    assert load(RECIPE, "seed=1", "seed=2").seed == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("seed", "write key=value, as in --set "),
        ("=3", "write key=value"),
        ("seed=[1", "--set seed: the value is not valid YAML"),
        ("sed=3", "unknown key 'sed'; did you mean 'seed'?"),
        ("seed=many", "seed: input should be a valid integer"),
        ("seed.x=3", "there is nothing below a plain value at 'x'"),
        ("seed.x.y=3", "there is nothing below a plain value at 'x'"),
        ("name.first=Ann", "there is nothing below a plain value at 'first'"),
        ("stages.bok-qa.model=x", "no entry 'bok-qa'; did you mean 'book-qa'?"),
        ("stages.threshold-3.options.min=1", "no entry 'threshold-3'; did you mean 'threshold-2'?"),
        ("stages.99.model=x", "no entry '99'"),
        ("stages.book-qa=x", "name a key of that entry"),
        ("stages.book-qa.options.per_chunk=0", None),
        ("models.writer.api_key=abc", "this looks like a key"),
        ("models.writer.extra.header=sk-" + "a" * 20, "this looks like a key"),
    ],
)
def test_what_cannot_be_set(change: str, said: str | None, load: Load) -> None:
    if said is None:  # options are the stage's own affair, checked by the plan
        assert load(RECIPE, change).stages[1].options == {"per_chunk": 0}
        return
    with pytest.raises(RecipeError) as caught:
        load(RECIPE, change)
    assert said in str(caught.value)
    assert "a" * 20 not in str(caught.value)
