"""Makes the figures of the page on the network from the model that comes along: ``python docs/make_figures.py``.

The recording is a simulated performer's, on the grid of a MIDI controller. Needs the extra ``docs`` (matplotlib).
The same versions of everything make the same files.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.resources import as_file, files
from itertools import islice
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from numpy.random import default_rng
from numpy.typing import NDArray

from impsy.config.workspace import STARTER_MODEL
from impsy.evaluation.normal import normal_cdf
from impsy.models.architectures import EDGE_REACH, Residual
from impsy.models.calibration import PLAYED
from impsy.models.mixture import component_weights, split
from impsy.models.opening import OpenedModel, open_model
from impsy.models.sizes import SCALE_FACTOR
from impsy.perform import phrases

IMAGES = Path(__file__).parent / "images"
PAPER, INK, SOFT, YOU, IT = "#ffffff", "#1b1d22", "#85827a", "#00684e", "#8a2fc4"
COMPONENTS = ("#8a2fc4", "#00684e", "#c46a2f", "#2f6ac4", "#a9a59b")
STYLE = {
    "figure.facecolor": PAPER,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "font.size": 9,
    "font.family": "DejaVu Sans",
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "impsy",
    "svg.fonttype": "path",
}
CONTROLS = 8
LEAST_DT = 0.001
PERFORMER_SEED, ANSWER_SEED = 3, 4
SECONDS = 30.0
"""Of playing in the figure of temperatures."""
Array = NDArray[np.float64]


def open_starter() -> OpenedModel:
    """The model that ``impsy init`` gives."""
    with as_file(files("impsy.config") / "templates" / STARTER_MODEL) as path:
        return open_model(path)


def recording(events: int) -> Array:
    """(events, 9): seconds since the event before, and eight knobs on the grid of 1/127."""
    played = islice(phrases(default_rng(PERFORMER_SEED), CONTROLS), events)
    return np.array([[seconds, *np.round(np.array(values) * 127) / 127] for seconds, values in played])


def mixtures(model: OpenedModel, heard: Array) -> list[tuple[Array, Array, Array]]:
    """After each event: means (M, D) and standard deviations (M, D), seconds and 0 to 1, and weights (M,)."""
    predictor = model.predictor
    predictor.reset()
    found = []
    for vector in heard:
        predictor.hear(vector.tolist())
        mu, sigma, logits = split(np.array(predictor.mixture(), np.float64), model.dimension)
        weights = np.array(component_weights(logits.tolist(), 1.0))
        # As it plays: a calibrated file's densities hold at the temperatures of a performance.
        found.append((mu / SCALE_FACTOR, sigma * np.sqrt(PLAYED.sigma) / SCALE_FACTOR, weights / weights.sum()))
    return found


def continuation(model: OpenedModel, heard: Array, seconds: float, pi: float, sigma: float, seed: int) -> Array:
    """What the model plays for some seconds after what it heard, as it does live: rows of time and values."""
    predictor, rng = model.predictor, default_rng(seed)
    predictor.reset()
    for vector in heard:
        predictor.hear(vector.tolist())
    now, rows = 0.0, []
    while now < seconds:
        drawn = predictor.sample(rng, pi, sigma)
        vector = [max(LEAST_DT, drawn[0]), *(min(1.0, max(0.0, value)) for value in drawn[1:])]
        predictor.hear(vector)
        now += vector[0]
        rows.append([now, *vector[1:]])
    return np.array(rows)


# --- one step after the other -----------------------------------------------------------------------


def unrolled() -> Figure:
    """The network in time: what goes in, through what it goes, what comes out."""
    figure = Figure(figsize=(8.6, 4.3))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, 8.6), ylim=(0, 4.3))
    axes.axis("off")
    rows = (("features", 0.98, "#eceae5"), ("LSTM 1", 1.63, "#dfe9e5"), ("LSTM 2", 2.28, "#dfe9e5"))
    for step, x in enumerate((1.2, 3.3, 5.4)):
        when = ("before last", "last", "now")[step]
        _text(axes, x, 0.33, f"event {when}\n[dt, x₁ … xₙ]", YOU)
        _arrow(axes, (x, 0.55), (x, 0.82))
        for name, y, colour in rows:
            _box(axes, x, y, name, colour)
            if y != rows[-1][1]:
                _arrow(axes, (x, y + 0.17), (x, y + 0.48))
        _box(axes, x, 3.0, "mixture", "#ecdff4")
        _arrow(axes, (x, 2.45), (x, 2.83))
        axes.plot([x - 0.62, x - 0.8, x - 0.8], [0.98, 0.98, 3.0], color=SOFT, lw=1)
        _arrow(axes, (x - 0.8, 3.0), (x - 0.62, 3.0))
        for _name, y, _colour in rows[1:]:
            _arrow(axes, (x + 0.62, y), (x + 1.48, y))
        axes.annotate(
            "",
            (x + 1.48, 0.92),
            (x + 0.62, 0.92),
            arrowprops={"arrowstyle": "-|>", "color": YOU, "lw": 1, "linestyle": "--"},
        )
        _arrow(axes, (x, 3.17), (x, 3.5))
        _text(axes, x, 3.72, "what may come next:\nwhen, and where each control", IT)
    _text(axes, 7.72, 1.95, "… its memory\ngoes on", SOFT)
    _text(axes, 7.72, 0.92, "… and where the\ncontrols stand", YOU)
    return figure


def _box(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    shape = FancyBboxPatch(
        (x - 0.6, y - 0.15), 1.2, 0.3, boxstyle="round,pad=0.02", facecolor=colour, edgecolor=SOFT, linewidth=1
    )
    axes.add_patch(shape)
    _text(axes, x, y, text, INK)


def _text(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.text(x, y, text, ha="center", va="center", color=colour, fontsize=9, linespacing=1.3)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": SOFT, "lw": 1})


# --- the mixture, as it plays -----------------------------------------------------------------------


def mixture(model: OpenedModel) -> Figure:
    """One knob that is turned, another after it: what was foreseen each time, and what came."""
    heard = recording(48)
    foreseen = mixtures(model, heard)[:-1]
    came = heard[1:]
    knob = int(np.argmax((np.diff(heard[:20, 1:], axis=0) != 0).sum(axis=0)))
    events = np.arange(1, len(came) + 1)
    figure = Figure(figsize=(8.6, 6.2), layout="constrained")
    density, times, shares = figure.subplots(3, 1, sharex=True, gridspec_kw={"height_ratios": [3, 2, 1.3]})
    _heat(density, foreseen, knob + 1, np.linspace(0.0, 1.0, 381))
    dots = {"ls": "", "marker": "o", "color": YOU, "ms": 4, "mec": PAPER, "mew": 0.5}
    density.plot(events, came[:, knob + 1], label="what the player did", **dots)
    density.set(ylabel=f"knob {knob + 1}", ylim=(0, 1), title="Where the knob will be: darker is likelier")
    density.legend(loc="lower right", frameon=False)
    _heat(times, foreseen, 0, np.logspace(-3, 1, 201))
    times.plot(events, came[:, 0], **dots)
    times.set(ylabel="seconds", yscale="log", ylim=(0.003, 10), title="When the next event will come")
    stacked = np.array([weights for _mu, _sigma, weights in foreseen]).T
    shares.stackplot(events, stacked, colors=COMPONENTS, step="mid", linewidth=0)
    shares.set(
        ylabel="weight", ylim=(0, 1), xlim=(1, len(came)), xlabel="event", title="Weights of the components"
    )
    return figure


def _heat(axes: Axes, foreseen: list[tuple[Array, Array, Array]], number: int, edges: Array) -> None:
    """The probability of each cell between ``edges`` of one number of the vector, one column an event."""
    columns = []
    for mu, sigma, weights in foreseen:
        below = normal_cdf((edges[:, None] - mu[:, number]) / sigma[:, number]) @ weights
        columns.append(np.diff(below))
    shown = np.sqrt(np.array(columns).T)  # the eye should see what is unlikely, too
    across = np.arange(len(foreseen) + 1) + 0.5
    axes.pcolormesh(across, edges, shown / shown.max(axis=0), cmap="Purples", rasterized=True)


# --- what it hears ----------------------------------------------------------------------------------


def features(model: OpenedModel) -> Figure:
    """How time, changes and ends are heard, and the floor under sigma."""
    if model.weights is None or model.weights.residual is None:
        raise SystemExit("the model that comes along is not a residual network")
    fixed = model.weights.residual
    figure = Figure(figsize=(8.6, 5.4), layout="constrained")
    (time, change), (ends, floor) = figure.subplots(2, 2)
    seconds = np.logspace(-3, 2.5, 200)
    time.plot(seconds, np.log1p(100 * SCALE_FACTOR * seconds), color=IT)
    time.set(xscale="log", xlabel="dt, seconds", title="Time is heard as its logarithm")
    usual = 1 / (float(fixed.change_scale[0]) * SCALE_FACTOR)
    moved = np.linspace(-0.2, 0.2, 300)
    change.plot(moved, np.tanh(moved / usual), color=IT, label="change")
    change.plot(moved, np.tanh(moved / usual) ** 2, color=YOU, ls="--", label="its square")
    change.axvspan(-usual, usual, color="#eceae5", zorder=0)
    change.set(
        xlabel="how far a control just moved (grey: a usual move)", title="A move is heard as a move, however far"
    )
    change.legend(frameon=False)
    moves = np.linspace(0, 2, 200)
    ends.plot(moves, np.maximum(0, 1 - moves / EDGE_REACH), color=IT)
    ends.set(xlabel="usual moves away from an end", title="An end of its way is heard when it is near")
    _floor(floor, fixed)
    return figure


def _floor(axes: Axes, fixed: Residual) -> None:
    """The narrowest Gaussians on their grid, and one that would be too sure."""
    step = float(fixed.grid[0])
    least = float(fixed.sigma_floor[0, 1]) / step
    away = np.linspace(-2, 2, 801)
    for sigma, colour, style, label in (
        (least, IT, "-", "the floor: a sixth of a step"),
        (1.0, YOU, "--", "one step"),
        (float(fixed.sigma_floor[-1, 1]) / step, SOFT, ":", "the last component's floor"),
    ):
        axes.plot(away, np.exp(-0.5 * (away / sigma) ** 2), color=colour, ls=style, label=label)
    for cell in np.arange(-1.5, 2):
        axes.axvline(cell, color="#d8d5cd", lw=0.8, zorder=0)
    axes.set(xlabel="steps of the controller", yticks=[], ylim=(0, 1.75), xlim=(-2, 2))
    axes.set_title("No component is surer than the controller's steps")
    axes.legend(frameon=False, loc="upper right", fontsize=8)


# --- temperatures -----------------------------------------------------------------------------------


def temperatures(model: OpenedModel) -> Figure:
    """Half a minute of playing after the same phrase, at different temperatures."""
    heard = recording(40)
    figure = Figure(figsize=(8.6, 5.2), layout="constrained")
    rows = figure.subplots(2, 3, sharex=True, sharey=True)
    settings = (
        ((1.0, 0.01), (1.0, 0.1), (1.0, 1.0)),
        ((0.2, 0.01), (1.5, 0.01), (3.0, 0.01)),
    )
    for row, chosen in zip(rows, settings, strict=True):
        for axes, (pi, sigma) in zip(row, chosen, strict=True):
            played = continuation(model, heard, SECONDS, pi, sigma, ANSWER_SEED)
            for control in range(CONTROLS):
                axes.step(played[:, 0], played[:, control + 1], where="post", lw=1.1, color=f"C{control}")
            axes.set(title=f"sigmatemp {sigma:g}, pitemp {pi:g}", xlim=(0, SECONDS), ylim=(0, 1))
        row[0].set_ylabel("the eight knobs")
    for axes in rows[-1]:
        axes.set_xlabel("seconds")
    return figure


# --- all of them ------------------------------------------------------------------------------------


def make_all(folder: Path) -> None:
    """Write every figure into ``folder``."""
    model = open_starter()
    figures: dict[str, Callable[[], Figure]] = {
        "network-unrolled": unrolled,
        "network-mixture": lambda: mixture(model),
        "network-features": lambda: features(model),
        "network-temperatures": lambda: temperatures(model),
    }
    folder.mkdir(parents=True, exist_ok=True)
    undated: dict[str, Any] = {"Date": None}
    with mpl.rc_context(STYLE):
        for name, make in figures.items():
            make().savefig(folder / f"{name}.svg", metadata=undated)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the figures of docs/explanation/network.md.")
    parser.add_argument("--into", type=Path, default=IMAGES, help="the folder  [default: docs/images]")
    make_all(parser.parse_args().into)
