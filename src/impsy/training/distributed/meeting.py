"""How the processes of a distributed training find each other before they start.

JAX ends a process at once, without an error to catch, when another does not come. So the processes meet here first,
at the coordinator's port: each says which it is and what it is to do, in a line of JSON, and process 0 answers each
when all are there, or when it is clear that they will not be. Then the port is JAX's.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from impsy.errors import ConfigError

__all__ = ["meet"]

_LINE = 4096
"""Bytes that a line may have."""
_SAYS_WITHIN = 5.0
"""Seconds in which whoever connects must have said who it is."""
_LOOKS = 0.2
"""Seconds between two looks at whether to stop."""


def meet(
    coordinator: str, processes: int, index: int, task: str, *, seconds: float, stop: Callable[[], bool]
) -> None:
    """Wait until all ``processes`` are there, and have the same ``task``.

    Args:
        coordinator: ``host:port``, where process 0 listens for the others.
        task: says what is to be done, the same in every process.
        seconds: how long to wait for the others.
        stop: whether the user wants it to end; then KeyboardInterrupt is raised.

    Raises:
        ConfigError: some did not come, two have one index, or they have different tasks; the same in all that came.
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
        there: dict[int, socket.socket] = {}
        problem = None
        while problem is None and len(there) < processes - 1:
            if time.monotonic() > deadline:
                missing = [str(i) for i in range(1, processes) if i not in there]
                problem = (
                    f"of {processes} processes, those with --index {', '.join(missing)} did not come within "
                    f"{seconds:.0f} seconds: start all of them with the same --coordinator and --processes"
                )
                break
            _go_on(stop)
            with contextlib.suppress(TimeoutError):
                visitor = stack.enter_context(server.accept()[0])
                said = _hear(visitor)
                if said is not None:
                    problem = _problem(said, processes, task, there)
                    there[said["index"]] = visitor
        for visitor in there.values():
            with contextlib.suppress(OSError):
                visitor.sendall(json.dumps({"problem": problem}).encode() + b"\n")
        # Who closes first keeps the port busy for a while, and JAX wants it next: let it be the others.
        for visitor in there.values():
            with contextlib.suppress(OSError):
                visitor.recv(1)
    if problem is not None:
        raise ConfigError(problem)


def _problem(said: dict[str, Any], processes: int, task: str, there: dict[int, socket.socket]) -> str | None:
    index = said["index"]
    if said["processes"] != processes or not 0 < index < processes:
        return (
            f"process {index} was told --processes {said['processes']}, process 0 --processes {processes}: give all "
            "the same"
        )
    if index in there:
        return f"two processes have --index {index}: give each its own"
    if said["task"] != task:
        return (
            f"process {index} has other data, another version of IMPSY or other options than process 0: give all the "
            "same dataset and options, but for --index"
        )
    return None


def _visit(host: str, port: int, said: dict[str, Any], deadline: float, stop: Callable[[], bool]) -> None:
    refused: OSError | None = None
    answer: Any = None
    while answer is None:
        if time.monotonic() > deadline:
            raise ConfigError(
                f"process 0 does not answer at {host}:{port} ({_why(refused)}): start it with "
                "--index 0, on the machine and port that --coordinator says"
            )
        _go_on(stop)
        try:
            with socket.create_connection((host, port), _SAYS_WITHIN) as connection:
                connection.sendall(json.dumps(said).encode() + b"\n")
                answer = _answer(connection, stop)
        except OSError as error:
            refused = error
            time.sleep(_LOOKS)
    if answer["problem"] is not None:
        raise ConfigError(str(answer["problem"]))


def _why(refused: OSError | None) -> str:
    return "no answer" if refused is None else refused.strerror or str(refused)


def _answer(connection: socket.socket, stop: Callable[[], bool]) -> dict[str, Any] | None:
    """What process 0 says, once it does; None if it goes away before, or this is something else."""
    connection.settimeout(_LOOKS)
    line = b""
    while not line.endswith(b"\n"):
        _go_on(stop)
        with contextlib.suppress(TimeoutError):
            more = connection.recv(_LINE)
            if not more or len(line) > _LINE:
                raise ConnectionError("something else listens there")
            line += more
    content = _parsed(line)
    if content is None or "problem" not in content:
        raise ConnectionError("something else listens there")
    return content


def _hear(visitor: socket.socket) -> dict[str, Any] | None:
    """Who that is; None if it is none of ours."""
    visitor.settimeout(_SAYS_WITHIN)
    line = b""
    with contextlib.suppress(OSError):
        while not line.endswith(b"\n") and len(line) <= _LINE:
            more = visitor.recv(_LINE)
            if not more:
                return None
            line += more
    content = _parsed(line)
    kinds = {"processes": int, "index": int, "task": str}
    if content is None or any(type(content.get(name)) is not kind for name, kind in kinds.items()):
        return None
    return content


def _parsed(line: bytes) -> dict[str, Any] | None:
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
        server.settimeout(_LOOKS)
        yield server


def _go_on(stop: Callable[[], bool]) -> None:
    if stop():
        raise KeyboardInterrupt
