"""The pictures of a report, as SVG to stand inside a page. Drawn by matplotlib, which only this module needs.

Nothing that comes from files (names, paths) is drawn: the page has these beside the pictures, in its own text.
Colours are those of the page, so that it can be light or dark: matplotlib is given stand-ins, which become CSS
variables.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from impsy.errors import ConfigError
from impsy.evaluation.calibration import BINS, PartCalibration
from impsy.evaluation.playing import DT_EDGES, Playing
from impsy.evaluation.report import Excerpt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SERIES", "Way", "drawing", "excerpt", "histogram_of_ranks", "one_of", "positions"]

Way = Literal["dt", "step", "moving", "pinned"]

SERIES = 8
"""Colours for contestants; the ninth takes the first again."""
_INK, _FAINT = "#010201", "#010202"
_STAND_INS = {_INK: "--ink", _FAINT: "--faint", **{f"#0103{i:02x}": f"--series-{i}" for i in range(SERIES)}}
_STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "impsy",
    "text.parse_math": False,
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.8,
    "text.color": _INK,
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "grid.color": _FAINT,
    "grid.linewidth": 0.4,
    "grid.alpha": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
}
_CHANGES = (
    (r"<metadata>.*?</metadata>", ""),
    (r"<style.*?</style>", ""),
    (r" font-family: [^;]*;", ""),
    (r"xlink:href", "href"),
    (r' transform="rotate\(-0 [^"]*"', ""),
    (r"\s*\n\s*", " "),
)
"""What a page does not need of a picture, or knows better: patterns, and what is put in their place."""
_DT_TICKS = {-3: "1 ms", -2: "10 ms", -1: "0.1 s", 0: "1 s", 1: "10 s", 2: "100 s"}
_EXCERPT_CONTROLS = 8


@contextmanager
def drawing() -> Iterator[None]:
    """What pictures are drawn within; raises ConfigError where matplotlib is missing."""
    try:
        from matplotlib import rc_context, rcdefaults, rcParams
    except ImportError as error:
        raise ConfigError(
            "the report's plots need matplotlib, which is not installed: pip install 'impsy[train]' "
            "(or leave out --report: the figures themselves need nothing more)"
        ) from error
    style: Any = dict(_STYLE)
    with rc_context():
        rcdefaults()  # not what a matplotlibrc in this folder says, which may have come from anyone and can run LaTeX
        rcParams.update(style)
        yield


def positions(series: Sequence[tuple[int, Sequence[float], Sequence[float]]]) -> str:
    """−log density by position in the window: (colour, mean, median) of each contestant."""
    figure = _figure(9.0, 2.8)
    axes = figure.subplots()
    for colour, mean, median in series:
        where = np.arange(1, len(mean) + 1)
        axes.plot(where, median, color=_colour(colour))
        axes.plot(where, mean, color=_colour(colour), linewidth=1.0, linestyle=(0, (3, 2)))
    axes.set(xlabel="events heard", ylabel="nats per event", xlim=(1, 50))
    axes.grid(axis="y")
    return _svg(figure, "Negative log-likelihood by how many events were heard")


def histogram_of_ranks(colour: int, part: PartCalibration) -> str:
    """Where in the predicted distribution the played value was, 1 where all is as foreseen."""
    figure = _figure(3.2, 1.5)
    axes = figure.subplots()
    axes.bar((np.arange(BINS) + 0.5) / BINS, np.array(part.histogram) * BINS, 0.9 / BINS, color=_colour(colour))
    axes.axhline(1.0, color=_INK, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.set(xlim=(0, 1), xticks=(0, 0.5, 1))
    axes.set_ylim(0, max(2.0, axes.get_ylim()[1]))
    return _svg(figure, "Histogram of ranks; level at 1 is perfect")


def one_of(way: Way, players: Playing, series: Sequence[tuple[int, Playing]]) -> str:
    """One thing that playing is told by: the players' as an area (or in ink), each contestant's in its colour."""
    figure = _figure(4.6, 2.5)
    axes = figure.subplots()
    title = _WAYS[way](axes, players, series)
    axes.grid(axis="y")
    return _svg(figure, title)


def _dt(axes: Axes, players: Playing, series: Sequence[tuple[int, Playing]]) -> str:
    axes.stairs(np.array(players.dt_histogram) * 100, DT_EDGES, fill=True, color=_INK, alpha=0.18)
    for colour, playing in series:
        axes.stairs(np.array(playing.dt_histogram) * 100, DT_EDGES, color=_colour(colour), linewidth=1.4)
    shown = np.flatnonzero(np.max([players.dt_histogram, *(each.dt_histogram for _, each in series)], axis=0) > 0.001)
    top = max(np.max(each.dt_histogram) for each in (players, *(each for _, each in series)))
    # One that plays a single dt all the time would flatten all others.
    axes.set_ylim(0, 100 * min(top, 3 * max(players.dt_histogram)) * 1.05)
    axes.set(xlabel="dt", ylabel="% of events", xlim=(DT_EDGES[shown[0]], DT_EDGES[shown[-1] + 1]))
    axes.set_xticks(list(_DT_TICKS), list(_DT_TICKS.values()))
    axes.set_xlim(DT_EDGES[shown[0]], DT_EDGES[shown[-1] + 1])
    return "Time between events"


def _step(axes: Axes, players: Playing, series: Sequence[tuple[int, Playing]]) -> str:
    def below(playing: Playing) -> Any:
        return np.cumsum(playing.step_histogram)[1:] * 100

    edges = np.arange(1, 129)
    axes.stairs(below(players), edges, fill=True, color=_INK, alpha=0.18)
    for colour, playing in series:
        axes.stairs(below(playing), edges, baseline=None, color=_colour(colour), linewidth=1.4)
    axes.set(xscale="log", xlim=(1, 128), ylim=(0, 102), xlabel="steps of 1/127, at most", ylabel="% of moves")
    axes.set_xticks([1, 2, 4, 8, 16, 32, 64, 127], ["1", "2", "4", "8", "16", "32", "64", "127"])
    axes.minorticks_off()
    return "Size of a control's step, cumulative"


def _moving(axes: Axes, players: Playing, series: Sequence[tuple[int, Playing]]) -> str:
    _bars(axes, players.moving_shares, [(colour, each.moving_shares) for colour, each in series], first=0)
    axes.set(xlabel="controls that move in an event", ylabel="% of events")
    return "How many controls move"


def _pinned(axes: Axes, players: Playing, series: Sequence[tuple[int, Playing]]) -> str:
    _bars(axes, players.pinned_by_control, [(colour, each.pinned_by_control) for colour, each in series], first=1)
    axes.set(xlabel="control", ylabel="% of events at 0 or 1")
    return "How much of playing each control is at its end"


_WAYS: Mapping[Way, Callable[[Axes, Playing, Sequence[tuple[int, Playing]]], str]] = {
    "dt": _dt,
    "step": _step,
    "moving": _moving,
    "pinned": _pinned,
}


def excerpt(shown: Excerpt, seconds: float) -> str:
    """Controls over time: what was heard, and how it went on for ``seconds``."""
    figure = _figure(9.0, 1.55)
    axes = figure.subplots()
    began = float(shown.heard[1:, 0].sum())
    events = np.concatenate([shown.heard, shown.played])
    times = np.cumsum(events[:, 0], dtype=np.float64) - float(events[0, 0]) - began
    kept = times <= seconds
    for control in range(min(_EXCERPT_CONTROLS, events.shape[1] - 1)):
        axes.step(
            times[kept], events[kept, control + 1], where="post", color=_colour(control), linewidth=1.1, alpha=0.9
        )
    axes.axvspan(-began, 0.0, color=_INK, alpha=0.07, linewidth=0)
    axes.set(xlim=(-began, seconds), ylim=(-0.04, 1.04), yticks=(0, 1), xlabel="seconds")
    return _svg(figure, "Controls over time: heard (shaded), then played")


def _bars(axes: Axes, players: Sequence[float], series: Sequence[tuple[int, Sequence[float]]], first: int) -> None:
    """Groups of bars, one group for each of the shares."""
    places = np.arange(first, first + len(players))
    width = 0.84 / (len(series) + 1)
    for i, (colour, shares) in enumerate([(None, players), *series]):
        left = places - 0.42 + (i + 0.5) * width
        paint = {"color": _INK, "alpha": 0.35} if colour is None else {"color": _colour(colour)}
        axes.bar(left, np.array(shares) * 100, width, **paint)
    axes.set_xticks(places if len(places) <= 16 else places[:: -(-len(places) // 16)])


def _colour(number: int) -> str:
    return f"#0103{number % SERIES:02x}"


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure((width, height), layout="constrained")


def _svg(figure: Figure, title: str) -> str:
    """The picture as one ``<svg>`` element: the page's font and colours, as wide as it may be, names of its own."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    picture = f"p{zlib.crc32(text.encode()):08x}-"
    width, height = figure.get_size_inches().tolist()
    text = text[text.index("<svg") :].partition(">")[2]
    for pattern, replacement in _CHANGES:
        text = re.sub(pattern, replacement, text, flags=re.DOTALL)
    text = re.sub(r' id="([^"]*)"', lambda name: f' id="{picture}{name[1]}"' if f"#{name[1]}" in text else "", text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{picture}", text)
    for stand_in, variable in _STAND_INS.items():
        text = text.replace(stand_in, f"var({variable})")
    return f'<svg viewBox="0 0 {72 * width:g} {72 * height:g}" role="img"><title>{title}</title>{text}'
