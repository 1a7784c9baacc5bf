"""One open serial port, and the ports that this machine has.

``serialx`` opens and sets up the port on every system. Waiting is done here: on POSIX systems, where ``select`` waits
for a port and a wake-up together, nothing polls.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from impsy.errors import DeviceError

if TYPE_CHECKING:
    from serialx import BaseSerial

__all__ = ["MISSING", "PortInfo", "SerialPort", "WaitingPort", "list_serial_ports", "open_serial_port"]

READ_BYTES = 4096

WAIT_SECONDS = 0.1
"""How long a read or write waits where waiting can not be ended from outside."""

MISSING = "is not there: is the device plugged in? “impsy ports” lists those that are"
"""The same message for a port that is not found and one that was unplugged: it is reported once."""

_REASONS = {
    errno.EACCES: "may not be used by this user (on Linux: add the user to the group “dialout”, then log in again)",
    errno.EPERM: "may not be used by this user",
    errno.EBUSY: "is used by another program",
    errno.ENOTTY: "is no serial port",
    **dict.fromkeys((errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO), MISSING),
}


@dataclass(frozen=True, slots=True)
class PortInfo:
    """A serial port of this machine.

    ``path`` is what opens it. ``stable_path`` does too, and stays the same wherever the device is plugged in (where
    the system has no such name, it is ``path`` again).
    """

    path: str
    stable_path: str
    description: str


def list_serial_ports() -> list[PortInfo]:
    """The serial ports that there are, by path.

    Raises:
        DeviceError: the system cannot list them.
    """
    import serialx

    try:
        found = serialx.list_serial_ports()
    except (OSError, serialx.SerialException) as error:
        raise DeviceError(f"the serial ports cannot be listed ({error})") from error
    ports = []
    for port in found:
        words = (port.manufacturer, port.product, port.interface_description)
        ports.append(PortInfo(port.resolved_device, port.device, " ".join(dict.fromkeys(filter(None, words)))))
    return sorted(ports, key=lambda port: port.path)


class SerialPort(Protocol):
    """An open port. One thread reads, another writes; any may call ``wake_reader`` and ``wake_writer``."""

    def read(self) -> bytes:
        """Wait for bytes and return them; none if woken.

        Raises:
            OSError: the device is gone.
        """
        ...

    def write(self, data: bytes) -> bool:
        """Write all of it, however long that takes; False if woken before.

        Raises:
            OSError: the device is gone.
        """
        ...

    def unwritten(self) -> int:
        """Bytes that the system has not yet sent."""
        ...

    def wake_reader(self) -> None:
        """End the read that waits, and every later one."""
        ...

    def wake_writer(self) -> None:
        """End the write that waits, and every later one."""
        ...

    def close(self) -> None:
        """Close the port; what is unwritten is lost, as the system would wait for it."""
        ...


def open_serial_port(path: str, baudrate: int) -> SerialPort:
    """Open a port: 8 data bits, no parity, 1 stop bit, no flow control.

    Raises:
        DeviceError: it is not there, is no serial port, another program has it, or it cannot go at this speed.
    """
    import serialx

    device = serialx.serial_for_url(f"device://{path}", baudrate=baudrate)
    try:
        device.open()
    except serialx.SerialException as error:
        raise DeviceError(f"{path} cannot be opened at {baudrate} baud ({error})") from error
    except OSError as error:
        reason = f"cannot be opened ({error.strerror or error}); perhaps it cannot go at {baudrate} baud"
        raise DeviceError(f"{path} {_REASONS.get(error.errno or 0, reason)}") from error
    return PosixPort(device) if os.name == "posix" else WaitingPort(device)


class PosixPort:
    """A port whose file descriptor can be waited for."""

    def __init__(self, device: BaseSerial) -> None:
        self._device = device
        self._descriptor = device.fileno()
        self._reader, self._wake_reader = socket.socketpair()
        self._writer, self._wake_writer = socket.socketpair()

    def read(self) -> bytes:
        ready, _, _ = select.select([self._descriptor, self._reader.fileno()], [], [])
        if self._reader.fileno() in ready:
            return b""
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise OSError(errno.EIO, "the device hung up")
        return data

    def write(self, data: bytes) -> bool:
        rest = memoryview(data)
        while rest:
            woken, _, _ = select.select([self._writer.fileno()], [self._descriptor], [])
            if woken:
                return False
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                continue
        return True

    def unwritten(self) -> int:
        return self._device.num_unwritten_bytes()

    def wake_reader(self) -> None:
        _wake(self._wake_reader)

    def wake_writer(self) -> None:
        _wake(self._wake_writer)

    def close(self) -> None:
        for end in (self._reader, self._wake_reader, self._writer, self._wake_writer):
            end.close()
        _close(self._device)


class WaitingPort:
    """A port whose reads and writes wait by themselves, for a while (Windows)."""

    def __init__(self, device: BaseSerial) -> None:
        self._device = device
        self._reading = True
        self._writing = True

    def read(self) -> bytes:
        # One byte comes as soon as it is there; a larger read would wait for a pause after it.
        data = bytearray(1)
        while self._reading:
            if self._device.readinto(data, timeout=WAIT_SECONDS):
                rest = bytearray(min(self._device.num_unread_bytes(), READ_BYTES))
                count = self._device.readinto(rest, timeout=WAIT_SECONDS) if rest else 0
                return bytes(data + rest[:count])
        return b""

    def write(self, data: bytes) -> bool:
        if self._writing:
            self._device.write(data, timeout=None)
        return self._writing

    def unwritten(self) -> int:
        return self._device.num_unwritten_bytes()

    def wake_reader(self) -> None:
        self._reading = False
        with suppress(OSError):  # an unplugged device ends the read itself
            self._device.reset_read_buffer()  # on Windows, what waits ends at once

    def wake_writer(self) -> None:
        self._writing = False
        with suppress(OSError):
            self._device.reset_write_buffer()

    def close(self) -> None:
        _close(self._device)


def _close(device: BaseSerial) -> None:
    # Closing may wait (30 s on Linux) until all is sent, forever if the device hangs.
    with suppress(OSError):  # it was unplugged
        if device.num_unwritten_bytes():
            device.reset_write_buffer()
    with suppress(OSError):
        device.close()


def _wake(end: socket.socket) -> None:
    with suppress(OSError):  # closed: nothing waits
        end.send(b"x")
