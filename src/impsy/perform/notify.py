"""Tells the service manager that started us how things stand: ready, alive, about to end.

The protocol is systemd's (sd_notify(3)): datagrams of ``NAME=value`` lines to the Unix socket that the environment
variable ``NOTIFY_SOCKET`` names. Where nobody set it, nothing is sent.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

__all__ = ["ServiceManager", "alive_to_service_manager"]

logger = logging.getLogger(__name__)

PINGS = 3
"""In the time that the manager waits for one: the system may be busy."""

SHORTEST_PERIOD = 0.01


class ServiceManager:
    """Who started this process, if it wants to be told.

    Args:
        environment: with ``NOTIFY_SOCKET`` (a path, or ``@`` and a name of Linux's abstract kind), ``WATCHDOG_USEC``
            (microseconds within which it wants to hear) and ``WATCHDOG_PID`` (of whom).
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name if name.startswith("/") else ""
        self._watchdog = _seconds(environment) if self._address else None

    @property
    def period(self) -> float | None:
        """Seconds between two signs of life; None: it wants none."""
        return None if self._watchdog is None else max(SHORTEST_PERIOD, self._watchdog / PINGS)

    def tell(self, *lines: str) -> bool:
        """Send these lines, such as ``READY=1``; whether somebody took them."""
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.connect(self._address)
                line.sendall("\n".join(lines).encode())
        except OSError as error:
            logger.debug("the service manager was not told %s: %s", lines[0], error)
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
    """While the context lasts, the service manager hears that this process is ready and lives.

    Args:
        is_alive: asked again and again, with the seconds that the answer may take, in a thread of its own. As soon as
            it says no, nothing more is told: the manager then ends this process and starts another.
        manager: who is told; None: whoever the environment names.
        status: what the manager shows beside it.
    """
    manager = ServiceManager() if manager is None else manager
    manager.tell("READY=1", f"STATUS={status}")
    over = threading.Event()

    def ping(period: float) -> None:
        while not over.wait(period):
            if is_alive(period):
                manager.tell("WATCHDOG=1")
            else:
                logger.error("it does not answer any more; the service manager will start it again")

    thread = None
    if manager.period is not None:
        thread = threading.Thread(target=ping, args=(manager.period,), name="impsy alive", daemon=True)
        thread.start()
    try:
        yield
    finally:
        manager.tell("STOPPING=1")
        over.set()
        if thread is not None:
            thread.join(1.0)
