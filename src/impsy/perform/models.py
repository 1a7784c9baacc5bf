"""The models that a configuration names: opened, and compared with the number of its controls.

`impsy run`, `impsy config check`, `impsy doctor` and the page use the same checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from impsy.config import InvalidConfigError, LoadedConfig, Problem
from impsy.errors import ImpsyError
from impsy.models.opening import OpenedModel, model_dimension, open_model

__all__ = ["choices", "how_to_choose", "model_problems", "open_fitting", "open_voice", "sized"]


def sized(loaded: LoadedConfig) -> LoadedConfig:
    """The configuration with its dimension, which its model has where the file leaves it out and has no mapping.

    Raises:
        ConfigError: nothing has a dimension, or the model file is not there.
        ModelError: the model cannot be opened.
    """
    if loaded.dimension_from != "model":
        return loaded
    several = bool(loaded.config.voices)
    path = None if several else loaded.model_file()
    if path is None:
        lacks = "no model of all controls" if several else "no model"
        text = f"missing; wanted a whole number, 2 or more: there is {lacks} and no mapping that has it"
        hint = "Set [model] dimension to the number of controls + 1" + ", or name a model in [model] file" * (
            not several
        )
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


def open_voice(loaded: LoadedConfig, index: int) -> OpenedModel | None:
    """Open the model of one of ``[[voices]]`` and see that it has as many controls as the voice; None: it names none.

    Raises:
        ConfigError: there is no such file, or it has not; the message has both numbers and what can be done.
        ModelError: it cannot be opened.
    """
    path = loaded.voice_file(index)
    if path is None:
        return None
    opened = open_model(path)
    _check_fits_voice(loaded, index, path, opened.dimension)
    return opened


def model_problems(
    loaded: LoadedConfig, look: Callable[[Path], int] = lambda path: open_model(path).dimension
) -> Iterator[Problem]:
    """What keeps a configuration from playing with its models: errors; what keeps its scenes from theirs: warnings.

    ``look`` gives a model's dimension, or raises ConfigError or ModelError.
    """
    try:
        loaded = sized(loaded)
        path = None if loaded.config.voices else loaded.model_file()
        if path is not None:
            _check_fits(loaded, path, look(path))
    except ImpsyError as error:
        yield from _problems(error, "model.file", "error")
    for index in range(len(loaded.config.voices)):
        try:
            path = loaded.voice_file(index)
            if path is not None:
                _check_fits_voice(loaded, index, path, look(path))
        except ImpsyError as error:
            yield from _problems(error, f"voices[{index}].model", "error")
    for name, scene in loaded.config.scenes.items():
        if scene.model is None:
            continue
        key = f'scenes."{name}".model'
        found = loaded.resolve(scene.model)
        if found.found is None:
            yield Problem("warning", key, f"{found.why}: the scene keeps the model that plays")
            continue
        try:
            _check_fits_any(loaded, found.found, look(found.found))
        except ImpsyError as error:
            yield from _problems(error, key, "warning")


def _problems(error: ImpsyError, key: str, level: str) -> Iterator[Problem]:
    for problem in getattr(error, "problems", ()) or (Problem("error", key, str(error)),):
        yield replace(problem, key=key if level == "warning" else problem.key, level=level)


def _check_fits(loaded: LoadedConfig, path: Path, dimension: int) -> None:
    own = loaded.config.model.dimension
    if dimension == own:
        return
    why = "its mappings" if loaded.dimension_from == "mappings" else "[model] dimension"
    mapped = loaded.has_mappings
    text = (
        f"the model {path.name} has dimension {dimension}, but the configuration says {own} ({why}), which is "
        f"{dimension - 1} controls and {own - 1}: {choices(dimension, own, mapped=mapped)}"
    )
    hint = how_to_choose(dimension, own, mapped=mapped, folder=path.parent)
    raise InvalidConfigError([Problem("error", "model.file", text, hint, str(loaded.path or ""))])


def _check_fits_voice(loaded: LoadedConfig, index: int, path: Path, dimension: int) -> None:
    voice = loaded.config.voices[index]
    own = len(voice.controls) + 1
    if dimension == own:
        return
    text = (
        f"the model {path.name} has dimension {dimension}, which is {dimension - 1} controls, but the voice "
        f"{voice.name} has {own - 1}: choose a model of dimension {own}, or give the voice {dimension - 1} controls"
    )
    hint = how_to_choose(dimension, own, mapped=False, folder=path.parent)
    raise InvalidConfigError([Problem("error", f"voices[{index}].model", text, hint, str(loaded.path or ""))])


def _check_fits_any(loaded: LoadedConfig, path: Path, dimension: int) -> None:
    """For a scene: its model plays instead of that of a voice, where there are some."""
    sizes = sorted({len(voice.controls) + 1 for voice in loaded.config.voices})
    if not sizes:
        _check_fits(loaded, path, dimension)
    elif dimension not in sizes:
        text = (
            f"the model {path.name} has dimension {dimension}, and the voices {', '.join(map(str, sizes))}: choose a "
            "model of such a dimension"
        )
        raise InvalidConfigError([Problem("error", "model.file", text, "", str(loaded.path or ""))])


def choices(model: int, own: int, *, mapped: bool) -> str:
    """What can be done where a model has one dimension and the configuration has another.

    ``mapped``: the configuration has mappings, of its own dimension.
    """
    adapt = f"set dimension = {model}" + (f" and give each mapping {model - 1} entries" if mapped else "")
    return f"choose a model of dimension {own}, or {adapt}"


def how_to_choose(model: int, own: int, *, mapped: bool, folder: Path | None = None) -> str:
    """The commands for that, or a model in ``folder`` that would fit, by its name."""
    make = f"; `impsy map --controls {model - 1} --set-dimension` makes a mapping" if mapped else ""
    found = sorted(path.name for path in folder.glob(f"*-dim{own}-*")) if folder else []
    models = [name for name in found if not name.endswith((".json", ".npz"))]
    if models:
        return f"{models[0]} is there and has dimension {own}{make}"
    return f"`impsy dataset -D {own}`, then `impsy train -D {own}`, makes a model of dimension {own}{make}"
