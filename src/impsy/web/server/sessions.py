"""Who was let in, by the token or by an invitation: sessions of browsers, and the code that the first is opened with.

A browser sends its cookies to the servers on all ports of a host, so the cookie is not the token: it is a random
number that means something to this process only, and until it ends. Nothing of it is written to a disk.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable

from impsy.web.guests.roles import OWNER, Guest

__all__ = ["SESSION_SECONDS", "Sessions"]

SESSION_SECONDS = 30 * 24 * 3600
SESSIONS_LIMIT = 500
"""With more, the oldest ends: that of a guest, if there is one."""

CODE_SECONDS = 120.0
"""How long a browser may take to start."""


class Sessions:
    """Sessions and codes, by their digests: how long looking one up takes says nothing about those that there are.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[bytes, tuple[float, Guest]] = {}
        self._codes: dict[bytes, float] = {}

    def begin(self, guest: Guest = OWNER) -> str:
        """A new session: the value of its cookie."""
        if len(self._sessions) >= SESSIONS_LIMIT:
            self._sessions = {key: each for key, each in self._sessions.items() if not each[1].ended}
        if len(self._sessions) >= SESSIONS_LIMIT:
            guests = (key for key, (_, each) in self._sessions.items() if each is not OWNER)
            _, left = self._sessions.pop(next(guests, next(iter(self._sessions))))
            if left is not OWNER:
                left.end()
        made = secrets.token_urlsafe(24)
        self._sessions[_digest(made)] = (self._clock() + SESSION_SECONDS, guest)
        return made

    def whose(self, cookie: str) -> Guest | None:
        """Whose session this is the cookie of; None: of none (any more)."""
        until, guest = self._sessions.get(_digest(cookie), (0.0, OWNER))
        return guest if until > self._clock() and not guest.ended else None

    def make_code(self) -> str:
        """A code that begins one session, soon."""
        made = secrets.token_urlsafe(24)
        self._codes[_digest(made)] = self._clock() + CODE_SECONDS
        return made

    def take_code(self, code: str) -> bool:
        """Whether this is a code; it is none from now on."""
        return self._codes.pop(_digest(code), 0.0) > self._clock()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
