"""How a model plays notes, beside the players of held-out pieces.

    python -m bench.notes TRAIN.npz HELD.npz MODEL.tflite... [--notes 1 2]

Each model is played by a reader of its own with nothing of IMPSY's but the dataset's reader: LiteRT by tensor index,
draws as any front end makes them, at the temperatures given (default .01 for deviations, 1 for components). A model
hears the first 32 events of a held-out piece and goes on for 64, by four seeds.

Of each note control: bits of the note that came next, and of its time to ±25 ms given the note (all components
counted); notes outside the piece (pitch classes that its first 32 events do not have), repeats, steps (1, 2) and
leaps (above 4), of all events, or of those that move it where there are several; events on the pieces' time grid
(halves of the commonest time); range. And C2ST: the area under the ROC curve of a classifier that tells windows of 16
events from the players' (pieces of a fold are never in its training).
"""

from __future__ import annotations

import argparse
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import read_dataset

HEAR, PLAY, SEEDS, WINDOW = 32, 64, 4, 16
STEPS = 127.0
Events = NDArray[np.float64]


class Reader:
    """A ``.tflite`` file, played by tensor index."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._run = Interpreter(model_path=str(path), num_threads=1)
        self._run.allocate_tensors()
        ins = sorted(self._run.get_input_details(), key=lambda each: each["index"])
        outs = sorted(self._run.get_output_details(), key=lambda each: each["index"])
        (self._vector,) = [each for each in ins if len(each["shape"]) == 3]
        self._before = [each for each in ins if len(each["shape"]) == 2]
        self._after = [each for each in outs if tuple(each["shape"]) == tuple(self._before[0]["shape"])]
        (self._mixture,) = [each for each in outs if each["index"] not in {state["index"] for state in self._after}]
        self.dimension = int(self._vector["shape"][2])
        self.reset()

    def reset(self) -> None:
        self._states = [np.zeros(each["shape"], np.float32) for each in self._before]

    def hear(self, event: Events) -> tuple[Events, Events, Events]:
        """The mixture (M, D), (M, D), (M,) in seconds and values."""
        self._run.set_tensor(self._vector["index"], (event * 10).astype(np.float32).reshape(1, 1, -1))
        for each, state in zip(self._before, self._states, strict=True):
            self._run.set_tensor(each["index"], state)
        self._run.invoke()
        self._states = [self._run.get_tensor(each["index"]) for each in self._after]
        out = self._run.get_tensor(self._mixture["index"]).reshape(-1).astype(np.float64)
        m = out.size // (2 * self.dimension + 1)
        mu, sigma = (part.reshape(m, -1) / 10 for part in np.split(out[: 2 * m * self.dimension], 2))
        return mu, sigma, out[2 * m * self.dimension :]


def weights_of(logits: Events, temperature: float) -> Events:
    powers = np.exp((logits - logits.max()) / temperature)
    return np.asarray(powers / powers.sum())


def bits(reader: Reader, pieces: list[Events], notes: list[int], sg: float, pi: float) -> tuple[float, float]:
    """Mean bits of the values of all ``notes`` together, and of the time given them."""
    cdf = np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)))
    found = []
    for piece in pieces:
        reader.reset()
        for now, then in pairwise(piece):
            mu, sigma, logits = reader.hear(now)
            sigma, share = sigma * math.sqrt(sg), weights_of(logits, pi)
            for note in notes:
                middle = np.rint(then[note] * STEPS) / STEPS
                ends = ((middle + half / STEPS - mu[:, note]) / sigma[:, note] for half in (-0.5, 0.5))
                low, high = (cdf(end) for end in ends)
                share = share * (high - low)
            near = cdf((then[0] + 0.025 - mu[:, 0]) / sigma[:, 0]) - cdf((then[0] - 0.025 - mu[:, 0]) / sigma[:, 0])
            total = share.sum()
            found.append((max(total, 1e-12), max((share * near).sum() / max(total, 1e-300), 1e-6)))
    return tuple(float(part) for part in -np.log2(np.array(found)).mean(0))  # type: ignore[return-value]


def play(reader: Reader, piece: Events, sg: float, pi: float, seed: int) -> Events:
    """The last event heard, and what comes after."""
    rng = np.random.default_rng(seed)
    reader.reset()
    for event in piece[:HEAR]:
        mixture = reader.hear(event)
    played = [piece[HEAR - 1]]
    for _ in range(PLAY):
        mu, sigma, logits = mixture
        k = rng.choice(len(logits), p=weights_of(logits, pi))
        event = mu[k] + sigma[k] * math.sqrt(sg) * rng.standard_normal(reader.dimension)
        event[0], event[1:] = max(event[0], 0.001), event[1:].clip(0, 1)
        played.append(event)
        mixture = reader.hear(event)
    return np.array(played)


def steps(events: Events, note: int) -> NDArray[np.int64]:
    return np.floor(events[:, note] * STEPS + 0.5).astype(np.int64)


def figures(playing: list[Events], heard: list[Events], note: int, unit: float, alone: bool) -> dict[str, Any]:
    """Of one note; where there are more than one (not ``alone``), of the events that moved this one."""
    intervals, times, outside = [], [], []
    for events, before in zip(playing, heard, strict=True):
        pitch = steps(events, note)
        by = np.diff(pitch)
        scale = set(steps(before, note) % 12)
        chosen = np.ones(len(by), bool) if alone else by != 0
        intervals.append(by[chosen])
        outside.append(np.array([each % 12 not in scale for each in pitch[1:]])[chosen])
        times.append(events[1:, 0])
    size, time = np.abs(np.concatenate(intervals)), np.concatenate(times)
    everything = np.concatenate([steps(events, note) for events in playing])
    halves = np.abs(time / unit - np.rint(time / unit)) < 0.05
    return {
        "out": share(np.concatenate(outside)),
        "repeats": share(size == 0),
        "steps": share((size == 1) | (size == 2)),
        "thirds": share((size == 3) | (size == 4)),
        "leaps": share(size > 4),
        "grid": share(halves),
        "range": [int(everything.min()), int(everything.max())],
    }


def share(which: NDArray[np.bool_]) -> float:
    return round(float(which.mean()), 3) if len(which) else 0.0


def features(window: Events, notes: list[int], unit: float) -> Events:
    """What a classifier is shown of a window."""
    parts: list[Any] = []
    time = window[1:, 0]
    logged = np.log(np.maximum(time, 0.002))
    for note in notes:
        pitch = steps(window, note)
        by = np.diff(pitch)
        ways = np.sign(by)
        parts += [(np.clip(by, -8, 8) == k).mean() for k in range(-8, 9)]
        parts += [((ways[1:] == x) & (ways[:-1] == y)).mean() for x in (-1, 0, 1) for y in (-1, 0, 1)]
        parts += sorted(np.bincount(pitch % 12, minlength=12) / len(pitch), reverse=True)
        parts += [
            len(set(pitch)),
            np.ptp(pitch),
            pitch.mean(),
            np.corrcoef(np.abs(by) + 1e-3 * np.arange(len(by)), logged + 1e-9 * np.arange(len(by)))[0, 1],
        ]
        parts += [(pitch[k:] == pitch[:-k]).mean() for k in (2, 4, 8)]
    if len(notes) > 1:
        apart = (steps(window, notes[0]) - steps(window, notes[1])) % 12
        parts += list(np.bincount(apart, minlength=12) / len(apart))
    parts += [(np.abs(time - unit * k) < 0.02).mean() for k in (0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 8)]
    parts += [(np.abs(np.diff(logged)) < 0.05).mean(), logged.mean(), logged.std()]
    for control in range(1, window.shape[1]):
        if control not in notes:
            value = np.rint(window[:, control] * STEPS) / STEPS
            parts += [value.mean(), value.std(), np.abs(np.diff(value)).mean(), (np.diff(value) == 0).mean()]
    return np.array(parts, np.float64)


def c2st(played: list[tuple[Events, int]], real: list[tuple[Events, int]], notes: list[int], unit: float) -> float:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    rows, label, group = [], [], []
    for which, sides in enumerate((real, played)):
        for events, piece in sides:
            for start in range(0, len(events) - WINDOW + 1, WINDOW // 2):
                rows.append(features(events[start : start + WINDOW], notes, unit))
                label.append(which)
                group.append(piece)
    x, y, g = np.nan_to_num(np.array(rows)), np.array(label), np.array(group)
    said = np.zeros(len(y))
    pieces = np.unique(g)
    for fold in range(5):
        test = np.isin(g, pieces[fold::5])
        balance = np.where(y[~test] == 1, 1 / (y[~test] == 1).sum(), 1 / (y[~test] == 0).sum()) * (~test).sum()
        judge = HistGradientBoostingClassifier(max_iter=50, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=8)
        said[test] = judge.fit(x[~test], y[~test], sample_weight=balance).predict_proba(x[test])[:, 1]
    return round(float(roc_auc_score(y, said)), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("held", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--notes", type=int, nargs="+", default=[1], help="columns that are notes (default: 1)")
    parser.add_argument("--sigmatemp", type=float, default=0.01)
    parser.add_argument("--pitemp", type=float, default=1.0)
    parser.add_argument("--no-c2st", action="store_true")
    options = parser.parse_args()
    train, held = (
        [piece.astype(np.float64) for piece in read_dataset(path).performances]
        for path in (options.train, options.held)
    )
    notes = options.notes
    times = np.concatenate([piece[1:, 0] for piece in train])
    usual = np.round(times[times > 0.02], 2)
    values, counts = np.unique(usual, return_counts=True)
    unit = float(values[counts.argmax()])
    long = [piece for piece in held if len(piece) >= HEAR + WINDOW + 3]
    heard = [piece[:HEAR] for piece in long]
    real = [piece[HEAR - 1 : HEAR + PLAY] for piece in long]
    print(json.dumps({"pieces": len(long), "of": len(held), "unit": unit / 2}))
    alone = len(notes) == 1
    for note in notes:
        print("players", json.dumps({"note": note} | figures(real, heard, note, unit / 2, alone)))
    for path in options.models:
        reader = Reader(path)
        played = [
            play(reader, piece, options.sigmatemp, options.pitemp, seed) for seed in range(SEEDS) for piece in long
        ]
        of_notes, of_time = bits(reader, held, notes, options.sigmatemp, options.pitemp)
        for note in notes:
            print(path.name, json.dumps({"note": note} | figures(played, heard * SEEDS, note, unit / 2, alone)))
        last = {"note bits": round(of_notes, 3), "time bits": round(of_time, 3)}
        if not options.no_c2st:
            ours, theirs = ([(events, k % len(long)) for k, events in enumerate(each)] for each in (played, real))
            last["c2st"] = c2st(ours, theirs, notes, unit / 2)
        print(path.name, json.dumps(last), flush=True)


if __name__ == "__main__":
    main()
