"""Recipes: the settings in the file behind `--config`, for the options that were not typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from cyclopts import App, Argument, ArgumentCollection, CycloptsError
from cyclopts.config import Dict

from ..errors import ConfigError, DataError, did_you_mean

_CONFIG = "--config"


def add_recipe(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> Path | None:
    """Give the options that are missing the values that the file behind `--config` holds; return the file.

    Raises:
        ConfigError: the file cannot be read, or holds what is no setting or no value for it.
    """
    chosen = next((argument for argument in arguments if _CONFIG in argument.names), None)
    if chosen is None or not chosen.tokens or not chosen.tokens[-1].value:
        return None
    recipe = Path(chosen.tokens[-1].value)
    if not recipe.is_file():
        found = "is no file" if recipe.exists() else "no such recipe"
        raise ConfigError(f"{recipe}: {found}; expected a YAML file of settings")
    settings = _read_recipe(recipe)
    _check_settings(recipe, settings, arguments)
    try:
        Dict(settings, source=str(recipe), use_commands_as_keys=False)(app, commands, arguments)
    except CycloptsError as error:
        error.verbose = False
        raise ConfigError(" ".join(str(error).split())) from error
    return recipe


def check_together(recipe: Path, arguments: ArgumentCollection) -> None:
    """Make sure that the settings of a recipe go with each other and with the options that were typed.

    Raises:
        ConfigError: they do not.
    """
    whole = next(argument for argument in arguments if "*" in argument.names)
    try:
        whole.convert()
    except ConfigError as error:
        raise ConfigError(f"{recipe}, with the options beside it: {error}") from error


def kinds_in(hint: Any) -> set[Any]:
    """Return the types in a type, however deep."""
    return {hint}.union(*map(kinds_in, get_args(hint)))


def _read_recipe(recipe: Path) -> dict[str, Any]:
    from ..data.description import load_yaml

    try:
        settings = load_yaml(recipe) or {}
    except DataError as error:
        raise ConfigError(f"{recipe}: {error}") from error
    if not (isinstance(settings, dict) and all(isinstance(key, str) for key in settings)):
        raise ConfigError(f"{recipe}: must be a mapping, with lines such as  epochs: 60")
    return settings


def _check_settings(recipe: Path, settings: dict[str, Any], arguments: ArgumentCollection) -> None:
    """Raise where a setting is none, stands there twice, or has a value of a form that none has."""
    known = {
        name.removeprefix("--"): argument
        for argument in arguments
        for name in argument.names
        if name.startswith("--") and name != _CONFIG
    }
    written: dict[str, str] = {}
    for key, value in settings.items():
        name = key.replace("_", "-")
        if name not in known:
            raise ConfigError(
                f"{recipe}: there is no setting '{key}'{_instead(recipe, key, known, arguments)}"
            )
        if (other := written.setdefault(name, key)) != key:
            raise ConfigError(f"{recipe}: has both {other} and {key}, which are one setting: take one out")
        if isinstance(value, dict):
            raise ConfigError(f"{recipe}: {key} is a mapping, expected a value or a list of values")
        if isinstance(value, bool) and bool not in kinds_in(known[name].hint):
            raise ConfigError(
                f"{recipe}: {key} is {str(value).lower()}, as YAML reads yes, no, on and off: "
                "write another value, or put the word into quotes"
            )


def _instead(recipe: Path, key: str, known: dict[str, Argument], arguments: ArgumentCollection) -> str:
    """Return what to write in place of a setting that there is not."""
    if any(argument.name == key.upper() for argument in arguments):
        return f": give {key.upper()} on the command line, as in  pixelwise train DATA --config {recipe}"
    return did_you_mean(key, known) or ": `pixelwise train --help` lists all"
