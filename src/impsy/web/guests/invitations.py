"""Invitations: short codes, each for one role. Guesses are bounded, each ends by itself and can be revoked."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from impsy.protocol.guests import Invitation, Role
from impsy.web.guests.guesses import Guesses
from impsy.web.guests.roles import Guest
from impsy.web.workspace import Conflict, NotFound

__all__ = ["ALPHABET", "Invitations", "NotLetIn", "as_code"]

ALPHABET = "ACDEFGHJKMNPQRTVWXY"
"""Capitals that no other is taken for, typed from a wall: no I, L and O, no B, S, U and Z."""

CODE_LETTERS = 6
"""47 million codes; of a hundred guesses a minute, for a day, one in 300 is right."""

INVITATIONS_LIMIT = 20
GUESTS_LIMIT = 100
"""Of one invitation; further ones take the place of those whose page is closed."""

DAY_MINUTES = 24 * 60


class NotLetIn(Exception):
    """Why a code lets nobody in; ``guess``: it is none."""

    def __init__(self, sentence: str, advice: str = "", *, guess: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.advice, self.guess = sentence, advice, guess


def as_code(text: str) -> str:
    """What somebody typed, as codes are written: capitals, nothing between them."""
    return "".join(letter for letter in text.upper() if letter.isalnum())


@dataclass(eq=False)
class _Given:
    """An invitation, and who came by it."""

    id: str
    code: str
    role: Role
    controls: tuple[int, ...] | None
    each: int | None
    until: float
    take: Callable[[], int] | None
    guests: list[Guest] = field(default_factory=list)

    def seat(self) -> frozenset[int] | None:
        """The controls of the next guest: those of the seat that the fewest have."""
        if self.controls is None or self.each is None:
            return None if self.controls is None else frozenset(self.controls)
        seats = [
            frozenset(self.controls[start : start + self.each]) for start in range(0, len(self.controls), self.each)
        ]
        return min(seats, key=lambda seat: sum(guest.controls == seat for guest in self.guests))


class Invitations:
    """Those of one web process; all ends with it. Any thread may call.

    Args:
        clock: seconds.
        choose: one of a sequence, as ``secrets.choice`` does.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, choose: Callable[[str], str] = secrets.choice
    ) -> None:
        self._clock = clock
        self._choose = choose
        self._lock = threading.RLock()
        self._given: dict[str, _Given] = {}
        self._guesses = Guesses()
        self.addresses: Callable[[], list[str]] = list
        """The addresses by which others reach the page."""
        self.came: Callable[[], object] = lambda: None
        """Called when somebody came by a code."""
        self.advice = "Start the page with `impsy webui --host 0.0.0.0`: then phones of this network reach it."
        """Why nobody can be invited; empty: somebody can."""

    def make(
        self,
        role: Role,
        *,
        controls: Sequence[int] | None = None,
        each: int | None = None,
        minutes: float = DAY_MINUTES,
        take: Callable[[], int] | None = None,
    ) -> Invitation:
        """A new one.

        Args:
            role: of its guests.
            controls: that they may play, from 0; None: all.
            each: so many of these for each guest, in turn; None: all for everybody.
            minutes: for which it lets somebody in.
            take: takes an instrument of a workshop for a guest, and returns its number; raises ``NotLetIn``.

        Raises:
            Conflict: nobody can reach the page, or there are too many.
        """
        with self._lock:
            if self.advice:
                raise Conflict(self.advice)
            if len(self._given) >= INVITATIONS_LIMIT:
                raise Conflict(f"there are {INVITATIONS_LIMIT} invitations already: revoke one")
            known = {each.code for each in self._given.values()}
            code = self._code()
            while code in known:
                code = self._code()
            made = _Given(
                secrets.token_hex(4),
                code,
                role,
                None if controls is None else tuple(dict.fromkeys(controls)),
                each,
                self._clock() + 60 * minutes,
                take,
            )
            self._given[made.id] = made
            return self._shown(made)

    def all(self) -> list[Invitation]:
        """Those that were not revoked, the oldest first."""
        with self._lock:
            return [self._shown(given) for given in self._given.values()]

    def find(self, number: str) -> Invitation:
        """One of them, by its id.

        Raises:
            NotFound: there is none (any more).
        """
        with self._lock:
            if number not in self._given:
                raise NotFound("there is no such invitation (any more)")
            return self._shown(self._given[number])

    def revoke(self, number: str) -> None:
        """End one, with all who came by it. Raises what :meth:`find` does."""
        with self._lock:
            self.find(number)
            ended = self._given.pop(number)
            for guest in ended.guests:
                guest.end()

    def join(self, typed: str, ip: str) -> Guest:
        """Let somebody in who has this code.

        Raises:
            NotLetIn: it is none, it is over, or too many were wrong.
        """
        with self._lock:
            now = self._clock()
            if self._guesses.too_many(ip, now):
                raise NotLetIn("Too many wrong codes were typed.", "Wait a minute, and try again", guess=True)
            given = self._of_code(typed)
            if given is None:
                self._guesses.wrong(ip, now)
                raise NotLetIn("This is not the code.", "See how it is written: six letters, no digits", guess=True)
            if given.until <= now:
                raise NotLetIn("This code is over.", "Ask who gave it to you for a new one")
            guest = self._seated(given)
        self.came()
        return guest

    def came_by(self, guest: Guest, typed: str) -> bool:
        """Whether this guest came by the invitation of this code."""
        with self._lock:
            given = self._of_code(typed)
            return given is not None and guest in given.guests

    def _of_code(self, typed: str) -> _Given | None:
        code = as_code(typed).encode("utf-8", "replace")
        found = [each for each in self._given.values() if secrets.compare_digest(each.code.encode(), code)]
        return found[0] if found else None

    def _seated(self, given: _Given) -> Guest:
        given.guests = [guest for guest in given.guests if not guest.ended]
        if len(given.guests) >= GUESTS_LIMIT:
            left = next((guest for guest in given.guests if not guest.here), None)
            if left is None:
                raise NotLetIn(f"{len(given.guests)} are here already by this code.", "Ask for another one")
            left.end()
            given.guests.remove(left)
        guest = Guest(given.role, given.seat(), given.take() if given.take else None)
        given.guests.append(guest)
        return guest

    def guests_of(self, instrument: int) -> list[Guest]:
        """Who has this instrument of a workshop."""
        with self._lock:
            every = (guest for given in self._given.values() for guest in given.guests)
            return [guest for guest in every if guest.instrument == instrument and not guest.ended]

    def _code(self) -> str:
        return "".join(self._choose(ALPHABET) for _ in range(CODE_LETTERS))

    def _shown(self, given: _Given) -> Invitation:
        guests = [guest for guest in given.guests if not guest.ended]
        return Invitation(
            id=given.id,
            code=given.code,
            role=given.role,
            controls=None if given.controls is None else list(given.controls),
            each=given.each,
            workshop=given.take is not None,
            seconds=max(0.0, round(given.until - self._clock(), 1)),
            guests=len(guests),
            here=sum(guest.here for guest in guests),
        )
