"""Mapping by moving: listens to all MIDI inputs, and sends the pages what moves and which control is meant."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue

from impsy.errors import DeviceError
from impsy.io.midi.listener import MidiListener
from impsy.mapping import wire
from impsy.mapping.entries import (
    ControlChange,
    ControlChange14,
    MappingEntry,
    NoteOn,
    ProgramChange,
    entry_to_list,
)
from impsy.mapping.learning import FRESH_SECONDS, Learner, Proposal, entry_and_value
from impsy.protocol.pages import ServerMessage
from impsy.threads import once
from impsy.web.config.labels import describe_entry
from impsy.web.devices.watching import is_ours

__all__ = ["LISTEN_SECONDS", "Heard", "MappingListener"]

LISTEN_SECONDS = 120.0
"""Listening stops after this many seconds."""

TICK_SECONDS = 1 / 30
"""Each control is sent once in this time at most."""

CHECK_SECONDS = 1.0
START_SECONDS = 8.0
CLOSE_SECONDS = 3.0

WAITING_LIMIT = 5000
"""Messages that may wait; nobody moves controls so fast."""

MOST_CONTROLS = 200
"""Different controls that are sent in one listening at most."""

_MakeListener = Callable[[Callable[[str, bytes], None], str | None], MidiListener]
_LISTEN_TO_ALL: _MakeListener = partial(MidiListener, None)


@dataclass(frozen=True, slots=True)
class Heard:
    """The inputs that are listened to, and those that cannot be: another program keeps them to itself."""

    ports: tuple[str, ...]
    others: tuple[str, ...] = ()


class MappingListener:
    """Listens from ``start`` to ``stop``, for two minutes at most. For several threads.

    Each control that moves is sent as ``{"type": "learn", …}``, up to 30 times a second; when one has
    clearly been moved and come to rest, it is sent once more with ``chosen`` true. Start and end are sent as
    ``{"type": "learning", "on": …, "error": …}``.

    Args:
        send: sends a message to all pages; it must not wait.
        make_listener: makes what listens to all inputs, of a function that takes port and message, and the system's
            name.
        seconds: how long a listening lasts at most.
    """

    def __init__(
        self,
        send: Callable[[ServerMessage], None],
        make_listener: _MakeListener = _LISTEN_TO_ALL,
        seconds: float = LISTEN_SECONDS,
    ) -> None:
        self._send = send
        self._make_listener = make_listener
        self._seconds = seconds
        self._lock = threading.Lock()
        self._listening: _Listening | None = None

    @property
    def on(self) -> bool:
        """Whether it listens."""
        listening = self._listening
        return listening is not None and listening.thread.is_alive()

    def start(self, name: Callable[[str, Sequence[str]], str], api: str | None = None) -> Heard:
        """Listen to all inputs for two minutes from now.

        Args:
            name: gives a port, one of all inputs, the name that a configuration should have for it.
            api: the MIDI system; None: the first that works.

        Raises:
            DeviceError: nothing can be listened to. The pages receive it, too.
        """
        with self._lock:
            self._end()
            listening = _Listening(self._send, self._make_listener, api, name, self._seconds)
            try:
                heard = listening.begin()
            except DeviceError as error:
                self._send({"type": "learning", "on": False, "error": str(error)})
                raise
            self._listening = listening
            return heard

    def stop(self) -> None:
        """Listen no more. Twice is fine."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.end()


class _Listening:
    """One time of listening, in a thread of its own."""

    def __init__(
        self,
        send: Callable[[ServerMessage], None],
        make_listener: _MakeListener,
        api: str | None,
        name: Callable[[str, Sequence[str]], str],
        seconds: float,
    ) -> None:
        self._send = send
        self._make_listener = make_listener
        self._api = api
        self._name = name
        self._until = time.monotonic() + seconds
        self._arrived: SimpleQueue[tuple[str, bytes, float]] = SimpleQueue()
        self._stop = threading.Event()
        self._opened: Future[Heard] = Future()
        self._ports: tuple[str, ...] = ()
        self._inputs: tuple[str, ...] = ()
        self._names: dict[str, str] = {}
        self.thread = once("impsy mapping", self._run)
        self._learner = Learner()
        self._pending: dict[tuple[str, MappingEntry], float] = {}
        self._known: set[tuple[str, MappingEntry]] = set()
        self._values: dict[tuple[str, MappingEntry], float] = {}
        self._numbers: dict[tuple[str, MappingEntry], int] = {}
        """The last note or program of each channel."""
        self._chosen: tuple[str, MappingEntry] | None = None
        self._chosen_moved = 0.0

    def begin(self) -> Heard:
        """Open the inputs; raises DeviceError if that cannot be done."""
        self.thread.start()
        try:
            return self._opened.result(START_SECONDS)
        except TimeoutError as error:
            self._stop.set()
            raise DeviceError("the MIDI system does not answer") from error

    def end(self) -> None:
        """Close them."""
        self._stop.set()
        self.thread.join(CLOSE_SECONDS)

    # --- in the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        problem = ""
        try:
            with ExitStack() as stack:
                self._open(stack)
                self._send({"type": "learning", "on": True, "error": ""})
                others = (port for port in self._inputs if port not in self._ports and not is_ours(port))
                self._opened.set_result(Heard(self._ports, tuple(others)))
                self._listen(stack)
        except Exception as error:
            if not self._opened.done():
                self._opened.set_exception(error)
                return
            problem = str(error)
            if not isinstance(error, DeviceError):
                raise
        finally:
            if self._opened.done() and self._opened.exception() is None:
                self._send({"type": "learning", "on": False, "error": problem})

    def _open(self, stack: ExitStack) -> None:
        self._listener = stack.enter_context(self._make_listener(self._receive, self._api))
        self._ports = tuple(port for port in self._listener.ports if not is_ours(port))
        self._inputs = self._listener.inputs()
        self._names = {port: self._name(port, self._inputs) for port in self._ports}
        if not self._ports:
            raise DeviceError("there is no MIDI input here: is the device plugged in and switched on?")

    def _receive(self, port: str, message: bytes) -> None:
        """Called in a thread of the MIDI system."""
        if (
            self._arrived.qsize() < WAITING_LIMIT
        ):  # while the ports are being opened, too: which they are is known later
            self._arrived.put((port, message, time.monotonic()))

    def _listen(self, stack: ExitStack) -> None:
        sent = checked = time.monotonic()
        while not self._stop.is_set() and (now := time.monotonic()) < self._until:
            self._take(sent + TICK_SECONDS - now)
            now = time.monotonic()
            if now - sent >= TICK_SECONDS:
                sent = now
                self._report(now)
            if now - checked >= CHECK_SECONDS:
                checked = now
                self._reopen(stack)

    def _reopen(self, stack: ExitStack) -> None:
        """Also listen to what was plugged in meanwhile. Raises DeviceError when no input is left."""
        if self._listener.inputs() != self._inputs:
            stack.close()
            self._open(stack)

    def _take(self, seconds: float) -> None:
        """Wait for messages for so long, and take all that came."""
        try:
            self._consider(*self._arrived.get(timeout=max(0.001, seconds)))
            for _ in range(WAITING_LIMIT):  # so that what moves is sent even while messages flood in
                self._consider(*self._arrived.get_nowait())
        except Empty:
            return

    def _consider(self, port: str, message: bytes, now: float) -> None:
        found = entry_and_value(message)
        if found is None or port not in self._names:
            return
        entry, value = found
        if isinstance(entry, ControlChange):
            entry, value = self._as_fine(port, entry, value)
        key = (port, entry)
        if key not in self._known:
            if len(self._known) >= MOST_CONTROLS:
                return
            self._known.add(key)
        self._pending[key] = self._values[key] = value
        if isinstance(entry, NoteOn | ProgramChange):
            self._numbers[key] = message[1]
        self._forget_chosen(now)
        if key == self._chosen:
            self._chosen_moved = now
        self._learner.hear(port, message, now)

    def _as_fine(self, port: str, entry: ControlChange, value: float) -> tuple[MappingEntry, float]:
        """The two parts of a controller that was found to have 14 bits are one control."""
        for coarse in (entry.controller, entry.controller - wire.LSB_OFFSET):
            if (
                0 <= coarse < wire.LSB_OFFSET
                and (port, fine := ControlChange14(entry.channel, coarse)) in self._known
            ):
                is_coarse = coarse == entry.controller
                return fine, value if is_coarse else self._values.get((port, fine), value)
        return entry, value

    def _report(self, now: float) -> None:
        for (port, entry), value in self._pending.items():
            self._send_control(port, entry, value, chosen=False)
        self._pending.clear()
        self._forget_chosen(now)
        proposal = self._learner.decide(now)
        if proposal is not None:
            self._choose(proposal, now)

    def _choose(self, proposal: Proposal, now: float) -> None:
        self._learner.begin()
        if proposal.taken_by is not None:
            return
        key = (proposal.port, proposal.entry)
        value = self._values.get(key)
        if isinstance(proposal.entry, ControlChange14) and value is None:
            coarse = ControlChange(proposal.entry.channel, proposal.entry.controller)
            value = self._values.get((proposal.port, coarse), 0.0)
        self._known.add(key)
        self._chosen, self._chosen_moved = key, now
        # While its movement goes on it is not chosen again.
        self._learner.learnt = [proposal.entry]
        self._send_control(*key, value or 0.0, chosen=True)

    def _forget_chosen(self, now: float) -> None:
        """Once it has been still for a while, it may be chosen again."""
        if self._chosen is not None and now - self._chosen_moved >= FRESH_SECONDS:
            self._chosen = None
            self._learner.learnt = []

    def _send_control(self, port: str, entry: MappingEntry, value: float, chosen: bool) -> None:
        self._send(
            {
                "type": "learn",
                "port": port,
                "name": self._names.get(port, port),
                "entry": entry_to_list(entry),
                "words": describe_entry(entry),
                "number": self._numbers.get((port, entry)),
                "value": round(value, 4),
                "chosen": chosen,
            }
        )
