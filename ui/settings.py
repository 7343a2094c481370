"""Settings and where each comes from: flag > environment > .env > recipe > user config > default."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from curator.errors import RecipeError
from curator.text.near_miss import did_you_mean

CONFIG_NAME = "config.toml"
DOTENV_NAME = ".env"
_PASSWORD = re.compile(r"//[^/@\s]+@")

Origin = Literal["flag", "environment", ".env", "recipe", "user config", "default"]
Taken = Mapping[str, Origin]
"""The variables that were put into the process's environment, with where each came from."""


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
        origin: where it comes from.
    """

    setting: Setting
    value: str
    origin: Origin

    @property
    def shown(self) -> str:
        """The value as it may be printed: a secret only says whether it is set."""
        if self.setting.secret:
            return "(set)" if self.value else "(not set)"
        return _PASSWORD.sub("//***@", self.value) or "(not set)"


def config_path() -> Path:
    """Return where the user's config file lies; `CURATOR_CONFIG` names another."""
    if named := os.environ.get("CURATOR_CONFIG"):
        return Path(named)
    import platformdirs

    return platformdirs.user_config_path("instruct-curator") / CONFIG_NAME


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
        raise RecipeError(f"{path} cannot be read: {error}; mend it or move it away") from error
    known = {setting.name: setting for setting in SETTINGS}
    for name in data:
        if name not in known:
            raise RecipeError(f"{path}: unknown setting {name!r}{did_you_mean(name, known)}")
        if known[name].secret:
            raise RecipeError(f"{path}: {name} is a key; put it into the environment or `.env` as {known[name].env}")
    return {name: str(value) for name, value in data.items()}


def load_environment(folder: Path, taken: Taken | None = None) -> Taken:
    """Put a folder's `.env`, and below it the user's config, into the environment; what the user exported stays.

    The settings of models stay out when they come from the user's config: there, the recipe stands between the two.

    Args:
        folder: the current folder, or the workspace, whose `.env` wins over the current folder's.
        taken: what an earlier call returned.

    Returns:
        The variables that this and earlier calls set, each with its origin.

    Raises:
        RecipeError: `.env` or the user's config cannot be read.
    """
    origins = dict(taken or {})
    for name, value in _dotenv(folder / DOTENV_NAME).items():
        if name not in os.environ or name in origins:
            os.environ[name] = value
            origins[name] = ".env"
    config = user_config()
    for setting in SETTINGS:
        if not setting.of_model and setting.name in config and not os.environ.get(setting.env):
            os.environ[setting.env] = config[setting.name]
            origins[setting.env] = "user config"
    return origins


def resolve(taken: Taken, recipe: Mapping[str, str]) -> list[Value]:
    """Return every setting with its value and origin.

    Args:
        taken: what `load_environment` returned.
        recipe: what the recipe says, by the settings' names.

    Returns:
        One value a setting, in the order of `SETTINGS`.
    """
    config = user_config()
    values = []
    for setting in SETTINGS:
        if os.environ.get(setting.env):
            values.append(Value(setting, os.environ[setting.env], taken.get(setting.env, "environment")))
        elif recipe.get(setting.name):
            values.append(Value(setting, recipe[setting.name], "recipe"))
        elif config.get(setting.name):
            values.append(Value(setting, config[setting.name], "user config"))
        else:
            values.append(Value(setting, setting.default, "default"))
    return values


def model_settings(written: Mapping[str, Any]) -> dict[str, str]:
    """Return what environment and user config set in a model's settings.

    The environment wins over the recipe; the user's config fills only what the recipe leaves open.

    Args:
        written: the model's settings as the recipe gives them.

    Returns:
        Values by the settings' names.

    Raises:
        RecipeError: a value cannot be used; says which variable or file it comes from.
    """
    config = user_config()
    found: dict[str, str] = {}
    for setting in SETTINGS:
        if not setting.of_model:
            continue
        if value := os.environ.get(setting.env):
            found[setting.name] = _checked(setting, value, setting.env)
        elif setting.name in config and setting.name not in written:
            found[setting.name] = _checked(setting, config[setting.name], f"{config_path()}: {setting.name}")
    return found


def _checked(setting: Setting, value: str, where: str) -> str:
    from pydantic import ValidationError

    from curator.llm.spec import ModelSpec

    try:
        ModelSpec.model_validate({setting.name: value})
    except ValidationError as error:
        problem = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise RecipeError(
            f"{where}: {problem[0].lower()}{problem[1:]}; mend it or unset it"
        ) from None  # no echo: a secret?
    return value


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return {name: value for name, value in dotenv_values(path).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}; it holds lines like NAME=value, in UTF-8") from error
