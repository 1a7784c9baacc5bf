"""The models that a configuration names: opened, and compared with the number of its controls.

What `impsy run` refuses is refused here, and `impsy config check`, `impsy doctor` and the page ask here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from impsy.config import InvalidConfigError, LoadedConfig, Problem
from impsy.errors import ImpsyError
from impsy.models.opening import OpenedModel, model_dimension, open_model

__all__ = ["advice_on_dimensions", "another_model", "in_controls", "model_problems", "open_fitting", "sized"]


def sized(loaded: LoadedConfig) -> LoadedConfig:
    """The configuration with its dimension, which its model has where the file leaves it out and has no mapping.

    Raises:
        ConfigError: nothing has a dimension, or the model file is not there.
        ModelError: the model cannot be opened.
    """
    if loaded.dimension_from != "model":
        return loaded
    path = loaded.model_file()
    if path is None:
        text = "missing; wanted a whole number, 2 or more: there is no model and no mapping that has it"
        hint = "Set [model] dimension to the number of controls + 1, or name a model in [model] file"
        raise InvalidConfigError([Problem("error", "model.dimension", text, hint, str(loaded.path or ""))])
    return replace(loaded.with_overrides(dimension=model_dimension(path)), dimension_from="model")


def open_fitting(loaded: LoadedConfig, path: Path) -> OpenedModel:
    """Open a model and see that it has as many controls as the configuration, which is sized.

    Raises:
        ConfigError: it has not; the message has both numbers and what can be done.
        ModelError: it cannot be opened.
    """
    opened = open_model(path)
    _check_fits(loaded, path, opened.dimension)
    return opened


def model_problems(
    loaded: LoadedConfig, look: Callable[[Path], int] = lambda path: open_model(path).dimension
) -> Iterator[Problem]:
    """What keeps a configuration from playing with its models: errors; what keeps its scenes from theirs: warnings.

    ``look`` gives a model's dimension, or raises ConfigError or ModelError.
    """
    try:
        loaded = sized(loaded)
        path = loaded.model_file()
        if path is not None:
            _check_fits(loaded, path, look(path))
    except ImpsyError as error:
        yield from _problems(error, "model.file", "error")
    for name, scene in loaded.config.scenes.items():
        if scene.model is None:
            continue
        key = f'scenes."{name}".model'
        found = loaded.resolve(scene.model)
        if found.found is None:
            places = " or ".join(map(str, found.tried))
            yield Problem("warning", key, f"there is no {places}: the scene keeps the model that plays")
            continue
        try:
            _check_fits(loaded, found.found, look(found.found))
        except ImpsyError as error:
            yield from _problems(error, key, "warning")


def _problems(error: ImpsyError, key: str, level: str) -> Iterator[Problem]:
    for problem in getattr(error, "problems", ()) or (Problem("error", key, str(error)),):
        yield replace(problem, key=key if level == "warning" else problem.key, level=level)


def _check_fits(loaded: LoadedConfig, path: Path, dimension: int) -> None:
    own = loaded.config.model.dimension
    if dimension == own:
        return
    says = "its mappings have" if loaded.dimension_from == "mappings" else "[model] dimension says"
    text = (
        f"the model {path.name} has {in_controls(dimension)}, the configuration has {in_controls(own)}, "
        f"as {says}: they do not go together"
    )
    hint = advice_on_dimensions(dimension, own, mapped=loaded.has_mappings, folder=path.parent)
    raise InvalidConfigError([Problem("error", "model.file", text, hint, str(loaded.path or ""))])


def advice_on_dimensions(model: int, own: int, *, mapped: bool, folder: Path | None = None) -> str:
    """What can be done where a model has one dimension and the configuration has another.

    ``mapped``: the configuration has mappings, of its own dimension. ``folder``: where models of that may be.
    """
    adapt = (
        f"give each mapping {model - 1} entries and set dimension = {model} (`impsy learn --controls {model - 1} "
        f"--set-dimension` makes a mapping)"
        if mapped
        else f"set dimension = {model} in [model]"
    )
    return f"{adapt[0].upper()}{adapt[1:]}; or {another_model(own, folder)}"


def another_model(dimension: int, folder: Path | None = None) -> str:
    """How to get a model of this dimension: one in ``folder`` whose name has it, or training."""
    found = sorted(path.name for path in folder.glob(f"*-dim{dimension}-*")) if folder else []
    models = [name for name in found if not name.endswith((".json", ".npz"))]
    if models:
        return f"use a model of dimension {dimension}, such as {models[0]}"
    return (
        f"train a model of dimension {dimension} (`impsy dataset -D {dimension}`, then `impsy train -D {dimension}`)"
    )


def in_controls(dimension: int) -> str:
    """``8 controls (dimension 9)``."""
    return f"{dimension - 1} control{'s' * (dimension != 2)} (dimension {dimension})"
