"""The journal of a performance, of what it begins with."""

from __future__ import annotations

import platform
import re
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import numpy as np

from impsy.codecs.journal import Head, VoiceFacts
from impsy.config import LoadedConfig
from impsy.engine import Playing
from impsy.perform.clock import Clock
from impsy.perform.recording.journal import Journal
from impsy.settings import Settings
from impsy.version import __version__

__all__ = ["journalled_text", "new_journal", "versions"]

_SECRET = re.compile(
    r"""^(\s*["']?[\w.-]*(?:passw|secret|token|api[_-]?key|credential)[\w-]*["']?\s*=\s*).*$""",
    re.IGNORECASE | re.MULTILINE,
)


def journalled_text(loaded: LoadedConfig) -> str:
    """The configuration's text, without the values of keys that are called like a password; IMPSY has none itself."""
    return _SECRET.sub(r'\1"left out"', loaded.text)


def versions() -> dict[str, str]:
    """Of all that what is played depends on, to the last bit."""
    found = {"impsy": __version__, "python": platform.python_version(), "numpy": np.__version__}
    with suppress(metadata.PackageNotFoundError):
        found["ai-edge-litert"] = metadata.version("ai-edge-litert")
    return {**found, "system": platform.system(), "machine": platform.machine()}


def new_journal(
    loaded: LoadedConfig, engine: Playing, settings: Settings, clock: Clock, made: float, seed: int
) -> Journal:
    """The journal of a performance that begins with these.

    Args:
        loaded: the configuration in force, sized.
        engine: made with it, which has not played.
        settings, made, seed: with which, and when, it was made.
        clock: of the performance.
    """
    config = loaded.config
    names = [voice.model for voice in engine.snapshot().voices]
    voices = [
        VoiceFacts(voice.name, 0, name, voice.indices, voice.mode or "", voice.hears)
        for voice, name in zip(config.voices, names, strict=True)
    ]
    overrides = {name: value for name, value in loaded.overrides.items() if name != "model_file"}
    head = Head(
        version=__version__,
        started_at=clock.started_at,
        origin=clock.start,
        made=made,
        seed=seed,
        settings=settings,
        model="" if voices else engine.snapshot().model,
        models=(),
        voices=tuple(voices),
        log_input=config.log_input,
        log_predictions=config.log_predictions,
        participant=config.study.participant,
        condition=config.study.condition,
        config=journalled_text(loaded),
        overrides=overrides,
        versions=versions(),
    )
    return Journal(head, engine.predictors, [*loaded.folders(), Path.cwd()])
