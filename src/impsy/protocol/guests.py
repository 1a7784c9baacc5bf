"""What the web process returns about invitations, those who came by them, and a workshop's instruments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from typing_extensions import TypedDict

Role = Literal["watch", "play", "own", "all"]
"""What somebody may do: a column of ``impsy.web.guests.roles``."""

GivenRole = Literal["watch", "play", "all"]
"""Those that an invitation gives; a workshop gives ``own``."""


class GuestFacts(TypedDict):
    """What a page may do. controls: those that it may play (from 0); null: all. instrument: of a workshop, from 1."""

    role: Role
    controls: list[int] | None
    instrument: int | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code that lets others in.

    code: to be typed, or in the link. controls: that its guests may play (from 0); null: all. each: so many of them
    for each guest, in turn; null: all of them for everybody. workshop: each guest has an instrument of their own.
    seconds: for which it lets somebody in from now on; 0: no more. guests: that came; here: those with an open page.
    """

    id: str
    code: str
    role: Role
    controls: list[int] | None
    each: int | None
    workshop: bool
    seconds: float
    guests: int
    here: int


@dataclass(frozen=True, slots=True)
class Invite:
    """Who can be invited. addresses: that phones of the network can reach, the likeliest first.

    advice: why nobody can be invited, and what to do; empty: somebody can.
    """

    addresses: list[str] = field(default_factory=list)
    advice: str = ""
    invitations: list[Invitation] = field(default_factory=list)


class WallInstrument(TypedDict):
    """One instrument of a workshop. taken: a guest has it; here: and a page open. input, output: the last values."""

    number: int
    status: Literal["stopped", "starting", "running", "stopping", "failed"]
    sentence: str
    taken: bool
    here: bool
    paused: bool
    turn: str
    input: list[float]
    output: list[float]


class Wall(TypedDict):
    """All instruments of a workshop; none: there is no workshop. sentence: what keeps it from being whole, or empty.

    folder: where they keep what they record, in the workspace.
    """

    folder: str
    sentence: str
    instruments: list[WallInstrument]
