"""A serial line that is kept open: one thread reads, one writes, and a device that returns is opened again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

from impsy.errors import DeviceError
from impsy.io.adapter import Complaints, Health, SendReport
from impsy.io.link import Link, Opened
from impsy.io.outbox import Outbox
from impsy.io.serial.port import MISSING, SerialPort, open_serial_port
from impsy.threads import Failures, once

__all__ = ["SerialLine"]

BITS_A_BYTE = 10
"""A start bit, eight data bits and a stop bit."""

AHEAD_SECONDS = 0.01
"""What the system holds may take so long to send. More would only be late, and could no longer be thinned out."""

FINISH_SECONDS = 0.12
"""How long closing lets what waits be sent."""

Receive = Callable[[bytes], None]


class SerialLine:
    """Reads and writes one port for as long as it is open.

    Args:
        name: of the transport.
        path, baudrate: the port.
        outbox: what is to be sent.
        begin: called in the reading thread each time the port is opened. It connects the outbox, and returns what
            takes the bytes that arrive from then on.
    """

    def __init__(
        self,
        name: str,
        path: str,
        baudrate: int,
        outbox: Outbox,
        begin: Callable[[], Receive],
    ) -> None:
        self._path = path
        self._baudrate = baudrate
        self._outbox = outbox
        self._begin = begin
        self._port: SerialPort | None = None
        self._changing_port = threading.Lock()
        self._bytes_a_second = baudrate / BITS_A_BYTE
        self._most_ahead = max(16, int(self._bytes_a_second * AHEAD_SECONDS))
        self._giving_up = threading.Event()
        self.complaints = Complaints(name)
        self.losses = Complaints(name)
        """What could not be sent."""
        self.link = Link(name, self._serve, self._interrupt)
        self._failures = Failures(f"the port “{name}”")
        self.name = name
        self.received = 0
        self.sent = 0
        self.wrote: Callable[[bytes], object] | None = None
        """Called in the writing thread with whole messages that were written."""

    def open(self, report: SendReport) -> None:
        """Start looking for the device."""
        self.link.open(report)

    def close(self) -> None:
        """Send what waits, for a moment, and close the device."""
        self.link.close()

    def health(self) -> Health:
        """How the port is doing; it counts messages (or lines), not bytes."""
        link = self.link
        return Health(
            self.name,
            "receiving" if link.state == "open" and self.received else link.state,
            link.detail,
            link.error or self.complaints.last or self.losses.last,
            self.received,
            self.complaints.count,
            self.sent,
            self._outbox.dropped,
        )

    def _interrupt(self) -> None:
        with self._changing_port:
            if self._port is not None:
                self._port.wake_reader()

    def _serve(self, opened: Opened) -> None:
        port = open_serial_port(self._path, self._baudrate)
        self._port = port
        self._giving_up.clear()
        receive = self._begin()
        trouble: list[Exception] = []
        writer = once(f"impsy {self.name} out", partial(self._write, port, trouble))
        writer.start()
        opened(f"connected to {self._path} at {self._baudrate} baud")
        try:
            while not self.link.stopping and not trouble:
                data = port.read()
                if data:
                    with self._failures:
                        receive(data)
        except OSError as error:
            trouble.append(error)
        finally:
            with self._changing_port:
                self._port = None
            self._end(port, writer, bool(trouble))
        if trouble:
            raise DeviceError(f"{self._path} {MISSING}") from trouble[0]

    def _end(self, port: SerialPort, writer: threading.Thread, gone: bool) -> None:
        self._outbox.finish()
        if not gone:
            writer.join(FINISH_SECONDS)
        self._giving_up.set()
        port.wake_writer()
        writer.join(FINISH_SECONDS)
        self._outbox.disconnect()
        port.close()

    # --- the thread that writes --------------------------------------------------------------------

    def _write(self, port: SerialPort, trouble: list[Exception]) -> None:
        try:
            while self._outbox.wait() and self._room(port):
                data, count = self._outbox.take(self._most_ahead)
                if not port.write(data):
                    return
                self.sent += count
                if (wrote := self.wrote) is not None:
                    wrote(data)
            end = time.monotonic() + FINISH_SECONDS
            while port.unwritten() and time.monotonic() < end and not self._giving_up.wait(0.005):
                continue
        except Exception as error:  # noqa: BLE001 - the reader then opens the port anew
            if not isinstance(error, OSError):
                self._failures.add(error)
            trouble.append(error)
            port.wake_reader()

    def _room(self, port: SerialPort) -> bool:
        """Wait until the system has sent most of what it was given; False if that is to end."""
        while (excess := port.unwritten() - self._most_ahead) > 0:
            if self._giving_up.wait(excess / self._bytes_a_second):
                return False
        return True
