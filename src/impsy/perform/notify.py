"""Notifies the service manager that started this process: ready, alive, about to end.

The protocol is systemd's (sd_notify(3)): datagrams of ``NAME=value`` lines to the Unix socket that the environment
variable ``NOTIFY_SOCKET`` names. Without it, nothing is sent.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from impsy.threads import lasting

__all__ = ["ServiceManager", "alive_to_service_manager"]

logger = logging.getLogger(__name__)

PINGS = 3
"""Per period that the manager waits for one, as the system may be busy."""

SHORTEST_PERIOD = 0.01


class ServiceManager:
    """The service manager that started this process, if there is one.

    Args:
        environment: with ``NOTIFY_SOCKET`` (a path, or ``@`` and a name of Linux's abstract kind), ``WATCHDOG_USEC``
            (microseconds within which it expects a ping) and ``WATCHDOG_PID`` (from which process).
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name if name.startswith("/") else ""
        self._watchdog = _seconds(environment) if self._address else None

    @property
    def period(self) -> float | None:
        """Seconds between two pings; None: it expects none."""
        return None if self._watchdog is None else max(SHORTEST_PERIOD, self._watchdog / PINGS)

    def send(self, *lines: str) -> bool:
        """Send these lines, such as ``READY=1``; returns whether they were received."""
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.connect(self._address)
                line.sendall("\n".join(lines).encode())
        except OSError as error:
            logger.debug("%s was not sent to the service manager: %s", lines[0], error)
            return False
        return True


def _seconds(environment: Mapping[str, str]) -> float | None:
    try:
        microseconds = int(environment.get("WATCHDOG_USEC", "0"))
        pid = int(environment.get("WATCHDOG_PID", "0"))
    except ValueError:
        return None
    return microseconds / 1e6 if microseconds > 0 and pid in {0, os.getpid()} else None


@contextmanager
def alive_to_service_manager(
    is_alive: Callable[[float], bool], manager: ServiceManager | None = None, status: str = "It plays."
) -> Iterator[None]:
    """While the context lasts, the service manager is notified that this process is ready and alive.

    Args:
        is_alive: called periodically in a thread of its own, with the seconds that it may take. While it returns
            False, no ping is sent: the manager then ends this process and starts another.
        manager: is notified; None: the one that the environment names.
        status: shown by the manager.
    """
    manager = ServiceManager() if manager is None else manager
    manager.send("READY=1", f"STATUS={status}")
    over = threading.Event()

    def ping(period: float) -> None:
        while not over.wait(period):
            if is_alive(period):
                manager.send("WATCHDOG=1")
            else:
                logger.error("the performance does not respond; the service manager will restart it")

    thread = None
    if manager.period is not None:
        thread = lasting("impsy alive", partial(ping, manager.period), over.is_set)
        thread.start()
    try:
        yield
    finally:
        manager.send("STOPPING=1")
        over.set()
        if thread is not None:
            thread.join(1.0)
