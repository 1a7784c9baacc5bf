"""Playing that nobody played: small datasets in which there is something to learn, each of another kind."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from impsy.data.datasets import Dataset

PERFORMANCE = 300
"""Events of a performance, but the last, which has what is left."""


def knobs(dimension: int, events: int, seed: int) -> Dataset:
    """One knob on the 1/127 grid moves per event.

    Gestures are runs on one knob in one direction, which turns back at the ends; between two is a pause.
    """
    rng = np.random.default_rng(seed)
    controls = dimension - 1

    def playing() -> Iterator[np.ndarray]:
        steps = rng.integers(0, 128, controls)
        while True:
            knob, way, pace = rng.integers(controls), rng.choice((-1, 1)), rng.uniform(0.02, 0.06)
            pause = rng.exponential(0.6) + 0.2
            for i in range(rng.integers(5, 40)):
                move = way * rng.choice((1, 1, 2, 3))
                if not 0 <= steps[knob] + move <= 127:
                    way, move = -way, -move
                steps[knob] += move
                yield np.array([pace * rng.uniform(0.7, 1.4) + (pause if i == 0 else 0), *(steps / 127)])

    return _recorded(playing(), dimension, events)


def surface(dimension: int, events: int, seed: int) -> Dataset:
    """Continuous values that move together: slow waves with a hand's unrest, sent at a steady pace."""
    rng = np.random.default_rng(seed)
    controls = dimension - 1

    def playing() -> Iterator[np.ndarray]:
        phase, speed = rng.uniform(0, 2 * np.pi, controls), rng.uniform(0.5, 2, controls)
        while True:
            dt = 0.03 * rng.uniform(0.9, 1.1)
            phase = phase + speed * dt * 4 + rng.normal(0, 0.01, controls)
            yield np.array([dt, *(0.5 + 0.45 * np.sin(phase))])

    return _recorded(playing(), dimension, events)


def notes_and_faders(dimension: int, events: int, seed: int) -> Dataset:
    """A mix. Controls take turns in being, in this order: a note that jumps on the 1/127 grid, a switch (0 or 1), a
    continuous fader, and one that stays at 0.25 throughout.

    An event moves one of those that move.
    """
    rng = np.random.default_rng(seed)
    controls = dimension - 1
    kinds = [("note", "switch", "fader", "constant")[i % 4] for i in range(controls)]
    moving = [i for i, kind in enumerate(kinds) if kind != "constant"]
    scale = np.array([48, 50, 52, 55, 57, 60, 62, 64, 67]) / 127

    def playing() -> Iterator[np.ndarray]:
        values = np.array([{"note": scale[0], "switch": 0.0, "fader": 0.5, "constant": 0.25}[kind] for kind in kinds])
        while True:
            chosen = rng.choice(moving)
            if kinds[chosen] == "note":
                values[chosen] = rng.choice(scale[scale != values[chosen]])
                dt = rng.choice((0.125, 0.25, 0.5)) * rng.uniform(0.97, 1.03)
            elif kinds[chosen] == "switch":
                values[chosen] = 1 - values[chosen]
                dt = rng.exponential(0.5)
            else:
                values[chosen] = np.clip(values[chosen] + rng.normal(0, 0.05), 0, 1)
                dt = rng.exponential(0.02)
            yield np.array([dt, *values])

    return _recorded(playing(), dimension, events)


def melodies(
    pieces: int, seed: int, *, voices: int = 1, velocity: bool = False, faders: int = 0, human: float = 0.0
) -> Dataset:
    """Short pieces, each in a major key of its own: steps and a few leaps along its scale, in quavers and crotchets.

    The controls are the ``voices``, then their ``velocity``, then ``faders``, of which one is moved a few steps
    between two notes now and then. ``human`` is how far times stray, in seconds.
    """
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(pieces):
        key = rng.integers(12)
        scale = np.array([step for step in range(30, 100) if (step - key) % 12 in (0, 2, 4, 5, 7, 9, 11)])
        places = [np.searchsorted(scale, 70 - 18 * voice) for voice in range(voices)]
        loud, levels = 80, rng.integers(20, 108, faders)
        rows = []
        for _ in range(rng.integers(20, 60)):
            for voice in range(voices):
                places[voice] += rng.choice((0, 1, -1, 1, -1, 2, -2, 4, -4))
                places[voice] = np.clip(places[voice], 8 + 4 * (1 - voice), 28 - 8 * voice)
                loud = int(np.clip(loud + rng.integers(-6, 7), 30, 127))
                dt = 0.0 if not rows else 0.003 if voice else rng.choice((0.3, 0.3, 0.6))
                dt = max(dt + human * rng.standard_normal(), 0.002) if rows else 0.0
                played = [scale[place] for place in places] + [loud] * velocity
                rows.append([dt, *(np.array([*played, *levels]) / 127)])
            if faders and rng.random() < 0.2:
                moved, way = rng.integers(faders), rng.choice((-1, 1))
                for _ in range(rng.integers(4, 12)):
                    levels[moved] = np.clip(levels[moved] + way, 0, 127)
                    rows.append([0.03 * rng.uniform(0.8, 1.2), *(np.array([*played, *levels]) / 127)])
        made.append(np.array(rows, np.float32))
    return Dataset.of(made[0].shape[1], made, [f"piece-{i}.log" for i in range(pieces)])


def _recorded(playing: Iterator[np.ndarray], dimension: int, events: int) -> Dataset:
    """The next ``events`` of ``playing``, in performances; the first of each follows none: its dt is 0."""
    rows = np.array([next(playing) for _ in range(events)], np.float32).reshape(-1, dimension)
    rows[::PERFORMANCE, 0] = 0
    pieces = np.split(rows, range(PERFORMANCE, events, PERFORMANCE))
    return Dataset.of(dimension, pieces, [f"made-{i}.log" for i in range(len(pieces))])
