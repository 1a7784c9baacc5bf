"""Recipes in files: what a search found, or how a model was trained, to train so again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from impsy.errors import ConfigError, refusal
from impsy.files import write_whole
from impsy.training.recipe import Recipe

__all__ = ["load_recipe", "write_recipe"]

_FORMAT = 1
_ANOTHER = "give a file that `impsy search` wrote, or the .json beside a trained model"
_LARGEST = 16_000_000
"""Bytes of a file that is looked at; a model's description, with the curve of a long training, has far less."""
_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
    "str": (str,),
}


def load_recipe(path: Path) -> Recipe:
    """The recipe in a file of ``impsy search``, or in the ``.json`` beside a model.

    Raises:
        ConfigError: it cannot be read, or holds no recipe of this version.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ConfigError(f"{path} is too large for a recipe: {_ANOTHER}")
        content = json.loads(data)
    except OSError as error:
        raise ConfigError(f"{path}: the recipe cannot be read {refusal(error, _ANOTHER)}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON, as recipes are ({error}): {_ANOTHER}") from error
    recipe = content.get("recipe") if isinstance(content, dict) else None
    if not isinstance(recipe, dict):
        raise ConfigError(f"{path} holds no recipe: {_ANOTHER}")
    try:
        _check(recipe)
        return Recipe.from_json(recipe)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}. Correct it there, or {_ANOTHER}") from error


def write_recipe(path: Path, recipe: Recipe, found: Mapping[str, Any]) -> None:
    """Write a recipe, whole or not at all, with how it was ``found``; raises DeviceError if the disk refuses."""
    content = {"format": _FORMAT, "recipe": recipe.to_json(), **found}
    write_whole(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def _check(content: Mapping[str, Any]) -> None:
    """That every number is one, and of its kind."""
    for each in fields(Recipe):
        if each.name not in content:
            continue
        value = content[each.name]
        kinds = _KINDS[str(each.type)]
        sound = isinstance(value, kinds) and not isinstance(value, bool)
        if not sound or (isinstance(value, float) and not math.isfinite(value)):
            raise ConfigError(f"recipe: {each.name} is {value!r}, where {each.type} is needed")
