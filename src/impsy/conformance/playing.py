"""Checkers of playing and learning: what the model hears, when its output is played, what a log teaches."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from impsy.conformance.cases import Byte, Case, Checker, Dimension, MappingField, Part
from impsy.data.logs.performances import events_of
from impsy.data.logs.reading import parse_log
from impsy.engine import Engine, Settings, to_step
from impsy.events import Command, Interaction, Record, Update
from impsy.mapping.input import InputMapping
from impsy.testing import FakePredictor

__all__ = ["CHECKERS"]


class PipelineEvent(Part):
    """A MIDI message at a time in seconds."""

    time: float
    bytes: list[Byte]


class PipelineCase(Case):
    """Messages in time, and what the model hears and the log says of them."""

    dimension: Dimension
    input_mapping: MappingField
    initial_values: list[float]
    start_time: float
    events: list[PipelineEvent]


class PlaybackCase(Case):
    """What the model says, and for each the wait in seconds, what is played and what the model hears of it."""

    timescale: Annotated[float, Field(gt=0)]
    model_outputs: list[Annotated[list[float], Field(min_length=2)]]


class DatasetCase(Case):
    """Lines of a log, and the events made of them."""

    dimension: Dimension
    log_lines: list[str]


def _pipeline(case: PipelineCase, _folder: Path) -> Any:
    n = case.dimension - 1
    for name, items in (("input_mapping", case.input_mapping), ("initial_values", case.initial_values)):
        if len(items) != n:
            raise ValueError(f"{name} holds {len(items)} items; dimension {n + 1} wants {n}")
    model = FakePredictor(case.dimension)
    engine = Engine(Settings(case.dimension), model, np.random.default_rng(0), case.start_time)
    mapping = InputMapping(case.input_mapping)
    # The engine begins with values of its own choice. Setting them is an interaction, which is left out of what
    # the case asks about.
    engine.receive(Interaction(tuple(case.initial_values)), case.start_time)
    heard_before = len(model.heard)
    commands: list[Command] = []
    for event in case.events:
        changes = mapping.decode(bytes(event.bytes))
        if changes is not None:
            commands += engine.receive(Update(changes), event.time)
    return {
        "model_inputs": model.heard[heard_before:],
        "log": [
            {"source": command.source, "values": command.values}
            for command in commands
            if isinstance(command, Record)
        ],
    }


def _playback(case: PlaybackCase, _folder: Path) -> Any:
    steps = (to_step(output, case.timescale) for output in case.model_outputs)
    return [step and {"wait": step.wait, "output": step.values, "next_model_input": step.vector} for step in steps]


def _dataset(case: DatasetCase, _folder: Path) -> Any:
    file = BytesIO("\n".join(case.log_lines).encode())
    events, _ = events_of(parse_log(file, case.dimension - 1, Path(case.name), exact=True))
    return events.tolist()


CHECKERS: tuple[Checker[Any], ...] = (
    Checker("pipeline", PipelineCase, _pipeline),
    Checker("playback", PlaybackCase, _playback),
    Checker("dataset", DatasetCase, _dataset),
)
