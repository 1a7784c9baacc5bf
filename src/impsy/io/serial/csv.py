"""Serial CSV: lines of numbers, both ways, for microcontrollers."""

from __future__ import annotations

from collections.abc import Sequence

from impsy.codecs.csv import CsvStream, encode_line
from impsy.errors import PeerError
from impsy.events import Interaction, Unplugged
from impsy.io.adapter import Deliver, Health, Overhear, Overheard, SendReport
from impsy.io.outbox import Outbox, newest_lines, nothing
from impsy.io.serial.line import Receive, SerialLine

__all__ = ["SerialAdapter"]

LINES_WAITING = 16


class SerialAdapter:
    """The transport: the performer's values in by lines, the model's out by lines.

    Where the line is slower than the music, older vectors give way to newer ones.

    Args:
        port: the serial port's path or name.
        baudrate: bits a second.
        controls: n, the number of values in a line.
    """

    name = "serial"

    def __init__(self, port: str, baudrate: int, controls: int) -> None:
        self._controls = controls
        self._outbox = Outbox(newest_lines, nothing, LINES_WAITING)
        self._line = SerialLine(self.name, port, baudrate, self._outbox, self._begin)
        self._deliver: Deliver = lambda _event: None
        self._report: SendReport = lambda _report: None
        self.overhear: Overhear | None = None
        self._line.wrote = self._wrote

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start looking for the device."""
        self._deliver, self._report = deliver, report
        self._line.link.on_lost = lambda: deliver(Unplugged(self.name))
        self._line.open(report)

    def send(self, values: Sequence[float]) -> None:
        """Send one line."""
        if not self._outbox.put([encode_line(values)]):
            text = (
                "the line is too slow for all that is played; older values are left out. A higher baudrate may help"
            )
            self._line.losses.add("slow", text, self._report)

    def silence(self) -> None:
        """Nothing sounds here: a value holds until the next."""

    def panic(self) -> None:
        """As ``silence``."""

    def close(self) -> None:
        """Let go of the device."""
        self._line.close()

    def _wrote(self, data: bytes) -> None:
        if (overhear := self.overhear) is not None:
            for line in filter(None, data.split(b"\n")):
                overhear(Overheard(self.name, "out", line))

    def health(self) -> tuple[Health, ...]:
        """The port, both ways."""
        return (self._line.health(),)

    def _begin(self) -> Receive:
        stream = CsvStream(self._controls)

        def receive(data: bytes) -> None:
            if (overhear := self.overhear) is not None:
                *lines, _ = (stream.pending + data).replace(b"\r", b"\n").split(b"\n")
                for line in filter(None, lines):
                    overhear(Overheard(self.name, "in", line, remark=self._problem(line)))
            for found in stream.feed(data):
                if isinstance(found, PeerError):
                    self._line.complaints.add(found.kind, str(found), self._report)
                else:
                    self._line.received += 1
                    self._deliver(Interaction(found, self.name))

        self._outbox.connect()
        return receive

    def _problem(self, line: bytes) -> str:
        """What is wrong with a line; empty: nothing."""
        found = CsvStream(self._controls).feed(line + b"\n")
        return "; ".join(str(each) for each in found if isinstance(each, PeerError))
