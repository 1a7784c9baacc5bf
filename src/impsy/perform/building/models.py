"""The models of a performance: the one that it begins with, and those that are switched to while it plays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from impsy.config import LoadedConfig
from impsy.engine import Engine, Ensemble, Playing, Voice
from impsy.engine.nobody import NO_MODEL, Nobody
from impsy.errors import ConfigError
from impsy.events import Predictor, SetPredictor
from impsy.models.opening import open_model
from impsy.models.untrained import RandomGestures
from impsy.names import path_within
from impsy.perform.models import open_fitting, open_voice
from impsy.perform.switching import OpenModel
from impsy.settings import Settings
from impsy.text import one_line

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["STAND_IN", "configured_model", "model_switcher", "open_configured_model", "open_configured_models"]

STAND_IN = "random gestures (no model)"

SUFFIXES = (".tflite", ".keras", ".h5", ".hdf5")

_LINKS_LIMIT = 40

MakePlaying = Callable[[Settings, "Generator", float], Playing]
"""Makes what decides, of its settings, its only source of randomness and the time at which it starts."""


def open_configured_model(loaded: LoadedConfig) -> tuple[Predictor, str]:
    """The predictor of a sized configuration, and its name; without a model file, the stand-in.

    Raises:
        ConfigError: the file is not there, or it has another number of controls.
        ModelError: the file cannot be opened.
    """
    path = loaded.model_file()
    if path is None and loaded.config.learning.while_playing:
        return Nobody(loaded.config.model.dimension), NO_MODEL  # until what it learns is good enough
    if path is None:
        return RandomGestures(loaded.config.model.dimension), STAND_IN
    return open_fitting(loaded, path).predictor, one_line(path.name)


def configured_model(loaded: LoadedConfig) -> SetPredictor:
    """The same, as the event that switches to it; raises the same errors."""
    path = loaded.model_file()
    predictor, name = open_configured_model(loaded)
    return SetPredictor(predictor, name, str(path.resolve()) if path is not None else "")


def open_configured_models(loaded: LoadedConfig) -> tuple[MakePlaying, str]:
    """Open the model of a sized configuration, or those of its voices.

    Returns:
        What makes of its settings an engine that plays with them, and the model's file, "" if it is not one.

    Raises:
        ConfigError, ModelError: as ``open_configured_model``, for any of them.
    """
    voices = [_voice(loaded, index) for index in range(len(loaded.config.voices))]
    if voices:
        return lambda settings, rng, now: Ensemble(settings, voices, rng, now), ""
    model = configured_model(loaded)
    return lambda settings, rng, now: Engine(settings, model.predictor, rng, now, model.name), model.file


def _voice(loaded: LoadedConfig, index: int) -> Voice:
    voice = loaded.config.voices[index]
    opened = open_voice(loaded, index)
    predictor = RandomGestures(len(voice.controls) + 1) if opened is None else opened.predictor
    name = STAND_IN if opened is None else one_line(opened.path.name)
    return Voice(voice.name, predictor, voice.indices, name, voice.mode or "", voice.hears)


def model_switcher(loaded: LoadedConfig, *, anywhere: bool = False) -> OpenModel:
    """Opens models that are requested while playing.

    Unless ``anywhere``, only files in the configuration's folder or in the working directory: a message that
    requests one may come from anyone. The configuration itself may name any.
    """

    def open_it(name: str) -> SetPredictor:
        if anywhere:
            resolved = loaded.resolve(name)
            path, tried = resolved.found and resolved.found.resolve(), list(resolved.tried)
        else:
            path, tried = _requested(name, loaded.folders())
        if path is None:
            raise ConfigError(f"there is no model {' or '.join(str(each) for each in tried)}")
        return SetPredictor(open_model(path).predictor, one_line(path.name), str(path))

    return open_it


def _requested(name: str, folders: Iterable[Path]) -> tuple[Path | None, list[Path]]:
    """The file that a request means, None if there is none, and where it was looked for.

    What leads out of the folders, by its letters or by a link, is refused before anything out there is looked at.

    Raises:
        ConfigError: it leads out of them, or is none of a model.
        DataError: no file can have such a name.
    """
    if not name.lower().endswith(SUFFIXES):
        raise ConfigError(f"{name} is not named as a model is: wanted {', '.join(SUFFIXES)}")
    tried = []
    for folder in dict.fromkeys(each for own in folders for each in (own, own.resolve())):
        path = path_within(name, folder)
        if path is None:
            continue
        tried.append(path)
        found = _followed(path, folder.resolve(), path.relative_to(folder).parts)
        if found is not None:
            return found, tried
    if not tried:
        raise _outside(name)
    return None, tried


def _followed(asked: Path, root: Path, parts: Iterable[str]) -> Path | None:
    """Where these parts of a path lead from ``root``, which has no links in it; None: nowhere.

    Raises:
        ConfigError: out of it.
    """
    path, ahead, links = root, list(reversed(tuple(parts))), 0
    while ahead:
        path = path / ahead.pop()
        try:
            if path.is_symlink():
                links += 1
                target = Path(os.path.normpath(path.parent / os.readlink(path)))
                if links > _LINKS_LIMIT or not target.is_relative_to(root):
                    raise _outside(str(asked))
                ahead += reversed(target.relative_to(root).parts)
                path = root
        except OSError:
            return None
    return path if path.exists() else None


def _outside(name: str) -> ConfigError:
    return ConfigError(f"{name} is outside the workspace; while playing, only models in it can be switched to")
