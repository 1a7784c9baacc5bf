"""OSC packets <-> events.

The addresses are a table: a new one is a row. Packets come from anyone on the network, so everything
about them may be wrong; what is wrong with one message of a bundle does not touch the others.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Literal

from pythonosc.osc_message_builder import OscMessageBuilder

from impsy.codecs.oscaddress import matching
from impsy.codecs.oscwire import (
    BUNDLED_LIMIT,
    CutText,
    Message,
    Opaque,
    Value,
    read_packet,
    read_untagged,
    read_untagged_text,
)
from impsy.errors import PeerError
from impsy.events import (
    Another,
    Event,
    Forget,
    Interaction,
    Keep,
    LoadModel,
    Mark,
    PanicButton,
    PlayThrough,
    RecallScene,
    Reset,
    Set,
    ShowTraffic,
    Tap,
    Touched,
    Update,
    UsePreset,
)
from impsy.settings import SETTINGS, Setting
from impsy.text import counted, one_line

__all__ = [
    "COMMAND_ADDRESSES",
    "CONTROL_ADDRESSES",
    "LOCAL_ADDRESSES",
    "ONE_CONTROL",
    "PLAYING_ADDRESSES",
    "Argument",
    "Decoded",
    "OscDecoder",
    "encode_message",
    "encode_text",
    "encode_vector",
]


TEXT_LIMIT = 500
"""Characters of a text; no name and no number has more."""

MARK_LIMIT = 200
"""Characters of a marker that are kept."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one packet holds: its events in order, and what was wrong with the rest."""

    events: tuple[Event, ...]
    problems: tuple[PeerError, ...]


# --- arguments --------------------------------------------------------------------------------------

_NUMBER_TEXT = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_FLAG_TEXTS = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


def _number(address: str, value: Value) -> float:
    """A number of any type; T and F are 1 and 0, a text counts if it is a number."""
    if isinstance(value, str):
        _whole(address, value)
        if not _NUMBER_TEXT.fullmatch(value):
            raise PeerError(f"type:{address}", f"{address} wants numbers, not {_shown(value)}")
    elif value is None or isinstance(value, Opaque):
        raise PeerError(f"type:{address}", f"{address} wants numbers, not {_shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise PeerError(f"range:{address}", f"{address} wants finite numbers, not {number}")
    return number


def _flag(address: str, value: Value) -> bool:
    if isinstance(value, str) and value.strip().lower() in _FLAG_TEXTS:
        _whole(address, value)
        return _FLAG_TEXTS[value.strip().lower()]
    number = _number(address, value)
    if 0 < abs(number) < 1:
        raise PeerError(f"range:{address}", f"{address} wants 1 or 0; {number:g} is neither")
    return number != 0


def _text(address: str, value: Value) -> str:
    if not isinstance(value, str):
        raise PeerError(f"type:{address}", f"{address} wants a word, not {_shown(value)}")
    _whole(address, value)
    return one_line(value, TEXT_LIMIT)


def _name(address: str, value: Value) -> str:
    """A name; one that is a number reaches us as such from patches that have no other texts."""
    if isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer():
        return str(int(value))
    return _text(address, value)


def _choice(address: str, value: Value, row: Setting) -> str:
    """One of a setting's choices, however it is written: "Call Response" too. The engine refuses unknown ones."""
    if isinstance(value, str):
        plain = re.sub(r"[\s_-]", "", value).lower()
        if plain in row.choices:  # even if its end is missing: no choice is the beginning of another
            return plain
    elif isinstance(value, int | float):
        text = f"{address} wants the name of a {row.name} ({', '.join(row.choices)}), not {_shown(value)}"
        raise PeerError(f"type:{address}", text)
    return _text(address, value)


def _whole(address: str, text: str) -> None:
    """Refuse a text whose end is missing.

    Raises:
        PeerError: the sender may have meant a longer text.
    """
    if isinstance(text, CutText):
        raise PeerError("cut", f"{address} is cut short, or the sender ends its texts without a zero: {_shown(text)}")


def _shown(value: object) -> str:
    text = value.kind if isinstance(value, Opaque) else "nil" if value is None else repr(str(value))
    return text if len(text) <= 40 else text[:39] + "…"


# --- addresses --------------------------------------------------------------------------------------

Maker = Callable[[str, Sequence[Value], list[PeerError]], tuple[Event, ...]]

Argument = Literal["number", "flag", "word", "nothing"]
"""What a command takes; for "nothing", whatever comes along makes no difference."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What an address takes (``arguments``: in words for messages; ``count``: how many) and what it means."""

    argument: Argument
    make: Maker
    arguments: str
    count: int = 1


def _setting(row: Setting) -> _Row:
    """The row of a live setting, whose value is read as its kind asks for."""
    argument, read, arguments = _READERS[row.kind]
    return _Row(
        argument,
        lambda address, values, problems: (_set(row, address, read(address, values[0], row), problems),),
        arguments,
    )


def _set(row: Setting, address: str, value: float | str, problems: list[PeerError]) -> Set:
    """The event; a number beyond what is useful becomes that limit."""
    if row.kind == "number" and not isinstance(value, str):
        given, value = value, row.within_useful(value)
        if value != given:
            low, high = row.useful
            text = (
                f"{address} came with {given:g}; while playing it may be {low:g} to {high:g}, and {value:g} was set"
            )
            problems.append(PeerError(f"range:{address}", text))
    return Set(row.name, value)


_READERS: dict[str, tuple[Argument, Callable[[str, Value, Setting], float | str], str]] = {
    "number": ("number", lambda address, value, _row: _number(address, value), "one number"),
    "flag": ("flag", lambda address, value, _row: _flag(address, value), "1 or 0"),
    "choice": ("word", _choice, "one word"),
}


def _temperatures(address: str, values: Sequence[Value], problems: list[PeerError]) -> tuple[Event, ...]:
    numbers = [_number(address, value) for value in values]
    rows = (SETTINGS["sigma_temperature"], SETTINGS["pi_temperature"])
    return tuple(_set(row, address, number, problems) for row, number in zip(rows, numbers, strict=True))


COMMAND_ADDRESSES: dict[str, _Row] = {
    **{row.address: _setting(row) for row in SETTINGS.values() if row.address},
    "/impsy/model": _Row("word", lambda a, v, _p: (LoadModel(_text(a, v[0])),), "one file name"),
    "/impsy/scene": _Row("word", lambda a, v, _p: (RecallScene(one_line(_name(a, v[0]))),), "one name"),
    "/impsy/preset": _Row("word", lambda a, v, _p: (UsePreset(one_line(_name(a, v[0]))),), "one name"),
    "/impsy/mark": _Row("word", lambda a, v, _p: (Mark(one_line(_name(a, v[0]), MARK_LIMIT)),), "one text"),
    "/impsy/panic": _Row("nothing", lambda _a, _v, _p: (PanicButton(),), ""),
    "/impsy/another": _Row("nothing", lambda _a, _v, _p: (Another(),), ""),
    "/impsy/tap": _Row("nothing", lambda _a, _v, _p: (Tap(),), ""),
    "/impsy/reset": _Row("nothing", lambda _a, _v, _p: (Reset(),), ""),
    "/impsy/forget": _Row("nothing", lambda _a, _v, _p: (Forget(),), ""),
    "/impsy/keep": _Row("nothing", lambda _a, _v, _p: (Keep(),), ""),
}
"""What can be requested while playing, by address; the page's commands are the last parts of these."""

CONTROL_ADDRESSES: dict[str, _Row] = {
    **COMMAND_ADDRESSES,
    # What older patches send.
    "/temperature": _Row("number", _temperatures, "two numbers, sigma and pi", 2),
    "/timescale": _setting(SETTINGS["timescale"]),
}

PLAYING_ADDRESSES = ("/interface", "/impsy/control", "/impsy/touch")
"""Addresses by which a performer plays."""

ONE_CONTROL = "/impsy/control/"
"""The address of one control begins so, and its number follows, from 1. A pattern does not reach it."""

_ONE_CONTROL = re.compile(r"/?impsy/control/(\d{1,5})/?", re.ASCII | re.IGNORECASE)

LOCAL_ADDRESSES = ("/impsy/output", "/impsy/traffic")
"""Addresses that are heard from this machine only."""


class OscDecoder:
    """Turns packets into events for an instrument of ``controls`` values (n, without the time).

    ``/interface`` sets all controls, ``/impsy/control`` some, ``/impsy/control/3`` the third, ``/impsy/touch`` keeps
    what it names held. ``local``:
    also ``/impsy/output``, which makes the outputs sound without the engine's having a say, and
    ``/impsy/traffic``, which shows what others send; neither is for strangers. ``commands``: also what is not
    playing.
    """

    def __init__(self, controls: int, port: str = "osc", *, local: bool = False, commands: bool = True) -> None:
        self._controls = controls
        self._port = port
        self._commands = commands
        self._playing: dict[str, Callable[[Sequence[Value], list[PeerError]], Event]] = {
            "/interface": self._interaction,
            "/impsy/control": self._update,
            "/impsy/touch": self._touch,
        }
        if local:
            self._playing["/impsy/output"] = self._through
            self._playing["/impsy/traffic"] = lambda _values, _problems: ShowTraffic()
        self._matching = lru_cache(maxsize=256)(self._heard)
        # Nearly all packets are one of these: the bytes up to the arguments, the layout of the whole, the event.
        self._usual = [
            (head, struct.Struct(f">{len(head)}x{types}"), make)
            for types, head, make in (
                (f"{controls}f", _head("/interface", "f" * controls), self._interaction),
                ("if", _head("/impsy/control", "if"), self._update),
            )
        ]

    def decode(self, packet: bytes) -> Decoded:
        """Decode one packet: a message, or a bundle, whose messages count as one after the other, now.

        Never raises: what is wrong comes back as ``problems``, each a ``PeerError`` with its kind.
        """
        events: list[Event] = []
        problems: list[PeerError] = []
        for head, layout, make in self._usual:
            if len(packet) == layout.size and packet.startswith(head):
                # The general way takes five times as long.
                try:
                    events.append(make(layout.unpack(packet), problems))
                except PeerError as problem:
                    problems.append(problem)
                return Decoded(tuple(events), tuple(problems))
        self._packet(packet, events, problems)
        return Decoded(tuple(events), tuple(problems))

    def _packet(self, packet: bytes, events: list[Event], problems: list[PeerError]) -> None:
        for message in read_packet(packet):
            if isinstance(message, PeerError):
                problems.append(message)
                continue
            if len(events) >= BUNDLED_LIMIT or len(problems) >= BUNDLED_LIMIT:  # a pattern means several addresses
                text = f"a datagram comes to more than {BUNDLED_LIMIT} events; the rest is left out"
                problems.append(PeerError("surplus", text))
                return
            addresses = self._matching(message.address)
            if not addresses:
                problems.append(_nobody(message.address))
            for address in addresses:
                try:
                    self._message(address, message, events, problems)
                except PeerError as problem:
                    problems.append(problem)

    def _heard(self, pattern: str) -> tuple[str, ...]:
        if one := _ONE_CONTROL.fullmatch(pattern):
            return (ONE_CONTROL + one[1],)
        return matching(pattern, (*self._playing, *CONTROL_ADDRESSES))

    def _message(self, address: str, message: Message, events: list[Event], problems: list[PeerError]) -> None:
        if address.startswith(ONE_CONTROL):
            events.append(self._one(address, _values(address, message, 1), problems))
            return
        play = self._playing.get(address)
        if play is not None:
            count = self._controls if address == "/interface" else 0
            events.append(play(_values(address, message, count), problems))
            return
        if not self._commands:
            text = f"{address} is a command, and [osc] remote_control = false leaves only playing"
            raise PeerError("remote-control", text)
        row = CONTROL_ADDRESSES[address]
        if row.argument == "nothing":
            events.extend(row.make(address, (), problems))
            if message.untagged is not None and message.untagged[:1] in (b"/", b"#"):
                problems.append(PeerError("surplus", f"what follows {address} without type tags is left out"))
            return
        values = _values(address, message, row.count, text=row.argument == "word")
        if len(values) != row.count:
            raise PeerError(f"length:{address}", f"{address} wants {row.arguments}, not {len(values)} arguments")
        events.extend(row.make(address, values, problems))

    def _interaction(self, values: Sequence[Value], problems: list[PeerError]) -> Interaction:
        return Interaction(self._vector("/interface", values, problems), self._port)

    def _through(self, values: Sequence[Value], problems: list[PeerError]) -> PlayThrough:
        return PlayThrough(self._vector("/impsy/output", values, problems) if values else (), self._port)

    def _vector(self, address: str, values: Sequence[Value], problems: list[PeerError]) -> tuple[float, ...]:
        if len(values) != self._controls:
            raise PeerError(
                f"length:{address}",
                f"{address} came with {counted(len(values), 'value')}, but dimension {self._controls + 1} "
                f"means {self._controls}",
            )
        return _clipped(address, [_number(address, value) for value in values], problems)

    def _touch(self, values: Sequence[Value], _problems: list[PeerError]) -> Touched:
        if not values:
            raise PeerError("length:/impsy/touch", "/impsy/touch wants controls (from 1), not 0 arguments")
        return Touched(tuple(self._index("/impsy/touch", value) for value in values), self._port)

    def _update(self, values: Sequence[Value], problems: list[PeerError]) -> Update:
        address = "/impsy/control"
        if not values or len(values) % 2:
            raise PeerError(
                f"length:{address}",
                f"{address} wants pairs of a control (from 1) and its value, not {len(values)} arguments",
            )
        indices = [self._index(address, value) for value in values[::2]]
        numbers = _clipped(address, [_number(address, value) for value in values[1::2]], problems)
        return Update(tuple(zip(indices, numbers, strict=True)), self._port)

    def _one(self, address: str, values: Sequence[Value], problems: list[PeerError]) -> Update:
        if len(values) != 1:
            text = f"{address} wants one number, not {len(values)} arguments"
            raise PeerError(f"length:{ONE_CONTROL}", text)
        index = self._index(ONE_CONTROL, address.removeprefix(ONE_CONTROL))
        (number,) = _clipped(ONE_CONTROL, [_number(ONE_CONTROL, values[0])], problems)
        return Update(((index, number),), self._port)

    def _index(self, address: str, value: Value) -> int:
        """A control's index from 0; some senders have no whole numbers, so 3.0 is one."""
        number = float("nan") if isinstance(value, bool) else _number(address, value)
        if not number.is_integer():
            raise PeerError(f"type:{address}", f"{address} counts controls 1, 2, 3 …; there is none numbered {value}")
        if not 1 <= number <= self._controls:
            raise PeerError(
                f"index:{address}",
                f"{address} names control {number:g}, but dimension {self._controls + 1} means 1 to {self._controls}",
            )
        return int(number) - 1


def _clipped(address: str, numbers: list[float], problems: list[PeerError]) -> tuple[float, ...]:
    clipped = [min(1.0, max(0.0, number)) for number in numbers]
    if clipped != numbers:
        problems.append(
            PeerError(f"range:{address}", f"{address} came with values outside 0 to 1, which were clipped")
        )
    return tuple(clipped)


def _values(address: str, message: Message, count: int, *, text: bool = False) -> tuple[Value, ...]:
    """A message's arguments; without type tags those that can only be meant, if ``count`` of them are wanted.

    Raises:
        PeerError: the type tags are missing, and the arguments could be several things or none.
    """
    if message.untagged is None:
        for value in message.values:
            if isinstance(value, str) and len(value) > TEXT_LIMIT:
                length = f"{address} has a text of {len(value)} characters, and may have {TEXT_LIMIT}"
                raise PeerError(f"long:{address}", length)
        return message.values
    if not message.untagged and count:
        return ()
    if len(message.untagged) > max(TEXT_LIMIT, 4 * count):
        text_of = f"{address} came with {len(message.untagged)} bytes without type tags"
        raise PeerError(f"long:{address}", f"{text_of}, and may have {TEXT_LIMIT}")
    readings = read_untagged_text(message.untagged) if text else read_untagged(message.untagged, count)
    if not count or len(readings) != 1:
        raise PeerError(
            f"untagged:{address}",
            f"{address} came without type tags, and its {len(message.untagged)} bytes of arguments "
            f"{'may mean different things' if len(readings) > 1 else 'cannot be read'}; send it with type tags",
        )
    return readings[0]


def _nobody(address: str) -> PeerError:
    heard = "/interface does"
    if matching(address, LOCAL_ADDRESSES):
        heard = "it is heard at the command port only, from this machine"
    return PeerError(f"address:{address[:40]}", f"nothing listens at the address {_shown(address)}; {heard}")


def encode_vector(address: str, values: Sequence[float]) -> bytes:
    """``address f f f…``: the message in which values travel. ``values`` are sent as float32."""
    return _head(address, "f" * len(values)) + struct.pack(f">{len(values)}f", *values)


def encode_text(address: str, text: str) -> bytes:
    """``address s``: one string, which must not hold a NUL (JSON never does)."""
    content = text.encode()
    return _head(address, "s") + content + bytes(4 - len(content) % 4)


@lru_cache(maxsize=64)
def _head(address: str, types: str) -> bytes:
    """A message up to its arguments. Building a whole message takes 35 µs; several go out for each event."""
    message = encode_message(address, types, ["" if tag == "s" else 0 for tag in types])
    return message[: len(message) - 4 * len(types)]


def encode_message(address: str, types: str, values: Sequence[float | str]) -> bytes:
    """An OSC message; ``types`` holds one OSC type tag (``f``, ``i``, ``s``) for each value."""
    builder = OscMessageBuilder(address=address)
    for tag, value in zip(types, values, strict=True):
        builder.add_arg(value, tag)
    packet: bytes = builder.build().dgram
    return packet
