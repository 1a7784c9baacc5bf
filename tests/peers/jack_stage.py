"""JACK's dummy server and MIDI devices as processes of their own, for tests with a real MIDI system."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import ClassVar

from waiting import wait_until

DEVICE = Path(__file__).with_name("midi_device.py")
PERIOD = 256
"""Frames at 48 kHz: 5.3 ms."""


def realtime() -> str:
    """JACK's option for real-time scheduling, where this machine permits it.

    Without it, a client that comes too late for a cycle loses what was sent to it then.
    """
    chrt = shutil.which("chrt")
    permitted = chrt is not None and subprocess.run([chrt, "-f", "1", "true"], check=False).returncode == 0
    return "--realtime" if permitted else "--no-realtime"


class JackProcess:
    """A server of its own name, which clients find by the environment ``JACK_DEFAULT_SERVER``.

    JACK remembers eight names, of servers that were killed too, and no more: so these are few, and used again and
    again. ``name`` gets a number behind it where another test run has a server of that name.
    """

    def __init__(self, name: str, period: int = PERIOD) -> None:
        self._names = [f"{name}-{number}" for number in range(1, 4)]
        self._period = period
        self.name = ""
        self.environment = dict(os.environ, JACK_NO_START_SERVER="1", JACK_NO_AUDIO_RESERVATION="1")

    def start(self) -> None:
        """Start it; after an end, under the same name."""
        for name in [self.name] if self.name else self._names:
            if self._start(name):
                self.name = self.environment["JACK_DEFAULT_SERVER"] = name
                return
        raise AssertionError("jackd did not start. While no JACK server runs, this may help: rm -r /dev/shm/jack*")

    def _start(self, name: str) -> bool:
        command = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        command += ["jackd", "-n", name, "--no-mlock", realtime(), "-d", "dummy", "-r", "48000"]
        socket = Path(f"/dev/shm/jack_{name}_{os.getuid()}_0")
        before = socket.stat().st_ino if socket.exists() else None  # of a server that was killed
        self.process = subprocess.Popen(
            [*command, "-p", str(self._period)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def is_up() -> bool:
            try:
                return socket.stat().st_ino != before
            except FileNotFoundError:
                return False

        wait_until(lambda: is_up() or self.process.poll() is not None, what="JACK's start")
        return self.process.poll() is None

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


class Program:
    """A process that reads commands from standard input and prints what happens, one line each.

    ``running``: those that were neither ended nor killed.
    """

    running: ClassVar[set[Program]] = set()

    def __init__(self, jack: JackProcess, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            env=jack.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.running.add(self)
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()
        wait_until(lambda: "ready" in self.lines or self.process.poll() is not None, what="a program's start")
        assert self.process.poll() is None, self.errors

    @staticmethod
    def _read(stream, lines) -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))

    def say(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """Pull it out: nothing is told to anybody."""
        self.process.kill()
        self._finish()

    def end(self) -> int:
        """Let it end by itself; nothing if it has."""
        if not self.process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        code = self.process.wait(60)
        self._finish()
        return code

    def _finish(self) -> None:
        self.running.discard(self)
        self.process.wait(10)
        for reader in self._readers:
            reader.join(5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if not stream.closed:
                stream.close()


class Device(Program):
    """A MIDI device: ``NAME plays:NAME`` and ``NAME hears:NAME``."""

    def __init__(self, jack: JackProcess, name: str, *options: str) -> None:
        super().__init__(jack, str(DEVICE), name, *options)

    def play(self, *messages: str) -> None:
        """Play messages given in hex."""
        self.say(",".join(messages))

    @property
    def heard(self) -> list[str]:
        """The messages that it heard, in hex."""
        return [line.split(" ", 1)[1] for line in self.lines if line != "ready"]

    @property
    def times(self) -> list[float]:
        """When it heard them."""
        return [float(line.split(" ", 1)[0]) for line in self.lines if line != "ready"]
