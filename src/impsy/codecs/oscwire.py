"""The bytes of OSC packets -> messages with their arguments. What they mean is not decided here.

The format is OSC 1.0 with its optional types. Faults of senders in use are read where only one reading is possible:
a missing type tag string or its missing comma, missing or surplus padding, several messages in one datagram, the
framing of other transports (SLIP, or a length, as over TCP and serial lines). An argument that is cut short is never
filled up.

python-osc (1.10.2) writes packets here and does not read them: it fills up a number that is cut short with zeros, so
that another number is played, and leaves out arguments of types that it does not know.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from impsy.errors import PeerError

__all__ = ["CutText", "Message", "Opaque", "Value", "read_packet", "read_untagged", "read_untagged_text"]

NESTING_LIMIT = 8
"""Bundles within bundles; nobody sends deeper, except to do harm."""

MESSAGES_LIMIT = 100
"""Messages one after the other without a bundle around them."""

BUNDLED_LIMIT = 1000
"""Messages in all bundles of a datagram together."""

ADDRESS_LIMIT = 200
"""Bytes of an address, or of the text that stands in its place."""

ARGUMENTS_LIMIT = 10_000
"""Type tags of a message."""

_BUNDLE = b"#bundle\0"
_BUNDLE_HEADER = 16
_END, _ESCAPE = b"\xc0", b"\xdb"
_PADDING = b"\0\r\n"
"""What may follow a message without meaning anything: more padding, or the end of a line."""

_TAGS = re.compile(rb"[ifsbhtdScrmTFNI\[\]]+")
_ONE_TEXT = re.compile(r"\[*[sSc]\]*")
_BARE_COMMA = re.compile(r",(?![^{]*\})")


class CutText(str):
    """A text without its terminating zero: its end may be missing."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Opaque:
    """An argument that is neither a number nor a text: ``kind`` says what, such as "a blob"."""

    kind: str


Value = float | int | str | bool | None | Opaque


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``values``: its arguments, those of arrays among the others.

    ``untagged``: what follows the address where the type tag string is missing; None: there is one.
    """

    address: str
    values: tuple[Value, ...] = ()
    untagged: bytes | None = None


def read_packet(packet: bytes) -> list[Message | PeerError]:
    """The messages of one datagram, in their order, those of bundles too; what is wrong stands in its place.

    Never raises.
    """
    found = _read(packet, 0)
    if any(isinstance(each, PeerError) for each in found):
        # Not OSC as it stands: if without the framing of another transport it is, that is what it means.
        for frames in (_slip_frames(packet), _sized_frames(packet)):
            inside: list[Message | PeerError] = []
            for frame in frames[:MESSAGES_LIMIT]:
                inside += _read(frame, 0)
                if isinstance(inside[-1], PeerError):
                    break
            else:
                if inside and not any(isinstance(each, PeerError) for each in inside):
                    return inside
    return found


def _read(packet: bytes, depth: int) -> list[Message | PeerError]:
    found: list[Message | PeerError] = []
    while packet:
        try:
            if packet.startswith(_BUNDLE):
                if depth >= NESTING_LIMIT:
                    raise PeerError("not-osc", "bundles are nested too deep")
                for part in _bundle_parts(packet):
                    if len(found) >= BUNDLED_LIMIT:
                        raise PeerError(
                            "surplus", f"a bundle holds more than {BUNDLED_LIMIT} messages; the rest is left out"
                        )
                    found += _read(part, depth + 1)
                return found
            message, rest = _read_message(packet)
        except PeerError as problem:
            found.append(problem)
            return found
        found.append(message)
        packet = rest.lstrip(_PADDING)
        if packet and packet[:1] not in b"/#":
            text = f"{message.address[:40]} is followed by {len(packet)} bytes that its type tags do not announce"
            found.append(PeerError("surplus", f"{text}; they are left out"))
            return found
        if packet and len(found) >= MESSAGES_LIMIT:
            found.append(
                PeerError("surplus", f"a datagram holds more than {MESSAGES_LIMIT} messages; they are left out")
            )
            return found
    return found or [PeerError("not-osc", "a packet of 0 bytes is not OSC")]


def _bundle_parts(packet: bytes) -> list[bytes]:
    """The packets in a bundle. OSC 1.0: ``#bundle\\0``, 8 bytes of time, then (int32 size, content) pairs."""
    parts: list[bytes] = []
    at = _BUNDLE_HEADER
    if len(packet) < at:
        raise PeerError("not-osc", "a bundle ends before its time tag")
    while at < len(packet):
        if at + 4 > len(packet):
            raise PeerError("not-osc", "a bundle ends within a size")
        (size,) = struct.unpack_from(">i", packet, at)
        at += 4
        if size < 0 or at + size > len(packet):
            raise PeerError("not-osc", f"a bundle announces a part of {size} bytes that it does not hold")
        if size:
            parts.append(packet[at : at + size])
        at += size
    return parts


def _slip_frames(packet: bytes) -> list[bytes]:
    """What SLIP (RFC 1055) frames, as OSC 1.1 prescribes it for serial lines and TCP; empty: it is not that."""
    if not packet.startswith(_END) and not packet.endswith(_END):
        return []
    frames = [frame for frame in packet.split(_END) if frame]
    return [frame.replace(b"\xdb\xdc", _END).replace(b"\xdb\xdd", _ESCAPE) for frame in frames]


def _sized_frames(packet: bytes) -> list[bytes]:
    """What is framed by its length in 4 bytes, as OSC 1.0 prescribes it for TCP; empty: it is not that."""
    frames: list[bytes] = []
    at = 0
    while at < len(packet):
        size = int.from_bytes(packet[at : at + 4], "big")
        frame = packet[at + 4 : at + 4 + size]
        if not frame or len(frame) != size:
            return []
        frames.append(frame)
        at += 4 + size
    return frames


# --- one message ------------------------------------------------------------------------------------


def _aligned(at: int) -> int:
    return (at + 3) // 4 * 4


def _read_message(packet: bytes) -> tuple[Message, bytes]:
    """A message, and the bytes after it.

    Raises:
        PeerError: it is malformed.
    """
    head, zero, _ = packet[: ADDRESS_LIMIT + 1].partition(b"\0")
    if len(head) > ADDRESS_LIMIT:
        begin = f"a packet of {len(packet)} bytes is not OSC: it starts with {_shown(head)}"
        raise PeerError("not-osc", f"{begin}, and an address has {ADDRESS_LIMIT} bytes at most")
    try:
        address = head.decode("utf-8")
    except UnicodeDecodeError:
        raise PeerError("not-osc", f"a packet of {len(packet)} bytes is not OSC: no address begins it") from None
    comma = _BARE_COMMA.search(address)
    if comma is not None and comma.start() % 4 == 0 and len(address) == len(head):
        # Senders that forget the zero after an address of 4, 8, 12 … characters. A comma is no part of an address.
        return _tagged(address[: comma.start()], packet[comma.start() :])
    if not zero:
        address = address.rstrip("\r\n")
    named = address.startswith("/") or (zero and address)  # some forget the slash
    if not named or not address.isprintable() or " " in address:
        text = f"a packet of {len(packet)} bytes is not OSC: it starts with {_shown(head)}"
        if " " in address and address.strip().isprintable():
            raise PeerError("text", f"{text}. Plain text is not understood; in Pure Data: netsend -b, oscformat")
        raise PeerError("not-osc", text)
    rest = packet[_aligned(len(head) + 1) :]
    if rest.startswith(b","):
        return _tagged(address, rest)
    if rest.startswith((b"/", b"#")) and b"\0," in rest:
        raise PeerError("not-osc", f"{address[:40]} has no type tags, and another message follows it")
    return Message(address, untagged=rest), b""


def _tagged(address: str, rest: bytes) -> tuple[Message, bytes]:
    tags, zero, _ = rest[1:].partition(b"\0")
    if not zero and not (tags and set(tags) <= set(b"TFNI[]")):  # those without data lack nothing but padding
        raise PeerError("cut", f"{address[:40]} is cut short within its type tags")
    if len(tags) > ARGUMENTS_LIMIT:
        raise PeerError("long", f"{address[:40]} announces {len(tags)} arguments, and may have {ARGUMENTS_LIMIT}")
    reader = _Reader(address, rest[_aligned(len(tags) + 2) :])
    values = tuple(reader.values(tags))
    return Message(address, values), reader.rest


class _Reader:
    """Reads arguments one after the other."""

    def __init__(self, address: str, data: bytes) -> None:
        self._address = address[:40]
        self._data = data
        self._at = 0

    @property
    def rest(self) -> bytes:
        """What has not been read."""
        return self._data[self._at :]

    def values(self, tags: bytes) -> Iterator[Value]:
        """The arguments that these type tags announce.

        Raises:
            PeerError: they are not there, or a tag is unknown.
        """
        depth = 0
        for tag in tags.decode("latin-1"):
            if tag in "[]":
                depth += 1 if tag == "[" else -1
                if depth < 0:
                    break
            elif tag in _CONSTANTS:
                yield _CONSTANTS[tag]
            elif tag in "sS":
                yield self._text()
            elif tag == "b":
                yield self._blob()
            elif tag in _NUMBERS:
                yield from _NUMBERS[tag].unpack(self._bytes(_NUMBERS[tag].size))
            elif tag == "c":
                yield self._character()
            elif tag in _OPAQUE:
                self._bytes(_OPAQUE[tag][0])
                yield Opaque(_OPAQUE[tag][1])
            else:
                raise PeerError(
                    f"tag:{self._address}", f"{self._address} has an argument of the unknown type {tag!r}"
                )
        if depth:
            raise PeerError(f"tag:{self._address}", f"{self._address} has type tags with a bracket too many")

    def _bytes(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        self._at += size
        if len(taken) < size:
            raise PeerError("cut", f"{self._address} is cut short: an argument of {size} bytes has {len(taken)}")
        return taken

    def _text(self) -> str:
        end = self._data.find(b"\0", self._at)
        content = self._data[self._at : end if end >= 0 else None]
        if end < 0 and not content:
            raise PeerError("cut", f"{self._address} is cut short: a text is missing")
        self._at += _aligned(len(content) + 1)
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise PeerError("not-osc", f"{self._address} has a text that is not UTF-8") from None
        return text if end >= 0 else CutText(text)

    def _blob(self) -> Opaque:
        size = int.from_bytes(self._bytes(4), "big")
        self._bytes(size)
        self._at += -size % 4
        return Opaque("a blob")

    def _character(self) -> str:
        code = int.from_bytes(self._bytes(4), "big")
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


_CONSTANTS: dict[str, Value] = {"T": True, "F": False, "N": None, "I": Opaque("an impulse")}
_NUMBERS = {tag: struct.Struct(f">{code}") for tag, code in (("i", "i"), ("h", "q"), ("f", "f"), ("d", "d"))}
_OPAQUE = {"t": (8, "a time tag"), "r": (4, "a colour"), "m": (4, "a MIDI message")}


# --- without a type tag string ----------------------------------------------------------------------

_LEAST, _MOST = 2.0**-30, 2.0**13
"""Floats of other sizes begin with the same byte as type tags do."""
_INTEGER_LIMIT = 1 << 16


def read_untagged(data: bytes, count: int) -> list[tuple[Value, ...]]:
    """What the data of a message without type tags can be, if its address takes ``count`` numbers: every reading.

    Each is ``count`` numbers, or one text that may hold one. More than one, and it is ambiguous.
    """
    readings: list[tuple[Value, ...]] = list(_read_without_comma(data, count))
    if len(data) == 4 * count:
        words = [_word(data[at : at + 4]) for at in range(0, len(data), 4)]
        if None not in words:
            readings.append(tuple(words))
    text = _whole_text(data)
    if count == 1 and text is not None and len(data) % 4 == 0:
        readings.append((text,))
    return readings


def read_untagged_text(data: bytes) -> list[tuple[Value, ...]]:
    """As ``read_untagged``, where the address takes one text."""
    readings = [values for values in _read_without_comma(data, 1) if isinstance(values[0], str)]
    text = _whole_text(data)
    if text is None or _ONE_TEXT.fullmatch(text):  # a type tag whose text is cut off
        return readings
    return [*readings, (text,)]


def _read_without_comma(data: bytes, count: int) -> Iterator[tuple[Value, ...]]:
    tags, zero, _ = data.partition(b"\0")
    if not zero or not _TAGS.fullmatch(tags):
        return
    reader = _Reader("", data[_aligned(len(tags) + 1) :])
    try:
        values = tuple(reader.values(tags))
    except PeerError:
        return
    if len(values) == count and not reader.rest:
        yield values


def _word(word: bytes) -> float | int | None:
    """4 bytes as a number: a float of a usual size or a small integer, which have no bytes in common; else None."""
    (integer,) = struct.unpack(">i", word)
    if abs(integer) < _INTEGER_LIMIT:
        return int(integer)
    (number,) = struct.unpack(">f", word)
    return float(number) if _LEAST <= abs(number) < _MOST else None


def _whole_text(data: bytes) -> str | None:
    content = data.rstrip(b"\0")
    if not content or b"\0" in content or len(data) > _aligned(len(content) + 1):
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not text.isprintable():
        return None
    return text if len(content) < len(data) else CutText(text)


def _shown(data: bytes) -> str:
    text = repr(data)[1:]
    return text if len(text) <= 40 else text[:39] + "…"
