"""What the workspace's configuration says of each control: its name, and whether outputs play notes."""

from __future__ import annotations

from impsy.config import Config, LoadedConfig, load_config
from impsy.errors import ImpsyError
from impsy.mapping.entries import NoteOn
from impsy.perform.models import sized
from impsy.perform.recording.takes import outputs_of
from impsy.web.config.labels import controls_of, unmapped
from impsy.web.workspace import Workspace

__all__ = ["configured", "labels_for", "loaded_config", "plays_notes"]


def configured(workspace: Workspace) -> Config | None:
    """The configuration; None if there is none, or anything is wrong with it."""
    loaded = loaded_config(workspace)
    return None if loaded is None else loaded.config


def loaded_config(workspace: Workspace) -> LoadedConfig | None:
    """The same, and what is known of it."""
    try:
        return sized(load_config(workspace.config))
    except ImpsyError:
        return None


def plays_notes(config: Config | None) -> bool:
    """Whether any output plays notes, which go on until they are ended."""
    return config is not None and any(
        isinstance(entry, NoteOn) for mapping in outputs_of(config) for entry in mapping
    )


def labels_for(config: Config | None, controls: int) -> list[str]:
    """A short name for each control: the configuration's, where it is for so many; else its number."""
    fits = config is not None and config.model.dimension == controls + 1
    return [each.label for each in (controls_of(config) if config and fits else unmapped(controls))]
