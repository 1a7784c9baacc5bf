"""Makes the model that a new workspace starts with, from a dataset of eight controls.

    python packaging/starter_model.py DATASET.npz

What the model learns is prepared here: the recorded playing, without its long pauses; echoes of its phrases, so that
a phrase is answered on what it moved; and the phrases of the simulated performer, as a dialogue with itself. The
recordings themselves stay where they are. The same dataset gives the same model on the same machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from impsy.config.workspace import STARTER_MODEL
from impsy.data.datasets import Dataset, read_dataset, write_dataset
from impsy.models.opening import model_facts, open_weights
from impsy.models.tflite_write import encode_tflite, write_atomically
from impsy.perform.phrasing import Phrasing
from impsy.train.learning import learn, plan_for

TOP = 127
PAUSE_FROM, PAUSE_MORE = 1.0, 0.6
"""Seconds: pauses longer than the first are shortened, to less than both together."""
PHRASE_PAUSE = 0.6
"""Seconds of silence that end a recorded phrase."""
PHRASE_EVENTS = (12, 60)
"""Of a recorded phrase: shorter ones are not echoed, longer ones are cut."""
ECHOES = (4, 9)
"""Answers to a phrase, the fewest and the most: who is answered on what they moved knows that they were heard."""
REPLY = (0.06, 0.5)
"""Seconds before an answer, the least and the most."""
EVENTS = {"recorded": 40_000, "echoes": 120_000, "performer": 200_000}
RECIPE: dict[str, Any] = {"window": 128, "epochs": 8, "steps": 250, "mirrored": 0.5, "permuted": 0.5, "dropout": 0.0}

Events = NDArray[np.float32]


def prepared(dataset: Dataset, seed: int = 0, events: dict[str, int] = EVENTS) -> Dataset:
    """What the model learns: the ``dataset`` and what is made from it, in mixed order."""
    rng = default_rng([seed, 7])
    recorded = [moving(each) for each in dataset.performances]
    recorded = [each for each in recorded if len(each) > PHRASE_EVENTS[0]]
    kinds = {
        "recorded": _some(rng, [short_pauses(each) for each in recorded], events["recorded"]),
        "echoed": echoes(rng, recorded, events["echoes"]),
        "performer": duets(rng, dataset.dimension - 1, events["performer"]),
    }
    named = [(name, each) for name, own in kinds.items() for each in own]
    order = rng.permutation(len(named))
    return Dataset.of(dataset.dimension, [named[i][1] for i in order], [named[i][0] for i in order])


def _some(rng: Generator, performances: list[Events], wanted: int) -> list[Events]:
    """Of all, drawn until there are so many events."""
    drawn = [performances[i] for i in rng.permutation(len(performances))]
    before = np.cumsum([0, *map(len, drawn[:-1])])
    return [each for each, first in zip(drawn, before.tolist(), strict=True) if first < wanted]


def moving(events: Events) -> Events:
    """Only the events that move something, on the grid of 1/127; times go on counting from the one before."""
    places = np.floor(events[:, 1:].astype(np.float64) * TOP + 0.5)
    moves = np.append(True, (np.diff(places, axis=0) != 0).any(axis=1)) if len(events) else np.zeros(0, bool)
    times = np.cumsum(events[:, 0], dtype=np.float64)[moves]
    return np.column_stack([np.diff(times, prepend=0.0), places[moves] / TOP]).astype(np.float32)


def short_pauses(events: Events) -> Events:
    """The same, with its pauses shortened smoothly to less than ``PAUSE_FROM + PAUSE_MORE``."""
    found = events.copy()
    over = np.maximum(events[:, 0] - PAUSE_FROM, 0.0)
    found[:, 0] = np.minimum(events[:, 0], PAUSE_FROM) + PAUSE_MORE * -np.expm1(-over / PAUSE_MORE)
    return found


def echoes(rng: Generator, recorded: list[Events], wanted: int) -> list[Events]:
    """Phrases of the recordings, each answered a few times: mirrored, faster or slower, in part."""
    phrases = [phrase for each in recorded for phrase in _cut(each)]
    if not phrases:
        return []
    found, total = [], 0
    while total < wanted:
        places = rng.integers(0, TOP + 1, recorded[0].shape[1] - 1).astype(np.float64)
        parts = []
        for _ in range(4):
            times, steps = phrases[int(rng.integers(len(phrases)))]
            times = times.copy()
            times[0] = rng.uniform(0.4, 1.3)
            for _ in range(1 + int(rng.integers(ECHOES[0], ECHOES[1] + 1))):
                part, places = _played(times, steps, places)
                parts.append(part)
                times, steps = _varied(rng, times, steps)
        performance = short_pauses(moving(np.concatenate(parts)))
        found.append(performance)
        total += len(performance)
    return found


def _cut(events: Events) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Phrases as times and steps of the controls, in places."""
    steps = np.rint(np.diff(events[:, 1:], axis=0) * TOP).astype(np.float64)
    times = events[1:, 0].astype(np.float64)
    least, most = PHRASE_EVENTS
    bounds = [0, *np.flatnonzero(times > PHRASE_PAUSE).tolist(), len(times)]
    found = []
    for begin, end in zip(bounds, bounds[1:], strict=False):
        for first in range(begin, end, most):
            last = min(first + most, end)
            if last - first >= least:
                found.append((times[first:last], steps[first:last]))
    return found


def _played(times: NDArray[np.float64], steps: NDArray[np.float64], places: NDArray[np.float64]) -> tuple[Events, NDArray[np.float64]]:
    """The phrase from where the controls stand, turning back at their ends; and where they stand then."""
    way = places + np.cumsum(steps, axis=0)
    way = TOP - np.abs(way % (2 * TOP) - TOP)
    return np.column_stack([times, way / TOP]).astype(np.float32), way[-1]


def _varied(rng: Generator, times: NDArray[np.float64], steps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times = times * rng.uniform(0.75, 1.3)
    steps = steps * rng.choice((-1.0, 1.0))
    if rng.random() < 0.4 and len(times) > 2 * PHRASE_EVENTS[0]:
        first = int(rng.integers(0, len(times) - PHRASE_EVENTS[0]))
        times, steps = times[first:], steps[first:]
    times = times.copy()
    times[0] = rng.uniform(*REPLY)
    return times, steps


def duets(rng: Generator, controls: int, wanted: int) -> list[Events]:
    """The simulated performer in dialogue with itself: what it repeats and varies comes at once, as an answer."""
    found, total = [], 0
    while total < wanted:
        phrasing = Phrasing(rng, controls, ECHOES)
        events = [(0.0, *phrasing.values)]
        for _ in range(40):
            first = rng.uniform(*REPLY) if rng.random() < 0.7 else rng.uniform(REPLY[1], PAUSE_FROM)
            for wait, values in phrasing.phrase():
                events.append((first + wait, *values))
                first = 0.0
        found.append(np.array(events, np.float32))
        total += len(events)
    return found


def main() -> None:
    """Prepare, train, and write the model beside the templates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="recorded playing, as `impsy dataset` writes it")
    parser.add_argument("--output", type=Path, help="folder [default: the templates of new workspaces]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", default="xs")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="of the recipe")
    options = parser.parse_args()
    changes = RECIPE | {"seed": options.seed}
    for each in options.set:
        name, value = each.split("=")
        changes[name] = json.loads(value)
    recorded = read_dataset(options.dataset)
    made = prepared(recorded, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"starter-{made.dimension}d.npz"
        write_dataset(path, made)
        plan, dataset = plan_for(path, options.output, size=options.size, changes=changes, split="performances")
        learned = learn(plan, dataset, told=lambda told: print(told.name, told.parameters), tell=lambda p: print(p.step, round(p.loss, 2), round(p.held_out, 2), round(p.step_ms)), stop=lambda: False)
    assert learned is not None


if __name__ == "__main__":
    main()
