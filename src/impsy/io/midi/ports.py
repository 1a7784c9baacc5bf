"""MIDI systems, inputs and outputs as their users see them; the modules beside this one implement them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from impsy.io.midi.portnames import Direction

__all__ = ["MidiInPort", "MidiOutPort", "MidiSystem", "Receive", "virtual_name"]

Receive = Callable[[bytes], None]
"""Called with each complete message, in a thread of the system; it must be quick and must not raise."""

VIRTUAL = "virtual:"


class MidiInPort(Protocol):
    """An open input."""

    def check(self) -> None:
        """Raise ``DeviceError`` if the device is no longer there."""
        ...

    def close(self) -> None:
        """Stop and close. Twice is fine; raises nothing."""
        ...


class MidiOutPort(MidiInPort, Protocol):
    """An open output."""

    def send(self, messages: Sequence[bytes]) -> None:
        """Send complete messages in order. Never waits.

        Raises:
            DeviceError: they could not be sent.
        """
        ...


class MidiSystem(Protocol):
    """One of the machine's MIDI systems. All methods raise ``DeviceError``, but for ``close``."""

    @property
    def name(self) -> str:
        """Such as ``ALSA``."""
        ...

    def ports(self, direction: Direction) -> tuple[str, ...]:
        """The names of the devices' ports, our own left out."""
        ...

    def open_input(self, port: str, receive: Receive, label: str) -> MidiInPort:
        """Receive from a device. Active sensing and system exclusive messages are left out.

        ``label`` is the name of our port, where the system shows it to other programs.
        """
        ...

    def open_output(self, port: str, label: str) -> MidiOutPort:
        """Send to a device."""
        ...

    def open_virtual_input(self, label: str, receive: Receive) -> MidiInPort:
        """Make a port that other programs can play to."""
        ...

    def open_virtual_output(self, label: str) -> MidiOutPort:
        """Make a port that other programs can listen to."""
        ...

    def close(self) -> None:
        """Close everything, within a short time."""
        ...


def virtual_name(configured: str) -> str | None:
    """``NAME`` of ``virtual:NAME``; None: it names a device."""
    return configured[len(VIRTUAL) :].strip() or "IMPSY" if configured.startswith(VIRTUAL) else None
