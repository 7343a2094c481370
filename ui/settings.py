"""Settings and where each comes from: flag > environment > .env > recipe > user config > default."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curator.errors import RecipeError
from curator.text.near_miss import did_you_mean

CONFIG_NAME = "config.toml"


@dataclass(frozen=True)
class Setting:
    """One thing that can be set.

    Attributes:
        name: its name in the user's config file.
        env: the environment variable.
        meaning: one line for `curator config show`.
        secret: never to be shown, only whether it is set; not allowed in the config file.
        of_model: whether it is a field of the recipe's models.
        default: its value when nobody sets it.
    """

    name: str
    env: str
    meaning: str
    secret: bool = False
    of_model: bool = False
    default: str = ""


SETTINGS = (
    Setting("workspace", "CURATOR_WORKSPACE", "the folder to work in", default="."),
    Setting("provider", "CURATOR_PROVIDER", "who answers: auto, openai, ollama, local", of_model=True, default="auto"),
    Setting("model", "CURATOR_MODEL", "the model's name at its provider", of_model=True),
    Setting("base_url", "CURATOR_BASE_URL", "the address of an endpoint", of_model=True),
    Setting("timeout_s", "CURATOR_TIMEOUT_S", "how long one reply may take, in seconds", of_model=True, default="120"),
    Setting("max_concurrency", "CURATOR_MAX_CONCURRENCY", "how many requests at once", of_model=True),
    Setting("models_dir", "CURATOR_MODELS_DIR", "where fetched weights rest"),
    Setting("openai_api_key", "OPENAI_API_KEY", "the key of the endpoint", secret=True),
    Setting("openai_base_url", "OPENAI_BASE_URL", "the endpoint that `auto` finds"),
    Setting("ollama_host", "OLLAMA_HOST", "where Ollama listens", default="127.0.0.1:11434"),
    Setting("hf_token", "HF_TOKEN", "the token of the Hugging Face Hub", secret=True),
)
"""Everything that can be set, in the order in which it is shown."""


@dataclass(frozen=True)
class Value:
    """A setting's value and its origin.

    Attributes:
        setting: what is set.
        value: the value, as text; "" if it is not set.
        origin: "environment", ".env", "recipe", "user config" or "default".
    """

    setting: Setting
    value: str
    origin: str

    @property
    def shown(self) -> str:
        """The value as it may be printed: a secret only says whether it is set."""
        if self.setting.secret:
            return "(set)" if self.value else "(not set)"
        return self.value or "(not set)"


def config_path() -> Path:
    """Return where the user's config file lies; `CURATOR_CONFIG` names another."""
    if named := os.environ.get("CURATOR_CONFIG"):
        return Path(named)
    import platformdirs

    return platformdirs.user_config_path("instruct-curator") / CONFIG_NAME


def load_environment(folder: Path) -> frozenset[str]:
    """Take up `.env` of the workspace, or of the current folder, without overriding the environment.

    Args:
        folder: the workspace.

    Returns:
        The names that were set by it.
    """
    from dotenv import dotenv_values

    found: dict[str, str] = {}
    for place in dict.fromkeys((folder.absolute(), Path.cwd())):
        for name, value in dotenv_values(place / ".env").items():
            if value is not None and name not in os.environ:
                found.setdefault(name, value)
    os.environ.update(found)
    return frozenset(found)


def user_config() -> Mapping[str, str]:
    """Read the user's config file.

    Returns:
        Its values, as text; empty if there is no file.

    Raises:
        RecipeError: it is no TOML, names an unknown setting, or holds a key.
    """
    path = config_path()
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error
    known = {setting.name: setting for setting in SETTINGS}
    for name in data:
        if name not in known:
            raise RecipeError(f"{path}: unknown setting {name!r}{did_you_mean(name, known)}")
        if known[name].secret:
            raise RecipeError(f"{path}: {name} is a key; put it into the environment or `.env` as {known[name].env}")
    return {name: str(value) for name, value in data.items()}


def resolve(from_dotenv: frozenset[str], recipe: Mapping[str, str]) -> list[Value]:
    """Return every setting with its value and origin.

    Args:
        from_dotenv: the names that `load_environment` set.
        recipe: what the recipe says, by the settings' names.
    """
    config = user_config()
    values = []
    for setting in SETTINGS:
        if os.environ.get(setting.env):
            origin = ".env" if setting.env in from_dotenv else "environment"
            values.append(Value(setting, os.environ[setting.env], origin))
        elif recipe.get(setting.name):
            values.append(Value(setting, recipe[setting.name], "recipe"))
        elif config.get(setting.name):
            values.append(Value(setting, config[setting.name], "user config"))
        else:
            values.append(Value(setting, setting.default, "default"))
    return values


def model_changes(recipe_models: Mapping[str, Any]) -> list[str]:
    """Return what environment and user config change in a recipe's models, as `--set` would say it.

    The environment wins over the recipe; the user's config fills only what the recipe leaves open.

    Args:
        recipe_models: the recipe's `models:` as written.

    Returns:
        `models.NAME.FIELD=value` each; for a recipe without models, for the name `default`.
    """
    config = user_config()
    changes = []
    for name, spec in (recipe_models or {"default": {}}).items():
        for setting in SETTINGS:
            if not setting.of_model:
                continue
            if value := os.environ.get(setting.env):
                changes.append(f"models.{name}.{setting.name}={value}")
            elif setting.name in config and setting.name not in (spec or {}):
                changes.append(f"models.{name}.{setting.name}={config[setting.name]}")
    return changes
