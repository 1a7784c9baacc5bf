"""OSC packets <-> events.

The addresses are a table: a new one is a row. Packets come from anyone on the network, so everything
about them may be wrong; what is wrong with one message of a bundle does not touch the others.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite

from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from impsy.errors import PeerError
from impsy.events import (
    Event,
    Interaction,
    LoadModel,
    PanicButton,
    PlayThrough,
    RecallScene,
    Reset,
    SetMode,
    SetPaused,
    SetPiTemperature,
    SetSigmaTemperature,
    SetThreshold,
    SetTimescale,
    Update,
)

__all__ = [
    "CONTROL_ADDRESSES",
    "LOCAL_ADDRESSES",
    "PLAYING_ADDRESSES",
    "Decoded",
    "OscDecoder",
    "encode_message",
    "encode_text",
    "encode_vector",
]

NESTING_LIMIT = 8
"""Bundles within bundles; nobody sends deeper, except to do harm."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one packet holds: its events in order, and what was wrong with the rest."""

    events: tuple[Event, ...]
    problems: tuple[PeerError, ...]


def _number(address: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PeerError(f"type:{address}", f"{address} wants numbers, not {_shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise PeerError(f"range:{address}", f"{address} wants finite numbers, not {number}")
    return number


def _text(address: str, value: object) -> str:
    if not isinstance(value, str):
        raise PeerError(f"type:{address}", f"{address} wants a word, not {_shown(value)}")
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


Maker = Callable[[str, list[object]], tuple[Event, ...]]


def _one(make: Callable[[float], Event]) -> Maker:
    return lambda address, values: (make(_number(address, values[0])),)


def _temperatures(address: str, values: list[object]) -> tuple[Event, ...]:
    sigma, pi = (_number(address, value) for value in values)
    return (SetSigmaTemperature(sigma), SetPiTemperature(pi))


@dataclass(frozen=True, slots=True)
class _Row:
    arguments: str
    least: int
    most: int
    make: Maker


#: Address -> its arguments (for messages to people), how many, and what it means.
CONTROL_ADDRESSES: dict[str, _Row] = {
    "/impsy/mode": _Row("one word", 1, 1, lambda a, v: (SetMode(_text(a, v[0])),)),
    "/impsy/model": _Row("one file name", 1, 1, lambda a, v: (LoadModel(_text(a, v[0])),)),
    "/impsy/pause": _Row("1 or 0", 1, 1, lambda a, v: (SetPaused(_number(a, v[0]) != 0),)),
    "/impsy/panic": _Row("nothing, or one number", 0, 1, lambda _a, _v: (PanicButton(),)),
    "/impsy/reset": _Row("nothing, or one number", 0, 1, lambda _a, _v: (Reset(),)),
    "/impsy/scene": _Row("one name", 1, 1, lambda a, v: (RecallScene(_text(a, v[0])),)),
    "/impsy/sigmatemp": _Row("one number", 1, 1, _one(SetSigmaTemperature)),
    "/impsy/pitemp": _Row("one number", 1, 1, _one(SetPiTemperature)),
    "/impsy/threshold": _Row("one number", 1, 1, _one(SetThreshold)),
    "/impsy/timescale": _Row("one number", 1, 1, _one(SetTimescale)),
    # What older patches send.
    "/temperature": _Row("two numbers, sigma and pi", 2, 2, _temperatures),
    "/timescale": _Row("one number", 1, 1, _one(SetTimescale)),
}

PLAYING_ADDRESSES = ("/interface", "/impsy/control")
"""Addresses by which a performer plays."""

LOCAL_ADDRESSES = ("/impsy/output",)
"""Addresses that are heard from this machine only."""

_PAIR_HEADER = b"/impsy/control\0\0,if\0"
_PAIR = struct.Struct(">if")


class OscDecoder:
    """Turns packets into events for an instrument of ``controls`` values (n, without the time).

    ``/interface`` sets all controls, ``/impsy/control`` some. ``local``: also ``/impsy/output``, which makes the
    outputs sound without the engine's having a say, and so is not for strangers.
    """

    def __init__(self, controls: int, port: str = "osc", *, local: bool = False) -> None:
        self._controls = controls
        self._port = port
        self._playing: dict[str, Callable[[Sequence[object], list[PeerError]], Event]] = {
            "/interface": self._interaction,
            "/impsy/control": self._update,
        }
        if local:
            self._playing["/impsy/output"] = self._through
        self._numbers = struct.Struct(f">{controls}f")
        # What nearly every packet is: how it begins, its length, what follows, and what that means.
        self._usual = [
            (header, len(header) + numbers.size, numbers, make)
            for header, numbers, make in (
                (_header("/interface", controls), self._numbers, self._interaction),
                (_PAIR_HEADER, _PAIR, self._update),
            )
        ]

    def decode(self, packet: bytes) -> Decoded:
        """Decode one packet: a message, or a bundle, whose messages count as one after the other, now.

        Never raises: what is wrong comes back as ``problems``, each a ``PeerError`` with its kind.
        """
        events: list[Event] = []
        problems: list[PeerError] = []
        for header, length, numbers, make in self._usual:
            if len(packet) == length and packet.startswith(header):
                # The library's general way takes ten times as long.
                try:
                    events.append(make(numbers.unpack_from(packet, len(header)), problems))
                except PeerError as problem:
                    problems.append(problem)
                return Decoded(tuple(events), tuple(problems))
        self._packet(packet, 0, events, problems)
        return Decoded(tuple(events), tuple(problems))

    def _packet(self, packet: bytes, depth: int, events: list[Event], problems: list[PeerError]) -> None:
        try:
            if OscBundle.dgram_is_bundle(packet):
                if depth >= NESTING_LIMIT:
                    raise PeerError("not-osc", "bundles are nested too deep")
                for part in _bundle_parts(packet):
                    self._packet(part, depth + 1, events, problems)
                return
            self._message(_parse(packet), events, problems)
        except PeerError as problem:
            problems.append(problem)

    def _message(self, message: OscMessage, events: list[Event], problems: list[PeerError]) -> None:
        address: str = message.address
        values: list[object] = message.params
        play = self._playing.get(address)
        if play is not None:
            events.append(play(values, problems))
            return
        row = CONTROL_ADDRESSES.get(address)
        if row is None:
            heard = "/interface does"
            if address in LOCAL_ADDRESSES:
                heard = "it is heard at the command port only, from this machine"
            raise PeerError(f"address:{address[:40]}", f"nothing listens at the address {_shown(address)}; {heard}")
        if not row.least <= len(values) <= row.most:
            raise PeerError(f"length:{address}", f"{address} wants {row.arguments}, not {len(values)} arguments")
        events.extend(row.make(address, values))

    def _interaction(self, values: Sequence[object], problems: list[PeerError]) -> Interaction:
        return Interaction(self._vector("/interface", values, problems), self._port)

    def _through(self, values: Sequence[object], problems: list[PeerError]) -> PlayThrough:
        return PlayThrough(self._vector("/impsy/output", values, problems) if values else (), self._port)

    def _vector(self, address: str, values: Sequence[object], problems: list[PeerError]) -> tuple[float, ...]:
        if len(values) != self._controls:
            raise PeerError(
                f"length:{address}",
                f"{address} came with {len(values)} values, but dimension {self._controls + 1} "
                f"means {self._controls}",
            )
        return _clipped(address, [_number(address, value) for value in values], problems)

    def _update(self, values: Sequence[object], problems: list[PeerError]) -> Update:
        address = "/impsy/control"
        if not values or len(values) % 2:
            raise PeerError(
                f"length:{address}",
                f"{address} wants pairs of a control (from 1) and its value, not {len(values)} arguments",
            )
        indices = [self._index(address, value) for value in values[::2]]
        numbers = _clipped(address, [_number(address, value) for value in values[1::2]], problems)
        return Update(tuple(zip(indices, numbers, strict=True)), self._port)

    def _index(self, address: str, value: object) -> int:
        """A control's index from 0; some senders have no whole numbers, so 3.0 is one."""
        number = _number(address, value)
        if not number.is_integer():
            raise PeerError(
                f"type:{address}", f"{address} counts controls 1, 2, 3 …; there is none numbered {number}"
            )
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


def _bundle_parts(packet: bytes) -> list[bytes]:
    """The packets in a bundle. OSC 1.0: ``#bundle\\0``, 8 bytes of time, then (int32 size, content) pairs."""
    parts: list[bytes] = []
    at = 16
    if len(packet) < at:
        raise PeerError("not-osc", "a bundle ends before its time tag")
    while at < len(packet):
        if at + 4 > len(packet):
            raise PeerError("not-osc", "a bundle ends within a size")
        (size,) = struct.unpack_from(">i", packet, at)
        at += 4
        if size <= 0 or size % 4 or at + size > len(packet):
            raise PeerError("not-osc", f"a bundle announces a part of {size} bytes that it does not hold")
        parts.append(packet[at : at + size])
        at += size
    return parts


def _parse(packet: bytes) -> OscMessage:
    # The library's own checks leave gaps (it raises what it stumbles over), hence the wide net: this is
    # the one place where bytes from strangers meet it.
    try:
        message = OscMessage(packet)
        _ = message.address, message.params
    except Exception as error:
        raise PeerError("not-osc", f"a packet of {len(packet)} bytes is not OSC ({error})") from error
    return message


def encode_vector(address: str, values: Sequence[float]) -> bytes:
    """``address f f f…``: the message in which values travel. ``values`` are sent as float32."""
    return _header(address, len(values)) + struct.pack(f">{len(values)}f", *values)


@lru_cache(maxsize=64)
def _header(address: str, count: int) -> bytes:
    # Building a whole message takes 35 µs, and this goes out several times an event; only its end differs.
    message = encode_message(address, "f" * count, [0.0] * count)
    return message[: len(message) - 4 * count]


def encode_text(address: str, text: str) -> bytes:
    """``address s``: one string, which must not hold a NUL (JSON never does)."""
    content = text.encode()
    return _text_header(address) + content + bytes(4 - len(content) % 4)


@lru_cache(maxsize=64)
def _text_header(address: str) -> bytes:
    # As above: building a whole message takes longer than finding the words.
    return encode_message(address, "s", [""])[:-4]


def encode_message(address: str, types: str, values: Sequence[float | str]) -> bytes:
    """An OSC message; ``types`` holds one OSC type tag (``f``, ``i``, ``s``) for each value."""
    builder = OscMessageBuilder(address=address)
    for tag, value in zip(types, values, strict=True):
        builder.add_arg(value, tag)
    packet: bytes = builder.build().dgram
    return packet
