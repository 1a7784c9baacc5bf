"""The figures of a report, as a table knows them: name, meaning, where it is, and which of two is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from impsy.evaluation.playing import Estimate, Playing
from impsy.evaluation.report.data import DataFacts, ModelFacts, Report, Result

__all__ = ["GROUPS_OF_FIGURES", "Figure", "best", "facts_of_data", "facts_of_model", "rows_with"]

Direction = Literal["less", "none"]


@dataclass(frozen=True)
class Figure:
    """``of`` gives the figure of a result, None if it has none; ``format`` is how it is written.

    ``better`` says which is: less, or the nearest to a number, or neither. ``brief``: it is told on a terminal too.
    """

    name: str
    meaning: str
    find: Callable[[Result], float | Estimate | None]
    format: str = ".2f"
    better: float | Direction = "less"
    brief: bool = True

    def of(self, result: Result) -> float | None:
        """The figure itself."""
        found = self.find(result)
        return found.value if isinstance(found, Estimate) else found

    def error(self, result: Result) -> float | None:
        """Its standard error, None where there is none."""
        found = self.find(result)
        return found.error if isinstance(found, Estimate) else None

    def text(self, value: float) -> str:
        """As people read it."""
        return format(value, self.format)

    def badness(self, value: float) -> float:
        """Less is better."""
        return abs(value - self.better) if isinstance(self.better, float) else value


def _likelihood(where: str) -> list[Figure]:
    def part(name: str, what: str) -> Callable[[Result], float | None]:
        def find(result: Result) -> float | None:
            likelihood = getattr(result, where)
            summary = None if likelihood is None else getattr(likelihood, name)
            return None if summary is None else float(getattr(summary, what))

        return find

    sequence = "window" if where == "windows" else "performance"
    return [
        Figure("mean", "nats per event, mean over events", part("joint", "mean")),
        Figure("median", "nats per event, median over events", part("joint", "median")),
        Figure(
            f"median {sequence}",
            f"nats per event, median over {sequence}s of each one's mean",
            part("joint", "median_of_sequences"),
        ),
        Figure("time", "nats per event, mean, of dt alone", part("time", "mean")),
        Figure(
            "time, median", "nats per event, median over events, of dt alone", part("time", "median"), brief=False
        ),
        Figure("values", "nats per event, mean, of all values alone", part("values", "mean")),
        Figure(
            "values, median",
            "nats per event, median over events, of all values alone",
            part("values", "median"),
            brief=False,
        ),
        Figure("bits", "bits per event to tell the steps of all controls on a grid, mean", part("bits", "mean")),
        Figure("bits, median", "the same, median over events", part("bits", "median"), brief=False),
    ]


def _calibration() -> list[Figure]:
    def part(where: str, what: str) -> Callable[[Result], float | None]:
        def find(result: Result) -> float | None:
            found = result.calibration
            return None if found is None else float(getattr(getattr(found, where), what))

        return find

    figures = []
    for where in ("time", "values"):
        figures += [
            Figure(f"{where}: error", "mean |share of ranks ≤ p − p|; 0 is perfect", part(where, "error"), ".3f"),
            Figure(
                "greatest",
                "greatest |share of ranks ≤ p − p|; 0 is perfect",
                part(where, "greatest"),
                ".3f",
                brief=False,
            ),
            Figure("in 50 %", "events within the central 50 % interval", part(where, "coverage_50"), ".0%", 0.5),
            Figure("in 90 %", "events within the central 90 % interval", part(where, "coverage_90"), ".0%", 0.9),
        ]
    return figures


def _playing(way: str) -> list[Figure]:
    def distance(name: str) -> Callable[[Result], Estimate | None]:
        def find(result: Result) -> Estimate | None:
            playing: Playing | None = getattr(result, way)
            found = None if playing is None else playing.distances
            return None if found is None else getattr(found, name)

        return find

    def share(name: str) -> Callable[[Result], float | None]:
        def find(result: Result) -> float | None:
            playing: Playing | None = getattr(result, way)
            return None if playing is None else float(getattr(playing, name))

        return find

    return [
        Figure("dt", "distance of log10(dt / s), in decades", distance("dt"), ".3f"),
        Figure("step", "distance of the size of steps, in units of 1/127", distance("step"), ".2f"),
        Figure("moving", "distance of the number of controls that move in an event", distance("moving"), ".3f"),
        Figure("pinned", "distance of the share of a stretch at 0 or 1", distance("pinned"), ".3f"),
        Figure("one moves", "share of events in which exactly one control moves", share("one_moves"), ".1%", "none"),
        Figure("at 0 or 1", "share of playing at 0 or 1", share("pinned_share"), ".1%", "none"),
    ]


def _telling() -> list[Figure]:
    def auc(where: str, name: str) -> Callable[[Result], Estimate | None]:
        def find(result: Result) -> Estimate | None:
            told = getattr(result, where)
            return None if told is None else getattr(told, name)

        return find

    def figure(name: str, where: str, length: str, what: str, brief: bool) -> Figure:
        meaning = f"area under the ROC curve of telling {what} from the players'; 0.5 is not at all, 1 always"
        return Figure(name, meaning, auc(where, length), ".3f", 0.5, brief)

    return [
        figure("50 events", "told", "auc", "50 events", True),
        figure("10 events", "told", "auc10", "10 events", True),
        figure("anywhere: 50", "told_anywhere", "auc", "50 events, contexts from all playing,", True),
        figure("anywhere: 10", "told_anywhere", "auc10", "10 events, contexts from all playing,", True),
    ]


def _gestures() -> list[Figure]:
    def part(name: str) -> Callable[[Result], float | None]:
        return lambda result: None if result.gestures is None else getattr(result.gestures, name)

    def none_move(result: Result) -> float | None:
        return None if result.gestures is None else result.gestures.shares[0]

    return [
        Figure("none moves", "share of events in which no control moves", none_move, ".1%", "none"),
        Figure("busiest 3", "share of moves on the busiest three controls", part("spread"), ".0%", "none"),
        Figure("gesture", "events for which the same controls go on moving, mean", part("length"), ".1f", "none"),
        Figure("rest", "events in a stream's longest run of nothing moving, mean", part("rest"), ".1f", "none"),
        Figure("switch", "seconds before another gesture begins, median", part("switch"), ".3f", "none"),
    ]


def _answers() -> list[Figure]:
    def part(name: str) -> Callable[[Result], float | Estimate | None]:
        return lambda result: None if result.answers is None else getattr(result.answers, name)

    return [
        Figure("answers", "phrases that were answered before the player came back", part("answers"), ",.0f", "none"),
        Figure("events", "in all answers", part("events"), ",.0f", "none", brief=False),
        Figure(
            "overlap",
            "controls that phrase and answer share, of all that either moves",
            part("overlap"),
            ".2f",
            "none",
        ),
        Figure("busiest 3", "share of moves on the busiest three controls", part("spread"), ".0%", "none"),
        Figure("opening", "controls that an answer's first event moves, mean", part("opening"), ".1f", "none"),
        Figure("silence", "seconds of the longest silence once an answer has begun", part("silence"), ".1f", "none"),
    ]


GROUPS_OF_FIGURES: Mapping[str, tuple[str, Sequence[Figure]]] = {
    "windows": ("Windows: 50 events from the zero state", _likelihood("windows")),
    "performances": ("Performances: state carried to the end", _likelihood("performances")),
    "calibration": ("Calibration, performances", _calibration()),
    "told": ("Told from the players by a classifier (AUC; 0.5 is not at all)", _telling()),
    "gestures": ("Gestures, answering", _gestures()),
    "answers": ("Call and response: answers to phrases", _answers()),
    "answering": ("Answering: distances from held-out playing", _playing("answering")),
    "on its own": ("On its own: distances from held-out playing", _playing("free")),
}


def best(figure: Figure, results: Sequence[Result]) -> Result | None:
    """Who has the best; the players do not compete, and nobody is best alone or at what is neither good nor bad."""
    found = [(figure.badness(value), i) for i, each in enumerate(results) if (value := figure.of(each)) is not None]
    found = [(badness, i) for badness, i in found if results[i].kind != "players"]
    if figure.better == "none" or len(found) < 2:
        return None
    return results[min(found)[1]]


def rows_with(report: Report, figures: Sequence[Figure]) -> list[Result]:
    """Those who have any of the ``figures``, the players first."""
    everyone = [report.players, *report.results]
    return [each for each in everyone if any(figure.of(each) is not None for figure in figures)]


def duration(minutes: float) -> str:
    """In the unit that suits."""
    return (
        f"{minutes * 60:.0f} s" if minutes < 1 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
    )


def temperatures(sigma: float, pi: float) -> str:
    """In words."""
    return f"sigma temperature {sigma:g}, pi temperature {pi:g}"


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
        ("playing", f"{data.performances:,} performances, {data.events:,} events, {duration(data.minutes)}"),
        ("values", f"{on_grid} of {len(data.grid)} controls on a grid of {steps}" if grids else "continuous"),
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
        ("format", f"{facts.format}, {facts.bytes:,} bytes"),
        ("network", f"{facts.layers} × {facts.units} LSTM, {facts.mixtures} mixture components{parameters}"),
        ("architecture", facts.architecture or "unknown"),
        ("evaluated by", facts.runs),
        ("densities at", temperatures(facts.sigma_temperature, facts.pi_temperature)),
    ]
