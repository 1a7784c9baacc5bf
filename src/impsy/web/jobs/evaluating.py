"""Evaluates a model in a process of its own: ``impsy evaluate``, which writes a page and figures about it."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

from impsy.processes import start
from impsy.protocol.monitor import Level
from impsy.web.live.hub import PageHub
from impsy.web.workspace import Conflict, Workspace

__all__ = ["Evaluation", "last_line"]

_LONGEST_LOG = 64 << 10


class Evaluation:
    """One model at a time; it ends with the web process, since it can be asked for again."""

    def __init__(self, workspace: Workspace, hub: PageHub) -> None:
        self._workspace = workspace
        self._hub = hub
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._model: str | None = None
        self._thread: threading.Thread | None = None

    @property
    def model(self) -> str | None:
        """The one that is being evaluated."""
        return self._model

    def start(self, model: Path, dataset: Path, report: Path, *, quick: bool) -> None:
        """Begin to evaluate a model on a dataset; the pages are notified when it is done.

        Raises:
            Conflict: another one is being evaluated.
            DeviceError: the process cannot be started.
        """
        with self._lock:
            if self._model is not None:
                raise Conflict(f"{self._model} is being evaluated: wait until that is done")
            report.parent.mkdir(parents=True, exist_ok=True)
            command = ["-m", "impsy", "evaluate", str(model), str(dataset), "--report", str(report), "--json"]
            log = report.with_suffix(".log")
            with log.open("wb") as messages, report.with_suffix(".json").open("wb") as figures:
                self._process = start(
                    [*command, *(["--quick"] if quick else [])],
                    self._workspace.root,
                    stdout=figures,
                    stderr=messages,
                )
            self._model = model.name
            self._thread = threading.Thread(
                target=self._wait, args=(self._process, model.name, log), name="impsy evaluation", daemon=True
            )
            self._thread.start()
        self._hub.changed("models")

    def close(self) -> None:
        """End it."""
        process, thread = self._process, self._thread
        if process is not None:
            process.kill()
        if thread is not None:
            thread.join(5)

    def _wait(self, process: subprocess.Popen[bytes], model: str, log: Path) -> None:
        status = process.wait()
        self._model = self._process = None
        if status == 0:
            self._say("info", f"{model} has been evaluated: its report is there")
        elif status > 0:
            self._say("error", f"{model} could not be evaluated: {last_line(log)}")
        self._hub.changed("models")

    def _say(self, level: Level, text: str) -> None:
        self._hub.send({"type": "sentence", "level": level, "text": text})


def last_line(log: Path) -> str:
    """The last line of a command's standard error, without what marks it as an error."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LONGEST_LOG))
            lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return lines[-1].removeprefix("Error: ")[:2000] if lines else "it did not say why"
