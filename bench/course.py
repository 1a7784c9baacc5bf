"""What trainers print while they learn, read as a course of losses. Pure functions of lines.

Two ways of telling are understood: ``impsy train --json``, one object a line, and Keras's own progress, which
released versions show.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bench.figures import median

__all__ = ["Course", "Look", "keras_course", "keras_look", "lines_course"]

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x08\r]")
_BAR = re.compile(r"\b([0-9]{1,9})/([0-9]{1,9})\b.*\b([0-9]{1,9})(us|ms|s)/step\b")
_LOSS = re.compile(r"\bloss: (\S{1,40})")
_HELD_OUT = re.compile(r"\bval_loss: (\S{1,40})")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

Line = tuple[float, str]
"""When a line was printed, in seconds since the command began; and the line, without its end."""


@dataclass(frozen=True, slots=True)
class Look:
    """A look at held-out playing: seconds since the command began, and losses in nats an event."""

    seconds: float
    loss: float
    held_out: float


@dataclass(frozen=True, slots=True)
class Course:
    """How a training went: its looks in order, milliseconds a step and windows in a step (0 where not told)."""

    looks: tuple[Look, ...]
    step_ms: float
    batch: int = 0

    @property
    def best(self) -> float | None:
        """The lowest held-out loss told; ``None`` if none was a number."""
        return min((look.held_out for look in self.looks if math.isfinite(look.held_out)), default=None)

    def reached(self, target: float) -> float | None:
        """Seconds until a held-out loss of ``target`` or less was first told; ``None`` if it never was."""
        return next((look.seconds for look in self.looks if look.held_out <= target), None)


def lines_course(lines: Iterable[Line]) -> Course:
    """The course that ``impsy train --json`` told. What is no such line is passed over."""
    looks: list[Look] = []
    step_ms, batch = 0.0, 0.0
    for seconds, line in lines:
        match _object(line):
            case {"event": "start", "recipe": {"batch": found}}:
                batch = _number(found) or batch
            case {"event": "progress", "loss": loss, "held_out": held_out, "step_ms": pace}:
                looks.append(Look(seconds, _or_nan(loss), _or_nan(held_out)))
                step_ms = _number(pace) or step_ms
            case {"event": "done", "figures": {"step_ms": pace}}:
                step_ms = _number(pace) or step_ms
    return Course(tuple(looks), step_ms, round(batch))


def keras_course(lines: Iterable[Line]) -> Course:
    """The course that Keras's progress told. A step is the median over epochs, without the looks between them."""
    looks: list[Look] = []
    paces: list[float] = []
    for seconds, line in lines:
        if look := keras_look(seconds, line):
            looks.append(look)
        elif pace := _keras_pace(line):
            paces.append(pace)
    return Course(tuple(looks), median(paces) if paces else 0.0)


def keras_look(seconds: float, line: str) -> Look | None:
    """The look that ends an epoch, if this line of Keras's tells of one."""
    text = _ESCAPES.sub("", line)
    loss, held_out = _LOSS.search(text), _HELD_OUT.search(text)
    # A line that says how `val_loss` improved has no bar: it is a remark about a look.
    if not (loss and held_out and _BAR.search(text)):
        return None
    return Look(seconds, _or_nan(loss[1]), _or_nan(held_out[1]))


def _keras_pace(line: str) -> float | None:
    """Milliseconds a step of a whole epoch: what stands in the bar when it is full."""
    found = _BAR.search(_ESCAPES.sub("", line))
    if not found or found[1] != found[2]:
        return None
    return int(found[3]) * _MILLISECONDS[found[4]]


def _object(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _number(thing: object) -> float | None:
    """A finite number, or the text of one; else ``None``."""
    if not isinstance(thing, int | float | str):
        return None
    try:
        number = float(thing)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _or_nan(thing: object) -> float:
    number = _number(thing)
    return math.nan if number is None else number
