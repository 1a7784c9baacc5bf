"""The plots of a report, as SVG inside the page. They need pygal, which only the extra ``train`` installs.

Names and paths from files are not drawn: the page has them beside the plots, in its own text.
Colours are those of the page, by the names of its CSS variables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.calibration import BINS, PartCalibration
from impsy.evaluation.playing import DT_EDGES, Playing
from impsy.evaluation.report.chart import INK, Axis, Chart, round_ticks
from impsy.evaluation.report.data import Excerpt

__all__ = ["SERIES", "Way", "excerpt", "histogram_of_ranks", "one_of", "positions"]

Way = Literal["dt", "step", "moving", "pinned"]

SERIES = 8
"""Colours for contestants; the ninth takes the first again."""
_DT_TICKS = ((-3, "1 ms"), (-2, "10 ms"), (-1, "0.1 s"), (0, "1 s"), (1, "10 s"), (2, "100 s"))
_STEP_TICKS = tuple((math.log2(step), str(step)) for step in (1, 2, 4, 8, 16, 32, 64, 127))
_EXCERPT_CONTROLS = 8


def positions(series: Sequence[tuple[int, Sequence[float], Sequence[float]]]) -> str:
    """−log density by position in the window: (colour, mean, median) of each contestant."""
    low, high = _room([value for _, *both in series for values in both for value in values])
    chart = Chart(
        648,
        202,
        Axis(1, 50, [(1, "1"), *round_ticks(10, 50, 5)], "events heard"),
        Axis(low, high, round_ticks(low, high, 8), "nats per event"),
    )
    for colour, mean, median in series:
        where = np.arange(1, len(mean) + 1)
        chart.line(where, median, _colour(colour))
        chart.line(where, mean, _colour(colour), width=1.0, dashes="3 2")
    return chart.svg("Negative log-likelihood by how many events were heard")


def histogram_of_ranks(colour: int, part: PartCalibration) -> str:
    """Where in the predicted distribution the played values are; 1 everywhere is perfect."""
    heights = np.array(part.histogram) * BINS
    high = 1.05 * max(2.0, float(heights.max()))
    chart = Chart(
        230,
        108,
        Axis(0, 1, [(0, "0"), (0.5, "0.5"), (1, "1")]),
        Axis(0, high, round_ticks(0, high, 4)),
        grid=False,
    )
    chart.bars((np.arange(BINS) + 0.5) / BINS, 0.9 / BINS, heights, _colour(colour))
    chart.line([0, 1], [1, 1], INK, width=1.0, dashes="4 3")
    return chart.svg("Histogram of ranks; level at 1 is perfect")


def one_of(way: Way, players: Playing, series: Sequence[tuple[int, Playing]]) -> str:
    """One distribution of playing: the players' as an area (or in ink), each contestant's in its colour."""
    return _WAYS[way](players, series)


def _dt(players: Playing, series: Sequence[tuple[int, Playing]]) -> str:
    all_of_them = [players.dt_histogram, *(each.dt_histogram for _, each in series)]
    shown = np.flatnonzero(np.max(all_of_them, axis=0) > 0.001)
    bins = slice(shown[0], shown[-1] + 1)
    edges = DT_EDGES[shown[0] : shown[-1] + 2]
    # One that plays a single dt all the time would flatten all others.
    high = 105 * min(np.max(all_of_them), 3 * max(players.dt_histogram))
    chart = _distribution(Axis(edges[0], edges[-1], _DT_TICKS, "dt"), high, "% of events")
    chart.area(edges, np.array(players.dt_histogram[bins]) * 100, INK, opacity=0.18)
    for colour, playing in series:
        heights = np.concatenate([[0.0], playing.dt_histogram[bins], [0.0]]) * 100
        chart.stairs(np.concatenate([edges[:1], edges, edges[-1:]]), heights, _colour(colour), top=high)
    return chart.svg("Time between events")


def _step(players: Playing, series: Sequence[tuple[int, Playing]]) -> str:
    def below(playing: Playing) -> NDArray[np.float64]:
        return np.cumsum(playing.step_histogram)[1:] * 100

    edges = np.log2(np.arange(1, 129))
    chart = _distribution(Axis(0, 7, _STEP_TICKS, "steps of 1/127, at most"), 102, "% of moves")
    chart.area(edges, below(players), INK, opacity=0.18)
    for colour, playing in series:
        chart.stairs(edges, below(playing), _colour(colour))
    return chart.svg("Size of a control's step, cumulative")


def _moving(players: Playing, series: Sequence[tuple[int, Playing]]) -> str:
    shares = [players.moving_shares, *(each.moving_shares for _, each in series)]
    chart = _bars(shares, [colour for colour, _ in series], 0, "controls that move in an event", "% of events")
    return chart.svg("How many controls move")


def _pinned(players: Playing, series: Sequence[tuple[int, Playing]]) -> str:
    shares = [players.pinned_by_control, *(each.pinned_by_control for _, each in series)]
    chart = _bars(shares, [colour for colour, _ in series], 1, "control", "% of events at 0 or 1")
    return chart.svg("How much of playing each control is at its end")


_WAYS: Mapping[Way, Callable[[Playing, Sequence[tuple[int, Playing]]], str]] = {
    "dt": _dt,
    "step": _step,
    "moving": _moving,
    "pinned": _pinned,
}


def excerpt(shown: Excerpt, seconds: float) -> str:
    """Controls over time: what was heard, and how it went on for ``seconds``."""
    began = float(shown.heard[1:, 0].sum())
    events = np.concatenate([shown.heard, shown.played])
    times = np.cumsum(events[:, 0], dtype=np.float64) - float(events[0, 0]) - began
    kept = times <= seconds
    low, high = -0.04, 1.04
    chart = Chart(
        648,
        112,
        Axis(-began, seconds, round_ticks(-began, seconds, 9), "seconds"),
        Axis(low, high, [(0, "0"), (1, "1")]),
        grid=False,
    )
    chart.span(-began, 0.0, low, high, INK, opacity=0.07)
    for control in range(min(_EXCERPT_CONTROLS, events.shape[1] - 1)):
        chart.stairs([*times[kept], times[kept][-1]], events[kept, control + 1], _colour(control), width=1.1)
    return chart.svg("Controls over time: heard (shaded), then played")


def _bars(shares: Sequence[Sequence[float]], colours: Sequence[int], first: int, x_title: str, y_title: str) -> Chart:
    """Groups of bars, one group for each of the shares, the players' first."""
    places = np.arange(first, first + len(shares[0]))
    width = 0.84 / len(shares)
    ticks = [(place, str(place)) for place in places[:: -(-len(places) // 16)].tolist()]
    high = 105 * float(np.max(shares)) or 1.0
    chart = _distribution(Axis(first - 0.6, places[-1] + 0.6, ticks, x_title), high, y_title)
    paints = [(INK, 0.35), *((_colour(colour), 1.0) for colour in colours)]
    for i, (share, (paint, opacity)) in enumerate(zip(shares, paints, strict=True)):
        chart.bars(places - 0.42 + (i + 0.5) * width, width, np.array(share) * 100, paint, opacity=opacity)
    return chart


def _distribution(x: Axis, high: float, y_title: str) -> Chart:
    """The chart of a distribution of playing."""
    return Chart(331, 180, x, Axis(0, high, round_ticks(0, high, 8), y_title))


def _room(values: Sequence[float]) -> tuple[float, float]:
    """From the least to the greatest of those that are finite, and a little more."""
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    margin = max(0.05 * (high - low), 1e-6 * max(abs(low), abs(high))) or 0.5
    return low - margin, high + margin


def _colour(number: int) -> str:
    return f"var(--series-{number % SERIES})"
