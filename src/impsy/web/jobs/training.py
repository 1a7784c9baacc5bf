"""Training runs: processes of their own, which go on when the page is closed and when the web process ends.

A run is a folder ``.impsy/training/{id}``: ``run.json`` says what was asked for, which process does it and how it
ended, ``progress.jsonl`` is the output of that process, ``log.txt`` its standard error. A web process that starts
later finds by the process's number and the moment it was made whether it is still the same one. A run whose model has
a name of its own makes it in its folder, and moves it to the models when it is complete.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from impsy.errors import DataError, DeviceError
from impsy.files import append_regular, read_regular, write_whole
from impsy.models.sizes import SIZES, model_name
from impsy.names import safe_name
from impsy.processes import signal_name, start
from impsy.protocol.library import Run
from impsy.threads import Failures, lasting
from impsy.training.backend import check_installed
from impsy.web.jobs.evaluating import end_of, last_line
from impsy.web.jobs.runs import ENDED, CpuTime, Progress, Status
from impsy.web.library.trash import Entry, Trash
from impsy.web.live.hub import PageHub
from impsy.web.workspace import Conflict, NotFound, Workspace

__all__ = ["Trainings"]

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5

_OPTIONS = {
    "epochs": "--numepochs",
    "minutes": "--minutes",
    "seed": "--seed",
    "architecture": "--architecture",
    "batch": "--batchsize",
    "patience": "--patience",
}
_LARGEST_RECORD = 1 << 20
_STOPPED_EARLY = 130
_MADE_WITHIN = 1.0
"""Seconds by which two reports of when a process was made may differ."""


@dataclass
class _Run:
    """A run in memory: the content of ``run.json``, and its progress."""

    id: str
    folder: Path
    record: dict[str, Any]
    progress: Progress
    process: subprocess.Popen[bytes] | None = None
    cpu: CpuTime = field(default_factory=CpuTime)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def status(self) -> Status:
        found: Status = self.record["status"]
        return found

    @property
    def model(self) -> str:
        """The name of the model that it makes, which no two may make at once."""
        return str(self.record.get("name") or self.record["model"])

    @property
    def made(self) -> str | None:
        """The model's file to play, once it is there."""
        made = self.progress.model
        return f"{self.record['name']}.tflite" if made and self.record.get("name") else made


class Trainings:
    """All runs of a workspace. A thread looks at those that run, and there is none while none does."""

    def __init__(self, workspace: Workspace, hub: PageHub, trash: Trash) -> None:
        self._workspace = workspace
        self._hub = hub
        self._trash = trash
        self._folder = workspace.private / "training"
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._failures = Failures("looking at the trainings")
        self._thread: threading.Thread | None = None
        self._runs: dict[str, _Run] = {}

    # --- what the page asks for --------------------------------------------------------------------

    def pids(self) -> list[int]:
        """The processes of the runs that go on."""
        with self._lock:
            going = [_process(run.record) for run in self._runs.values() if run.status in {"running", "stopping"}]
        return [process.pid for process in going if process is not None]

    def all(self) -> list[Run]:
        """All runs, the latest first."""
        self.follow()
        with self._lock:
            runs = sorted(self._runs.values(), key=lambda run: (run.record["started"], run.id), reverse=True)
        return [self._shown(run) for run in runs]

    def one(self, run_id: str) -> Run:
        """A run with all of its curve; raises NotFound."""
        return self._shown(self._find(run_id), every=True)

    def start(
        self, dataset: Path, dimension: int, size: str, options: Mapping[str, Any], name: str | None = None
    ) -> Run:
        """Start a run.

        Args:
            options: epochs, minutes, seed, architecture, batch, patience: those that are not to be automatic.
            name: of the model's files, without a suffix; None: by its dimension and size.

        Raises:
            ConfigError: what training needs is not installed.
            Conflict: a model of this name is being trained.
            DeviceError: the process cannot be started.
        """
        check_installed()
        model = model_name(dimension, SIZES[size])
        with self._workspace.locked(), self._lock:
            self.follow()
            self._check_free(name or model)
            now = datetime.now()
            run_id = self._new_id(now, dimension, size)
            folder = self._folder / run_id
            folder.mkdir(parents=True)
            record = {
                "dataset": dataset.name,
                "size": size,
                "model": model,
                "started": now.isoformat(timespec="milliseconds"),
                "options": {key: value for key, value in options.items() if value is not None},
                **({"name": name} if name else {}),
            }
            run = _Run(run_id, folder, record, Progress(folder / "progress.jsonl"))
            self._launch(run, [])
            self._runs[run_id] = run
        self._watch()
        self._publish(run)
        self._hub.changed("training")
        return self._shown(run)

    def stop(self, run_id: str) -> Run:
        """Ask a run to end and to keep the best so far; asking again does nothing more."""
        run = self._find(run_id)
        with run.lock:
            if run.status in ENDED:
                raise Conflict("this training has ended already")
            if run.status == "running":
                process = _process(run.record)
                if process is not None:
                    _interrupt(process)
                self._save(run, status="stopping")
        self._publish(run)
        return self._shown(run)

    def resume(self, run_id: str) -> Run:
        """Go on where a run stopped or was interrupted.

        Raises:
            Conflict: it runs, a model of its name is being trained, or there is nothing to go on from.
        """
        check_installed()
        run = self._find(run_id)
        with self._workspace.locked(), self._lock, run.lock:
            if run.status not in ENDED:
                raise Conflict("this training has not ended")
            self._check_free(run.model)
            if not self._resumable(run):
                raise Conflict(
                    "this training cannot go on: it is complete, nothing of it was kept yet, or a later one of the "
                    "same model has taken its place; start a new one"
                )
            if not self._workspace.inside(self._workspace.datasets, run.record["dataset"]).is_file():
                raise Conflict(f"the dataset {run.record['dataset']} is not there any more: bring it back to go on")
            run.progress.look()
            run.progress.begin()
            self._launch(run, ["--resume"])
        self._watch()
        self._publish(run)
        return self._shown(run)

    def delete(self, run_id: str) -> Entry:
        """Forget a run that has ended; its model stays. It can be undone."""
        run = self._find(run_id)
        with self._workspace.locked(), self._lock, run.lock:
            if run.status not in ENDED:
                raise Conflict("this training runs: stop it first")
            entry = self._trash.delete("training", f"the training of {run.record['dataset']}", [run.folder])
            self._runs.pop(run_id, None)
        self._hub.changed("training")
        return entry

    def close(self) -> None:
        """Stop looking. What runs, runs on."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join(5)

    # --- processes ---------------------------------------------------------------------------------

    def _launch(self, run: _Run, more: list[str]) -> None:
        record = run.record
        options = record["options"]
        self._workspace.folder(self._workspace.models)
        target = self._target(run).relative_to(self._workspace.root)
        command = ["-m", "impsy", "train", str(Path(self._workspace.datasets.name) / record["dataset"])]
        command += ["-M", record["size"], "-O", str(target), "--json", *more]
        for key, option in _OPTIONS.items():
            if key in options:
                command += [option, str(options[key])]
        log_file = run.folder / "log.txt"
        log_file.unlink(missing_ok=True)
        with append_regular(run.folder / "progress.jsonl") as output, append_regular(log_file) as log:
            run.process = start(command, self._workspace.root, stdout=output, stderr=log, detached=True)
        made = None
        with suppress(psutil.Error):
            made = psutil.Process(run.process.pid).create_time()
        run.cpu = CpuTime()
        started = {"pid": run.process.pid, "made": made, "launched": time.time(), "sentence": ""}
        self._save(run, status="running", command=command, **started)

    def _target(self, run: _Run) -> Path:
        """The folder that it writes to."""
        return run.folder / "model" if run.record.get("name") else self._workspace.models

    def _move(self, run: _Run) -> None:
        """Move a model with a name of its own to the models: the file to play last, so that it is whole when seen."""
        name = run.record.get("name")
        if not name or not run.progress.model:
            return
        stem = Path(run.progress.model).stem
        self._workspace.models.mkdir(exist_ok=True)
        for suffix in (".keras", ".json", ".tflite"):
            with suppress(FileNotFoundError):  # it was moved before, or there is none
                (self._target(run) / f"{stem}{suffix}").replace(self._workspace.models / f"{name}{suffix}")

    def _check_free(self, model: str) -> None:
        busy = next((run for run in self._runs.values() if run.model == model and run.status not in ENDED), None)
        if busy is not None:
            raise Conflict(
                f"a model of this size and dimension is being trained (on {busy.record['dataset']}): "
                "stop that first, or choose another size"
            )

    def _resumable(self, run: _Run) -> bool:
        """Whether its state was kept, and is still its own."""
        if run.status not in ("stopped", "interrupted", "failed"):
            return False
        latest = max(
            (each for each in self._runs.values() if each.model == run.model), key=lambda each: each.record["started"]
        )
        # What the data shows decides how many mixtures the network has, which its name says.
        name = run.progress.name or run.record["model"]
        return latest is run and (self._target(run) / f"{name}.training.npz").is_file()

    def _new_id(self, now: datetime, dimension: int, size: str) -> str:
        base = f"{now:%Y-%m-%dT%H-%M-%S}-{dimension}d-{size}"
        names = (base if number == 1 else f"{base}-{number}" for number in count(1))
        return next(name for name in names if not (self._folder / name).exists())

    # --- looking at them ---------------------------------------------------------------------------

    def _watch(self) -> None:
        """Have a thread look at what runs, if anything does and none looks yet."""
        with self._lock:
            runs = any(run.status not in ENDED for run in self._runs.values())
            if runs and self._thread is None and not self._stop.is_set():
                self._thread = lasting("impsy training", self._look_on, self._stop.is_set)
                self._thread.start()

    def _look_on(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            with self._lock:
                going = [run for run in self._runs.values() if run.status not in ENDED]
                if not going:
                    self._thread = None
                    return
            for run in going:
                with self._failures:  # a full disk must not end the looking
                    self._look_at(run)

    def _look_at(self, run: _Run) -> None:
        with run.lock:
            # First whether it has ended: its last output can then be read.
            ended = _has_ended(run)
            fresh = run.progress.look()
            waits = run.cpu.waiting
            fresh |= not ended and _look_at_cpu(run) != waits
            if ended:
                self._conclude(run)
        if ended:
            self._hub.changed("training")
            if run.progress.model:
                self._hub.changed("models")
        if ended or fresh:
            self._publish(run)

    def _conclude(self, run: _Run) -> None:
        """Say how it ended."""
        status, sentence = _verdict(run)
        run.process = None
        self._move(run)
        self._save(run, status=status, sentence=sentence, ended=datetime.now().isoformat(timespec="seconds"))

    def follow(self) -> None:
        """Take up the runs that the disk knows of, and forget those whose folder is gone."""
        with self._lock:
            try:
                there = {path.name for path in self._folder.iterdir() if path.is_dir()}
            except OSError:
                there = set()
            for gone in [run_id for run_id, run in self._runs.items() if run_id not in there and run.status in ENDED]:
                del self._runs[gone]
            fresh = [run for run_id in sorted(there - self._runs.keys()) if (run := self._load(run_id)) is not None]
            for run in fresh:
                self._runs[run.id] = run
        for run in fresh:
            run.progress.look()
            if run.status not in ENDED and _has_ended(run):
                with run.lock, suppress(OSError, DeviceError):
                    self._conclude(run)
        self._watch()

    def _load(self, run_id: str) -> _Run | None:
        folder = self._folder / run_id
        try:
            record = json.loads(read_regular(folder / "run.json", _LARGEST_RECORD))
            texts = all(isinstance(record[key], str) for key in ("dataset", "size", "model", "started", "status"))
            if not texts or not isinstance(record["options"], dict) or record["size"] not in SIZES:
                return None
            for key in ("dataset", "model"):  # a resumed run reads the one, and goes on from what lies by the other
                safe_name(record[key])
            if "name" in record:
                safe_name(record["name"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError, DataError):
            return None
        if record["status"] not in (*ENDED, "running", "stopping"):
            return None
        return _Run(run_id, folder, record, Progress(folder / "progress.jsonl"))

    # --- saving and publishing ---------------------------------------------------------------------

    def _save(self, run: _Run, **what: Any) -> None:
        run.record.update(what)
        write_whole(run.folder / "run.json", json.dumps(run.record, indent=1).encode())

    def _publish(self, run: _Run) -> None:
        self._hub.send({"type": "training", "run": self._shown(run)})

    def _find(self, run_id: str) -> _Run:
        self.follow()
        with self._lock:
            if run_id not in self._runs:
                raise NotFound("there is no such training (any more)")
            return self._runs[run_id]

    def _shown(self, run: _Run, every: bool = False) -> Run:
        with self._lock, run.lock:
            progress, status = run.progress, run.status
            return Run(
                id=run.id,
                dataset=run.record["dataset"],
                size=run.record["size"],
                status=status,
                started=run.record["started"],
                seconds=round(_seconds(run.record), 1),
                waiting=status == "running" and run.cpu.waiting,
                epoch=progress.epoch,
                epochs=progress.epochs,
                pace=progress.pace,
                left=progress.left if status == "running" else None,
                losses=progress.shown(every),
                best=progress.best,
                model=run.made,
                resumable=status in ENDED and self._resumable(run),
                options=run.record["options"],
                sentence=run.record.get("sentence") or _sentence(run),
            )


def _seconds(record: Mapping[str, Any]) -> float:
    """Seconds from the start of a run's process until now, or until its end; 0 if they are not known."""
    since = record.get("launched", record.get("made"))
    if not isinstance(since, int | float):
        return 0.0
    until = time.time()
    if record["status"] in ENDED:
        try:
            until = datetime.fromisoformat(record["ended"]).timestamp()
        except (LookupError, TypeError, ValueError):
            return 0.0
    return max(0.0, until - since)


def _look_at_cpu(run: _Run) -> bool:
    """Whether its process gets almost no processor time."""
    pid = run.process.pid if run.process is not None else run.record.get("pid")
    with suppress(psutil.Error, TypeError, ValueError):
        times = psutil.Process(pid).cpu_times()
        run.cpu.look(time.monotonic(), times.user + times.system)
    return run.cpu.waiting


def _process(record: Mapping[str, Any]) -> psutil.Process | None:
    """The process that does a run; None if it has ended, even where another one has got its number."""
    pid, made = record.get("pid"), record.get("made")
    if not isinstance(pid, int) or not isinstance(made, int | float) or pid <= 0:
        return None
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - made) < _MADE_WITHIN and process.status() != psutil.STATUS_ZOMBIE
        # The file may have come with the workspace, and name any process.
        same = same and {"impsy", "train"}.issubset(process.cmdline())
    except psutil.Error:
        return None
    return process if same else None


def _has_ended(run: _Run) -> bool:
    if run.process is not None:
        return run.process.poll() is not None
    return _process(run.record) is None


def _interrupt(process: psutil.Process) -> None:
    """As Ctrl-C does."""
    with suppress(psutil.NoSuchProcess):
        if sys.platform == "win32":
            os.kill(process.pid, signal.CTRL_BREAK_EVENT)
        else:
            process.send_signal(signal.SIGINT)


def _verdict(run: _Run) -> tuple[Status, str]:
    """How a run ended, by its progress, its exit status where that is known, and the last line of its log."""
    progress, code = run.progress, run.process.returncode if run.process is not None else None
    if progress.phase == "done":
        if progress.ended == "stopped":
            return "stopped", f"stopped after epoch {progress.epoch}; the best so far is kept"
        return "done", f"done: {progress.ended}"
    log = end_of(run.folder / "log.txt")
    if code == _STOPPED_EARLY or (run.status == "stopping" and (code is None or code < 0)):
        return "stopped", "stopped before anything was learned"
    if code is not None and code < 0:
        return "interrupted", f"it was ended from outside ({signal_name(-code)}); it can go on from what was kept"
    if code is None and not any(sign in log for sign in ("Error: ", "Traceback (most recent call last)")):
        return "interrupted", "it was ended from outside, or the machine was; it can go on from what was kept"
    return "failed", last_line(log)


_PHASES = {
    "loading": "loading what training needs",
    "compiling": "compiling the first step, which takes some seconds",
    "learning": "learning",
    "done": "done",
}


_WAITS = (
    "it waits for the processor: other programs keep this machine busy, and training comes after them. It goes on by "
    "itself; to hurry it, end what computes"
)


def _sentence(run: _Run) -> str:
    if run.status == "stopping":
        return "stopping: the best so far is being written"
    if run.cpu.waiting:
        return _WAITS
    if run.progress.notes and run.progress.phase == "learning":
        return run.progress.notes[-1]
    return _PHASES[run.progress.phase]
