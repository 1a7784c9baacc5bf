"""What each role may do: one table for requests, for what a page says, and for what it is told.

What is not named here is for ``all`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from impsy.protocol.guests import GuestFacts, Role
from impsy.settings import SETTINGS

__all__ = ["OWNER", "ROLES", "Guest", "Rights"]


@dataclass(frozen=True, slots=True)
class Rights:
    """What a role may do; None: everything.

    Attributes:
        requests: methods and addresses under ``/api``.
        says: types of messages of the page.
        commands: names of commands to the session.
        told: types of messages to the page.
    """

    requests: Collection[tuple[str, str]] | None
    says: Collection[str] | None
    commands: Collection[str] | None
    told: Collection[str] | None

    def may_ask(self, method: str, path: str) -> bool:
        """Whether this request is answered; pages and their files are, for everybody who was let in."""
        if self.requests is None or not (path == "/api" or path.startswith("/api/")):
            return True
        return ("GET" if method == "HEAD" else method, path) in self.requests

    def may_say(self, kind: str) -> bool:
        """Whether a message of this type is heard."""
        return self.says is None or kind in self.says

    def may_command(self, name: str) -> bool:
        """Whether this command is sent to the session."""
        return self.commands is None or name in self.commands

    def is_told(self, kind: str) -> bool:
        """Whether a message of this type reaches the page."""
        return self.told is None or kind in self.told


_SEES = frozenset({("GET", "/api/overview"), ("GET", "/api/session")})
_HEARS = frozenset({"hello", "session", "in", "start", "out", "next", "changed", "pong", "sentence"})
_SETTINGS = frozenset(row.command for row in SETTINGS.values() if row.command)

ROLES: dict[Role, Rights] = {
    "watch": Rights(_SEES, frozenset({"ping"}), frozenset(), _HEARS),
    "play": Rights(_SEES, frozenset({"ping", "play", "touch", "command"}), frozenset({"panic"}), _HEARS),
    "own": Rights(
        _SEES,
        frozenset({"ping", "play", "touch", "command"}),
        (_SETTINGS | {"panic", "pause", "reset", "another", "tap", "mark", "scene", "preset"}) - {"learn"},
        _HEARS,
    ),
    "all": Rights(None, None, None, None),
}
"""``own``: on an instrument that nobody else plays; it does not learn, as twenty that do take the machine's time."""


@dataclass(eq=False)
class Guest:
    """Somebody who was let in.

    Attributes:
        role: what they may do.
        controls: those that they may play (from 0); None: all.
        instrument: of the workshop that is theirs (from 1); None: the workspace's own.
        watchers: called when they are let in no more, by any thread; as many as they have pages open.
    """

    role: Role = "all"
    controls: frozenset[int] | None = None
    instrument: int | None = None
    ended: bool = False
    watchers: set[Callable[[], object]] = field(default_factory=set)

    @property
    def rights(self) -> Rights:
        """What they may do."""
        return ROLES[self.role]

    @property
    def here(self) -> bool:
        """Whether they have a page open."""
        return bool(self.watchers)

    def may_move(self, controls: Collection[int]) -> bool:
        """Whether all of these are theirs."""
        return self.controls is None or self.controls.issuperset(controls)

    def facts(self) -> GuestFacts:
        """As their page is told."""
        controls = None if self.controls is None else sorted(self.controls)
        return {"role": self.role, "controls": controls, "instrument": self.instrument}

    def end(self) -> None:
        """Let them in no more, and close their pages."""
        self.ended = True
        for tell in list(self.watchers):
            tell()


OWNER = Guest()
"""Whoever is let in without an invitation."""
