"""The instruments of a workshop: made, started one after the other, shown, and ended together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Protocol

import psutil

from impsy.errors import ImpsyError
from impsy.limits import MOST_INSTRUMENTS
from impsy.protocol.guests import Invitation, Wall, WallInstrument
from impsy.protocol.pages import ServerMessage
from impsy.threads import Failures, lasting, once
from impsy.web.guests.invitations import DAY_MINUTES, Invitations, NotLetIn
from impsy.web.live.hub import PageHub
from impsy.web.live.link import SessionLink
from impsy.web.session.supervisor import SessionSupervisor
from impsy.web.workshop.folders import make_folders
from impsy.web.workspace import Conflict, NotFound, Workspace

__all__ = ["FOLDER", "Instrument", "Workshop", "memory_for"]

logger = logging.getLogger(__name__)

FOLDER = "workshop"
"""In the workspace: the instruments' folders."""

SESSION_BYTES = 160_000_000
"""What one session with a model of the size ``s`` takes, by ``python -m bench.workshop``, and some."""

LEFT_BYTES = 400_000_000
"""That stay free for everything else."""

TELL_SECONDS = 0.2
"""Between two pictures of the wall."""

START_SECONDS = 20.0
"""For one to have started before the next one is: twenty that load at once would hold each other up."""


class Instrument(AbstractContextManager[Any], Protocol):
    """What a workshop needs of a site."""

    hub: PageHub
    link: SessionLink
    supervisor: SessionSupervisor


class WatchedHub(PageHub):
    """Keeps the last values, for the wall."""

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[str, list[float]] = {"in": [], "out": []}

    def send(self, message: ServerMessage) -> None:
        """As any hub."""
        if message["type"] == "in" or message["type"] == "out":
            self.last[message["type"]] = message["values"]
        super().send(message)


def memory_for(available: int) -> int:
    """How many sessions ``available`` bytes of memory are enough for."""
    return max(0, (available - LEFT_BYTES) // SESSION_BYTES)


class Workshop:
    """The workshop of one web process; none is open at first.

    Args:
        workspace: has the instruments' folders in it.
        tell: sends a message to who leads it.
        invitations: those of the web process.
        make: a site for a workspace and a hub.
        available: bytes of memory that are free.
    """

    def __init__(
        self,
        workspace: Workspace,
        tell: Callable[[ServerMessage], None],
        invitations: Invitations,
        make: Callable[[Workspace, PageHub], Instrument],
        available: Callable[[], int] = lambda: psutil.virtual_memory().available,
    ) -> None:
        self._workspace = workspace
        self._tell = tell
        self._invitations = invitations
        self._make = make
        self._available = available
        self._changing = threading.Lock()
        self._running = ExitStack()
        self._over = threading.Event()
        self._instruments: dict[int, tuple[Instrument, WatchedHub]] = {}
        self._sentence = ""
        self._invitation = ""
        self._wanted: set[int] = set()

    def open(self, count: int, files: Mapping[str, bytes], minutes: float = DAY_MINUTES) -> Invitation:
        """Make the instruments and start them one after the other; returns the invitation to them.

        Args:
            count: of instruments.
            files: of each, see :mod:`impsy.web.workshop.folders`.
            minutes: for which guests are let in.

        Raises:
            Conflict: one is open, nobody can be invited, or there is too little memory.
            ConfigError, DeviceError: a folder cannot be made.
        """
        with self._changing:
            if self._instruments:
                raise Conflict("a workshop is open already: close it first")
            if not 1 <= count <= MOST_INSTRUMENTS:
                raise Conflict(f"a workshop has 1 to {MOST_INSTRUMENTS} instruments, not {count}")
            room = memory_for(self._available())
            if room < count:
                raise Conflict(
                    f"there is memory for {room} instruments, not for {count}: take fewer, or end other programs"
                )
            invitation = self._invitations.make("own", minutes=minutes, take=self._take)
            try:
                self._enter(count, files)
            except BaseException:
                self._leave()
                self._invitations.revoke(invitation.id)
                raise
            self._invitation = invitation.id
            self._wanted = set(self._instruments)
        self._tell({"type": "workshop", **self.wall()})
        return invitation

    def close(self) -> None:
        """End all sessions. What they recorded stays. Without one, this does nothing."""
        with self._changing:
            if not self._instruments:
                return
            if self._invitation in {each.id for each in self._invitations.all()}:
                self._invitations.revoke(self._invitation)
            self._leave()
        self._tell({"type": "workshop", **self.wall()})

    def instrument(self, number: int) -> Instrument | None:
        """One of them, from 1; None: there is none (any more)."""
        found = self._instruments.get(number)
        return found[0] if found else None

    def wall(self) -> Wall:
        """All instruments as they are now."""
        shown = [self._shown(number, *each) for number, each in self._instruments.items()]
        return {"folder": FOLDER if shown else "", "sentence": self._sentence if shown else "", "instruments": shown}

    # --- for all, or for one ------------------------------------------------------------------------

    def start(self, number: int | None = None) -> None:
        """Start sessions, one after the other; this does not wait. Raises NotFound."""
        self._wanted.update(self._chosen(number))

    def stop(self, number: int | None = None) -> None:
        """End sessions; this does not wait. Raises NotFound."""
        chosen = self._chosen(number)
        self._wanted -= chosen.keys()
        for instrument, _ in chosen.values():
            once("impsy workshop stop", instrument.supervisor.stop).start()

    def panic(self, number: int | None = None) -> None:
        """End all their notes. Raises NotFound."""
        for instrument, _ in self._chosen(number).values():
            instrument.link.send("/impsy/panic", "", ())

    def free(self, number: int) -> None:
        """Let its guest in no more; the next one gets it. Raises NotFound."""
        self._chosen(number)
        for guest in self._invitations.guests_of(number):
            guest.end()

    def _chosen(self, number: int | None) -> dict[int, tuple[Instrument, WatchedHub]]:
        if number is None:
            return dict(self._instruments)
        if number not in self._instruments:
            raise NotFound(f"there is no instrument {number}")
        return {number: self._instruments[number]}

    def _take(self) -> int:
        for number in list(self._instruments):
            if not self._invitations.guests_of(number):
                return number
        count = len(self._instruments)
        raise NotLetIn(f"All {count} instruments are taken.", "Ask who leads the workshop to free one")

    # --- inside -------------------------------------------------------------------------------------

    def _enter(self, count: int, files: Mapping[str, bytes]) -> None:
        parent = self._workspace.folder(self._workspace.root / FOLDER)
        self._over = threading.Event()
        self._sentence = ""
        for number, folder in enumerate(make_folders(parent, count, dict(files)), 1):
            hub = WatchedHub()
            instrument = self._make(Workspace(folder), hub)
            self._running.enter_context(instrument)
            self._instruments[number] = (instrument, hub)
        for name, work in (("wall", self._keep_telling), ("start", self._keep_starting)):
            thread = lasting(f"impsy workshop {name}", work, self._over.is_set)
            thread.start()
            self._running.callback(thread.join, START_SECONDS)
        self._running.callback(self._over.set)

    def _leave(self) -> None:
        self._over.set()
        ending = [
            once("impsy workshop stop", instrument.supervisor.close) for instrument, _ in self._instruments.values()
        ]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        running, self._running = self._running, ExitStack()
        try:
            running.close()
        finally:
            self._instruments = {}
            self._wanted = set()

    def _keep_telling(self) -> None:
        told: Wall | None = None
        while not self._over.wait(TELL_SECONDS):
            wall = self.wall()
            if wall != told:
                told = wall
                self._tell({"type": "workshop", **wall})

    def _keep_starting(self) -> None:
        failures = Failures("starting an instrument of the workshop")
        while not self._over.wait(TELL_SECONDS):
            for number in sorted(self._wanted):
                with failures:
                    self._start_one(number)
                if self._over.is_set():
                    return

    def _start_one(self, number: int) -> None:
        """Start this one, and wait until it plays. One that ended by itself stays so until somebody starts it."""
        self._wanted.discard(number)
        supervisor = self._instruments[number][0].supervisor
        if memory_for(self._available()) < 1:
            self._sentence = "There is no memory for another session: end other programs, then start it again."
            return
        self._sentence = ""
        try:
            supervisor.start()
        except ImpsyError as error:
            self._sentence = f"Instrument {number} was not started: {error}"
            return
        for _ in range(round(START_SECONDS / TELL_SECONDS)):
            if self._over.wait(TELL_SECONDS) or supervisor.status()["status"] != "starting":
                return

    def _shown(self, number: int, instrument: Instrument, hub: WatchedHub) -> WallInstrument:
        status = instrument.supervisor.status()
        state: Mapping[str, Any] = status["state"] or {}
        guests = self._invitations.guests_of(number)
        waits = number in self._wanted and status["status"] in {"stopped", "failed"}
        return {
            "number": number,
            "status": "starting" if waits else status["status"],
            "sentence": status["sentence"],
            "taken": bool(guests),
            "here": any(guest.here for guest in guests),
            "paused": bool(state.get("paused")),
            "turn": str(state.get("turn", "")),
            "input": hub.last["in"] or list(state.get("input", [])),
            "output": hub.last["out"] or list(state.get("output", [])),
        }
