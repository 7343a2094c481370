"""`curator config show`, and where settings come from: flag > environment > .env > recipe > user config > default."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ui.project import change
from tests.ui.terminal import Call

KEY = "sk-" + "abcdefghijklmnop1234"

Layer = Callable[[Path, Path, pytest.MonkeyPatch], None]


def in_config(project: Path, home: Path, patch: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text('model = "from-config"\n')


def in_recipe(project: Path, home: Path, patch: pytest.MonkeyPatch) -> None:
    change(project / "recipe.yaml", "{provider: scripted,", "{provider: scripted, model: from-recipe,")


def in_dotenv(project: Path, home: Path, patch: pytest.MonkeyPatch) -> None:
    (project / ".env").write_text("CURATOR_MODEL=from-dotenv\n")


def in_environment(project: Path, home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("CURATOR_MODEL", "from-environment")


LAYERS: tuple[tuple[Layer, str, str], ...] = (
    (in_config, "user config", "from-config"),
    (in_recipe, "recipe", "from-recipe"),
    (in_dotenv, ".env", "from-dotenv"),
    (in_environment, "environment", "from-environment"),
)


def shown(curator: Call, name: str, *arguments: object) -> tuple[object, object]:
    """Return a setting's value and origin."""
    [found] = [row for row in curator("config", "show", "--json", *arguments).data if row["name"] == name]
    return found["value"], found["origin"]


@pytest.mark.parametrize("height", range(len(LAYERS) + 1))
def test_each_layer_wins_over_those_below(
    height: int, project: Path, surroundings: Path, curator: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    for layer, _origin, _value in LAYERS[:height]:
        layer(project, surroundings, monkeypatch)
    value, origin = (LAYERS[height - 1][2], LAYERS[height - 1][1]) if height else (None, "default")
    assert shown(curator, "model") == (value, origin)
    label = curator("plan", "--json").data["models"]["writer"]["label"]
    assert label == f"scripted/{value or 'default'}"
    flag = curator("plan", "--json", "--set", "models.writer.model=from-flag")
    assert flag.data["models"]["writer"]["label"] == "scripted/from-flag"


def test_the_workspace_comes_from_flag_environment_dotenv_or_config(
    project: Path, surroundings: Path, curator: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(curator, "workspace") == (".", "default")
    (surroundings / "config.toml").write_text(f'workspace = "{project}"\n')
    assert shown(curator, "workspace") == (str(project), "user config")
    assert curator("plan").code == 0
    (tmp_path / ".env").write_text("CURATOR_WORKSPACE=elsewhere\n")
    assert shown(curator, "workspace") == ("elsewhere", ".env")
    monkeypatch.setenv("CURATOR_WORKSPACE", "here")
    assert shown(curator, "workspace") == ("here", "environment")
    assert shown(curator, "workspace", "-w", "there") == ("there", "flag")


def test_the_workspace_s_dotenv_wins_over_the_current_folder_s(
    project: Path, curator: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("CURATOR_MODEL=mine\nCURATOR_TIMEOUT_S=7\n")
    (project / ".env").write_text("CURATOR_MODEL=theirs\nCURATOR_PLAN_LIMIT=1\n")
    assert shown(curator, "model", "-w", project) == ("theirs", ".env")
    assert shown(curator, "timeout_s", "-w", project) == ("7", ".env")
    asked = curator("plan", "--json", "-w", project).data["stages"][1]["requests"]
    assert asked["low"] == 1  # an option's variable counts in a .env too


def test_a_model_may_be_called_like_a_number(project: Path, curator: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATOR_MODEL", "1.50")
    assert curator("plan", "--json").data["models"]["writer"]["label"] == "scripted/1.50"


def test_the_user_s_config_reaches_providers(
    surroundings: Path, curator: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OLLAMA_HOST")
    (surroundings / "config.toml").write_text('ollama_host = "127.0.0.1:8"\n')
    assert shown(curator, "ollama_host") == ("127.0.0.1:8", "user config")


@pytest.mark.parametrize("form", [(), ("--json",), ("--origin",)])
def test_a_key_is_never_printed(form: tuple[str, ...], project: Path, curator: Call) -> None:
    (project / ".env").write_text(f"OPENAI_API_KEY={KEY}\nHF_TOKEN={KEY}\nOPENAI_BASE_URL=http://me:{KEY}@host/v1\n")
    ended = curator("config", "show", *form)
    assert ended.code == 0
    assert KEY not in ended.out + ended.err
    assert "(set)" in ended.out or '"set": true' in ended.out


def test_without_origin_there_is_no_such_column(curator: Call) -> None:
    assert "origin" in curator("config", "--origin").out.splitlines()[0]
    assert "origin" not in curator("config").out.splitlines()[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("modle = 'x'", "unknown setting 'modle'; did you mean 'model'?"),
        ("model = ", "cannot be read"),
        (
            f"openai_api_key = '{KEY}'",
            "openai_api_key is a key; put it into the environment or `.env` as OPENAI_API_KEY",
        ),
    ],
)
def test_a_wrong_user_config_is_one_line(text: str, says: str, surroundings: Path, curator: Call) -> None:
    (surroundings / "config.toml").write_text(text)
    ended = curator("config", "show")
    assert ended.code == 2
    assert says in ended.error
    assert "config.toml" in ended.error
    assert KEY not in ended.err


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CURATOR_TIMEOUT_S", "soon", "valid number"),
        ("CURATOR_MAX_CONCURRENCY", "0", "greater than or equal to 1"),
        ("CURATOR_BASE_URL", f"http://me:{KEY}@host/v1", "no user, password or query"),
    ],
)
def test_a_wrong_variable_is_named_and_not_echoed(
    name: str, value: str, says: str, project: Path, curator: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    ended = curator("plan")
    assert ended.code == 2
    assert f"{name}: " in ended.error
    assert says in ended.error
    assert KEY not in ended.err


def test_a_dotenv_that_is_no_text_is_one_line(project: Path, curator: Call) -> None:
    (project / ".env").write_bytes(b"NAME=\xff\xfe\n")
    ended = curator("config", "show")
    assert ended.code == 2
    assert ".env cannot be read" in ended.error
