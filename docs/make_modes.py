"""Makes a picture of each mode: ``python docs/make_modes.py``.

The bundled model and the real engine answer the same simulated performer in each of them. Needs the extra ``docs``
(matplotlib). The same versions of everything make the same files.
"""

from __future__ import annotations

import argparse
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure
from numpy.random import default_rng

from docs.make_figures import CONTROLS, IMAGES, IT, SOFT, STYLE, YOU, open_starter
from impsy.engine import Engine, Settings
from impsy.events import Command, Interaction, Play
from impsy.models.opening import OpenedModel
from impsy.modes import MODES, Mode
from impsy.perform import phrases

SECONDS = 16.0
PERFORMER_SEED, ENGINE_SEED = 5, 2
THRESHOLD = 0.5


class Move(NamedTuple):
    """At this time, in seconds, this control (from 0) went to this value."""

    at: float
    control: int
    value: float


def performer() -> list[tuple[float, tuple[float, ...]]]:
    """Time and values of each event, the same in every mode."""
    now, events = 0.0, []
    for seconds, values in phrases(default_rng(PERFORMER_SEED), CONTROLS):
        now += seconds
        if now > SECONDS:
            return events
        events.append((now, tuple(values)))
    return events


Rows = list[tuple[float, tuple[float, ...]]]


def moves(rows: Rows, others: Rows) -> list[Move]:
    """What a player moves by a MIDI controller's step or more, but for what only goes where the other one has it."""
    found: list[Move] = []
    before: tuple[float, ...] = ()
    there: tuple[float, ...] = ()
    for at, values, ours in sorted([(*row, True) for row in rows] + [(*row, False) for row in others]):
        if not ours:
            there = values
            continue
        for control, value in enumerate(values):
            taken = {_step(each[control]) for each in (before, there) if each}
            if before and _step(value) not in taken:
                found.append(Move(at, control, value))
        before = values
    return found


def _step(value: float) -> int:
    return round(127 * value)


def performance(mode: Mode, model: OpenedModel) -> Rows:
    """Time and values of what the model plays to the performer."""
    model.predictor.reset()
    settings = Settings(CONTROLS + 1, mode=mode.name, threshold=THRESHOLD)
    engine = Engine(settings, model.predictor, default_rng(ENGINE_SEED), 0.0)
    played: Rows = []

    def keep(commands: list[Command]) -> None:
        played.extend((each.due, each.values) for each in commands if isinstance(each, Play))

    for at, values in [*performer(), (SECONDS, ())]:
        while (due := engine.deadline) is not None and due <= at:
            keep(engine.advance(due))
        if values:
            keep(engine.receive(Interaction(values), at))
    return played


def picture(mode: Mode, model: OpenedModel) -> Figure:
    """A line for each control; a dot, as high in its line as the value, where it moves."""
    figure = Figure(figsize=(8.6, 2.6), layout="constrained")
    axes = figure.subplots()
    you, it = performer(), performance(mode, model)
    for label, colour, rows, others in (("you", YOU, you, it), ("the model", IT, it, you)):
        found = list(takewhile(lambda move: move.at <= SECONDS, moves(rows, others if rows is it else [])))
        axes.plot(
            [move.at for move in found],
            [move.control + 0.64 + 0.72 * move.value for move in found],
            ".",
            color=colour,
            markersize=3,
            label=label,
        )
    for control in range(CONTROLS + 1):
        axes.axhline(control + 0.5, color=SOFT, linewidth=0.3)
    axes.set(xlim=(0, SECONDS), ylim=(CONTROLS + 0.5, 0.5), yticks=range(1, CONTROLS + 1), xlabel="seconds")
    axes.set(ylabel="control", title=f"{mode.title}: {mode.name}")
    axes.invert_yaxis()
    axes.legend(loc="upper right", ncols=2, frameon=False, bbox_to_anchor=(1, 1.18), markerscale=3)
    return figure


def make_all(folder: Path) -> None:
    """Write a picture of each mode into ``folder``."""
    model = open_starter()
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        for name, mode in MODES.items():
            picture(mode, model).savefig(folder / f"mode-{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the pictures of the modes in docs/playing-together.md.")
    parser.add_argument("--into", type=Path, default=IMAGES, help="the folder  [default: docs/images]")
    make_all(parser.parse_args().into)
