"""The progress of a training run: from the lines of ``impsy train --json`` to what the page shows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from impsy.files import open_regular
from impsy.protocol.library import Loss

__all__ = ["ENDED", "LOSSES_SHOWN", "CpuTime", "Progress", "Status"]

Status = Literal["running", "stopping", "done", "stopped", "failed", "interrupted"]
ENDED: tuple[Status, ...] = ("done", "stopped", "failed", "interrupted")

LOSSES_SHOWN = 300
"""Points of a curve in lists and messages; a run by itself has all of them."""

WAITING_SECONDS = 15.0
"""A process that got almost no processor time for so long is said to wait for it."""
WAITING_SHARE = 0.05

_LONGEST_LINE = 1 << 20
_LARGEST = 1 << 30


@dataclass
class CpuTime:
    """Whether a process gets processor time. Times are in seconds."""

    waiting: bool = False
    _since: float | None = None
    _used: float = 0.0

    def look(self, now: float, used: float) -> bool:
        """Note that it has ``used`` so much in all; whether ``waiting`` is another than before."""
        before = self.waiting
        if self._since is None or used < self._used:
            self._since, self._used = now, used
        elif used - self._used > WAITING_SHARE * WAITING_SECONDS:
            self.waiting, self._since, self._used = False, now, used
        elif now - self._since >= WAITING_SECONDS:
            self.waiting = True
        return self.waiting != before


@dataclass
class Progress:
    """Reads the lines of one run as they are written, from a file that it keeps its place in."""

    path: Path
    read: int = 0
    phase: Literal["loading", "compiling", "learning", "done"] = "loading"
    epoch: int = 0
    epochs: int | None = None
    pace: float | None = None
    left: float | None = None
    best: float | None = None
    losses: list[Loss] = field(default_factory=list)
    name: str = ""
    model: str | None = None
    ended: str = ""
    notes: list[str] = field(default_factory=list)
    _steps: int = 0
    _rest: bytes = b""

    def begin(self) -> None:
        """A process was started (again): it has reported nothing yet."""
        self.phase, self.model, self.ended, self.left = "loading", None, "", None

    def look(self) -> bool:
        """Read what was written since the last time; whether there was anything."""
        try:
            with open_regular(self.path, _LARGEST) as file:
                file.seek(self.read)
                fresh = file.read()
        except OSError:
            return False
        self.read += len(fresh)
        *lines, self._rest = (self._rest + fresh).split(b"\n")
        self._rest = self._rest[-_LONGEST_LINE:]
        for line in lines:
            self._take(line)
        return bool(lines)

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            handle = {"start": self._start, "progress": self._progress, "done": self._done}[message["event"]]
            handle(message)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return  # a line that was cut off, or that a newer version writes

    def _start(self, message: Mapping[str, Any]) -> None:
        self.phase = "compiling"
        self.name = Path(str(message.get("name", ""))).name
        self._steps = int(message["recipe"]["steps"])
        self.epochs = int(message["recipe"]["epochs"])
        # What a crash cost is learned and reported again.
        resumed_at = int(message.get("resumed_at") or 0) // max(1, self._steps)
        self.losses = [loss for loss in self.losses if loss["epoch"] <= resumed_at]
        self.epoch = resumed_at

    def _progress(self, message: Mapping[str, Any]) -> None:
        self.phase = "learning"
        self.epoch = int(message["epoch"])
        self.epochs = max(self.epoch, math.ceil(int(message["total"]) / max(1, self._steps))) if self._steps else None
        self.pace, self.left, self.best = (_number(message.get(key)) for key in ("step_ms", "left", "best"))
        if message.get("note"):
            self.notes = [*self.notes[-4:], str(message["note"])[:500]]
        train, held_out = _number(message.get("loss")), _number(message.get("held_out"))
        if not self.losses or self.losses[-1]["epoch"] < self.epoch:
            self.losses.append(Loss(epoch=self.epoch, train=train, held_out=held_out))

    def _done(self, message: Mapping[str, Any]) -> None:
        files = [str(file) for file in message["files"]]
        self.model = next((Path(file).name for file in files if file.endswith(".tflite")), None)
        self.ended = str(message["figures"]["ended"])
        self.left = 0.0
        self.phase = "done"
        best = _number(message["figures"].get("held_out_nll"))
        self.best = self.best if best is None else best

    def shown(self, every: bool) -> list[Loss]:
        """The curve; thinned out unless ``every`` point is wanted."""
        step = 1 if every else max(1, math.ceil(len(self.losses) / LOSSES_SHOWN))
        return self.losses[::-1][::step][::-1]


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable else None
