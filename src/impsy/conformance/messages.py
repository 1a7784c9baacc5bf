"""Checkers of messages: MIDI and WebSocket, in and out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from impsy.codecs.websocket import decode_frame, encode_text
from impsy.conformance.cases import Byte, Case, Checker, MappingField, Part
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping

__all__ = ["CHECKERS"]


class MidiInputCase(Case):
    """Messages, and for each the ``[index, value]`` pairs that it changes, or null."""

    input_mapping: MappingField
    messages: list[list[Byte]]


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


class WebSocketInputCase(Case):
    """Frames, and for each the ``[index, value]`` pairs that it changes, or null."""

    input_mapping: MappingField
    messages: list[str]


class WebSocketOutputCase(Case):
    """Values one after the other, and for each the frames that are sent."""

    output_mapping: MappingField
    steps: list[list[float]]


def _midi_input(case: MidiInputCase, _folder: Path) -> Any:
    return _decode_all(InputMapping(case.input_mapping), map(bytes, case.messages))


def _midi_output(case: MidiOutputCase, _folder: Path) -> Any:
    mapping = OutputMapping(case.output_mapping)
    sent = (
        mapping.encode(step.values) if isinstance(step, MidiOutputStep) else mapping.all_notes_off()
        for step in case.steps
    )
    return [[list(message) for message in messages] for messages in sent]


def _websocket_input(case: WebSocketInputCase, _folder: Path) -> Any:
    found = (next(iter(decode_frame(text)), None) for text in case.messages)
    messages = (message if isinstance(message, bytes) else None for message in found)
    return _decode_all(InputMapping(case.input_mapping), messages)


def _websocket_output(case: WebSocketOutputCase, _folder: Path) -> Any:
    mapping = OutputMapping(case.output_mapping)
    return [[encode_text(message) for message in mapping.encode(values)] for values in case.steps]


def _decode_all(mapping: InputMapping, messages: Iterable[bytes | None]) -> list[Any]:
    return [mapping.decode(message) if message is not None else None for message in messages]


CHECKERS: tuple[Checker[Any], ...] = (
    Checker("midi_input", MidiInputCase, _midi_input),
    Checker("midi_output", MidiOutputCase, _midi_output),
    Checker("websocket_input", WebSocketInputCase, _websocket_input),
    Checker("websocket_output", WebSocketOutputCase, _websocket_output),
)
