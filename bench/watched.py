"""One command from start to certain end: what it printed and when, and the most memory it held."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.course import Line
from bench.program import Unanswered, child_environment

__all__ = ["Watched", "watch"]

_LOOK_EVERY = 0.1
"""Seconds between two looks at the process's memory; one at its children's costs more, and comes every tenth time."""
_PATIENCE = 120.0
"""Seconds that a command may take to end once it was interrupted, or has closed its output."""
_PEAK = re.compile(rb"^VmHWM:\s*([0-9]+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of a command.

    seconds: from its start to its end.
    lines: what it wrote to standard output, each with the seconds at which it came.
    memory: the most resident memory of the process and its children together, in MB (10^6 bytes).
    interrupted: whether it was asked to end (``until``).
    """

    seconds: float
    lines: tuple[Line, ...]
    memory: float
    interrupted: bool


def watch(
    name: str,
    command: Sequence[str],
    folder: Path,
    *,
    limit: float,
    until: Callable[[float, str], bool] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Watched:
    """Run ``command`` in ``folder`` to its end. Whatever happens, no process of it is left.

    Args:
        name: what to call it in errors.
        limit: seconds it may take.
        until: asked about each line (seconds, text); once true, the command is interrupted as by Ctrl-C, and may
            take two more minutes to end.
        environment: what it finds there beside its surroundings.

    Raises:
        Unanswered: it cannot be started, fails, or takes longer; the text has its last words.
    """
    errors = folder / "errors.txt"
    began = time.perf_counter()
    with errors.open("wb") as sink:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=child_environment() | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=sink,
                start_new_session=True,
            )
        except OSError as refused:
            raise Unanswered(f"{name} cannot be started: {refused}") from refused
    watching = _Watching(process, began, began + limit, until)
    try:
        try:
            watching.read()
            process.wait(max(0.1, min(_PATIENCE, watching.end - time.perf_counter())))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise Unanswered(_story(name, f"did not end within {limit:.0f} s", watching.lines, errors)) from None
        seconds = time.perf_counter() - began
    finally:
        _end(process)
    # Some end an interrupted training with an exit code of its own; what it left tells whether that went well.
    if process.returncode and not watching.interrupted:
        raise Unanswered(_story(name, f"ended with exit code {process.returncode}", watching.lines, errors))
    return Watched(seconds, tuple(watching.lines), watching.memory, watching.interrupted)


class _Watching:
    """Reads lines as they come, and looks at memory between them."""

    def __init__(
        self, process: subprocess.Popen[bytes], began: float, end: float, until: Callable[[float, str], bool] | None
    ) -> None:
        self._process, self._began, self._until = process, began, until
        self._open_line = b""
        self._looks = 0
        self._looked = 0.0
        self.end = end
        self.lines: list[Line] = []
        self.memory = 0.0
        self.interrupted = False

    def read(self) -> None:
        """Read until the output is closed; raises ``TimeoutError`` when the time is over first."""
        output = self._process.stdout
        if output is None:
            raise ValueError("the process must be started with a pipe for its output")
        with output, selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while time.perf_counter() < self.end:
                if selector.select(_LOOK_EVERY):
                    chunk = os.read(output.fileno(), 1 << 16)
                    if not chunk:
                        self._take(b"\n")
                        return
                    self._take(chunk)
                if time.perf_counter() - self._looked >= _LOOK_EVERY:
                    self._looked = time.perf_counter()
                    self._weigh()
        raise TimeoutError

    def _take(self, chunk: bytes) -> None:
        seconds = time.perf_counter() - self._began
        *whole, self._open_line = re.split(rb"[\r\n]", self._open_line + chunk)
        for raw in whole:
            text = raw.decode("utf-8", "replace")
            if text.strip():
                self.lines.append((seconds, text))
                if self._until is not None and not self.interrupted and self._until(seconds, text):
                    self.interrupted = True
                    self.end = min(self.end, time.perf_counter() + _PATIENCE)
                    self._process.send_signal(signal.SIGINT)

    def _weigh(self) -> None:
        """The kernel keeps a process's own peak, so nothing between two looks is missed."""
        self.memory = max(self.memory, _peak(self._process.pid))
        self._looks += 1
        if self._looks % 10 == 0:
            with suppress(psutil.NoSuchProcess):
                children = psutil.Process(self._process.pid).children(recursive=True)
                if children:
                    now = [_resident(pid) for pid in (self._process.pid, *(child.pid for child in children))]
                    self.memory = max(self.memory, sum(now))


def _peak(pid: int) -> float:
    """The most memory that a process ever held, in MB; where the system does not say, what it holds now."""
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        found = None
    return int(found[1]) * 1024 / 1e6 if found else _resident(pid)


def _resident(pid: int) -> float:
    try:
        return psutil.Process(pid).memory_info().rss / 1e6
    except psutil.Error:
        return 0.0


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of it and of all that it started in its session."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _story(name: str, what: str, lines: Sequence[Line], errors: Path) -> str:
    printed = [line.strip() for _, line in lines[-2:]]
    printed += errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-4:]
    return f"{name} {what}; the last it printed: {' | '.join(printed) or 'nothing'}"
