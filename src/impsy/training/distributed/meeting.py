"""How the processes of a distributed training find each other before ``jax.distributed`` starts.

JAX ends Python, without an exception, when another process does not arrive (docs/decisions/0012). So the processes
meet at the coordinator's port first: each sends its number and its task in a line of JSON, and process 0 answers all
of them when all have arrived, or when that fails. Then JAX uses the port.
"""

from __future__ import annotations

import contextlib
import json
import math
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from impsy.errors import ConfigError

__all__ = ["meet"]

_LINE = 4096
"""Bytes that a line may have."""
_HELLO_WITHIN = 5.0
"""Seconds in which a process that connects must have sent its line."""
_POLLED_EVERY = 0.2
"""Seconds between two checks whether to stop."""
_HELLO = {"processes": int, "index": int, "task": str}
"""The line of a process that arrives."""


def meet(
    coordinator: str, processes: int, index: int, task: str, *, seconds: float, stop: Callable[[], bool]
) -> None:
    """Wait until all ``processes`` have arrived with the same ``task``.

    Args:
        coordinator: ``host:port``, where process 0 listens for the others.
        task: describes what is to be done, the same in every process.
        seconds: how long to wait for the others.
        stop: asked while waiting; when it is true, KeyboardInterrupt is raised.

    Raises:
        ConfigError: some did not arrive, two have one index, or they have different tasks; the same in all that did.
    """
    host, _, port = coordinator.rpartition(":")
    deadline = time.monotonic() + seconds
    if index == 0:
        _host(int(port), processes, task, deadline, seconds, stop)
    else:
        _visit(host.strip("[]"), int(port), {"processes": processes, "index": index, "task": task}, deadline, stop)


def _host(port: int, processes: int, task: str, deadline: float, seconds: float, stop: Callable[[], bool]) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_listening(port))
        arrived: dict[int, socket.socket] = {}
        problem = None
        while problem is None and len(arrived) < processes - 1:
            if time.monotonic() > deadline:
                missing = [str(i) for i in range(1, processes) if i not in arrived]
                problem = (
                    f"of {processes} processes, those with --index {', '.join(missing)} did not come within "
                    f"{seconds:.0f} seconds: start all of them with the same --coordinator and --processes"
                )
                break
            _check(stop)
            with contextlib.suppress(OSError):  # a timeout, or a connection that ended
                visitor = stack.enter_context(server.accept()[0])
                hello = _received(visitor, time.monotonic() + _HELLO_WITHIN, stop)
                if hello is not None and all(type(hello.get(name)) is kind for name, kind in _HELLO.items()):
                    problem = _problem(hello, processes, task, arrived)
                    arrived[hello["index"]] = visitor
        for visitor in arrived.values():
            with contextlib.suppress(OSError):
                visitor.sendall(json.dumps({"problem": problem}).encode() + b"\n")
        # The side that closes first keeps the port busy for a while, and JAX needs it here: the others close first.
        for visitor in arrived.values():
            with contextlib.suppress(OSError):
                visitor.settimeout(_HELLO_WITHIN)
                visitor.recv(1)
    if problem is not None:
        raise ConfigError(problem)


def _problem(hello: dict[str, Any], processes: int, task: str, arrived: dict[int, socket.socket]) -> str | None:
    index = hello["index"]
    if hello["processes"] != processes or not 0 < index < processes:
        return (
            f"process {index} has --processes {hello['processes']}, process 0 --processes {processes}: give all the "
            "same"
        )
    if index in arrived:
        return f"two processes have --index {index}: give each its own"
    if hello["task"] != task:
        return (
            f"process {index} has other data, another version of IMPSY or other options than process 0: give all the "
            "same dataset and options, but for --index"
        )
    return None


def _visit(host: str, port: int, hello: dict[str, Any], deadline: float, stop: Callable[[], bool]) -> None:
    refused: OSError | None = None
    answer: dict[str, Any] | None = None
    while answer is None:
        if time.monotonic() > deadline:
            reason = "no answer" if refused is None else refused.strerror or str(refused)
            raise ConfigError(
                f"process 0 does not answer at {host}:{port} ({reason}): start it with --index 0, on the machine and "
                "port that --coordinator says"
            )
        _check(stop)
        try:
            with socket.create_connection((host, port), _HELLO_WITHIN) as connection:
                connection.sendall(json.dumps(hello).encode() + b"\n")
                answer = _received(connection, math.inf, stop)
            if answer is None or "problem" not in answer:
                answer = None
                raise ConnectionError("something else listens there")
        except OSError as error:
            refused = error
            time.sleep(_POLLED_EVERY)
    if answer["problem"] is not None:
        raise ConfigError(str(answer["problem"]))


def _received(connection: socket.socket, until: float, stop: Callable[[], bool]) -> dict[str, Any] | None:
    """The JSON object in the next line; None if the other side sends something else, or no line ``until`` then."""
    connection.settimeout(_POLLED_EVERY)
    line = b""
    while not line.endswith(b"\n") and len(line) <= _LINE and time.monotonic() < until:
        _check(stop)
        with contextlib.suppress(TimeoutError):
            more = connection.recv(_LINE)
            if not more:
                break
            line += more
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    try:
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        server = socket.create_server(("", port), family=family, dualstack_ipv6=both)
    except OSError as error:
        raise ConfigError(
            f"port {port} of --coordinator cannot be used ({error.strerror or error}): choose another"
        ) from error
    with server:
        server.settimeout(_POLLED_EVERY)
        yield server


def _check(stop: Callable[[], bool]) -> None:
    if stop():
        raise KeyboardInterrupt
