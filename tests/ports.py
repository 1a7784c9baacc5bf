"""Ports of this machine for the programs that a test starts."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket

# Below the ephemeral ports of all systems, so that no socket that is bound to port 0 takes one of these.
_FIRST, _EACH, _PROCESSES = 20_000, 1_500, 8
_process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PROCESSES
_next = itertools.count(os.getpid())


def _is_free(port: int) -> bool:
    with contextlib.ExitStack() as stack:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            try:
                stack.enter_context(socket.socket(type=kind)).bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_port() -> int:
    """A local port that nobody holds, UDP or TCP. Each call gives another."""
    ports = (_FIRST + _process * _EACH + number % _EACH for number in _next)
    return next(filter(_is_free, ports))


def free_ports(count: int) -> list[int]:
    return [free_port() for _ in range(count)]
