"""Who has shown the token: sessions of browsers, and the code that the first browser is opened with.

A browser sends its cookies to the servers on all ports of a host, so the cookie is not the token: it is a random
number that means something to this process only, and until it ends. Nothing of it is written to a disk.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable

__all__ = ["SESSION_SECONDS", "Sessions"]

SESSION_SECONDS = 30 * 24 * 3600
SESSIONS_LIMIT = 500
"""With more, the oldest ends."""

CODE_SECONDS = 120.0
"""How long a browser may take to start."""


class Sessions:
    """Sessions and codes, by their digests: how long looking one up takes says nothing about those that there are.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[bytes, float] = {}
        self._codes: dict[bytes, float] = {}

    def begin(self) -> str:
        """A new session: the value of its cookie."""
        if len(self._sessions) >= SESSIONS_LIMIT:
            del self._sessions[next(iter(self._sessions))]
        return self._add(self._sessions, SESSION_SECONDS)

    def holds(self, cookie: str) -> bool:
        """Whether this is the cookie of a session."""
        return self._sessions.get(_digest(cookie), 0.0) > self._clock()

    def make_code(self) -> str:
        """A code that begins one session, soon."""
        return self._add(self._codes, CODE_SECONDS)

    def take_code(self, code: str) -> bool:
        """Whether this is a code; it is none from now on."""
        return self._codes.pop(_digest(code), 0.0) > self._clock()

    def _add(self, to: dict[bytes, float], seconds: float) -> str:
        made = secrets.token_urlsafe(24)
        to[_digest(made)] = self._clock() + seconds
        return made


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
