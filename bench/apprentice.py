"""A session that learns while it is played: ``python -m bench.apprentice HELD_OUT.npz [--model M --train T]``.

A held-out performance is sent by OSC in its own time to ``impsy run``, without learning and with it; each session's
lateness and the memory of its processes are shown, and when what was learnt took over. Without ``--model`` it begins
from nothing. ``--kill`` ends the process that learns in the middle.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.wire import Ear, address_of, floats_packet, free_port, state_of

_START_LIMIT = 120.0
_LONGEST_GAP = 5.0
_SHOWN_EVERY = 5.0

_CONFIG = """
[interaction]
mode = "{mode}"
threshold = 0.5
[model]
dimension = {dimension}
file = "{model}"
[osc]
server_port = {interface}
client_port = {client}
[webui]
monitor_port = {monitor}
command_port = {command}
[learning]
while_playing = {on}
take = "{take}"
"""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.apprentice", description=__doc__)
    parser.add_argument("held_out", type=Path, help="a dataset; one of its performances is played")
    parser.add_argument("--performance", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--model", type=Path, help="that plays at first")
    parser.add_argument("--train", type=Path, help="what that model learned from, so that it is not forgotten")
    parser.add_argument("--mode", default="polyphony")
    parser.add_argument("--kill", action="store_true", help="end the process that learns in the middle, by SIGKILL")
    parser.add_argument("--only", choices=("with", "without"))
    parser.add_argument("--python", default=sys.executable, help="which Python runs impsy")
    return parser.parse_args(arguments)


class Session:
    """One session, and what was seen of it."""

    def __init__(self, args: argparse.Namespace, dimension: int, folder: Path, *, learns: bool) -> None:
        self.ear, self.monitor, self._interface = Ear(), Ear(), free_port()
        text = _CONFIG.format(
            mode=args.mode,
            dimension=dimension,
            model=args.model.absolute() if args.model else "",
            take=args.train.absolute() if args.train else "none",
            interface=self._interface,
            client=self.ear.port,
            monitor=self.monitor.port,
            command=free_port(),
            on=str(learns).lower(),
        )
        (folder / "config.toml").write_text(text, encoding="utf-8")
        command = [args.python, "-m", "impsy", "run", "-c", "config.toml"]
        self._process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        self.state: dict[str, Any] = {}
        self.memory: dict[str, float] = {}
        self.took_over: tuple[float, int] | None = None
        self.gain: float | None = None
        ends = time.monotonic() + _START_LIMIT
        while not self.state and time.monotonic() < ends:
            self.look(0.0)
            time.sleep(0.05)

    def play(self, values: Sequence[float]) -> None:
        self.ear.send(floats_packet("/interface", tuple(values)), self._interface)

    def look(self, at: float) -> None:
        """Take what it sent."""
        for _, message in self.monitor.waiting():
            if address_of(message) == "/monitor/state":
                self.state = dict(state_of(message))
        learning = self.state.get("learning") or {}
        if learning.get("updates") and self.took_over is None:
            self.took_over = (at, learning["events"])
        self.gain = learning.get("gain", self.gain)

    def measure(self) -> None:
        """The memory of its processes, MB of their own."""
        with suppress(psutil.Error):
            session = psutil.Process(self._process.pid)
            for name, each in (("session", [session]), ("apprentice", session.children(recursive=True))):
                own = sum(process.memory_full_info().uss for process in each) / 1e6
                self.memory[name] = max(own, self.memory.get(name, 0.0))

    def end(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)


def perform(args: argparse.Namespace, events: Any, folder: Path, *, learns: bool) -> dict[str, Any]:
    """Play; returns what was seen."""
    session = Session(args, events.shape[1], folder, learns=learns)
    began = due = time.monotonic()
    shown, killed = 0.0, 0
    for dt, *values in events.tolist():
        due += min(dt, _LONGEST_GAP)
        if due - began > args.seconds:
            break
        time.sleep(max(0.0, due - time.monotonic()))
        session.play(values)
        now = time.monotonic() - began
        if now - shown < _SHOWN_EVERY:
            continue
        shown = now
        session.look(now)
        session.measure()
        learning = session.state.get("learning") or {}
        print(f"{now:6.1f} s  {learning.get('words', '')}  {session.state.get('lateness_ms')}", flush=True)
        if args.kill and not killed and learning.get("steps", 0) > 20:
            killed = learning["pid"]
            os.kill(killed, signal.SIGKILL)
            print("killed", flush=True)
    session.look(args.seconds)
    found = {
        "learns": learns,
        "lateness_ms": session.state.get("lateness_ms"),
        "memory_mb": {name: round(amount, 1) for name, amount in session.memory.items()},
        "took_over": session.took_over,
        "gain": session.gain,
        "learning": session.state.get("learning"),
        "counters": session.state.get("counters"),
        "killed": killed,
        "reports": [report["text"] for report in session.state.get("reports", ())],
    }
    session.end()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse(arguments)
    with np.load(args.held_out) as archive:
        lengths, events = archive["lengths"], archive["events"]
    begins = np.cumsum([0, *lengths])
    performance = events[begins[args.performance] : begins[args.performance + 1]]
    for learns in (False, True):
        if args.only == ("with" if not learns else "without"):
            continue
        with tempfile.TemporaryDirectory(prefix="impsy-bench-") as folder:
            print(json.dumps(perform(args, performance, Path(folder), learns=learns), indent=1), flush=True)
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, socket.timeout):
        sys.exit(main())
