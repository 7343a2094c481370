"""What is wrong with a recipe is said before anything is paid for: file, line, and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.errors import RecipeError, StageError
from curator.recipe.load import load_recipe
from tests.recipe.conftest import RECIPE, Load, MakePlan, line_of


def test_the_good_recipe_is_good(plan: MakePlan) -> None:
    planned = plan()
    assert planned.keys == ("templates", "book-qa", "heuristics", "threshold", "short", "threshold-2")
    assert [stage.model for stage in planned.stages] == ["writer", "judge", "", "", "", ""]
    assert [stage.gate_ends_at for stage in planned.stages] == [None, 4, None, None, None, None]
    assert set(planned.models) == {"writer", "judge"}


COMPLAINTS = [
    # a line of the good recipe, what stands there instead, what is said
    ("use: book-qa", "use: bookqa", "there is no stage 'bookqa'; did you mean 'book-qa'?"),
    ("use: heuristics}", "use: xylophone}", "there is no stage 'xylophone'; known: "),
    ("file: templates.yaml, n: 6", "file: templates.yaml, m: 6", "unknown key 'stages.0.options.m'"),
    ("per_chunk: 2", "per_chunks: 2", "unknown key 'stages.1.options.per_chunks'; did you mean 'per_chunk'?"),
    (
        "per_chunk: 2",
        "per_chunk: -2",
        "stages.1.options.per_chunk: input should be greater than or equal to 1 (it says -2)",
    ),
    ("per_chunk: 2", "per_chunk: two", "(it says 'two')"),
    (
        "score: heuristics.response_words, min: 1",
        "score: heuristics.response_words",
        "threshold needs min, max, or both",
    ),
    ("name: harbour", "nam: harbour", "unknown key 'nam'; did you mean 'name'?"),
    ("candidates: 9", "candidate: 9", "unknown key 'stages.1.candidate'; did you mean 'candidates'?"),
    ("model: judge", "model: jugde", "no model 'jugde' in `models:`; did you mean 'judge'?"),
    ("{use: heuristics}", "{use: heuristics, model: judge}", "'heuristics' asks no model; leave `model` out"),
    ("gate: [short]", "gate: [shrot]", "no stage 'shrot' stands below this one; did you mean 'short'?"),
    ("gate: [short]", "gate: [templates]", "no stage 'templates' stands below this one"),
    ("{use: heuristics}", "{use: heuristics, from: templates}", "'heuristics' makes no records from records"),
    ("{use: heuristics}", "{use: heuristics, accept: 5}", "'heuristics' makes no records, so it cannot go on"),
    ("accept: 3", "accept: 30", "9 candidates cannot give 30 accepted records"),
    ("accept: 3", "accept: 0", "input should be greater than or equal to 1 (it says 0)"),
    ("    accept: 3\n", "", "`gate` and `candidates` go with `accept`"),
    (
        "score: heuristics.response_words, max",
        "score: heuristics.response_wrods, max",
        "did you mean 'heuristics.response_words'?",
    ),
    (
        "- {use: heuristics}",
        "# none",
        "needs the score 'heuristics.response_words', which no stage above it gives; known: none",
    ),
    ("name: short", "name: threshold", "two stages are called 'threshold'; give one of them another `name:`"),
    ("provider: scripted, model: large", "provider: scriptd, model: large", "did you mean 'scripted'?"),
    ("model: large", "model: large, temprature: 1", "'models.judge.temprature'; did you mean 'temperature'?"),
    ("model: large", "model: large, max_tokens: -1", "models.judge.max_tokens: input should be greater than"),
    ("max_requests: 100", "max_requests: -1", "budget.max_requests: input should be greater than or equal to 0"),
    ("max_requests: 100", "max_usd: .nan", "budget.max_usd: "),
    ("max_requests: 100", "max_request: 1", "'budget.max_request'; did you mean 'max_requests'?"),
    ("seed: 7", "seed: seven", "seed: input should be a valid integer, unable to parse string as an integer (it says"),
    ("format: messages", "format: mesages", "there is no format 'mesages'; did you mean 'messages'?"),
    ("path: out/train.jsonl", "pth: out/train.jsonl", "export.0"),
    (
        "path: out/train.jsonl",
        "path: out/train.jsonl, from: templats",
        "no stage 'templats'; did you mean 'templates'?",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "said"), COMPLAINTS, ids=[wrong or "missing" for _, wrong, _ in COMPLAINTS])
def test_what_is_wrong_is_said_with_its_line(right: str, wrong: str, said: str, plan: MakePlan, folder: Path) -> None:
    assert RECIPE.count(right) == 1
    text = RECIPE.replace(right, wrong)
    with pytest.raises(RecipeError) as caught:
        plan(text)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'recipe.yaml'}:")
    assert said in message
    assert "\n" not in message
    if wrong and wrong not in {"accept: 30", "name: threshold", "# none"}:  # those stand between several lines
        assert message.startswith(f"{folder / 'recipe.yaml'}:{line_of(text, wrong)}:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stages: [}", r"recipe.yaml:1: not valid YAML: "),
        ("name: x\nstages:\n  - use: a\n - use: b\n", r"recipe.yaml:4: not valid YAML: "),
        ("name: x\nseed: 1\nname: y\n", r"recipe.yaml:3: the key 'name' stands here a second time"),
        ("stages:\n  - {use: a, options: {n: 1, n: 2}}\n", r"recipe.yaml:2: the key 'n' stands here a second time"),
        ("- a\n- b\n", r"a recipe is a mapping with `stages:`; this is list"),
        ("", r"a recipe is a mapping with `stages:`; this is NoneType"),
        ("name: x\n", r"stages: field required"),
        ("stages: []\n", r"recipe.yaml:1: stages: tuple should have at least 1 item"),
        ("stages: [book-qa]\n", r"stages.0: "),
        ("stages:\n  - {name: x}\n", r"recipe.yaml:2: stages.0.use: field required"),
    ],
)
def test_a_file_that_is_no_recipe(text: str, said: str, load: Load) -> None:
    with pytest.raises(RecipeError) as caught:
        load(text)
    assert said in str(caught.value)


def test_there_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"there is no .*recipe\.yaml; make one with `curator init`"):
        load_recipe(tmp_path)
    with pytest.raises(RecipeError, match=r"there is no .*other\.yaml"):
        load_recipe(tmp_path / "other.yaml")


KEY = "sk-" + "abcdefghijklmnop0123"


@pytest.mark.parametrize(
    "line",
    [
        f"models: {{a: {{provider: openai, api_key: {KEY}}}}}",
        "models: {a: {provider: openai, api_key: whatever}}",
        f"models: {{a: {{provider: openai, api_key_env: {KEY}}}}}",
        f"models: {{a: {{extra: {{headers: [Bearer {KEY}]}}}}}}",
        "models: {a: {extra: {token: abc}}}",
        "models: {a: {extra: {Authorization: Bearer abc}}}",
        "name: my hf_" + "abcdefghijklmnop dataset",
    ],
)
def test_keys_are_refused_and_never_repeated(line: str, load: Load) -> None:
    with pytest.raises(RecipeError, match=r"recipe\.yaml:2: this looks like a key.*api_key_env: MY_KEY") as caught:
        load(f"stages: [{{use: heuristics}}]\n{line}\n")
    assert KEY not in str(caught.value)
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["name: sk-ip the queue", "models: {a: {api_key_env: OPENAI_API_KEY}}", "name: r8_short"]
)
def test_what_only_resembles_a_key(line: str, load: Load) -> None:
    load(f"stages: [{{use: heuristics}}]\n{line}\n")


def test_a_stage_checks_its_own_files_before_the_run(plan: MakePlan, folder: Path) -> None:
    (folder / "templates.yaml").unlink()
    with pytest.raises(RecipeError, match=r"there is no .*templates\.yaml; check `file:` of the stage 'templates'"):
        plan()


def test_a_generator_about_documents_needs_one(plan: MakePlan) -> None:
    with pytest.raises(StageError, match="book-qa: there is no document to ask about; name one in `sources:`"):
        plan(RECIPE.replace("sources: [book.md]\n", ""))
