"""Commands from controllers: their messages become events, and their lights and motor faders show the state."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from impsy.events import Event, PanicButton, Report, ShowState
from impsy.io.adapter import Deliver, Rate, SendReport
from impsy.io.feedback import FeedbackGuard
from impsy.mapping.commanding import CommandMapping
from impsy.mapping.commands import Assigned, Command
from impsy.settings import Settings

__all__ = ["COMMANDS_A_SECOND", "ECHO_SECONDS", "PANICS_A_SECOND", "CommandPort", "ShowsState"]

COMMANDS_A_SECOND = 400
"""Commands that one port takes, after as many at once: several knobs, or settings drawn by hand."""

PANICS_A_SECOND = 10
"""The same for panic, which has a number of its own: one that counts is not to wait for a knob."""

ECHO_SECONDS = 0.02
"""For so long after the state was sent to a device, the same message from it is an echo."""


class CommandPort:
    """The commands of one device. Its input asks ``takes``, its output ``show``; threads may share it.

    Args:
        name: of the device, for reports.
        assigned: its commands, and what gives them.
        echo_seconds: as :data:`ECHO_SECONDS`.
        clock: seconds.
    """

    def __init__(
        self,
        name: str,
        assigned: Assigned = (),
        *,
        echo_seconds: float = ECHO_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._assigned = assigned
        self._mapping = CommandMapping(assigned)
        self._echo_seconds = echo_seconds
        self._guard = FeedbackGuard(echo_seconds)
        self._clock = clock
        self._commands = Rate(COMMANDS_A_SECOND, COMMANDS_A_SECOND, clock)
        self._panics = Rate(PANICS_A_SECOND, PANICS_A_SECOND, clock)
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Whether anything is commanded."""
        return bool(self._mapping)

    def remap(self, assigned: Assigned, echo_seconds: float = ECHO_SECONDS) -> None:
        """Use other commands from now on, and another time for echoes."""
        with self._lock:
            if echo_seconds != self._echo_seconds:
                self._echo_seconds, self._guard = echo_seconds, FeedbackGuard(echo_seconds)
            if assigned != self._assigned:
                self._assigned, self._mapping = assigned, CommandMapping(assigned)

    def takes(self, message: bytes, deliver: Deliver, report: SendReport) -> Command | None:
        """Carry out the command that a message belongs to, and return it; None: it is playing."""
        if not self._mapping:
            return None
        now = self._clock()
        with self._lock:
            if self._guard.repeats(message, now):
                return self._mapping.owner(message)
            found = self._mapping.decode(message, now)
        if found is None:
            return None
        command, event = found
        if event is not None:
            self._carry_out(event, deliver, report)
        deliver(ShowState())
        return command

    def show(self, settings: Settings, scene: str) -> tuple[list[bytes], float | None]:
        """The messages that bring the device up to date, and after how many seconds to ask again; None: no need."""
        now = self._clock()
        with self._lock:
            messages, again = self._mapping.show(settings, scene, now)
            if messages:
                self._guard.sent(messages, now)
        return messages, again

    def darken(self) -> list[bytes]:
        """The messages that switch its lights off."""
        with self._lock:
            return self._mapping.darken()

    def forget(self) -> None:
        """The device went away or came back: it is shown everything anew, and none of its buttons is held."""
        with self._lock:
            self._mapping.forget()

    def _carry_out(self, event: Event, deliver: Deliver, report: SendReport) -> None:
        if (self._panics if isinstance(event, PanicButton) else self._commands).allows():
            deliver(event)
            return
        text = f"more than {COMMANDS_A_SECOND} commands a second came, or {PANICS_A_SECOND} panics"
        report(Report(f"{self._name}:commands", f"{self._name}: {text}; those beyond are left out"))


@runtime_checkable
class ShowsState(Protocol):
    """What an ``Adapter`` has that can show the state on its device."""

    @property
    def commands(self) -> CommandPort:
        """The commands of its device, none if there are no such."""
        ...

    def show(self, settings: Settings, scene: str) -> float | None:
        """Show these settings, and which scene is current ("" if none).

        Returns after how many seconds to ask again, None: no need. It must not wait.
        """
        ...
