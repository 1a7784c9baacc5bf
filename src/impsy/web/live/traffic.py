"""What passes the session's ports, in words, and the page's wish to see it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, cast

from impsy.codecs.oscwire import Message, Opaque, read_packet
from impsy.errors import PeerError
from impsy.mapping import wire
from impsy.mapping.words import describe_message
from impsy.protocol.traffic import ASK_FOR_TRAFFIC, LeftOut, MessageKind, PortMessage, Traffic, Way
from impsy.text import counted, one_line
from impsy.web.live.link import SessionLink

__all__ = ["Meaning", "ask_for_traffic", "joined", "traffic_in_words", "words_of"]

ASK_SECONDS = 1.0
"""Between two requests to the session."""

JOINED_LIMIT = 200
"""Messages that wait for a page which reads slowly; more are left out."""

MESSAGES_LIMIT = 200
PORTS_LIMIT = 500
DATA_LIMIT = 512
"""Of what is received from a session, so much is used."""

WORDS_LIMIT = 240
TEXT_LIMIT = 200
ARGUMENTS_SHOWN = 16
PACKETS_SHOWN = 4

Meaning = Callable[[str, bytes, bool], str]
"""What a MIDI message that changes nothing does at a port, or why it does nothing; True: it is a command."""

_OSC = frozenset({"osc", "osc out", "commands"})
_LINES = frozenset({"serial"})


async def ask_for_traffic(link: SessionLink) -> None:
    """Ask the session for what passes its ports, again and again, until cancelled."""
    while True:
        if link.state is not None:
            link.send(ASK_FOR_TRAFFIC, "", ())
        await asyncio.sleep(ASK_SECONDS)


def joined(before: Traffic, after: Traffic) -> Traffic:
    """Both as one; of too many messages the newest."""
    messages = [*before["messages"], *after["messages"]]
    left_out: Counter[tuple[str, Way]] = Counter()
    for each in (*before["left_out"], *after["left_out"]):
        left_out[each["port"], each["way"]] += each["count"]
    for message in messages[:-JOINED_LIMIT]:
        left_out[message["port"], message["way"]] += 1
    counts: list[LeftOut] = [{"port": port, "way": way, "count": count} for (port, way), count in left_out.items()]
    return {"messages": messages[-JOINED_LIMIT:], "left_out": counts}


def traffic_in_words(content: Mapping[str, Any], meaning: Meaning) -> Traffic:
    """What a session sent, in words. Never raises: what is malformed is left out."""
    messages, left_out = content.get("messages"), content.get("left_out")
    shown = [_message(each, meaning) for each in _dicts(messages)[:MESSAGES_LIMIT]]
    counts = [_left_out(each) for each in _dicts(left_out)[:PORTS_LIMIT]]
    return {"messages": [each for each in shown if each], "left_out": [each for each in counts if each]}


def words_of(port: str, data: bytes, size: int) -> tuple[MessageKind, str]:
    """What kind of message has passed a port, and what it says. ``data`` are its first bytes of ``size``.

    Never raises.
    """
    if port in _OSC:
        return "osc", one_line(_osc_words(data, size), WORDS_LIMIT)
    if port in _LINES or (port == "websocket" and data[:1] < b"\x80"):
        return "line", one_line(data.decode("utf-8", "replace").strip(), WORDS_LIMIT)
    return _midi_kind(data), describe_message(data)


def _midi_kind(data: bytes) -> MessageKind:
    status = data[0] if data else 0
    if status >= wire.SYSTEM:
        return "clock" if status in _CLOCK else "other"
    return _KINDS.get(status & 0xF0, "other")


_CLOCK = frozenset({0xF1, 0xF2, 0xF8, 0xFA, 0xFB, 0xFC})
_KINDS: dict[int, MessageKind] = {
    wire.NOTE_ON: "note",
    wire.NOTE_OFF: "note",
    wire.CONTROL_CHANGE: "controller",
}


def _osc_words(data: bytes, size: int) -> str:
    if size > len(data):
        head = data.partition(b"\0")[0].decode("utf-8", "replace")
        return f"{head} … ({counted(size, 'byte')})"
    found = read_packet(data)
    words = [_osc_message(each) for each in found[:PACKETS_SHOWN]]
    if len(found) > PACKETS_SHOWN:
        words.append(f"and {counted(len(found) - PACKETS_SHOWN, 'message')} more")
    return " · ".join(words)


def _osc_message(message: Message | PeerError) -> str:
    if isinstance(message, PeerError):
        return str(message)
    if message.untagged is not None:
        return f"{message.address} without type tags, {counted(len(message.untagged), 'byte')}"
    words = [message.address, *map(_argument, message.values[:ARGUMENTS_SHOWN])]
    if len(message.values) > ARGUMENTS_SHOWN:
        words.append(f"and {len(message.values) - ARGUMENTS_SHOWN} more")
    return " ".join(words)


def _argument(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.4g}"
        case str():
            return f"“{value}”"
        case Opaque(kind):
            return f"({kind})"
        case None:
            return "nil"
    return str(value)


# --- what a session sends: nothing in it is taken for granted ----------------------------------------


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return one_line(value, TEXT_LIMIT) if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value < 1 << 53 else 0


def _left_out(raw: Mapping[str, Any]) -> LeftOut | None:
    if raw.get("way") not in ("in", "out"):
        return None
    return {"port": _text(raw.get("port")), "way": raw["way"], "count": _count(raw.get("count"))}


def _message(raw: Mapping[str, Any], meaning: Meaning) -> PortMessage | None:
    port, at = _text(raw.get("port")), raw.get("at")
    try:
        data = bytes.fromhex(raw["data"])[:DATA_LIMIT]
    except (KeyError, TypeError, ValueError):
        return None
    if raw.get("way") not in ("in", "out") or type(at) not in (int, float) or not isfinite(cast("float", at)):
        return None
    size = max(len(data), _count(raw.get("size")))
    kind, words = words_of(port, data, size)
    changes, remark = _changes(raw.get("changes")), _text(raw.get("remark"))
    if raw["way"] == "in" and kind not in ("osc", "line") and not changes and not remark:
        remark = one_line(meaning(port, data, raw.get("command") is True), TEXT_LIMIT)
    return {
        "port": port,
        "way": raw["way"],
        "at": float(cast("float", at)),
        "kind": kind,
        "words": words,
        "data": data.hex(" "),
        "size": size,
        "changes": changes,
        "peer": _text(raw.get("peer")),
        "remark": remark,
    }


def _changes(value: object) -> list[tuple[int, float]]:
    if not isinstance(value, list):
        return []
    pairs = [pair for pair in value[:ARGUMENTS_SHOWN] if isinstance(pair, list) and len(pair) == 2]
    return [
        (_count(index), float(number))
        for index, number in pairs
        if type(index) is int and type(number) in (int, float) and isfinite(number)
    ]
