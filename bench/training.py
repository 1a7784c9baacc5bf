"""One training by one program, from outside, and what it leaves, judged by one and the same evaluation."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.course import Course, Line, keras_course, keras_look, lines_course
from bench.figures import median
from bench.program import Program, Unanswered
from bench.table import Row, Tally
from bench.watched import Watched, watch

__all__ = ["Trainer", "evaluation", "rows_for", "train"]

KERAS_BATCH = "64"
"""Windows in a step of released versions. Their output does not tell it, so they are told."""
_EVALUATION_LIMIT = 600.0
_STOP_WITHIN = 300.0
"""Seconds after the time it was given in which a trainer has to end an epoch, to be stopped there."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """How to train with a program.

    told: whether it tells its progress as lines of JSON; else Keras's progress is read.
    options: of ``impsy train``, beside dataset, destination and size.
    limit: seconds that it may take.
    minutes: when to end it, as Ctrl-C does, at the end of the epoch that is under way then; 0 lets it end by itself.
    cache: folder in which it keeps what it compiled; ``None`` leaves that to its surroundings.
    anew: whether that folder is emptied first, as it is on a machine that never trained.
    """

    name: str
    program: Program
    told: bool
    options: tuple[str, ...] = ()
    limit: float = 3600.0
    minutes: float = 0.0
    cache: Path | None = None
    anew: bool = False

    @classmethod
    def of(cls, program: Program) -> Trainer:
        """The trainer of ``program``, which is asked by ``--help`` how it can tell its progress."""
        with tempfile.TemporaryDirectory(prefix="impsy-bench-") as folder:
            said = watch(program.name, [*program.command, "train", "--help"], Path(folder), limit=120)
        told = any("--json" in line for _, line in said.lines)
        return cls(program.name, program, told)

    def command(self, dataset: Path) -> list[str]:
        """The command line; the models go to ``models`` in the working directory."""
        words = [*self.program.command, "train", str(dataset.absolute()), "-O", "models", "-M", "s"]
        return [*words, *(("--json",) if self.told else ("-B", KERAS_BATCH)), *self.options]

    def course(self, lines: Sequence[Line]) -> Course:
        """What its lines tell."""
        return lines_course(lines) if self.told else keras_course(lines)

    def is_over(self, seconds: float, line: str) -> bool:
        """Whether this line ends an epoch after its time."""
        if seconds < self.minutes * 60:
            return False
        if self.told:
            return bool(lines_course([(seconds, line)]).looks)
        return keras_look(seconds, line) is not None


def train(trainer: Trainer, dataset: Path, targets: Sequence[float], tally: Tally) -> Course:
    """Train once with ``dataset``, and add what was seen to ``tally``. Models are gone afterwards.

    Raises:
        Unanswered: it could not train, or left no model that can be evaluated.
    """
    with tempfile.TemporaryDirectory(prefix="impsy-bench-") as name:
        folder = Path(name)
        if trainer.anew and trainer.cache is not None:
            shutil.rmtree(trainer.cache, ignore_errors=True)
        seen = watch(
            trainer.name,
            trainer.command(dataset),
            folder,
            limit=trainer.minutes * 60 + _STOP_WITHIN if trainer.minutes else trainer.limit,
            until=trainer.is_over if trainer.minutes else None,
            environment={"IMPSY_CACHE": str(trainer.cache)} if trainer.cache is not None else {},
        )
        course = trainer.course(seen.lines)
        if not course.looks:
            raise Unanswered(f"{trainer.name} told no held-out loss in {len(seen.lines)} lines")
        _add(tally, seen, course, course.batch or int(KERAS_BATCH))
        for target in targets:
            reached = course.reached(target)
            if reached is not None:
                tally.add(_source(target), [reached])
        _judge(trainer.name, folder, dataset, tally)
    return course


def _add(tally: Tally, seen: Watched, course: Course, batch: int) -> None:
    tally.add("whole", [seen.seconds])
    tally.add("first", [course.looks[0].seconds])
    tally.add("memory", [seen.memory])
    tally.add("looks", [len(course.looks)])
    tally.add("batch", [batch])
    if course.step_ms:
        tally.add("step", [course.step_ms])
        tally.add("window", [course.step_ms / batch])
    if course.best is not None:
        tally.add("best", [course.best])
    ended = "stopped as by Ctrl-C" if seen.interrupted else "ended by itself"
    tally.facts["ended"] = f"{ended} after {len(course.looks)} epochs"


def _judge(name: str, folder: Path, dataset: Path, tally: Tally) -> None:
    """Evaluate the model that was left, and where there is one, the checkpoint beside it."""
    models = folder / "models"
    saved = sorted(models.glob("*.tflite"))
    if len(saved) != 1:
        raise Unanswered(f"{name} left {len(saved)} .tflite files, not one")
    mean, bits = evaluation(saved[0], dataset, folder)
    tally.add("saved", [mean])
    if bits is not None:
        tally.add("bits", [bits])
    for checkpoint in sorted(models.glob("*-ckpt.keras")):
        tally.add("checkpoint", [evaluation(checkpoint, dataset, folder)[0]])


def evaluation(model: Path, dataset: Path, folder: Path) -> tuple[float, float | None]:
    """Mean held-out NLL (nats an event) and bits an event of ``model`` by our ``impsy evaluate``, default windows.

    Bits are ``None`` where the dataset has no grid. Raises ``Unanswered`` if it cannot be evaluated.
    """
    command = [*Program.this().command, "evaluate", str(model), str(dataset.absolute()), "--json"]
    seen = watch(f"evaluating {model.name}", command, folder, limit=_EVALUATION_LIMIT)
    windows = json.loads(seen.lines[-1][1])["results"][0]["windows"]
    bits = windows["bits"]
    return float(windows["joint"]["mean"]), float(bits["mean"]) if bits else None


def _source(target: float) -> str:
    return f"to {target:g}"


def rows_for(targets: Sequence[float]) -> tuple[Row, ...]:
    """The rows of a comparison in which these held-out losses are to be reached."""
    nats: Callable[..., Row] = partial(Row, unit="nats", reduce=median, ratio=False)
    reach = [
        Row(f"to_{target:g}", _source(target), f"start -> held-out loss {target:g}", "s", median, 1)
        for target in sorted(targets, reverse=True)
    ]
    return (
        Row("whole", "whole", "whole command", "s", median, 1),
        Row("step", "step", "a step", "ms", median, 1),
        Row("batch", "batch", "windows in a step", "", median, 0, ratio=False),
        Row("window", "window", "a step, for each window", "ms", median, 3),
        Row("looks", "looks", "epochs", "", median, 0, ratio=False),
        Row("first", "first", "start -> first held-out loss told", "s", median, 1),
        *reach,
        nats(key="best", source="best", label="held-out loss, lowest told"),
        nats(key="saved", source="saved", label="held-out NLL of the saved model"),
        nats(key="checkpoint", source="checkpoint", label="held-out NLL of the checkpoint it leaves"),
        Row("bits", "bits", "bits an event of the saved model", "bits", median, 1, ratio=False),
        Row("memory", "memory", "peak memory", "MB", median, 0),
    )
