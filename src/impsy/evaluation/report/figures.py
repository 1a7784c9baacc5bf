"""The figures of a report in tables: their names, meanings and values, and which of two values is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from impsy.evaluation.playing import Estimate
from impsy.evaluation.report.data import DataFacts, ModelFacts, Report, Result
from impsy.text import counted

__all__ = ["GROUPS_OF_FIGURES", "Figure", "best", "facts_of_data", "facts_of_model", "rows_with"]


@dataclass(frozen=True)
class Figure:
    """``path`` leads from a result to the figure: attributes, or the number of an item, between dots.

    ``format`` is how it is written. ``better``: less, or the nearest to a number, or neither. ``brief``: it is shown
    on a terminal too.
    """

    name: str
    meaning: str
    path: str
    format: str = ".2f"
    better: float | Literal["less", "none"] = "less"
    brief: bool = True

    def of(self, result: Result) -> float | None:
        """The figure; None if the result does not have it."""
        found = self._find(result)
        return found.value if isinstance(found, Estimate) else None if found is None else float(found)

    def error(self, result: Result) -> float | None:
        """Its standard error, None where there is none."""
        found = self._find(result)
        return found.error if isinstance(found, Estimate) else None

    def _find(self, result: Result) -> Any:
        found: Any = result
        for part in self.path.split("."):
            if found is not None:
                found = found[int(part)] if part.isdigit() else getattr(found, part)
        return found

    def text(self, value: float) -> str:
        """As people read it."""
        return format(value, self.format)

    def badness(self, value: float) -> float:
        """Less is better."""
        return abs(value - self.better) if isinstance(self.better, float) else value


def _likelihood(where: str, sequence: str) -> list[Figure]:
    what, over, each = "nats per event", "median over events", f"median over {sequence}s of each one's mean"
    rows = (
        ("mean", f"{what}, mean over events", "joint.mean"),
        ("median", f"{what}, {over}", "joint.median"),
        (f"median {sequence}", f"{what}, {each}", "joint.median_of_sequences"),
        ("time", f"{what}, mean, of dt alone", "time.mean"),
        ("time, median", f"{what}, {over}, of dt alone", "time.median"),
        ("values", f"{what}, mean, of all values alone", "values.mean"),
        ("values, median", f"{what}, {over}, of all values alone", "values.median"),
        ("bits", "bits per event to tell the steps of all controls on a grid, mean", "bits.mean"),
        ("bits, median", f"the same, {over}", "bits.median"),
    )
    return [Figure(name, meaning, f"{where}.{path}", brief=", median" not in name) for name, meaning, path in rows]


def _calibration(part: str) -> list[Figure]:
    where, perfect = f"calibration.{part}", "|share of ranks ≤ p − p|; 0 is perfect"
    return [
        Figure(f"{part}: error", f"mean {perfect}", f"{where}.error", ".3f"),
        Figure("greatest", f"greatest {perfect}", f"{where}.greatest", ".3f", brief=False),
        Figure("in 50 %", "events within the central 50 % interval", f"{where}.coverage_50", ".0%", 0.5),
        Figure("in 90 %", "events within the central 90 % interval", f"{where}.coverage_90", ".0%", 0.9),
    ]


def _playing(way: str) -> list[Figure]:
    one, ends = "share of events in which exactly one control moves", "share of playing at 0 or 1"
    moving = "distance of the number of controls that move in an event"
    return [
        Figure("dt", "distance of log10(dt / s), in decades", f"{way}.distances.dt", ".3f"),
        Figure("step", "distance of the size of steps, in units of 1/127", f"{way}.distances.step"),
        Figure("moving", moving, f"{way}.distances.moving", ".3f"),
        Figure("pinned", "distance of the share of a stretch at 0 or 1", f"{way}.distances.pinned", ".3f"),
        Figure("one moves", one, f"{way}.one_moves", ".1%", "none"),
        Figure("at 0 or 1", ends, f"{way}.pinned_share", ".1%", "none"),
    ]


def _auc(name: str, path: str, what: str) -> Figure:
    meaning = f"area under the ROC curve of telling {what} from the players'; 0.5 is not at all, 1 always"
    return Figure(name, meaning, path, ".3f", 0.5)


_BUSIEST = "share of moves on the busiest three controls"
GROUPS_OF_FIGURES: Mapping[str, tuple[str, Sequence[Figure]]] = {
    "windows": ("Windows: 50 events from the zero state", _likelihood("windows", "window")),
    "performances": ("Performances: state carried to the end", _likelihood("performances", "performance")),
    "calibration": ("Calibration, performances", [*_calibration("time"), *_calibration("values")]),
    "two_sample": (
        "Told from the players by a classifier (AUC; 0.5 is not at all)",
        [
            _auc("50 events", "two_sample.auc", "50 events"),
            _auc("10 events", "two_sample.auc10", "10 events"),
            _auc("anywhere: 50", "two_sample_anywhere.auc", "50 events, contexts from all playing,"),
            _auc("anywhere: 10", "two_sample_anywhere.auc10", "10 events, contexts from all playing,"),
        ],
    ),
    "gestures": (
        "Gestures, answering",
        [
            Figure("none moves", "share of events in which no control moves", "gestures.shares.0", ".1%", "none"),
            Figure("busiest 3", _BUSIEST, "gestures.spread", ".0%", "none"),
            Figure(
                "gesture", "events for which the same controls go on moving, mean", "gestures.length", ".1f", "none"
            ),
            Figure(
                "rest", "events in a stream's longest run of nothing moving, mean", "gestures.rest", ".1f", "none"
            ),
            Figure("switch", "seconds before another gesture begins, median", "gestures.switch", ".3f", "none"),
        ],
    ),
    "answers": (
        "Call and response: answers to phrases",
        [
            Figure(
                "answers", "phrases that were answered before the player came back", "answers.answers", ",.0f", "none"
            ),
            Figure("events", "in all answers", "answers.events", ",.0f", "none", brief=False),
            Figure(
                "overlap",
                "controls that phrase and answer share, of all that either moves",
                "answers.overlap",
                better="none",
            ),
            Figure("busiest 3", _BUSIEST, "answers.spread", ".0%", "none"),
            Figure("opening", "controls that an answer's first event moves, mean", "answers.opening", ".1f", "none"),
            Figure(
                "silence", "seconds of the longest silence once an answer has begun", "answers.silence", ".1f", "none"
            ),
        ],
    ),
    "answering": ("Answering: distances from held-out playing", _playing("answering")),
    "on its own": ("On its own: distances from held-out playing", _playing("free")),
}


def best(figure: Figure, results: Sequence[Result]) -> Result | None:
    """The result with the best figure, players excepted; None if there is only one, or no value is better."""
    found = [(figure.badness(value), i) for i, each in enumerate(results) if (value := figure.of(each)) is not None]
    found = [(badness, i) for badness, i in found if results[i].kind != "players"]
    if figure.better == "none" or len(found) < 2:
        return None
    return results[min(found)[1]]


def rows_with(report: Report, figures: Sequence[Figure]) -> list[Result]:
    """The results with any of the ``figures``, the players first."""
    everyone = [report.players, *report.results]
    return [each for each in everyone if any(figure.of(each) is not None for figure in figures)]


def duration(minutes: float) -> str:
    """In seconds, minutes or hours."""
    return (
        f"{minutes * 60:.0f} s" if minutes < 1 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
    )


def temperatures(sigma: float, pi: float) -> str:
    """In words."""
    return f"variation {sigma:g}, surprise {pi:g}"


def facts_of_data(data: DataFacts) -> list[tuple[str, str]]:
    """What was evaluated on, in words."""
    grids = sorted({step for step in data.grid if step}, reverse=True)
    on_grid = sum(1 for step in data.grid if step)
    steps = ", ".join(f"1/{1 / step:.0f}" for step in grids)
    windows = (
        f"{data.windows:,} of {data.held_out_windows:,} ({data.why_fewer})" if data.why_fewer else f"{data.windows:,}"
    )
    return [
        ("dataset", data.name),
        ("dimension", str(data.dimension)),
        (
            "playing",
            f"{counted(data.performances, 'performance')}, {counted(data.events, 'event')}, {duration(data.minutes)}",
        ),
        (
            "values",
            f"{on_grid} of {counted(len(data.grid), 'control')} on a grid of {steps}" if grids else "continuous",
        ),
        (
            "held out",
            f"the last {data.fraction:.0%} of windows"
            if data.split == "windows"
            else f"{data.fraction:.0%} in whole performances",
        ),
        ("held-out events", f"{data.held_out_events:,} in {data.held_out_performances:,} stretches"),
        ("held-out windows", windows),
        ("seed", str(data.seed)),
        ("played at", temperatures(data.sigma_temperature, data.pi_temperature)),
        *([("left out", data.left_out)] if data.left_out else []),
    ]


def facts_of_model(facts: ModelFacts) -> list[tuple[str, str]]:
    """What a model is, in words."""
    parameters = "" if facts.parameters is None else f", {facts.parameters:,} parameters"
    return [
        ("file", facts.file),
        ("format", f"{facts.format}, {counted(facts.bytes, 'byte')}"),
        ("network", f"{facts.layers} × {facts.units} LSTM, {facts.mixtures} mixture components{parameters}"),
        ("architecture", facts.architecture or "unknown"),
        ("evaluated by", facts.runs),
        ("densities at", temperatures(facts.sigma_temperature, facts.pi_temperature)),
    ]
