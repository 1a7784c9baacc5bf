"""Mappings, hands and rows of logs by chance, and what Python makes of them; as cases for the page."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from engine_traces import plain

from impsy.codecs.log import encode_row, log_name
from impsy.codecs.midiclock import CLOCK_STATUS, ClockSending, decode_clock
from impsy.mapping.entries import KINDS, Mapping, parse_entry
from impsy.mapping.hands import notes_within
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.mapping.scales import SCALES, parse_root

__all__ = ["ZONE", "clock_case", "hands_case", "input_case", "output_case", "row_case"]

Case = dict[str, Any]

ZONE = "Asia/Kathmandu"
"""Of the rows: a quarter of an hour off."""


def _entry(chance: Random) -> list[Any]:
    kind = chance.choice(list(KINDS.values()))
    arguments = kind.required + (kind.optional if chance.random() < 0.5 else ())
    numbers = [
        chance.randrange(1, 4) if each.name == "channel" else chance.choice((each.low, each.high, 7))
        for each in arguments
    ]
    return [kind.name, *numbers]


def _mapping(chance: Random) -> tuple[list[Any], Mapping]:
    entries = [_entry(chance) for _ in range(chance.randrange(1, 7))]
    return entries, tuple(parse_entry(entry) for entry in entries)


def _message(chance: Random) -> list[int]:
    if chance.random() < 0.1:
        return [chance.randrange(256) for _ in range(chance.randrange(5))]
    status = chance.choice((0x80, 0x90, 0x90, 0xA0, 0xB0, 0xB0, 0xB0, 0xC0, 0xD0, 0xE0)) | chance.randrange(3)
    size = 2 if status & 0xF0 in (0xC0, 0xD0) else 3
    data = [chance.choice((0, 7, 31, 39, 63, 120, 123, 127, chance.randrange(128))) for _ in range(size - 1)]
    return [status, *data]


def input_case(seed: int) -> Case:
    """Messages, and what each changes and means."""
    chance = Random(seed)
    entries, mapping = _mapping(chance)
    receiver = InputMapping(mapping)
    messages = [_message(chance) for _ in range(60)]
    events = []
    for message in messages:
        raw = bytes(message)
        event = receiver.event(raw, receiver.decode(raw), "pads")
        events.append(None if event is None else plain(event))
    return {"entries": entries, "messages": messages, "events": events}


def output_case(seed: int) -> Case:
    """Calls of an output mapping, and the messages of each."""
    chance = Random(seed)
    entries, mapping = _mapping(chance)
    sender, count = OutputMapping(mapping), len(mapping)
    calls: list[dict[str, Any]] = []
    for _ in range(60):
        values = [chance.choice((0.0, 0.5, 1.0, -0.2, 1.2, chance.random())) for _ in range(count)]
        moved = chance.sample(range(count), chance.randrange(count + 1))
        keys = [[chance.randrange(count + 1), chance.choice((None, 0.5, chance.random()))]]
        origin = chance.choice(("", "", "pads"))
        act = chance.choices(("encode", "passOn", "endNotes", "allNotesOff", "panic"), (8, 8, 3, 1, 1))[0]
        forms: dict[str, list[Any]] = {
            "encode": [values],
            "passOn": [values, moved, origin],
            "endNotes": [keys, origin],
        }
        arguments = forms.get(act, [])
        methods: dict[str, Callable[..., list[bytes]]] = {
            "encode": sender.encode,
            "passOn": sender.pass_on,
            "endNotes": sender.end_notes,
            "allNotesOff": sender.all_notes_off,
            "panic": sender.panic,
        }
        messages = methods[act](*arguments)
        calls.append({"act": act, "arguments": arguments, "messages": [list(message) for message in messages]})
    return {"entries": entries, "calls": calls}


def clock_case(seed: int) -> Case:
    """Messages of a clock with what they say, and what a receiver of ours is sent."""
    chance = Random(seed)
    messages = [[chance.choice((*CLOCK_STATUS, 0xF1, 0x90))] for _ in range(20)]
    messages += [[0xF2, chance.randrange(130), chance.randrange(130)] for _ in range(10)]
    heard = [decode_clock(bytes(message), "drums") for message in messages]
    sending, position = ClockSending(), chance.randrange(-30, 60)
    calls: list[dict[str, Any]] = []
    for _ in range(120):
        position = chance.choices((position + 1, chance.randrange(500)), (40, 1))[0]
        forms = (("tick", [position, chance.random() < 0.95]), ("stop", [chance.random() < 0.5]))
        act, arguments = chance.choices(forms, (20, 1))[0]
        sent = sending.tick(*arguments) if act == "tick" else sending.stop(forget=arguments[0])
        calls.append({"act": act, "arguments": arguments, "messages": [list(message) for message in sent]})
    events = [None if event is None else plain(event) for event in heard]
    return {"messages": messages, "events": events, "calls": calls}


def hands_case(seed: int) -> Case:
    """Limits, a scale and a root, and the notes that these are."""
    chance = Random(seed)
    low, high = sorted((chance.random(), chance.random()))
    root = chance.choice(("C", "F#", "eb", "A♭", "h", "", 61, -1, 128, True, None))
    scale, known = chance.choice(list(SCALES)), parse_root(root)
    notes = notes_within(low, high, scale, known or 0)
    return {"low": low, "high": high, "scale": scale, "root": root, "known": known, "notes": list(notes)}


def row_case(seed: int) -> Case:
    """A row of a log, and a log's name."""
    chance = Random(seed)
    microseconds = chance.randrange(4 * 10**15)
    time = datetime.fromtimestamp(microseconds // 10**6, ZoneInfo(ZONE)).replace(tzinfo=None)
    time = time.replace(microsecond=microseconds % 10**6)
    special = (0.0, -0.0, 1.0, 1 / 3, 1e-4, 9.99e-5, 1e-7, 5e-324, 1e15, 123456789012345680.0, 1e16, 1.5e300, -2.5)
    values = [chance.choice((*special, chance.random(), math.exp(chance.uniform(-40, 40)))) for _ in range(4)]
    source = chance.choice(("interface", "rnn"))
    expected = [log_name(time, 5), encode_row(time, source, values)]
    return {"time": microseconds / 1000, "source": source, "values": values, "expected": expected}
