"""What a recipe means: names, hash, models, sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.errors import RecipeError, SourceError
from curator.llm.spec import ModelSpec
from curator.recipe.model import Recipe
from curator.recipe.models import ResolvedModel, resolve_models
from curator.recipe.plan import AUTO, make_plan
from curator.recipe.sources import read_sources
from curator.registry import stages
from tests.recipe.conftest import RECIPE, Load, MakePlan
from tests.stage.samples import Shout


def recipe(*uses: str | dict[str, object], **fields: object) -> Recipe:
    """Return a recipe with these stages."""
    entries = [{"use": use} if isinstance(use, str) else use for use in uses]
    return Recipe.model_validate({"stages": entries or [{"use": "heuristics"}], **fields})


def keys(*uses: str | dict[str, object]) -> list[str]:
    return [stage.key for stage in recipe(*uses).stages]


def test_a_stage_used_again_is_numbered() -> None:
    assert keys("threshold", "heuristics", "threshold", "threshold") == [
        "threshold",
        "heuristics",
        "threshold-2",
        "threshold-3",
    ]
    assert keys("threshold", {"use": "threshold", "name": "last"}, "threshold") == ["threshold", "last", "threshold-2"]


def test_a_given_name_may_not_meet_a_numbered_one() -> None:
    with pytest.raises(ValueError, match="two stages are called 'threshold-2'"):
        keys("threshold", "threshold", {"use": "heuristics", "name": "threshold-2"})


def test_the_hash_follows_what_decides_the_records(load: Load) -> None:
    same = [load(), load(RECIPE, "budget.max_usd=3"), load(RECIPE, "export.0.path=other.csv")]
    changes = ("seed=8", "stages.book-qa.options.per_chunk=1", "models.judge.temperature=1", "stages.book-qa.accept=2")
    assert len({one.hash for one in same}) == 1
    assert len({one.hash for one in [load(), *(load(RECIPE, change) for change in changes)]}) == 1 + len(changes)


def test_a_recipe_is_fixed_and_can_stand_elsewhere(load: Load, tmp_path: Path) -> None:
    here = load()
    there = here.at(tmp_path / "there")
    assert (there.folder, here.folder, there.hash) == (tmp_path / "there", tmp_path, here.hash)
    with pytest.raises(ValueError, match="frozen"):
        here.seed = 3


async def test_a_stage_that_asks_gets_the_first_model_or_whatever_is_there(plan: MakePlan) -> None:
    assert plan().stages[0].model == "writer"
    bare = plan("sources: [book.md]\nstages: [{use: book-qa}]\n")
    assert (bare.stages[0].model, dict(bare.models)) == (AUTO, {AUTO: ModelSpec()})
    assert dict(plan("stages: [{use: heuristics}]\nmodels: {unused: {}}\n").models) == {}


async def test_an_endpoint_named_in_the_environment_answers_for_auto(plan: MakePlan) -> None:
    said: list[str] = []
    bare = plan("sources: [book.md]\nstages: [{use: book-qa}]\nmodels: {writer: {temperature: 0.3}}\n")
    environment = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_MODEL": "small"}
    resolved = (await resolve_models(bare, env=environment, notice=said.append))["writer"]
    assert (resolved.label, resolved.spec.base_url) == ("openai/small", "http://127.0.0.1:9/v1")
    assert resolved.spec.temperature == 0.3
    assert said == [f"model 'writer': {resolved.reason}"]
    assert "OPENAI_BASE_URL is set" in resolved.reason


async def test_what_the_recipe_says_is_not_chosen_again(plan: MakePlan) -> None:
    said: list[str] = []
    resolved = await resolve_models(plan(), env={"OPENAI_MODEL": "other"}, notice=said.append)
    assert [(name, model.label) for name, model in resolved.items()] == [
        ("writer", "scripted/small"),
        ("judge", "scripted/large"),
    ]
    assert said == []


def test_the_price_that_the_recipe_says_counts() -> None:
    spec = ModelSpec.model_validate({"provider": "openai", "model": "unheard-of"})
    assert ResolvedModel(spec, Path()).price is None
    price = {"input_usd_per_million": 1, "output_usd_per_million": 2}
    priced = ResolvedModel(ModelSpec.model_validate({"provider": "openai", "model": "x", "price": price}), Path()).price
    assert priced is not None
    assert priced.cost_usd(1_000_000, 1_000_000) == 3


class TestFrom:
    """`from:`, for stages that make records from records."""

    TEXT = "stages:\n  - {use: templates, options: {file: templates.yaml}}\n  - {use: shout, from: templates}\n"

    @pytest.fixture(autouse=True)
    def shout(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Install the transformer of these tests, as a plugin would be."""
        info = tmp_path / "plugins" / "shouting-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[instruct_curator.stages]\nshout = tests.stage.samples:Shout\n")
        monkeypatch.syspath_prepend(info.parent)
        assert stages.load("shout") is Shout

    def test_it_takes_from_that_stage(self, plan: MakePlan) -> None:
        stage = plan(self.TEXT).stages[1].stage
        assert isinstance(stage, Shout)
        assert stage.takes == "templates"

    @pytest.mark.parametrize("name", ["template", "shout"])
    def test_only_a_stage_above_can_be_named(self, name: str, plan: MakePlan) -> None:
        with pytest.raises(RecipeError, match=rf"recipe\.yaml:3: no stage {name!r} stands above this one; "):
            plan(self.TEXT.replace("from: templates", f"from: {name}"))


class TestSources:
    """`sources:` and its patterns."""

    @pytest.fixture
    def library(self, tmp_path: Path) -> Path:
        for name in ("b.md", "a.md", "deep/c.md", "deep/d.txt", "odd [1].md"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(f"The text of {name}.")
        return tmp_path

    @pytest.mark.parametrize(
        ("sources", "names"),
        [
            (["b.md", "a.md"], ["b.md", "a.md"]),
            (["?.md"], ["a.md", "b.md"]),
            (["**/*.md"], ["a.md", "b.md", "deep/c.md", "odd [1].md"]),
            (["deep/*"], ["deep/c.md", "deep/d.txt"]),
            (["[b-z].md"], ["b.md"]),
            (["b.md", "*.md"], ["b.md", "a.md", "odd [1].md"]),
            (["odd [1].md"], ["odd [1].md"]),
            (["deep"], ["deep/c.md", "deep/d.txt"]),
            (["deep/d.txt", "."], ["deep/d.txt", "a.md", "b.md", "deep/c.md", "odd [1].md"]),
            (["deep/../a.md", "a.md"], ["deep/../a.md"]),
            ([], []),
        ],
        ids=str,
    )
    def test_each_document_comes_once_in_order(self, sources: list[str], names: list[str], library: Path) -> None:
        documents = read_sources(recipe(sources=sources).at(library))
        assert [document.name for document in documents] == names
        assert all(document.text.startswith("The text of") for document in documents)

    def test_what_no_reader_is_for_and_what_is_hidden_is_passed_over_in_a_folder(self, library: Path) -> None:
        for name in ("deep/picture.png", "deep/.draft.md", "deep/.git/a.md", "deep/er/page.htm"):
            (library / name).parent.mkdir(exist_ok=True)
            (library / name).write_text("The text of it.")
        documents = read_sources(recipe(sources=["deep"]).at(library))
        assert [document.name for document in documents] == ["deep/c.md", "deep/d.txt", "deep/er/page.htm"]

    def test_a_source_may_lie_elsewhere(self, library: Path) -> None:
        (library / "ws").mkdir()
        absolute = str(library / "deep" / "*.md")
        documents = read_sources(recipe(sources=["../a.md", "../deep/*.txt", absolute]).at(library / "ws"))
        assert [Path(document.name).name for document in documents] == ["a.md", "d.txt", "c.md"]

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("missing.md", "does not exist"),
            ("a**b.md", r"the source 'a\*\*b\.md' (is no pattern: |matches no file)"),
            ("*.rst", r"the source '\*\.rst' matches no file in "),
            ("pictures", r"holds no file that can be read: \.jpg, \.png; known suffixes: "),
            ("nothing", "holds no file that can be read: nothing; known suffixes: "),
            ("empty.md", "is empty"),
            ("binary.md", "is binary"),
            ("latin.md", "is no UTF-8"),
            ("table.xyz", "no reader for '.xyz'"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, source: str, said: str, library: Path) -> None:
        (library / "empty.md").write_text(" \n\n")
        (library / "binary.md").write_bytes(b"\x7fELF\0\0\0")
        (library / "latin.md").write_bytes("Müßiggang am Fluß".encode("latin-1"))
        (library / "table.xyz").write_text("a,b")
        (library / "nothing").mkdir()
        (library / "pictures" / ".git").mkdir(parents=True)
        for name in ("a.jpg", "b.png", ".hidden.md", ".git/c.md"):
            (library / "pictures" / name).write_text("x")
        with pytest.raises(SourceError, match=said) as caught:
            make_plan(recipe(sources=[source]).at(library))
        assert source in str(caught.value)
