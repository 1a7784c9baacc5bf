"""The cases of vector files about messages, playing and learning, and what this implementation does with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

from impsy.codecs.websocket import decode_frame, encode_text
from impsy.data.logs.performances import events_of
from impsy.data.logs.reading import parse_log
from impsy.engine import Engine, Settings, to_step
from impsy.errors import ConfigError
from impsy.events import Command, Interaction, Record, Update
from impsy.mapping.entries import Mapping, parse_mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.testing import FakePredictor

__all__ = ["CHECKERS", "Case", "Part"]


class Part(BaseModel):
    """Something in a case: no silent conversion, no infinities, and room for what later versions add."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore", protected_namespaces=())


class Case(Part, ABC):
    """One case. ``expected`` is anything: what does not have the right form is a difference."""

    name: str
    expected: Any

    @abstractmethod
    def compute(self, folder: Path, /) -> Any:
        """What this implementation does, in the form of ``expected``. ``folder``: that of the case's file.

        Raises:
            ImpsyError, ValueError: the case asks for what cannot be.
        """


def _mapping(items: object) -> Mapping:
    if not isinstance(items, list):
        raise PydanticCustomError("mapping", "wanted a list of mapping entries")
    try:
        return parse_mapping(items)
    except ConfigError as error:
        raise PydanticCustomError("mapping", "{text}", {"text": str(error).replace("\n", "; ")}) from error


MappingField = Annotated[Mapping, PlainValidator(_mapping)]
Byte = Annotated[int, Field(ge=0, le=255)]
Dimension = Annotated[int, Field(ge=2, le=10_000)]


# --- messages: MIDI and WebSocket, in and out -------------------------------------------------------


class MidiInputCase(Case):
    """Messages, and for each the ``[index, value]`` pairs that it changes, or null."""

    input_mapping: MappingField
    messages: list[list[Byte]]

    def compute(self, _folder: Path) -> Any:
        return _decode_all(InputMapping(self.input_mapping), map(bytes, self.messages))


class MidiOutputStep(Part):
    """Values x_1 … x_n to play."""

    values: list[float]


class AllNotesOffStep(Part):
    """An end to all notes."""

    all_notes_off: Literal[True]


class MidiOutputCase(Case):
    """Steps one after the other, and for each the messages that are sent."""

    output_mapping: MappingField
    steps: list[MidiOutputStep | AllNotesOffStep]

    def compute(self, _folder: Path) -> Any:
        mapping = OutputMapping(self.output_mapping)
        sent = (
            mapping.encode(step.values) if isinstance(step, MidiOutputStep) else mapping.all_notes_off()
            for step in self.steps
        )
        return [[list(message) for message in messages] for messages in sent]


class WebSocketInputCase(Case):
    """Frames, and for each the ``[index, value]`` pairs that it changes, or null."""

    input_mapping: MappingField
    messages: list[str]

    def compute(self, _folder: Path) -> Any:
        found = (next(iter(decode_frame(text)), None) for text in self.messages)
        messages = (message if isinstance(message, bytes) else None for message in found)
        return _decode_all(InputMapping(self.input_mapping), messages)


class WebSocketOutputCase(Case):
    """Values one after the other, and for each the frames that are sent."""

    output_mapping: MappingField
    steps: list[list[float]]

    def compute(self, _folder: Path) -> Any:
        mapping = OutputMapping(self.output_mapping)
        return [[encode_text(message) for message in mapping.encode(values)] for values in self.steps]


def _decode_all(mapping: InputMapping, messages: Iterable[bytes | None]) -> list[Any]:
    return [mapping.decode(message) if message is not None else None for message in messages]


# --- playing and learning: what the model hears, when it plays, what a log teaches ------------------


class PipelineEvent(Part):
    """A MIDI message at a time in seconds."""

    time: float
    bytes: list[Byte]


class PipelineCase(Case):
    """Messages with their times of arrival; the expected input of the model and rows of the log."""

    dimension: Dimension
    input_mapping: MappingField
    initial_values: list[float]
    start_time: float
    events: list[PipelineEvent]

    def compute(self, _folder: Path) -> Any:
        n = self.dimension - 1
        for name, items in (("input_mapping", self.input_mapping), ("initial_values", self.initial_values)):
            if len(items) != n:
                raise ValueError(f"{name} holds {len(items)} items; dimension {n + 1} wants {n}")
        model = FakePredictor(self.dimension)
        engine = Engine(Settings(self.dimension), model, np.random.default_rng(0), self.start_time)
        mapping = InputMapping(self.input_mapping)
        # The engine begins with values of its own choice. Setting them is an interaction, which is left out of what
        # the case asks about.
        engine.receive(Interaction(tuple(self.initial_values)), self.start_time)
        heard_before = len(model.heard)
        commands: list[Command] = []
        for event in self.events:
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


class PlaybackCase(Case):
    """What the model says, and for each the wait in seconds, what is played and what the model hears of it."""

    timescale: Annotated[float, Field(gt=0)]
    model_outputs: list[Annotated[list[float], Field(min_length=2)]]

    def compute(self, _folder: Path) -> Any:
        steps = (to_step(output, self.timescale) for output in self.model_outputs)
        return [
            step and {"wait": step.wait, "output": step.values, "next_model_input": step.vector} for step in steps
        ]


class DatasetCase(Case):
    """Lines of a log, and the events made of them."""

    dimension: Dimension
    log_lines: list[str]

    def compute(self, _folder: Path) -> Any:
        file = BytesIO("\n".join(self.log_lines).encode())
        events, _ = events_of(parse_log(file, self.dimension - 1, Path(self.name), exact=True))
        return events.tolist()


CHECKERS: dict[str, type[Case]] = {
    "midi_input": MidiInputCase,
    "midi_output": MidiOutputCase,
    "websocket_input": WebSocketInputCase,
    "websocket_output": WebSocketOutputCase,
    "pipeline": PipelineCase,
    "playback": PlaybackCase,
    "dataset": DatasetCase,
}
"""By the name of the file, without ``.json``."""
