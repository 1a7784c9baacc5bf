"""Receives from several MIDI inputs at once, without a mapping: for making one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Self

from impsy.codecs.midiclock import TICKING
from impsy.errors import DeviceError
from impsy.io.midi.portnames import matching_ports
from impsy.io.midi.ports import MidiInPort, MidiSystem, virtual_name
from impsy.io.midi.system import open_midi_system

__all__ = ["MidiListener", "inputs_named"]

Hear = Callable[[str, bytes], None]
"""Called with a port's name and a complete message, in a thread of the system. Ticks are left out."""


def inputs_named(name: str | None, inputs: Sequence[str]) -> list[str]:
    """The input that a name means, as in a performance: the first that matches. All for None.

    Raises:
        DeviceError: there is none.
    """
    found = list(inputs) if name is None else matching_ports(name, inputs)[:1]
    if found:
        return found
    there = ", ".join(f"“{port}”" for port in inputs)
    if not there:
        raise DeviceError("there is no MIDI input here: is the device plugged in and switched on?")
    raise DeviceError(f"no MIDI input has “{name}” in its name; there are {there}")


class MidiListener:
    """Listens for as long as its ``with`` block lasts.

    Args:
        name: of the input, in full or in part, or ``virtual:NAME``; None: every input there is.
        hear: receives the messages.
        api: the MIDI system; None: the first that works.
    """

    def __init__(self, name: str | None, hear: Hear, api: str | None = None) -> None:
        self._name = name
        self._hear = hear
        self._api = api
        self._system: MidiSystem | None = None
        self._stack = ExitStack()
        self._open: list[tuple[str, MidiInPort]] = []

    def __enter__(self) -> Self:
        """Open the inputs; one that another program uses exclusively is left out if there are others.

        Raises:
            DeviceError: there is no MIDI system, no such input, or none that can be opened.
        """
        with ExitStack() as stack:
            system = self._system = open_midi_system(self._api)
            stack.callback(system.close)
            virtual = None if self._name is None else virtual_name(self._name)
            problems = []
            for port in [virtual] if virtual else inputs_named(self._name, system.ports("in")):
                receive = partial(self._receive, port)
                try:
                    opened = (
                        system.open_virtual_input(port, receive)
                        if virtual
                        else system.open_input(port, receive, "learn")
                    )
                except DeviceError as error:
                    problems.append(f"{port}: {error}")
                    continue
                stack.callback(opened.close)
                self._open.append((port, opened))
            if not self._open:
                raise DeviceError("; ".join(problems))
            self._stack = stack.pop_all()
        return self

    def _receive(self, port: str, message: bytes) -> None:
        if message and message[0] not in TICKING:
            self._hear(port, message)

    def __exit__(self, *_exception: object) -> None:
        """Close them."""
        self._open.clear()
        self._stack.close()

    @property
    def ports(self) -> tuple[str, ...]:
        """The names of the inputs that are open."""
        return tuple(name for name, _port in self._open)

    def inputs(self) -> tuple[str, ...]:
        """The names of all inputs that the system has.

        Raises:
            DeviceError: the system cannot list them.
        """
        return self._system.ports("in") if self._system is not None else ()

    def check(self) -> None:
        """Check that they are still there.

        Raises:
            DeviceError: none of them is there any more.
        """
        gone = []
        for name, port in self._open:
            try:
                port.check()
            except DeviceError as error:
                gone.append(f"{name}: {error}")
        if self._open and len(gone) == len(self._open):
            raise DeviceError("; ".join(gone))
