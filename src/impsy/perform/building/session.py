"""From a configuration to a performance."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.random import default_rng

from impsy.codecs.shown import Description
from impsy.config import Config, LoadedConfig, hands_of
from impsy.config.localports import USUAL, named_ports, where_the_page_listens
from impsy.io.commands import CommandPort
from impsy.io.osc import OscListener
from impsy.mapping.commands import OTHER_PORTS
from impsy.perform.building.abletonlink import link_port
from impsy.perform.building.journal import new_journal
from impsy.perform.building.learning import learning_plan
from impsy.perform.building.midi import MidiPorts, commands_at, input_name, output_name
from impsy.perform.building.models import model_switcher, open_configured_models
from impsy.perform.building.osc import osc_port
from impsy.perform.building.ports import Port, Ports
from impsy.perform.building.serial import serial_ports
from impsy.perform.building.websocket import websocket_port
from impsy.perform.clock import Clock
from impsy.perform.models import sized
from impsy.perform.recording.recorder import Recorder
from impsy.perform.reports import Reports
from impsy.perform.scenes import Scenes, scenes_of
from impsy.perform.session import Session
from impsy.settings import Settings

__all__ = ["WantedPorts", "build_session", "configured_scenes", "engine_settings"]


def engine_settings(config: Config) -> Settings:
    """What the engine needs of a configuration."""
    live: dict[str, Any] = config.live
    send = tuple(output_name(port) for port in config.clock.send)
    return Settings(
        config.model.dimension, thru_matrix=_thru_matrix(config), clock_send=send, hands=hands_of(config), **live
    )


def _thru_matrix(config: Config) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Whose input goes where, by the names that the ports have as adapters."""
    if config.midi is None:
        return ()
    matrix = config.midi.thru_matrix
    return tuple(
        (input_name(source), tuple(output_name(target) for target in targets)) for source, targets in matrix.items()
    )


def configured_scenes(loaded: LoadedConfig) -> Scenes:
    """The scenes of a configuration, ready to be recalled."""
    return scenes_of(loaded, model_switcher(loaded, anywhere=True))


class WantedPorts:
    """The ports of the sections of a configuration, and of its later versions, which share MIDI systems with it.

    Args:
        folder: of the configuration.
        lights: whether outputs are opened that only show the state to what commands.
    """

    def __init__(self, folder: Path | None = None, *, lights: bool = True) -> None:
        self._midi_ports = MidiPorts(lights=lights)
        self._commands = {name: CommandPort(name) for name in OTHER_PORTS}
        self._folder = folder

    def __call__(self, config: Config) -> Iterator[Port]:
        """The ports; each is made when it is first used."""
        controls, assigned = config.model.dimension - 1, config.assigned
        midi = config.midi_in_use
        if midi is not None:
            yield from self._midi_ports(midi, assigned, follows=config.clock.source == "midi")
        if config.clock.source == "link":
            yield link_port(config.clock.tempo)
        for name, commands in self._commands.items():
            commands.remap(commands_at(name, assigned))
        if config.osc is not None:
            yield osc_port(config.osc, controls, Description(config.title, config.names))
        if config.websocket is not None:
            yield websocket_port(config.websocket, self._folder, self._commands["websocket"])
        yield from serial_ports(config, self._commands["serialmidi"])


def build_session(
    loaded: LoadedConfig,
    *,
    logdir: Path | None,
    seed: int | None = None,
    reports: Reports | None = None,
    ports: Ports | None = None,
) -> Session:
    """Build a performance; nothing is opened yet, except the model.

    Args:
        loaded: what to play.
        logdir: where the log goes; None: no log.
        seed: of the model's choices; None: a new one each time.
        reports: where the performer's messages go.
        ports: the ports, where they change later or are more than the configuration names.

    Raises:
        ConfigError, ModelError: as ``sized`` and ``open_configured_models``.
    """
    loaded = sized(loaded)
    config = loaded.config
    clock = Clock()
    reports = reports or Reports()
    make_engine, model_file = open_configured_models(loaded)
    _, command_port = named_ports(config)
    ports = ports or Ports(WantedPorts(loaded.folder))
    drawn = secrets.randbits(32) if seed is None else seed
    settings, made = engine_settings(config), clock.now()
    engine = make_engine(settings, default_rng(drawn), made)
    recorder = None
    if logdir is not None:
        journal = new_journal(loaded, engine, settings, clock, made, drawn)
        recorder = Recorder(logdir, config.model.dimension, clock.date, clock.started_at, reports.add, journal)
    return Session(
        engine,
        ports.apply(config),
        clock=clock,
        reports=reports,
        recorder=recorder,
        log_input=config.log_input,
        log_predictions=config.log_predictions,
        monitor_port=where_the_page_listens(loaded),
        commands=OscListener(
            "commands",
            "localhost",
            USUAL.command_port if command_port is None else command_port,
            config.model.dimension - 1,
            local=True,
            or_any=command_port is None,
        ),
        open_model=model_switcher(loaded),
        scenes=configured_scenes(loaded),
        model_file=model_file,
        journal=recorder is not None,
        about=_about(loaded, seed),
        learning=learning_plan(loaded, seed),
    )


def _about(loaded: LoadedConfig, seed: int | None) -> dict[str, object]:
    """The parts of the state that do not change: the configuration's path, and the seed if one was given."""
    config = str(loaded.path.resolve()) if loaded.path is not None else ""
    return {"config": config} | ({"seed": seed} if seed is not None else {})
