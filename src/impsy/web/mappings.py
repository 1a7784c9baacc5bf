"""What the workspace's configuration says of each control: by which MIDI messages it is played, and its name."""

from __future__ import annotations

from collections.abc import Iterator

from impsy.config import Config, LoadedConfig, load_config
from impsy.errors import ImpsyError
from impsy.mapping.entries import Mapping, NoteOn
from impsy.perform.midifile import default_mapping
from impsy.perform.models import sized
from impsy.web.labels import controls_of, unmapped
from impsy.web.workspace import Workspace

__all__ = ["configured", "inputs_for", "labels_for", "loaded_config", "output_for", "plays_notes"]


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


def _inputs(config: Config) -> Iterator[Mapping]:
    if config.midi is not None:
        yield from config.midi.input.values()
    for section in (config.websocket, config.serialmidi):
        if section is not None:
            yield section.input


def _outputs(config: Config) -> Iterator[Mapping]:
    if config.midi is not None:
        yield from config.midi.output.values()
    for section in (config.websocket, config.serialmidi):
        if section is not None:
            yield section.output


def _fitting(mappings: Iterator[Mapping], controls: int) -> list[Mapping]:
    return [mapping for mapping in mappings if len(mapping) == controls]


def output_for(config: Config | None, controls: int) -> Mapping:
    """How ``controls`` values are played: as the first output has it, or else the first input, or else by default."""
    found = [] if config is None else [*_fitting(_outputs(config), controls), *_fitting(_inputs(config), controls)]
    return found[0] if found else default_mapping(controls)


def inputs_for(config: Config | None, controls: int) -> list[Mapping]:
    """How ``controls`` values are heard: as the inputs have it, or else the outputs, or else by default."""
    if config is None:
        return [default_mapping(controls)]
    inputs = list(dict.fromkeys(_fitting(_inputs(config), controls)))
    return inputs or list(dict.fromkeys(_fitting(_outputs(config), controls))) or [default_mapping(controls)]


def plays_notes(config: Config | None) -> bool:
    """Whether any output plays notes, which go on until they are ended."""
    return config is not None and any(isinstance(entry, NoteOn) for mapping in _outputs(config) for entry in mapping)


def labels_for(config: Config | None, controls: int) -> list[str]:
    """A short name for each control: the configuration's, where it is for so many; else its number."""
    fits = config is not None and config.model.dimension == controls + 1
    return [each.label for each in (controls_of(config) if config and fits else unmapped(controls))]
