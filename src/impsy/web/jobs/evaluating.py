"""Evaluates a model in a process of its own: ``impsy evaluate``, which writes a page and figures about it."""

from __future__ import annotations

import subprocess
import threading
from functools import partial
from pathlib import Path

from impsy.files import append_regular, open_regular
from impsy.processes import start
from impsy.threads import once
from impsy.web.live.hub import PageHub
from impsy.web.workspace import Conflict, Workspace

__all__ = ["Evaluation", "end_of", "last_line"]

_LONGEST_LOG, _LARGEST_LOG = 64 << 10, 1 << 30


class Evaluation:
    """One model at a time; it ends with the web process, since it can be asked for again."""

    def __init__(self, workspace: Workspace, hub: PageHub) -> None:
        self._workspace = workspace
        self._hub = hub
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self.model: str | None = None
        """The one that is being evaluated."""

    def start(self, model: Path, dataset: Path, report: Path, *, quick: bool) -> None:
        """Begin to evaluate a model on a dataset; the pages are notified when it is done.

        Raises:
            Conflict: another one is being evaluated.
            DeviceError: the process cannot be started.
        """
        with self._lock:
            if self.model is not None:
                raise Conflict(f"{self.model} is being evaluated: wait until that is done")
            report.parent.mkdir(parents=True, exist_ok=True)
            command = ["-m", "impsy", "evaluate", str(model), str(dataset), "--report", str(report), "--json"]
            log, results = report.with_suffix(".log"), report.with_suffix(".json")
            for before in (log, results):
                before.unlink(missing_ok=True)
            with append_regular(log) as messages, append_regular(results) as figures:
                self._process = start(
                    [*command, *(["--quick"] if quick else [])],
                    self._workspace.root,
                    stdout=figures,
                    stderr=messages,
                )
            self.model = model.name
            self._thread = once("impsy evaluation", partial(self._wait, self._process, model.name, log))
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
        self.model = self._process = None
        if status == 0:
            self._hub.say("info", f"{model} has been evaluated: its report is there")
        elif status > 0:
            self._hub.say("error", f"{model} could not be evaluated: {last_line(end_of(log))}")
        self._hub.changed("models")


def end_of(log: Path) -> str:
    """The end of a command's standard error; empty where that cannot be read."""
    try:
        with open_regular(log, _LARGEST_LOG) as file:
            file.seek(max(0, log.stat().st_size - _LONGEST_LOG))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def last_line(log: str) -> str:
    """The last line, without what marks it as an error."""
    lines = log.strip().splitlines()
    return lines[-1].strip().removeprefix("Error: ")[:2000] if lines else "it did not say why"
