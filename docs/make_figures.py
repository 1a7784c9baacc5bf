"""Makes the figures of the page on the network: ``python docs/make_figures.py``.

What is expected and played is the bundled model's; what is fixed before learning is found in a recording of a
simulated performer, on the grid of a MIDI controller. Needs the extra ``docs`` (matplotlib). The same versions of
everything make the same files.
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
from impsy.models.architectures import EDGE_REACH, Gestures
from impsy.models.mixture import component_weights, split
from impsy.models.opening import OpenedModel, open_model
from impsy.models.sizes import SCALE_FACTOR
from impsy.perform import phrases
from impsy.training.gestures import designs

IMAGES = Path(__file__).parent / "images"
PAPER, INK, SOFT, YOU, IT = "#ffffff", "#1b1d22", "#85827a", "#00684e", "#8a2fc4"
KINDS = {
    "the last gesture continues": "#8a2fc4",
    "one control starts": "#c46a2f",
    "several start": "#2f6ac4",
    "nothing moves": "#a9a59b",
    "anything": "#1b1d22",
}
"""What components do, and their colours."""
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
DESIGNED_FROM = 5_000
"""Events of the recording in which grids, scales and sets of controls are found."""
PERFORMER_SEED, ANSWER_SEED = 3, 4
SECONDS = 30.0
"""Of playing in the figure of temperatures."""
Array = NDArray[np.float64]


def open_starter() -> OpenedModel:
    """The model that ``impsy init`` gives."""
    with as_file(files("impsy.config") / "templates" / STARTER_MODEL) as path:
        return open_model(path)


def designed() -> Gestures:
    """What is fixed of a network before it learns from the simulated performer."""
    events = recording(DESIGNED_FROM).astype(np.float32)
    fixed = designs(events, [slice(0, len(events))], "gestures")[0].fixed
    if not isinstance(fixed, Gestures):
        raise TypeError(f"the design of a gesture network holds {type(fixed).__name__}")
    return fixed


def kinds_of(fixed: Gestures) -> list[str]:
    """What each component does: a name in KINDS."""
    controls = np.count_nonzero(fixed.direction, axis=1)
    kinds = [
        "nothing moves" if count == 0 else "one control starts" if count == 1 else "several start"
        for count in controls
    ]
    kinds[-1] = "anything"  # the catch-all is the last component
    return [
        "the last gesture continues" if continues else kind
        for kind, continues in zip(kinds, fixed.continues, strict=True)
    ]


def recording(events: int) -> Array:
    """(events, 9): seconds since the event before, and eight knobs on the grid of 1/127."""
    played = islice(phrases(default_rng(PERFORMER_SEED), CONTROLS), events)
    return np.array([[seconds, *np.round(np.array(values) * 127) / 127] for seconds, values in played])


def mixtures(model: OpenedModel, heard: Array) -> list[tuple[Array, Array, Array]]:
    """After each event: means (M, D) and standard deviations (M, D), seconds and 0 to 1, and weights (M,).

    At the temperatures at which the model's densities hold.
    """
    predictor, at = model.predictor, model.calibrated
    predictor.reset()
    found = []
    for vector in heard:
        predictor.hear(vector.tolist())
        mu, sigma, logits = split(np.array(predictor.mixture(), np.float64), model.dimension)
        weights = np.array(component_weights(logits.tolist(), at.pi))
        sigma *= np.sqrt(at.sigma)
        found.append((mu / SCALE_FACTOR, sigma / SCALE_FACTOR, weights / weights.sum()))
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
    _text(axes, 7.72, 0.92, "… where controls\nstand, and the\nlast gesture", YOU)
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
    fixed = None if model.weights is None else model.weights.residual
    kinds = kinds_of(fixed) if isinstance(fixed, Gestures) else ["anything"] * len(stacked)
    by_kind = {kind: stacked[[each == kind for each in kinds]].sum(axis=0) for kind in KINDS if kind in kinds}
    colours = [KINDS[kind] for kind in by_kind]
    shares.stackplot(events, list(by_kind.values()), labels=by_kind, colors=colours, step="mid", linewidth=0)
    shares.set(ylabel="weight", ylim=(0, 1), xlim=(1, len(came)), xlabel="event", title="What may happen next")
    figure.legend(*shares.get_legend_handles_labels(), loc="outside lower center", ncols=len(by_kind), frameon=False)
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


def features(fixed: Gestures) -> Figure:
    """How time, changes and ends are heard, and the floor under sigma."""
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


def _floor(axes: Axes, fixed: Gestures) -> None:
    """The narrowest Gaussians on their grid, and the widest."""
    step = float(fixed.grid[0])
    narrow = float(fixed.sigma_floor[np.flatnonzero(fixed.direction[:, 0])[0], 1]) / step
    away = np.linspace(-2, 2, 801)
    for sigma, colour, style, label in (
        (float(fixed.rest[0]) / step, SOFT, "--", "a control that rests"),
        (narrow, IT, "-", "the floor of one that moves"),
        (float(fixed.sigma_floor[-1, 1]) / step, INK, ":", "the floor of the catch-all"),
    ):
        axes.plot(away, np.exp(-0.5 * (away / sigma) ** 2), color=colour, ls=style, label=label)
    for cell in np.arange(-1.5, 2):
        axes.axvline(cell, color="#d8d5cd", lw=0.8, zorder=0)
    axes.set(xlabel="steps of the controller", yticks=[], ylim=(0, 1.75), xlim=(-2, 2))
    axes.set_title("No component is narrower than a step of the controller")
    axes.legend(frameon=False, loc="upper right", fontsize=8)


# --- what a component moves -------------------------------------------------------------------------


def components(fixed: Gestures) -> Figure:
    """Which controls each component moves: a row a component, a column a control."""
    kinds = kinds_of(fixed)
    figure = Figure(figsize=(8.6, 1.2 + 0.15 * len(kinds)), layout="constrained")
    axes = figure.subplots()
    for kind, colour in KINDS.items():
        rows = [row for row, each in enumerate(kinds) if each == kind]
        if not rows:
            continue
        moved = np.argwhere(fixed.direction[rows] != 0) if kind != "nothing moves" else np.empty((0, 2), int)
        filled = kind != "the last gesture continues"
        axes.scatter(
            moved[:, 1] + 1, np.array(rows)[moved[:, 0]], marker="s", s=34, ec=colour, fc=colour if filled else "none"
        )
        axes.text(CONTROLS + 0.8, float(np.mean(rows)), kind, color=colour, va="center")
        axes.plot([CONTROLS + 0.65] * 2, [rows[0] - 0.3, rows[-1] + 0.3], color=colour, lw=2)
    resting = np.argwhere(fixed.direction == 0)
    axes.plot(resting[:, 1] + 1, resting[:, 0], ls="", marker=".", color="#d8d5cd", ms=4, zorder=0)
    axes.set(xlim=(0.4, CONTROLS + 3.5), ylim=(len(kinds), -1), xticks=range(1, CONTROLS + 1), yticks=[])
    axes.set(xlabel="knob", ylabel="components")
    axes.set_title("Filled: the component moves this knob. Outlined: if the last gesture moved it. Dots rest.")
    axes.spines["left"].set_visible(False)
    return figure


# --- temperatures -----------------------------------------------------------------------------------


def temperatures(model: OpenedModel) -> Figure:
    """Half a minute of playing after the same phrase, at different temperatures."""
    heard = recording(40)
    figure = Figure(figsize=(8.6, 5.2), layout="constrained")
    rows = figure.subplots(2, 3, sharex=True, sharey=True)
    settings = (
        ((1.0, 0.001), (1.0, 0.01), (1.0, 0.03)),
        ((0.2, 0.01), (1.5, 0.01), (3.0, 0.01)),
    )
    for row, chosen in zip(rows, settings, strict=True):
        for axes, (pi, sigma) in zip(row, chosen, strict=True):
            played = continuation(model, heard, SECONDS, pi, sigma, ANSWER_SEED)
            for control in range(CONTROLS):
                value = played[:, control + 1]
                turning = np.flatnonzero(np.diff(value, prepend=-1.0, append=-1.0))  # two points a change are enough
                shown = played[np.minimum(turning, len(played) - 1)]
                axes.step(shown[:, 0], shown[:, control + 1], where="post", lw=1.1, color=f"C{control}")
            axes.set(title=f"sigmatemp {sigma:g}, pitemp {pi:g}", xlim=(0, SECONDS), ylim=(0, 1))
        row[0].set_ylabel("the eight knobs")
    for axes in rows[-1]:
        axes.set_xlabel("seconds")
    return figure


# --- all of them ------------------------------------------------------------------------------------


def make_all(folder: Path, path: Path | None = None) -> None:
    """Write every figure into ``folder``, those of playing by the model in ``path`` (None: the bundled one)."""
    model, fixed = open_starter() if path is None else open_model(path), designed()
    figures: dict[str, Callable[[], Figure]] = {
        "network-unrolled": unrolled,
        "network-mixture": lambda: mixture(model),
        "network-features": lambda: features(fixed),
        "network-components": lambda: components(fixed),
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
    parser.add_argument("--model", type=Path, help="a model of eight controls  [default: the bundled one]")
    chosen = parser.parse_args()
    make_all(chosen.into, chosen.model)
