"""Runs ``impsy train`` as a user would, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "musicMDRNN-dim3-layers2-units16-mixtures5-scale10"
"""The model that :data:`PLAIN` gives of a dataset of dimension 3."""
SMALL = ("-M", "xxs", "-B", "8")
PLAIN = (*SMALL, "--architecture", "plain")
"""Compiles fastest."""
ENVIRONMENT = {
    "COLUMNS": "200",
    "PYTHONIOENCODING": "utf-8",
}
SAVED_AT_ONCE = """
import time
from impsy.training import fitting
fitting.SAVED_EVERY = 0.0
write = fitting.write_checkpoint
def write_and_rest(*arguments):
    write(*arguments)
    time.sleep(0.3)
fitting.write_checkpoint = write_and_rest
"""
"""A patch: the state is saved after each epoch, and then there is time to kill the process before it is through."""
SECONDS = 240
"""In which any of these trainings ends, on a machine that is busy with others, with everything yet to be compiled."""


def command(*arguments: object, patch: str = "") -> list[str]:
    """The command line of ``impsy train``; ``patch`` is run before, to shorten what takes long."""
    words = ["train", *map(str, arguments)]
    if not patch:
        return [sys.executable, "-m", "impsy", *words]
    return [sys.executable, "-c", f"{patch}\nfrom impsy.cli.main import main\nmain()", *words]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, **ENVIRONMENT, **more}


def train(folder: Path, *arguments: object, patch: str = "") -> subprocess.CompletedProcess[str]:
    """The whole command, in ``folder``."""
    return subprocess.run(
        command(*arguments, patch=patch),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
        check=False,
    )


def python(folder: Path, code: str, *arguments: object, **more: str) -> str:
    """What ``code`` prints in a process of its own that must end well; JAX compiles fast there, to slow code."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        env=environment(JAX_DISABLE_MOST_OPTIMIZATIONS="1", **more),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Running:
    """``impsy train --json`` that is under way, its lines as they come."""

    def __init__(self, folder: Path, *arguments: object, patch: str = "") -> None:
        self.errors = folder / "stderr.txt"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                command(*arguments, "--json", patch=patch),
                cwd=folder,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                text=True,
            )
        self.events: list[dict[str, Any]] = []

    def wait_for(self, event: str, count: int = 1) -> None:
        """Until it has said ``event`` so often."""
        while sum(each["event"] == event for each in self.events) < count:
            line = self.stdout.readline()
            assert line, f"it ended before: {self.errors.read_text()}"
            self.events.append(json.loads(line))

    def end(self) -> int:
        """The exit code, once it has ended; what it said meanwhile is in ``events``."""
        self.events += [json.loads(line) for line in self.stdout.read().splitlines()]
        return self.process.wait(timeout=SECONDS)

    @property
    def stdout(self) -> Any:
        assert self.process.stdout is not None
        return self.process.stdout


@contextlib.contextmanager
def running(folder: Path, *arguments: object, patch: str = "") -> Iterator[Running]:
    """Starts it, and leaves no process behind, however the test ends."""
    folder.mkdir(parents=True, exist_ok=True)
    run = Running(folder, *arguments, patch=patch)
    watch = _Watch(run.process)
    try:
        yield run
    finally:
        watch.end()
        if run.process.poll() is None:
            run.process.kill()
        run.process.wait(timeout=10)
        run.stdout.close()


class _Watch:
    """Kills a process that takes too long, so that nobody waits for its output for ever."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        import threading

        self._timer = threading.Timer(SECONDS, process.send_signal, (signal.SIGKILL,))
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        self._timer.cancel()
        self._timer.join()


@dataclass(frozen=True)
class Trained:
    """A training that is complete: what it said, and its model's files."""

    events: Sequence[dict[str, Any]]
    folder: Path

    @property
    def name(self) -> str:
        return str(self.events[0]["name"])

    def file(self, suffix: str) -> Path:
        return self.folder / f"{self.name}{suffix}"

    @property
    def description(self) -> dict[str, Any]:
        content = json.loads(self.file(".json").read_text())
        assert isinstance(content, dict)
        return content

    @property
    def curve(self) -> list[tuple[int, float, float]]:
        """Step, loss and held-out loss of each epoch; the seconds are left out."""
        return curve(self.description)


def curve(description: dict[str, Any]) -> list[tuple[int, float, float]]:
    return [(step, loss, held_out) for step, _, loss, held_out in description["curve"]]


def trained(folder: Path, dataset: Path, *arguments: object) -> Trained:
    """Train to the end with ``--json``, the models going to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    done = train(folder, dataset, "-O", folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return Trained([json.loads(line) for line in done.stdout.splitlines()], folder)
