"""Serial MIDI: the bytes of a MIDI plug on a serial port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from impsy.codecs.midi import MidiStream
from impsy.events import ShowState, Unplugged
from impsy.io.adapter import Deliver, Health, Overhear, Overheard, SendReport
from impsy.io.commands import CommandPort
from impsy.io.outbox import Outbox, only_note_offs, thin_midi
from impsy.io.serial.line import Receive, SerialLine
from impsy.mapping.entries import MappingEntry
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.settings import Settings

__all__ = ["MIDI_BAUDRATE", "SerialMidiAdapter"]

MIDI_BAUDRATE = 31250
"""MIDI 1.0 Detailed Specification, "Hardware"."""


class SerialMidiAdapter:
    """The transport: mapped messages in, mapped messages out.

    A device that returns is sent the note-offs that it missed, and its controllers and bends. Where the line is too
    slow, notes that have not started and older positions are dropped; note-offs never are.

    Args:
        port: the serial port's path or name.
        input_mapping: what messages mean; empty: nothing is heard.
        output_mapping: how outputs are sent; empty: nothing is sent.
        baudrate: bits a second, for interfaces that differ from a MIDI plug.
        commands: the device's commands, whose messages are not played; None: it has none.
    """

    name = "serialmidi"

    def __init__(
        self,
        port: str,
        input_mapping: Sequence[MappingEntry],
        output_mapping: Sequence[MappingEntry],
        baudrate: int = MIDI_BAUDRATE,
        *,
        commands: CommandPort | None = None,
    ) -> None:
        self.commands = commands if commands is not None else CommandPort(self.name)
        self._input = InputMapping(input_mapping)
        self._output = OutputMapping(output_mapping) if output_mapping else None
        self._mapping = threading.Lock()
        """Held from a call of the output mapping until its messages are in the outbox, so that their order stays."""
        self._outbox = Outbox(thin_midi, only_note_offs)
        self._line = SerialLine(self.name, port, baudrate, self._outbox, self._begin)
        self._deliver: Deliver = lambda _event: None
        self._report: SendReport = lambda _report: None
        self.overhear: Overhear | None = None
        self._line.wrote = self._wrote
        self._connected = False

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start searching for the device."""
        self._deliver, self._report = deliver, report
        self._line.link.on_lost = self._lost
        self._line.open(report)

    def send(self, values: Sequence[float]) -> None:
        """Play one vector."""
        self._play(lambda mapping: mapping.encode(values))

    def pass_on(self, values: Sequence[float], moved: Sequence[int], origin: str) -> None:
        """Send the values that moved."""
        self._play(lambda mapping: mapping.pass_on(values, moved, origin))

    def end_notes(self, keys: Sequence[tuple[int, float | None]], origin: str) -> None:
        """End what was passed on from ``origin`` for these keys."""
        self._play(lambda mapping: mapping.end_notes(keys, origin))

    def silence(self) -> None:
        """End every sounding note."""
        self._play(OutputMapping.all_notes_off)

    def panic(self) -> None:
        """End every note on every channel in use, known to sound or not."""
        self._play(OutputMapping.panic)

    def show(self, settings: Settings, scene: str) -> float | None:
        """Show the state to the device, if it is there."""
        if not self._connected:
            return None
        messages, again = self.commands.show(settings, scene)
        self._outbox.put(messages)
        return again

    def remap(self, input_mapping: Sequence[MappingEntry], output_mapping: Sequence[MappingEntry]) -> None:
        """Use other mappings; notes that sound by the old one end."""
        fresh = OutputMapping(output_mapping) if output_mapping else None
        with self._mapping:
            if self._output is not None:
                self._outbox.put(self._output.all_notes_off())
            self._output = fresh
        self._input = InputMapping(input_mapping)

    def close(self) -> None:
        """End every sounding note, switch the lights off and close the device."""
        self.silence()
        self._outbox.put(self.commands.darken())
        self._line.close()

    def _wrote(self, data: bytes) -> None:
        if (overhear := self.overhear) is not None:
            for message in MidiStream().feed(data):
                overhear(Overheard(self.name, "out", message))

    def health(self) -> tuple[Health, ...]:
        """The port, both ways."""
        return (self._line.health(),)

    def _play(self, messages: Callable[[OutputMapping], list[bytes]]) -> None:
        with self._mapping:
            if self._output is None or self._outbox.put(messages(self._output)):
                return
        text = "a MIDI cable is too slow for all that is played; some notes and older positions are dropped"
        self._line.losses.add("slow", text, self._report)

    def _lost(self) -> None:
        self._connected = False
        self._deliver(Unplugged(self.name))

    def _begin(self) -> Receive:
        stream = MidiStream()

        def receive(data: bytes) -> None:
            for message in stream.feed(data):
                self._line.received += 1
                if self.commands and self.commands.takes(message, self._deliver, self._report):
                    if (overhear := self.overhear) is not None:
                        overhear(Overheard(self.name, "in", message, ()))
                    continue
                changes = self._input.decode(message)
                if (overhear := self.overhear) is not None:
                    overhear(Overheard(self.name, "in", message, changes))
                event = self._input.event(message, changes, self.name)
                if event is not None:
                    self._deliver(event)

        with self._mapping:
            self._outbox.connect(self._output.resend() if self._output is not None else ())
        self._connected = True
        if self.commands:
            self.commands.forget()
            self._deliver(ShowState())
        return receive
