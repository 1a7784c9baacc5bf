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
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from impsy.data.datasets import Dataset, read_dataset, write_dataset
from impsy.files import write_whole
from impsy.models.accuracy import smallest_faithful
from impsy.models.architectures import Gestures
from impsy.models.calibration import PLAYED, Temperatures, calibrated, density_temperatures, uncalibrated
from impsy.models.opening import model_facts, open_weights
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import LSTMLayer, Weights
from impsy.perform.simulated.phrasing import Phrasing
from impsy.training.gestures import HEADS
from impsy.training.learning import Learned, learn, plan_for

TEMPLATES = Path(__file__).resolve().parents[1] / "src" / "impsy" / "config" / "templates" / "models"
SIZE = "xs"

TOP = 127
PAUSE_FROM, PAUSE_MORE = 0.8, 0.3
"""Seconds: pauses longer than the first are shortened, to less than both together."""
PHRASE_PAUSE = 0.6
"""Seconds of silence that end a recorded phrase."""
PHRASE_EVENTS = (12, 60)
"""Of a recorded phrase: shorter ones are not echoed, longer ones are cut."""
ECHOES = (8, 16)
"""Answers to a phrase, the fewest and the most: who is answered on what they moved knows that they were heard."""
HANDS = (1, 2, 2, 3)
"""How many controls the performer's motifs have, oftener several than in the demo: they are harder to answer."""
REPLY = (0.06, 0.5)
"""Seconds before an answer, the least and the most."""
EVENTS = {"recorded": 30_000, "echoes": 120_000, "performer": 200_000}
FIRST: dict[str, Any] = {"window": 64, "epochs": 4, "steps": 100, "mirrored": 0.5, "permuted": 0.5, "dropout": 0.0}
"""Of the recipe by which it learns how controls move."""
THEN: dict[str, Any] = {"window": 128, "epochs": 8, "steps": 260, "learning_rate": 0.004, "dropout": 0.0}
"""Of the recipe by which it learns when, and which of them."""
RIGHT_AT = Temperatures(1.0, 0.75)
"""The temperatures at which what was learned plays best; the file plays so at those of a performance. At 1 of
components, rare ones take over soon and lead an answer away from its phrase."""
FORGETTING = 3.5
"""Bias of the forget gates of the memory: what moved counts less by a thirtieth with each event."""

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
    named = [(name, _on_other_controls(rng, each)) for name, own in kinds.items() for each in own]
    order = rng.permutation(len(named))
    return Dataset.of(dataset.dimension, [named[i][1] for i in order], [named[i][0] for i in order])


def _on_other_controls(rng: Generator, events: Events) -> Events:
    """The same playing with its controls in another order: no control is anybody's favourite."""
    return events[:, [0, *(1 + rng.permutation(events.shape[1] - 1)).tolist()]]


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
    phrases = [phrase for each in recorded for phrase in cut(each)]
    if not phrases:
        return []
    found, total = [], 0
    while total < wanted:
        places = rng.integers(0, TOP + 1, recorded[0].shape[1] - 1).astype(np.float64)
        parts = []
        for _ in range(2):
            times, steps = phrases[int(rng.integers(len(phrases)))]
            times = times.copy()
            times[0] = rng.uniform(0.3, 1.0)
            for _ in range(1 + int(rng.integers(ECHOES[0], ECHOES[1] + 1))):
                part, places = played(times, steps, places)
                parts.append(part)
                times, steps = varied(rng, times, steps)
        performance = short_pauses(moving(np.concatenate(parts)))
        found.append(performance)
        total += len(performance)
    return found


def cut(events: Events) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Phrases as times and steps of the controls, in places."""
    steps = np.rint(np.diff(events[:, 1:], axis=0) * TOP).astype(np.float64)
    times = events[1:, 0].astype(np.float64)
    least, most = PHRASE_EVENTS
    bounds = [0, *np.flatnonzero(times > PHRASE_PAUSE).tolist(), len(times)]
    found = []
    for begin, end in pairwise(bounds):
        for first in range(begin, end, most):
            last = min(first + most, end)
            if last - first >= least:
                found.append((times[first:last], steps[first:last]))
    return found


def played(
    times: NDArray[np.float64], steps: NDArray[np.float64], places: NDArray[np.float64]
) -> tuple[Events, NDArray[np.float64]]:
    """The phrase from where the controls stand, turning back at their ends; and where they stand then."""
    way = places + np.cumsum(steps, axis=0)
    way = TOP - np.abs(way % (2 * TOP) - TOP)
    return np.column_stack([times, way / TOP]).astype(np.float32), way[-1]


def varied(
    rng: Generator, times: NDArray[np.float64], steps: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A phrase's times and steps for an answer to it: mirrored or not, faster or slower, whole or its end."""
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
        phrasing = Phrasing(rng, controls, ECHOES, HANDS, briefly=False)
        events = [(0.0, *phrasing.values)]
        for _ in range(40):
            first = rng.uniform(*REPLY) if rng.random() < 0.7 else rng.uniform(REPLY[1], PAUSE_FROM)
            for wait, values in phrasing.phrase():
                events.append((first + wait, *values))
                first = 0.0
        found.append(np.array(events, np.float32))
        total += len(events)
    return found


def with_memory(weights: Weights, weight: float = 5.0) -> Weights:
    """The network with a unit of each layer for each control, which holds how much it has moved lately and makes
    gestures on that control likelier.

    An LSTM layer forgets most of what it hears within ten events unless it learns otherwise, which takes thousands of
    steps where phrases last for forty (Tallec & Ollivier, "Can recurrent neural networks warp time?", 2018).
    """
    units, n, fixed = weights.units, weights.dimension - 1, weights.residual
    assert isinstance(fixed, Gestures)
    own = np.arange(n)
    layers = []
    for depth, layer in enumerate(weights.layers):
        kernel, recurrent, bias = layer.kernel.copy(), layer.recurrent.copy(), layer.bias.copy()
        columns = (np.arange(4)[:, None] * units + own).reshape(-1)
        kernel[:, columns], recurrent[:, columns], recurrent[own] = 0.0, 0.0, 0.0
        if depth:
            kernel[own] = 0.0
        # The first layer hears which controls the last gesture moved, the others hear its memory.
        heard = own if depth else 1 + 6 * n + own
        kernel[heard, 2 * units + own] = 1.5 if depth else 2.0
        gates = (2.0, -FORGETTING, 0.0, 2.0) if depth else (-1.5, FORGETTING, 0.0, 2.0)
        bias[columns] = np.repeat(gates, n)
        layers.append(LSTMLayer(kernel, recurrent, bias))
    kernel, bias = weights.mixture_kernel.copy(), weights.mixture_bias.copy()
    kernel[own] = 0.0
    logits = 2 * weights.mixtures * weights.dimension
    for component, moved in enumerate(fixed.direction != 0):
        if moved.sum() == 1 and not fixed.continues[component]:
            kernel[int(np.argmax(moved)), logits + component] = weight
            bias[logits + component] -= 0.3 * weight
    return replace(weights, layers=tuple(layers), mixture_kernel=kernel, mixture_bias=bias)


def _with_catch_all(weights: Weights, logit: float) -> Weights:
    """The last component, for everything else, likelier by ``logit``: it is learned with, but kept from playing."""
    bias = weights.mixture_bias.copy()
    bias[-1] += logit
    return replace(weights, mixture_bias=bias)


def main() -> None:
    """Prepare, train, and write the model beside the templates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="recorded playing, as `impsy dataset` writes it")
    parser.add_argument("--output", type=Path, default=TEMPLATES, help="folder [default: that of the templates]")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    made = prepared(read_dataset(options.dataset), options.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{options.dataset.stem}-and-more.npz"
        write_dataset(path, made)
        first = _learned(path, Path(folder), FIRST | {"seed": options.seed}, size=SIZE)
        less = HEADS["continuing"].played_less
        base = Path(folder) / "base.tflite"
        write_whole(base, encode_tflite(_with_catch_all(with_memory(_weights(first)), less)))
        last = _learned(path, Path(folder) / "then", THEN | {"seed": options.seed}, start_from=base)
        weights = calibrated(_with_catch_all(_weights(last), -less), *PLAYED, learnt_at=RIGHT_AT)
    story = last.description
    kinds = np.array([name for name, length in zip(made.names, made.lengths, strict=True) for _ in range(length)])
    story["trained_on"] |= {
        "dataset": options.dataset.name,
        "made_of": {name: int((kinds == name).sum()) for name in sorted(set(made.names))},
        "made_by": "packaging/starter_model.py",
        "continued_from": "a network of the same data whose memory of what moved was set by hand",
    }
    story["right_at"] = RIGHT_AT.facts
    story["first_recipe"] = first.description["recipe"]
    chosen, _ = smallest_faithful(weights, story)
    story["stored_as"] = chosen.storage
    write_whole(
        options.output / f"{weights.name}.tflite", encode_tflite(weights, storage=chosen.storage, facts=story)
    )
    write_whole(options.output / f"{weights.name}.json", (json.dumps(story, indent=1) + "\n").encode())
    print(f"{options.output / weights.name}.tflite, {chosen.storage}: python -m bench.dialogue judges it")


def _learned(dataset_file: Path, folder: Path, changes: dict[str, Any], **more: Any) -> Learned:
    plan, dataset = plan_for(dataset_file, folder, changes=changes, split="performances", **more)
    learned = learn(
        plan,
        dataset,
        started=lambda start: print(f"{start.name}, {start.recipe.total_steps} steps"),
        progress=lambda at: print(
            f"step {at.step}  held out {at.held_out:.2f}  {at.step_ms:.0f} ms a step", flush=True
        ),
    )
    assert learned is not None
    return learned


def _weights(learned: Learned) -> Weights:
    """As they were learned, whatever temperatures they are written for."""
    tflite = next(path for path in learned.files if path.suffix == ".tflite")
    return uncalibrated(open_weights(tflite), *density_temperatures(model_facts(tflite)))


if __name__ == "__main__":
    main()
