"""The least that is possible: a bare Python process that only echoes, or only sends in time.

What it takes on this machine, measured in the same way, is what no program can do better.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.measure import PLAYBACK_WARM_UP, distance
from bench.wire import Ear, floats_packet

__all__ = ["bare_playback", "bare_reply"]

_ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
while True:
    packet, sender = s.recvfrom(65536)
    s.sendto(packet, sender)
"""

_METRONOME = """
import socket, sys, time
port, count, step = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
due = time.perf_counter()
for _ in range(count):
    due += step
    time.sleep(max(0.0, due - time.perf_counter()))
    s.sendto(b"/", ("127.0.0.1", port))
"""


@contextmanager
def _bare(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that runs ``code`` until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-I", "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def bare_reply(count: int, rng: random.Random) -> list[float]:
    """Milliseconds of each of ``count`` round trips to a process that only echoes."""
    packet = floats_packet("/interface", [0.5] * 8)
    ear = Ear()
    trips: list[float] = []
    try:
        with _bare(_ECHO) as echo:
            port = int(echo.stdout.readline()) if echo.stdout else 0
            for _ in range(count):
                time.sleep(distance(rng))
                sent = time.perf_counter()
                ear.send(packet, port)
                heard = ear.receive(1.0)
                if heard is not None:
                    trips.append((heard[0] - sent) * 1000)
    finally:
        ear.close()
    return trips


def bare_playback(events: int, step: float) -> list[float]:
    """When ``events`` packets arrived (``perf_counter``) from a process that sends one each ``step`` seconds."""
    ear = Ear()
    arrivals: list[float] = []
    try:
        with _bare(_METRONOME, str(ear.port), str(events + PLAYBACK_WARM_UP), str(step)):
            while len(arrivals) < events + PLAYBACK_WARM_UP and (heard := ear.receive(5.0)) is not None:
                arrivals.append(heard[0])
    finally:
        ear.close()
    return arrivals[PLAYBACK_WARM_UP:]
