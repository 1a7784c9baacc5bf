"""MIDI ports: one adapter a port. Each finds its device, and opens it again when it is plugged in again."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from impsy.codecs.midiclock import CLOCK_STATUS, TICKING, ClockSending, decode_clock
from impsy.errors import DeviceError
from impsy.events import Report, ShowState, Unplugged
from impsy.io.adapter import Complaints, Deliver, Health, Overhear, Overheard, SendReport
from impsy.io.commands import CommandPort
from impsy.io.feedback import FeedbackGuard
from impsy.io.link import Link, Opened
from impsy.io.midi.portnames import Direction, Fit, Meaning
from impsy.io.midi.ports import MidiInPort, MidiOutPort, MidiSystem, virtual_name
from impsy.io.midi.system import SharedMidi
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.mapping.wire import NOTE_OFF
from impsy.settings import Settings
from impsy.threads import Failures

__all__ = ["MidiInput", "MidiOutput"]

logger = logging.getLogger(__name__)

CHECK_SECONDS = 0.25
"""Between two checks that a port's device is still there."""

UNNOTICED_SECONDS = 1.0
"""A missing device is detected within this time."""

ENDED_LIMIT = 1000
"""Recent note-offs that are kept, as they may have been sent to a device that was already unplugged."""

ECHO = "an echo of what IMPSY sent, left out"
FOLLOWED, UNFOLLOWED = "the tempo follows it", "the tempo does not follow it"

_WORDS: dict[Direction, str] = {"in": "input", "out": "output"}


P = TypeVar("P", bound=MidiInPort)


class _Port(ABC, Generic[P]):
    """What inputs and outputs share: finding the device, and checking that it is there.

    Args:
        direction: ``in``: IMPSY hears it; ``out``: IMPSY plays to it.
        configured: a device's name or part of it, or ``virtual:NAME`` for a port that others connect to.
        system: the MIDI system, shared with other ports.
    """

    def __init__(self, direction: Direction, configured: str, system: SharedMidi) -> None:
        self.name = f"midi {direction} {configured}"
        self._direction: Direction = direction
        self._configured = configured
        virtual = virtual_name(configured)
        self._is_virtual = virtual is not None
        self._label = virtual or configured
        self._shared = system
        self._report: SendReport = lambda _report: None
        self._complaints = Complaints(self.name)
        self._wake = threading.Event()
        self._is_open = False
        self.link = Link(self.name, self._serve, self._wake.set)

    def close(self) -> None:
        """Close the device's port, within half a second."""
        self.link.close()
        if self._is_open:
            self._is_open = False
            self._shared.leave()

    def _start(self, report: SendReport) -> None:
        self._report = report
        self._wake.clear()
        if not self._is_open:
            self._is_open = True
            self._shared.enter()
        self.link.open(report)

    # --- in the link's thread ----------------------------------------------------------------------

    def _serve(self, opened: Opened) -> None:
        if self.link.stopping:
            return
        system = self._shared.get()
        try:
            found = None if self._is_virtual else self._find(system)
            port = self._open_port(system, found)
            try:
                self._begin(port)
                virtual = f"a virtual port of {system.name}"
                opened(virtual if found is None else f"connected to {found} ({system.name})")
                self._watch(system, port)
            finally:
                self._end()
                port.close()
        finally:
            self._shared.claims.release(self._direction, self._configured)

    def _watch(self, system: MidiSystem, port: P) -> None:
        """Return when the link is closed; raise when the device is missing, or another port fits the name better."""
        claims = self._shared.claims
        while not self.link.stopping:
            try:
                port.check()
                now = None
                if claims.is_loose(self._direction, self._configured):
                    now = claims.better(self._direction, self._configured, system.ports(self._direction))
            except DeviceError:
                self._lost()
                system.ports(self._direction)  # raises if the whole system has ended
                raise self._missing() from None
            if now is not None:
                self._leave()
                raise self._taken(now) if now.port is None else DeviceError(f"{now.port} fits the name better")
            self._wake.wait(CHECK_SECONDS)
            self._wake.clear()

    def _find(self, system: MidiSystem) -> str:
        found = self._shared.claims.claim(self._direction, self._configured, system.ports(self._direction))
        if found.port is None:
            raise self._taken(found) if found.taken else self._missing()
        if found.others:
            text = f"several ports match: {', '.join((found.port, *found.others))}. {found.port} is used"
            self._report(Report(f"{self.name}:several", f"{self.name}: {text}; a longer name says which is meant"))
        if found.fit is Fit.RENUMBERED:
            text = f"no port is called so now; {found.port}, which differs in numbers that the system gives, is used"
            self._report(Report(f"{self.name}:renumbered", f"{self.name}: {text}"))
        return found.port

    def _taken(self, meaning: Meaning) -> DeviceError:
        return DeviceError(
            f"the name fits {meaning.taken}, which “{meaning.taken_by}” means already; give a longer name, or take "
            f"it out of midi.{self._direction}_device"
        )

    def _missing(self) -> DeviceError:
        """The same message for a device that was never there and one that was unplugged: it is reported once."""
        return DeviceError(
            f"there is no MIDI {_WORDS[self._direction]} port called “{self._configured}” now; “impsy ports” lists "
            "those that are there"
        )

    @abstractmethod
    def _open_port(self, system: MidiSystem, port: str | None) -> P:
        """Open a device's port by its full name; None: a virtual port."""

    @abstractmethod
    def _begin(self, port: P) -> None:
        """The port is open."""

    @abstractmethod
    def _lost(self) -> None:
        """The device was unplugged while the port was open."""

    @abstractmethod
    def _leave(self) -> None:
        """The device is there, but the port will be closed."""

    @abstractmethod
    def _end(self) -> None:
        """The port is about to be closed."""


class MidiInput(_Port[MidiInPort]):
    """Hears a device: each message that is mapped becomes an event from the port ``midi in NAME``.

    Args:
        configured: a device's name or part of it, or ``virtual:NAME``.
        system: the MIDI system, shared with other ports.
        mapping: what messages mean; None: the device is not heard.
        guard: recognises echoes of what IMPSY sent, which are ignored; None: without.
        commands: the device's commands, whose messages are not played; None: it has none.
        clock: seconds, the clock of ``guard``.
        follows: whether MIDI clock is heard.
    """

    def __init__(
        self,
        configured: str,
        system: SharedMidi,
        mapping: InputMapping | None,
        guard: FeedbackGuard | None = None,
        *,
        commands: CommandPort | None = None,
        clock: Callable[[], float] = time.monotonic,
        follows: bool = False,
    ) -> None:
        super().__init__("in", configured, system)
        self._mapping = mapping
        self._follows = follows
        self._guard = guard
        self._commands = commands if commands is not None else CommandPort(self.name)
        self._clock = clock
        self._deliver: Deliver = lambda _event: None
        self._received = self._echoes = 0
        self._failures = Failures(f"messages at the port “{self.name}”")
        self.overhear: Overhear | None = None

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start searching for the device."""
        self._deliver = deliver
        self._start(report)

    def remap(self, mapping: InputMapping | None, *, follows: bool = False) -> None:
        """Use another mapping, and hear MIDI clock or not."""
        self._mapping, self._follows = mapping, follows

    def send(self, values: Sequence[float]) -> None:
        """An input plays nothing."""

    def silence(self) -> None:
        """Nothing sounds here."""

    def panic(self) -> None:
        """Nothing sounds here."""

    def health(self) -> tuple[Health, ...]:
        """The port: ``received`` counts messages, echoes that were left out among them."""
        link = self.link
        state = "receiving" if link.state == "open" and self._received else link.state
        echoes = f"; {self._echoes} echoes left out" if self._echoes else ""
        error = link.error or self._complaints.last
        bad = self._complaints.count
        return (Health(self.name, state, link.detail + echoes, error, self._received, bad),)

    def _open_port(self, system: MidiSystem, port: str | None) -> MidiInPort:
        if port is None:
            return system.open_virtual_input(self._label, self._receive)
        return system.open_input(port, self._receive, self._label)

    def _begin(self, port: MidiInPort) -> None:
        """Nothing to do: the system calls ``_receive``."""

    def _lost(self) -> None:
        self._commands.forget()
        self._deliver(Unplugged(self.name))

    def _leave(self) -> None:
        self._lost()

    def _end(self) -> None:
        """Nothing to do: the system stops calling ``_receive``."""

    def _receive(self, message: bytes) -> None:
        """Called in a thread of the system, which would ignore an exception."""
        if message and message[0] in (CLOCK_STATUS if self._follows else TICKING):
            self._hear_clock(message)
            return
        self._received += 1
        try:
            if self._guard is not None and self._guard.repeats(message, self._clock()):
                self._echoes += 1
                if (overhear := self.overhear) is not None:
                    overhear(Overheard(self.name, "in", message, remark=ECHO))
                return
            if self._commands and self._commands.takes(message, self._deliver, self._report):
                if (overhear := self.overhear) is not None:
                    overhear(Overheard(self.name, "in", message, ()))
                return
            changes = None if self._mapping is None else self._mapping.decode(message)
            if (overhear := self.overhear) is not None:
                overhear(Overheard(self.name, "in", message, changes))
            event = None if self._mapping is None else self._mapping.event(message, changes, self.name)
            if event is not None:
                self._deliver(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next message is heard
            self._failures.add(error, message.hex(" "))

    def _hear_clock(self, message: bytes) -> None:
        try:
            if (overhear := self.overhear) is not None:
                overhear(Overheard(self.name, "in", message, remark=FOLLOWED if self._follows else UNFOLLOWED))
            if not self._follows:
                return
            self._received += 1
            event = decode_clock(message, self.name)
            if event is not None:
                self._deliver(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next message is heard
            self._failures.add(error, message.hex(" "))


class MidiOutput(_Port[MidiOutPort]):
    """Sends each vector to a device, as the messages of a mapping.

    Args:
        configured: a device's name or part of it, or ``virtual:NAME``.
        system: the MIDI system, shared with other ports.
        mapping: how values are sent; None: nothing is sent.
        guard: records what is sent; None: without.
        commands: the device's commands, whose state it is shown; None: it has none.
        quiet: the port is open for these alone, and nobody is told of it: many a device has no such port.
        clock: seconds, for ``guard``.
    """

    def __init__(
        self,
        configured: str,
        system: SharedMidi,
        mapping: OutputMapping | None,
        guard: FeedbackGuard | None = None,
        *,
        commands: CommandPort | None = None,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("out", configured, system)
        self._mapping = mapping
        self._guard = guard
        self.commands = commands if commands is not None else CommandPort(self.name)
        self._quiet = quiet
        self._deliver: Deliver = lambda _event: None
        self._clock = clock
        self._lock = threading.Lock()  # the engine's thread plays, the link's thread resends
        self._port: MidiOutPort | None = None
        self._held: list[bytes] = []
        """Controllers and bends as last sent, which the mapping forgets on silence."""
        self._unsent: list[bytes] = []
        """Note-offs that could not be sent: the device may still sound."""
        self._ended: deque[tuple[float, bytes]] = deque(maxlen=ENDED_LIMIT)
        """Recent note-offs and when they were sent."""
        self._sent = self._failed = 0
        self._clock_sending = ClockSending()
        self.overhear: Overhear | None = None

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start searching for the device."""
        self._deliver = deliver
        self._start((lambda _report: None) if self._quiet else report)

    def send(self, values: Sequence[float]) -> None:
        """Send x_1 … x_n; without the device, only keep them."""
        with self._lock:
            if self._mapping is not None:
                self._write(self._mapping.encode(values))

    def pass_on(self, values: Sequence[float], moved: Sequence[int], origin: str) -> None:
        """Send the values that moved; without the device, only keep them."""
        with self._lock:
            if self._mapping is not None:
                self._write(self._mapping.pass_on(values, moved, origin))

    def end_notes(self, keys: Sequence[tuple[int, float | None]], origin: str) -> None:
        """End what was passed on from ``origin`` for these keys."""
        with self._lock:
            if self._mapping is not None:
                self._write(self._mapping.end_notes(keys, origin))

    def show(self, settings: Settings, scene: str) -> float | None:
        """Show the state to the device, if it is there."""
        with self._lock:
            if self._port is None:
                return None
            messages, again = self.commands.show(settings, scene)
            self._write(messages)
        return again

    def remap(self, mapping: OutputMapping | None) -> None:
        """Use another mapping; notes that sound by the old one end."""
        with self._lock:
            if self._mapping is not None:
                self._write(self._mapping.all_notes_off())
            self._mapping, self._held = mapping, []

    def silence(self) -> None:
        """End every note that sounds."""
        self._quieten(OutputMapping.all_notes_off)

    def panic(self) -> None:
        """End every note on every channel in use, known to sound or not."""
        self._quieten(OutputMapping.panic)

    def tick(self, position: int, rolling: bool) -> None:
        """Send one tick of MIDI clock, with what starts the receiver or stops it; without the device, nothing."""
        with self._lock:
            if self._port is not None:
                self._write_clock(self._clock_sending.tick(position, rolling))

    def stop(self, *, forget: bool) -> None:
        """Stop the receiver of MIDI clock."""
        with self._lock:
            self._write_clock(self._clock_sending.stop(forget=forget))

    def close(self) -> None:
        """End every note, stop the receiver of MIDI clock, switch the lights off and close the device's port.

        Within half a second.
        """
        self.silence()
        self.stop(forget=True)
        with self._lock:
            self._write(self.commands.darken())
        self.commands.forget()
        super().close()

    def health(self) -> tuple[Health, ...]:
        """The port."""
        link = self.link
        error = link.error or self._complaints.last
        if self._quiet:
            return ()
        return (Health(self.name, link.state, link.detail, error, sent=self._sent, failed=self._failed),)

    def _quieten(self, make: Callable[[OutputMapping], list[bytes]]) -> None:
        with self._lock:
            if self._mapping is not None:
                self._held = self._mapping.resend() or self._held
                self._write(make(self._mapping))

    def _write(self, messages: list[bytes]) -> None:
        """Send; the caller holds the lock. Of messages that cannot be sent, only note-offs are sent later."""
        batch = self._unsent + messages
        if self._port is None or not batch:
            return
        if self._guard is not None:
            self._guard.sent(batch, self._clock())
        try:
            self._port.send(batch)
            self._sent += len(batch)
            self._unsent = []
            now = self._clock()
            self._ended.extend((now, message) for message in batch if _ends_note(message))
            self._show(batch)
        except DeviceError as error:
            self._failed += len(messages)
            self._unsent = list(dict.fromkeys(message for message in batch if _ends_note(message)))
            self._complaints.add("send", f"a message could not be sent ({error})", self._report)
            self._wake.set()  # the device may be missing: check now

    def _write_clock(self, messages: list[bytes]) -> None:
        """Send now or never: a tick that comes later is none. The caller holds the lock."""
        if self._port is None or not messages:
            return
        try:
            self._port.send(messages)
            self._sent += len(messages)
            self._show(messages)
        except DeviceError as error:
            self._failed += len(messages)
            self._complaints.add("clock", f"MIDI clock could not be sent ({error})", self._report)

    def _show(self, messages: list[bytes]) -> None:
        if (overhear := self.overhear) is not None:
            for message in messages:
                overhear(Overheard(self.name, "out", message))

    def _open_port(self, system: MidiSystem, port: str | None) -> MidiOutPort:
        if port is None:
            return system.open_virtual_output(self._label)
        return system.open_output(port, self._label)

    def _begin(self, port: MidiOutPort) -> None:
        with self._lock:
            self._port = port
            self._clock_sending = ClockSending()
            if self._mapping is not None:
                self._held = self._mapping.resend() or self._held
                self._mapping.all_notes_off()  # forget notes that were played without a device
                self._write(self._held)
        if self.commands:
            self.commands.forget()
            self._deliver(ShowState())

    def _lost(self) -> None:
        with self._lock:
            self._port = None
            if self._mapping is not None:
                self._held = self._mapping.resend() or self._held
                since = self._clock() - UNNOTICED_SECONDS
                unheard = [message for time, message in self._ended if time >= since]
                self._unsent = list(dict.fromkeys([*self._unsent, *unheard, *self._mapping.all_notes_off()]))
                self._ended.clear()

    def _leave(self) -> None:
        self.silence()
        self.stop(forget=True)

    def _end(self) -> None:
        with self._lock:
            self._port = None


def _ends_note(message: bytes) -> bool:
    return message[0] & 0xF0 == NOTE_OFF
