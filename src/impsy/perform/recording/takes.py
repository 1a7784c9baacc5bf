"""Takes from MIDI files and to MIDI files, by a configuration's mappings: for the command line and for the page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from impsy.codecs.log import MODEL, PERFORMER, encode_row
from impsy.config import Config
from impsy.data.logs.performances import played_of
from impsy.data.logs.reading import Log, read_log
from impsy.errors import DataError
from impsy.files import written_whole
from impsy.mapping.entries import Mapping
from impsy.perform.recording.midifile import Part, Reading, default_mapping, write_midi

__all__ = ["inputs_for", "log_to_midi", "output_for", "write_log"]


def _fitting(mappings: Iterable[Mapping], controls: int) -> list[Mapping]:
    return [mapping for mapping in mappings if len(mapping) == controls]


def output_for(config: Config | None, controls: int) -> Mapping:
    """How ``controls`` values are played: as the first output has it, or else the first input, or else by default."""
    mappings = [] if config is None else [*config.mappings("output"), *config.mappings("input")]
    return next(iter(_fitting(mappings, controls)), None) or default_mapping(controls)


def inputs_for(config: Config | None, controls: int) -> list[Mapping]:
    """How ``controls`` values may be heard: as the inputs have it, or as the outputs play them, or else by default.

    The outputs count too, as a take that was exported is what they play.
    """
    mappings = [] if config is None else [*config.mappings("input"), *config.mappings("output")]
    return list(dict.fromkeys(_fitting(mappings, controls))) or [default_mapping(controls)]


def write_log(reading: Reading, started: datetime, target: Path) -> None:
    """Write what a MIDI file plays as a log that begins at ``started``.

    Raises:
        DeviceError: the disk refuses.
    """
    performer, model, _ = reading
    times = np.concatenate([performer.times, model.times])
    values = np.concatenate([performer.values, model.values])
    with written_whole(target) as log:
        for row in np.argsort(times, kind="stable").tolist():
            source = PERFORMER if row < len(performer) else MODEL
            time = started + timedelta(seconds=float(times[row]))
            log.write(encode_row(time, source, values[row].tolist()).encode())


def log_to_midi(path: Path, controls: int, mapping: Mapping, target: Path) -> Log:
    """Write a log with ``controls`` values in a row as a MIDI file; returns the log as it was read.

    Raises:
        DataError: it cannot be read or holds no such row, or the mapping does not fit.
        DeviceError: the disk refuses.
    """
    log = read_log(path, controls, answers=True)
    if not len(log.times):
        first = f" (line {log.problems[0].line}: {log.problems[0].text})" if log.problems else ""
        raise DataError(f"{path}: no row has {controls} values{first}, so there is nothing to write as MIDI")
    played = played_of(log)
    parts = [Part(*played.of(True)), Part(*played.of(False))]
    with written_whole(target) as file:
        write_midi(file, mapping, *parts)
    return log
