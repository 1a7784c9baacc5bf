"""The results of an evaluation, as frozen data and as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.answers import Answers
from impsy.evaluation.calibration import Calibration
from impsy.evaluation.likelihood import Likelihood
from impsy.evaluation.playing import Gestures, Playing
from impsy.evaluation.report.verdict import Sentence
from impsy.evaluation.twosample import TwoSample

__all__ = ["DataFacts", "Excerpt", "ModelFacts", "Report", "Result", "to_json"]


@dataclass(frozen=True)
class DataFacts:
    """What was evaluated on. ``grid``: the step of the grid that each control's values lie on, 0 for none.

    ``windows`` of the ``held_out_windows`` were used, evenly spaced; ``why_fewer`` says why not all, "" if all were.
    ``held_out_events`` lie in ``held_out_performances`` stretches of performances; ``training_events`` in the rest.
    The temperatures are those that models play at. ``phrases`` are answered. ``left_out``: what was not measured for
    lack of time or playing, and why, "" if nothing was.
    """

    name: str
    dimension: int
    performances: int
    events: int
    minutes: float
    grid: tuple[float, ...]
    split: Literal["windows", "performances"]
    fraction: float
    seed: int
    training_events: int
    held_out_events: int
    held_out_performances: int
    held_out_windows: int
    windows: int
    why_fewer: str
    heard_before_answer: int
    sigma_temperature: float
    pi_temperature: float
    phrases: int
    left_out: str


@dataclass(frozen=True)
class ModelFacts:
    """What a model file is; see :class:`impsy.models.opening.OpenedModel`.

    The temperatures are those at which it plays what it has learnt: its densities are measured there.
    """

    file: str
    format: str
    bytes: int
    units: int
    layers: int
    mixtures: int
    parameters: int | None
    architecture: str | None
    runs: str
    sigma_temperature: float
    pi_temperature: float


@dataclass(frozen=True)
class Result:
    """The figures of one contestant. Those that it cannot have are None: without a density, there is no likelihood.

    ``kind``: a ``model``, a ``baseline``, or the ``players`` themselves: held out (what the others are measured by),
    or in the training part (how far playing is from playing). ``telling``: whether one could tell a model from them.
    """

    name: str
    kind: Literal["model", "baseline", "players"]
    facts: ModelFacts | None = None
    windows: Likelihood | None = None
    performances: Likelihood | None = None
    calibration: Calibration | None = None
    free: Playing | None = None
    answering: Playing | None = None
    gestures: Gestures | None = None
    answers: Answers | None = None
    two_sample: TwoSample | None = None
    two_sample_anywhere: TwoSample | None = None
    verdict: tuple[Sentence, ...] = ()
    telling: Sentence | None = None


@dataclass(frozen=True, eq=False)
class Excerpt:
    """For a plot: the events heard (H, D), and what the contestant ``name`` then played (T, D)."""

    name: str
    heard: NDArray[np.float32]
    played: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Report:
    """All that an evaluation found. ``results`` begin with the models, in the order in which they were given.

    ``players`` is held-out playing, from which all distances are. ``excerpts`` are not in the JSON.
    """

    version: str
    data: DataFacts
    players: Result
    results: tuple[Result, ...]
    seconds: float
    excerpts: tuple[Excerpt, ...] = field(default=(), metadata={"json": False})

    def to_json(self) -> dict[str, Any]:
        """As ``json.dumps`` takes it: dataclasses as objects, tuples as arrays, what is no number as null."""
        found: dict[str, Any] = to_json(self)
        return found


def to_json(thing: Any) -> Any:
    """Dataclasses, named tuples and tuples, nested, as what JSON knows."""
    if is_dataclass(thing):
        kept = (each.name for each in fields(thing) if each.metadata.get("json", True))
        return {name: to_json(getattr(thing, name)) for name in kept}
    if isinstance(thing, tuple) and hasattr(thing, "_fields"):
        return {name: to_json(part) for name, part in zip(thing._fields, thing, strict=True)}
    if isinstance(thing, tuple | list):
        return [to_json(part) for part in thing]
    if isinstance(thing, float):
        return float(thing) if math.isfinite(thing) else None
    return thing
