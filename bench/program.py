"""A program to measure: which executable, and one performance of it in a workspace of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import psutil

from bench.wire import LOCALHOST, Ear, address_of, floats_packet, free_port, state_of

__all__ = ["ANSWERS", "Performance", "Program", "Settings", "Unanswered", "child_environment", "end_on_terminate"]

ANSWERS = frozenset({"/prediction", "/impsy"})
"""Addresses that a prediction may come back on."""

START_LIMIT = 90.0
"""Seconds that a program may take until it answers for the first time."""


class Unanswered(Exception):
    """A program did not start, died, or said nothing; the text says which, with its last words."""


@dataclass(frozen=True, slots=True)
class Program:
    """One ``impsy`` to measure: what to call it, how to start it, and which Python it runs in."""

    name: str
    command: tuple[str, ...]
    python: tuple[str, ...]

    @classmethod
    def this(cls) -> Program:
        """The ``impsy`` of the Python that runs this bench."""
        return cls("ours", (sys.executable, "-m", "impsy"), (sys.executable,))

    @classmethod
    def at(cls, executable: Path, name: str) -> Program:
        """The ``impsy`` at ``executable``, a Python script; raises ``Unanswered`` if it is none."""
        executable = executable.absolute()
        return cls(name, (str(executable),), _interpreter(executable))


def _interpreter(script: Path) -> tuple[str, ...]:
    """The command in a script's first line.

    Installers write ``#!/bin/sh`` and ``'''exec' "/long/path/python" "$0" "$@"`` where the path is too long for
    the kernel or has spaces.
    """
    lines = script.read_bytes()[:4096].decode("utf-8", "replace").splitlines()
    first = lines[0] if lines else ""
    if not first.startswith("#!"):
        raise Unanswered(f"{script} does not start with #!, so its Python cannot be told; give the script itself")
    words = shlex.split(first[2:])
    if Path(words[0]).name == "sh" and len(lines) > 1 and lines[1].startswith("'''exec'"):
        return (shlex.split(lines[1].removeprefix("'''exec'"))[0],)
    return tuple(words)


def child_environment() -> dict[str, str]:
    """This environment, less what would make one program import another's packages."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    return kept | {"PYTHONUNBUFFERED": "1"}


def end_on_terminate() -> None:
    """From now on let SIGTERM end this process as an exception does, so that every ``with`` ends its process."""
    signal.signal(signal.SIGTERM, _stop)


def _stop(signal_number: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal_number)


@dataclass(frozen=True, slots=True)
class Settings:
    """What one performance is to do: the values of its ``config.toml``, and more of it in ``sections``.

    ``environment`` is what the program finds there beside its surroundings.
    """

    model: Path
    dimension: int
    mode: str
    timescale: float = 1.0
    log: bool = True
    input_thru: bool = False
    sections: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def toml(self, server: int, client: int, monitor: int, command: int) -> str:
        """The config file, with the four ports that it shall use."""
        return f"""title = "bench"
verbose = false
log_input = {str(self.log).lower()}
log_predictions = false

[interaction]
mode = "{self.mode}"
threshold = 0.1
input_thru = {str(self.input_thru).lower()}

[model]
dimension = {self.dimension}
file = "models/{self.model.name}"
sigmatemp = 0.01
pitemp = 1
timescale = {self.timescale:.6f}

[osc]
server_ip = "{LOCALHOST}"
server_port = {server}
client_ip = "{LOCALHOST}"
client_port = {client}

[webui]
monitor_port = {monitor}
command_port = {command}
{self.sections}"""


def _processor_seconds(process: psutil.Process) -> float:
    """Processor time of one process. Linux tells that of living threads to the nanosecond, else it is in 10 ms."""
    times = process.cpu_times()
    living = 0
    for schedule in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
        with suppress(OSError):
            living += int(schedule.read_text(encoding="ascii").split()[0])
    # Threads that have ended count only in the former, so whichever is more is nearer to the truth.
    return max(times.user + times.system, living / 1e9)


class Performance:
    """``impsy run`` in a fresh workspace, from start to certain end. Use it in a ``with``.

    ``ear`` hears what it sends to its client port, ``monitor`` what it sends to its monitor port; ``interface``
    is the port it listens on. Entering starts the process; leaving kills it and removes the workspace.
    """

    def __init__(self, program: Program, settings: Settings) -> None:
        self.program = program
        self.settings = settings
        self.started = 0.0

    def __enter__(self) -> Self:
        self.workspace = Path(tempfile.mkdtemp(prefix="impsy-bench-"))
        self.ear, self.monitor = Ear(), Ear()
        self.interface = free_port()
        for folder in ("models", "logs"):
            (self.workspace / folder).mkdir()
        shutil.copyfile(self.settings.model, self.workspace / "models" / self.settings.model.name)
        ports = (self.interface, self.ear.port, self.monitor.port, free_port())
        (self.workspace / "config.toml").write_text(self.settings.toml(*ports), encoding="utf-8")
        self.started = time.perf_counter()
        try:
            self._process = self._start()
        except OSError as refused:
            self._tidy()
            raise Unanswered(f"{self.program.name} cannot be started: {refused}") from refused
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._tidy()

    def _start(self) -> subprocess.Popen[bytes]:
        with (self.workspace / "output.txt").open("wb") as output:
            return subprocess.Popen(
                [*self.program.command, "run", "-c", "config.toml"],
                cwd=self.workspace,
                env=child_environment() | dict(self.settings.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _tidy(self) -> None:
        self.ear.close()
        self.monitor.close()
        shutil.rmtree(self.workspace, ignore_errors=True)

    # --- playing with it ---

    def play(self, values: tuple[float, ...]) -> None:
        """Send one interaction."""
        self.ear.send(floats_packet("/interface", values), self.interface)

    def knock(self) -> None:
        """Send an interaction of which only the effect counts: all values 1, so it carries no sequence number."""
        self.play((1.0,) * (self.settings.dimension - 1))

    def prediction(self, timeout: float) -> float | None:
        """Wait for a prediction: the moment it arrived (``perf_counter`` seconds), or ``None`` after ``timeout``."""
        end = time.perf_counter() + timeout
        while (left := end - time.perf_counter()) > 0:
            heard = self.ear.receive(left)
            if heard is not None and address_of(heard[1]) in ANSWERS:
                return heard[0]
        return None

    def first_prediction(self, every: float = 0.01) -> float:
        """Play one interaction each ``every`` seconds until one is answered; the moment of that answer.

        Raises ``Unanswered`` when the program ends or ``START_LIMIT`` passes first.
        """
        while time.perf_counter() - self.started < START_LIMIT:
            self.knock()
            arrived = self.prediction(every)
            if arrived is not None:
                return arrived
            self.check()
        raise Unanswered(self._story(f"sent no prediction in {START_LIMIT:.0f} s"))

    def ready(self) -> None:
        """Play until it shows in any way (a prediction, or the mirrored input) that it hears.

        Works in every mode. Raises ``Unanswered`` as ``first_prediction`` does.
        """
        while time.perf_counter() - self.started < START_LIMIT:
            self.knock()
            mirrored = any(address_of(packet) == "/monitor/in" for _, packet in self.monitor.waiting())
            if mirrored or self.prediction(0.05) is not None:
                return
            self.check()
        raise Unanswered(self._story(f"heard nothing in {START_LIMIT:.0f} s"))

    def states(self) -> list[dict[str, object]]:
        """What it has told its monitor port on ``/monitor/state`` since the last call, oldest first."""
        packets = [packet for _, packet in self.monitor.waiting() if address_of(packet) == "/monitor/state"]
        return [state for state in map(state_of, packets) if state]

    # --- watching it ---

    def check(self) -> None:
        """Raise ``Unanswered`` if the program has ended."""
        if (code := self._process.poll()) is not None:
            raise Unanswered(self._story(f"ended with exit code {code}"))

    def memory(self) -> float:
        """Resident memory of the process and all its children, in MB (10^6 bytes)."""
        total = 0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total / 1e6

    def processor_seconds(self) -> float:
        """Processor time that the process and its living children have used."""
        total = 0.0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                total += _processor_seconds(process)
        return total

    def _tree(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self._process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess as gone:
            raise Unanswered(self._story("ended")) from gone

    # --- ending it ---

    def interrupt(self, patience: float = 10.0) -> bool:
        """End it as Ctrl-C does; whether it was gone within ``patience`` seconds."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End the process and everything it started, at once (SIGKILL)."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log_lines(self) -> list[str]:
        """All lines of all its logs, with their ends; the last may have none."""
        lines: list[str] = []
        for path in sorted((self.workspace / "logs").glob("*.log")):
            with path.open(encoding="utf-8", newline="") as log:
                lines.extend(log)
        return lines

    def _story(self, what: str) -> str:
        output = (self.workspace / "output.txt").read_text(encoding="utf-8", errors="replace")
        tail = [line.strip() for line in output.splitlines() if line.strip()][-6:]
        words = " | ".join(tail) if tail else "nothing"
        return f"{self.program.name} in {self.settings.mode} mode {what}; the last it printed: {words}"
