"""The messages that pass the session's ports: session → web process by OSC, and → page, which shows them.

The session sends them as they are, while a page asks for them; the web process says what they mean.
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

TRAFFIC = "/monitor/traffic"
"""One text: :class:`RawTraffic` as JSON, fifteen times a second at most, for as long as somebody asks."""
ASK_FOR_TRAFFIC = "/impsy/traffic"
"""To the session, without arguments: somebody looks at its ports. It holds for 2.5 s."""

Way = Literal["in", "out"]

MessageKind = Literal["note", "controller", "other", "clock", "osc", "line"]
"""What a message is, for filters. other: MIDI that is no note, controller or clock."""


class LeftOut(TypedDict):
    """How many messages passed a port that are not shown, as others are newer."""

    port: str
    way: Way
    count: int


class RawMessage(TypedDict):
    """A message as it passed a port, named as in ``PortHealth``.

    at: Unix time, in seconds. data: its first bytes, in hex. size: bytes in all. changes: the first of the controls
    (from 0) that it changes, with their values; null: it is not said. command: it is a command. peer: who sent it, or
    how many it was sent to. remark: why it is not played, or what is wrong with it.
    """

    port: str
    way: Way
    at: float
    data: str
    size: int
    changes: list[tuple[int, float]] | None
    command: bool
    peer: str
    remark: str


class RawTraffic(TypedDict):
    """What passed the ports since the message before: the newest of each port, oldest first."""

    messages: list[RawMessage]
    left_out: list[LeftOut]


class PortMessage(TypedDict):
    """A message that passed a port.

    at: Unix time, in seconds. words: what it says. data: its first bytes, in hex with blanks between. size: bytes in
    all. changes: the first of the controls (from 0) that it changes, with their values. peer: who sent it, or how
    many it was sent to. remark: what it commands, why it is not played, or what is wrong with it.
    """

    port: str
    way: Way
    at: float
    kind: MessageKind
    words: str
    data: str
    size: int
    changes: list[tuple[int, float]]
    peer: str
    remark: str


class Traffic(TypedDict):
    """What passed the ports of the session since the message before, oldest first."""

    messages: list[PortMessage]
    left_out: list[LeftOut]
