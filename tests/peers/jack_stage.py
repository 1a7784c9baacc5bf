"""JACK's dummy server and MIDI devices as processes of their own, for tests with a real MIDI system."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

DEVICE = Path(__file__).with_name("midi_device.py")
PERIOD = 128
"""Frames at 48 kHz: 2.7 ms."""


def wait_for(condition, seconds=5.0, what="it"):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen in time"
        time.sleep(0.005)


class JackProcess:
    """A server of its own name, which clients find by the environment ``JACK_DEFAULT_SERVER``.

    It waits for its clients in each cycle (``-S``): on a machine without real-time scheduling it would go on
    without those that are late otherwise, and what was sent to them in that cycle would be lost.

    JACK remembers eight names until their servers have ended in good order: whoever kills one starts it again.
    """

    def __init__(self, name: str, period: int = PERIOD) -> None:
        self.name = name
        self.environment = dict(
            os.environ, JACK_DEFAULT_SERVER=name, JACK_NO_START_SERVER="1", JACK_NO_AUDIO_RESERVATION="1"
        )
        self._period = period

    def start(self) -> None:
        command = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        command += ["jackd", "-n", self.name, "-r", "--no-realtime", "--no-mlock", "-d", "dummy", "-r", "48000"]
        self.process = subprocess.Popen(
            [*command, "-p", str(self._period)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._is_up, 10, "JACK's start")

    def _is_up(self) -> bool:
        assert self.process.poll() is None, "jackd ended by itself"
        return any(Path("/dev/shm").glob(f"jack_{self.name}_{os.getuid()}_0"))

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
    """A process that is told lines and says lines."""

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
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()
        wait_for(lambda: "ready" in self.lines or self.process.poll() is not None, 15, "a program's start")
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
        """Let it end by itself."""
        self.process.stdin.close()
        code = self.process.wait(10)
        self._finish()
        return code

    def _finish(self) -> None:
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
