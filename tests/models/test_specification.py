"""Every architecture as its definition has it, and every implementation held to that.

The oracle is written from the definitions alone (docstrings of :mod:`impsy.models.architectures` and
:mod:`impsy.models.landings`), number by number:
float64, but for what they say is float32.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import (
    assert_same,
    gesture_weights,
    landing_weights,
    played_by_strangers,
    residual_weights,
    small_weights,
)

from impsy.models.architectures import Gestures
from impsy.models.batch.network import BatchNetwork
from impsy.models.landings import Landings
from impsy.models.litert import GraphPredictor, LiteRTPredictor
from impsy.models.mixture import split
from impsy.models.opening import open_weights
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import Size
from impsy.models.tflite.read import read_tflite
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import Weights

CLOSE = {"atol": 2e-4, "rtol": 2e-4}
MAKERS = {
    "plain": small_weights,
    "residual": residual_weights,
    "gestures": gesture_weights,
    "landings": landing_weights,
}


def dot(left, right) -> float:
    return math.fsum(float(a) * float(b) for a, b in zip(left, right, strict=True))


def elu(z: float) -> float:
    return z if z > 0 else math.expm1(z)


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


class Oracle:
    """One network and what it heard."""

    def __init__(self, weights: Weights) -> None:
        self.weights, self.fixed = weights, weights.residual
        self.n = weights.dimension - 1
        self.states = [([0.0] * weights.units, [0.0] * weights.units) for _ in weights.layers]
        self.base = self.gesture = [np.float32(0)] * self.n
        self.heard = False
        if isinstance(self.fixed, Landings):
            self.at = [0] * len(self.fixed.counts)
            self.use = [{q: [0.0] * int(count) for q in (0.8, 0.98)} for count in self.fixed.counts]

    def hear(self, vector) -> list[float]:
        scaled = [10.0 * float(number) for number in vector]
        features = scaled if self.fixed is None else self.features(scaled)
        x = list(features)
        for i, layer in enumerate(self.weights.layers):
            x = self.lstm(i, layer, x)
        heard = x if self.fixed is None else x + features
        out = [
            dot(heard, column) + float(b)
            for column, b in zip(self.weights.mixture_kernel.T, self.weights.mixture_bias, strict=True)
        ]
        if isinstance(self.fixed, Landings):
            return self.landings(out)
        dimension, mixtures = self.n + 1, self.weights.mixtures
        width = mixtures * dimension
        mu, sigma = [], []
        self.rounding = [0.0] * (2 * width + mixtures)
        for k in range(mixtures):
            for d in range(dimension):
                place = k * dimension + d
                self.lost = 0.0
                m, s = self.number(k, d, out[place], out[width + place])
                mu.append(m)
                sigma.append(s)
                self.rounding[place] = self.lost
        return mu + sigma + out[2 * width :]

    def lstm(self, i, layer, x) -> list[float]:
        h, c = self.states[i]
        units = len(h)
        z = [
            dot(x, kernel) + dot(h, recurrent) + float(bias)
            for kernel, recurrent, bias in zip(layer.kernel.T, layer.recurrent.T, layer.bias, strict=True)
        ]
        gates = [z[part * units : (part + 1) * units] for part in range(4)]
        cell = [sigmoid(f) * old + sigmoid(w) * math.tanh(g) for w, f, g, old in zip(*gates[:3], c, strict=True)]
        output = [sigmoid(o) * math.tanh(new) for o, new in zip(gates[3], cell, strict=True)]
        self.states[i] = output, cell
        return output

    def features(self, scaled) -> list[float]:
        fixed = self.fixed
        last, self.base = (
            self.base,
            [self.on_grid(np.float32(value), grid) for value, grid in zip(scaled[1:], fixed.grid, strict=True)],
        )
        scale = [float(number) for number in fixed.change_scale]
        base = [float(value) for value in self.base]
        self.low = [max(0.0, 1 - b * s * 2) for b, s in zip(base, scale, strict=True)]
        self.high = [max(0.0, 1 - (10 - b) * s * 2) for b, s in zip(base, scale, strict=True)]
        move = [now - before for now, before in zip(self.base, last, strict=True)]
        if isinstance(fixed, Gestures | Landings) and not self.heard:
            move = [np.float32(0)] * self.n
        if isinstance(fixed, Landings):
            return self.features_of_notes(scaled, base, move, scale)
        if isinstance(fixed, Gestures):
            if any(self.rounded(move)):
                self.gesture = move
            self.way = [max(-1, min(1, turn)) for turn in self.rounded(self.gesture)]
        self.heard = True
        change = [math.tanh(s * float(m)) for s, m in zip(scale, move, strict=True)]
        features = [math.log(1 + 100 * max(scaled[0], 0.0)), *base, *change, *(c * c for c in change)]
        features += [*self.low, *self.high]
        if isinstance(fixed, Gestures):
            features += [math.tanh(s * float(g) / 2) for s, g in zip(scale, self.gesture, strict=True)]
            features += [abs(way) for way in self.way]
            features.append(1.0 if any(self.rounded(move)) else 0.0)
        return features

    def features_of_notes(self, scaled, base, move, scale) -> list[float]:
        fixed = self.fixed
        logged = math.log(max(scaled[0], 0.02))
        features = [logged, *(max(0.0, 1 - abs(logged - math.log(anchor)) / 0.2) for anchor in fixed.anchors)]
        features.append(1.0 if self.heard else 0.0)
        turns = self.rounded(move)
        still = not any(turn for turn, apart in zip(turns, fixed.apart, strict=True) if apart)
        one = np.float32(1)
        notes = [int(note) for note in fixed.notes]
        one_hot = []
        for c, i in enumerate(notes):
            at = int(np.rint(self.base[i] * (one / fixed.grid[i]))) - int(fixed.lowest[c])
            self.at[c] = max(0, min(int(fixed.counts[c]) - 1, at))
            here = [1.0 if j == self.at[c] else 0.0 for j in range(int(fixed.counts[c]))]
            one_hot.append(here)
            for q, use in self.use[c].items():
                if turns[i] != 0 or still:
                    use[:] = [old + (1 - q) * (now - old) for old, now in zip(use, here, strict=True)]
        for c, i in enumerate(notes):
            by = max(-12, min(12, int(np.rint(move[i] * (one / fixed.grid[i])))))
            features += [1.0 if self.heard and k == by else 0.0 for k in range(-12, 13)]
            features += [*one_hot[c], *self.use[c][0.8], *self.use[c][0.98]]
            for q in (0.8, 0.98):
                around = [0.0] * 12
                for d, uses in enumerate(self.use):
                    for j, used in enumerate(uses[q]):
                        around[(self.class_of(d, j) - self.class_of(c, self.at[c])) % 12] += used
                features += around
            for d in range(len(notes)):
                if d != c:
                    chord = (self.class_of(d, self.at[d]) - self.class_of(c, self.at[c])) % 12
                    features += [1.0 if k == chord else 0.0 for k in range(12)]
        knobs = [i for i in range(self.n) if i not in fixed.notes]
        change = [math.tanh(scale[i] * float(move[i])) for i in knobs]
        features += [base[i] for i in knobs] + change + [c * c for c in change]
        features += [self.low[i] for i in knobs] + [self.high[i] for i in knobs]
        self.heard = True
        return features

    def class_of(self, c: int, j: int) -> int:
        return (int(self.fixed.lowest[c]) + j) % 12

    def landings(self, out) -> list[float]:
        fixed = self.fixed
        slots = len(fixed.voice)
        pairs = [(s, i) for s in range(slots) for i in range(self.n) if fixed.moves[s, i]]
        width, values = slots + len(pairs), [int(count) for count in fixed.counts]
        b, rest = out[2 * width : 2 * width + slots], out[2 * width + slots :]
        a, e = rest[: sum(values)], rest[sum(values) :]
        h = e[25 * len(values) :]
        w = h[12 * len(values) * (len(values) - 1) :]

        def slot(s: int) -> tuple[list[float], list[float]]:
            mu, sigma = [float(fixed.time[s]) + out[s]], [self.deviation(s, 0, out[width + s])]
            for i in range(self.n):
                if fixed.moves[s, i]:
                    p = slots + pairs.index((s, i))
                    mu.append(self.from_base(i, out[p]))
                    sigma.append(self.deviation(s, i + 1, out[width + p]))
                else:
                    mu.append(float(self.base[i]))
                    sigma.append(float(fixed.rest[i]))
            return mu, sigma

        components = []
        for c, i in enumerate(int(note) for note in fixed.notes):
            use = self.use[c][0.98]
            others = [d for d in range(len(values)) if d != c]
            for j in range(values[c]):
                alike = math.fsum(
                    used
                    for d, uses in enumerate(self.use)
                    for k, used in enumerate(uses[0.98])
                    if self.class_of(d, k) == self.class_of(c, j)
                )
                value = a.pop(0) + e[25 * c + 12 + max(-12, min(12, j - self.at[c]))]
                for p, d in enumerate(others):
                    k = (self.class_of(c, j) - self.class_of(d, self.at[d])) % 12
                    value += h[12 * (c * len(others) + p) + k]
                value += w[2 * c] * math.log(0.01 + alike) + w[2 * c + 1] * math.log(0.01 + use[j])
                for s in range(slots):
                    if fixed.voice[s] == c:
                        mu, sigma = slot(s)
                        mu[i + 1] = float((fixed.lowest[c] + np.float32(j)) * fixed.grid[i])
                        components.append((mu, sigma, b[s] + value))
        components += [(*slot(s), b[s]) for s in range(slots) if fixed.voice[s] == -1]
        assert len(components) == self.weights.mixtures
        mus, sigmas, logits = zip(*components, strict=True)
        return [*(m for mu in mus for m in mu), *(s for sigma in sigmas for s in sigma), *logits]

    def deviation(self, k: int, d: int, z: float) -> float:
        return float(self.fixed.sigma_scale[k, d]) * (elu(z) + 1 + 1e-7) + float(self.fixed.sigma_floor[k, d])

    def from_base(self, i: int, m: float) -> float:
        base, low, high = float(self.base[i]), self.low[i], self.high[i]
        slope = 2 * float(self.fixed.change_scale[i])
        if (10 - base) * slope < 1.001:
            # high is what is left of terms of 10 slope, each rounded to 24 bits, and counts twice.
            self.lost = 2 * abs(m) * 2 * 10 * slope * 2**-24
        return base + m * (1 - 2 * low) + max(m, 0.0) * 2 * (low - high)

    def on_grid(self, value, grid) -> np.float32:
        return value if grid == 0 else np.float32(np.rint(value * (np.float32(1) / grid))) * grid

    def rounded(self, moves) -> list[int]:
        """In thresholds; np.rint rounds halves to even."""
        one = np.float32(1)
        return [int(np.rint(m * (one / t))) for m, t in zip(moves, self.fixed.threshold, strict=True)]

    def number(self, k: int, d: int, r: float, z: float) -> tuple[float, float]:
        """Mean and deviation of one component's time (d = 0) or control."""
        fixed = self.fixed
        if fixed is None:
            return r, elu(z) + 1 + 1e-7
        sigma = self.deviation(k, d, z)
        if d == 0:
            return r, sigma
        i = d - 1
        m = r
        if isinstance(fixed, Gestures):
            unit, direction = float(fixed.unit[i]), float(fixed.direction[k, i])
            least = unit / 2 + float(fixed.margin[0]) * sigma
            travel = r + float(fixed.momentum[k]) * abs(float(self.gesture[i]))
            if fixed.one_sided[k]:
                travel = unit * (elu(r) + 1) + least
            elif fixed.momentum[k]:
                travel = max(travel, least)
            way = self.way[i] if fixed.continues[k] else 1
            m = direction * travel * way
            if direction == 0 or way == 0:
                sigma = float(fixed.rest[i])
        return self.from_base(i, m), sigma


def told(weights: Weights, heard: np.ndarray) -> np.ndarray:
    oracle = Oracle(weights)
    return np.array([oracle.hear(event) for event in heard])


def limits_of_rounding(weights: Weights, heard: np.ndarray) -> np.ndarray:
    """How far a gesture network in float32 may be from its definition, for each number.

    Few roundings of what is computed, but for means near the upper end of a control (see :meth:`Oracle.from_base`).
    """
    oracle, limits = Oracle(weights), []
    for event in heard:
        size = 1 + np.abs(oracle.hear(event))
        limits.append(np.minimum(5e-5 * size + oracle.rounding, 5e-4 * size))
    return np.array(limits)


def heard_by(predictor, heard: np.ndarray) -> np.ndarray:
    predictor.reset()
    mixtures = []
    for event in heard:
        predictor.hear(event.tolist())
        mixtures.append(np.array(predictor.parameters))
    return np.array(mixtures)


def playing(seed: int, steps: int, dimension: int, grid: np.ndarray | None = None) -> np.ndarray:
    """Events in which nothing, one control or all of them move, to the ends too, on and off any grid; float32."""
    rng = np.random.default_rng(seed)
    steps_of = np.where(grid > 0, grid, 0.07) / 10 if grid is not None else np.full(dimension - 1, 10 / 1270)
    event = rng.random(dimension)
    heard = [event.copy()]
    while len(heard) < steps:
        kind, which = rng.integers(6), rng.integers(1, dimension)
        if kind == 1:
            event[which] = rng.integers(2)
        elif kind in (2, 3):
            event[which] = np.clip(event[which] + rng.integers(-3, 4) * steps_of[which - 1], 0, 1)
        elif kind == 4:
            event[which] = rng.random()
        elif kind == 5:
            event[1:] = np.rint(rng.random(dimension - 1) / steps_of) * steps_of
        event[0] = rng.choice([-0.01, 0, rng.exponential(0.2)])
        heard.append(event.copy())
    return np.array(heard, np.float32)


def check(weights: Weights, heard: np.ndarray, limits: np.ndarray | None = None) -> None:
    """All that plays inside this process; the first events once more after a reset, and beside other sequences.

    ``limits``: how far each number may be from what is expected; CLOSE if None.
    """
    expected = told(weights, heard)
    if limits is None:
        limits = CLOSE["atol"] + CLOSE["rtol"] * np.abs(expected)
    exact = NumPyPredictor(weights, precision=np.float64)
    np.testing.assert_allclose(heard_by(exact, heard), expected, atol=1e-5, rtol=1e-6)
    np.testing.assert_allclose(heard_by(exact, heard), expected, atol=1e-5, rtol=1e-6)
    content = encode_tflite(weights)
    same = read_tflite(content)
    assert_same(same, weights)
    for predictor in (NumPyPredictor(same), LiteRTPredictor(weights), GraphPredictor(content)):
        np.testing.assert_array_less(np.abs(heard_by(predictor, heard) - expected), limits)
    network = BatchNetwork(weights)
    for _ in range(2):
        network.reset(3)
        for t, event in enumerate(heard):
            mixtures = network.hear(np.stack([heard[t - 1], event, 1 - event]))
            np.testing.assert_array_less(np.abs(mixtures[1] - expected[t]), limits[t])


SHAPES = [
    (2, Size(16, 2), 5),
    (3, Size(1, 1), 4),  # its last values and moves fill three pairs of states
    (4, Size(7, 1), 1),  # exactly one state
    (6, Size(8, 3), 9),
    (9, Size(8, 2), 18),
    (64, Size(16, 1), 6),
]


@pytest.mark.parametrize("architecture", MAKERS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("grid", ["all", "none"])
@pytest.mark.slow
def test_every_implementation_computes_what_the_definition_says(
    architecture: str, shape: tuple[int, Size, int], grid: str
) -> None:
    dimension, size, mixtures = shape
    more = {} if architecture == "plain" else {"grid": grid}
    weights = MAKERS[architecture](3, dimension, size, mixtures, **more)
    steps = None if weights.residual is None else weights.residual.grid
    check(weights, playing(1, 12 if dimension == 64 else 50, dimension, steps))


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(list(MAKERS)),
    st.integers(2, 7),
    st.integers(1, 9),
    st.integers(1, 20),
    st.sampled_from(["all", "some", "none"]),
    st.integers(0, 2**32 - 1),
)
@pytest.mark.slow
def test_networks_and_events_of_any_kind(
    architecture: str, dimension: int, units: int, mixtures: int, grid: str, seed: int
) -> None:
    more = {} if architecture == "plain" else {"grid": grid}
    weights = MAKERS[architecture](seed, dimension, Size(units, 1), mixtures, **more)
    steps = None if weights.residual is None else weights.residual.grid
    heard = playing(seed, 25, dimension, steps)
    check(weights, heard, limits_of_rounding(weights, heard) if architecture == "gestures" else None)


@pytest.mark.parametrize("architecture", MAKERS)
@pytest.mark.parametrize(("dimension", "units"), [(2, 16), (5, 3), (64, 16)])
@pytest.mark.parametrize("way", ["signature", "index"])
@pytest.mark.slow
def test_programs_with_nothing_of_ours_compute_it_too(
    architecture: str, dimension: int, units: int, way: str, tmp_path: Path
) -> None:
    weights = MAKERS[architecture](5, dimension, Size(units, 2), 6)
    heard = playing(2, 8 if dimension == 64 else 40, dimension)
    played = played_by_strangers(encode_tflite(weights), heard, way, tmp_path)
    np.testing.assert_allclose(played, told(weights, heard), **CLOSE)


STOCK = """
import sys
import keras
import numpy as np
from keras_mdn_layer import MDN

for path in sys.argv[1:]:
    heard = np.load(path + ".npz")["heard"]
    model = keras.models.load_model(path, custom_objects={"MDN": MDN})
    played = np.asarray(model(heard[None] * np.float32(10)))[0]
    np.savez(path + ".npz", heard=heard, played=played)
assert "impsy" not in sys.modules
"""


@pytest.mark.slow
def test_keras_with_nothing_of_ours_computes_it_too(tmp_path: Path) -> None:
    """From the archives that training saves, which come back as they were."""
    from impsy.training.saving import saved_model

    cases = [(name, dimension) for name in MAKERS if name != "landings" for dimension in (2, 6)]
    made = {
        str(tmp_path / f"{architecture}{dimension}.keras"): MAKERS[architecture](4, dimension, Size(8, 2), 9)
        for architecture, dimension in cases
    }
    for path, weights in made.items():
        saved_model(weights).save(path)
        assert_same(open_weights(path), weights)
        grid = None if weights.residual is None else weights.residual.grid
        np.savez(f"{path}.npz", heard=playing(6, 40, weights.dimension, grid))
    program = [sys.executable, "-I", "-c", STOCK, *made]
    # What is compiled computes once.
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    done = subprocess.run(program, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    for path, weights in made.items():
        with np.load(f"{path}.npz") as answer:
            np.testing.assert_allclose(answer["played"], told(weights, answer["heard"]), **CLOSE)


@pytest.mark.parametrize("architecture", MAKERS)
@pytest.mark.parametrize(("dimension", "units"), [(2, 16), (6, 3)])
@pytest.mark.slow
def test_training_computes_it_too(architecture: str, dimension: int, units: int) -> None:
    """The network that is differentiated, given the weights of files. Of notes it has the likelihood only."""
    from impsy.training.backend import prepare

    prepare()
    import jax

    from impsy.training.gestures import Design
    from impsy.training.networks import network_of
    from impsy.training.scales import scales_of

    weights = MAKERS[architecture](8, dimension, Size(units, 2), 9)
    fixed = weights.residual
    heard = playing(7, 40, dimension, None if fixed is None else fixed.grid)
    if isinstance(fixed, Landings):  # so narrow that all values but the one that was played have no density
        fixed = replace(fixed, rest=np.where(fixed.grid > 0, fixed.grid / 20, fixed.rest).astype(np.float32))
        weights = replace(weights, residual=fixed)
        for voice, control in enumerate(fixed.note):
            values = np.random.default_rng(voice).choice(fixed.landing(voice), len(heard))
            heard[:, 1 + control] = values / 10
    network = network_of(
        dimension, weights.size, Design(scales_of(np.abs(heard), [slice(0, 40)]), weights.mixtures, fixed)
    )
    learned, scaled, expected = network.unfolded(weights), heard[None] * np.float32(10), told(weights, heard)
    if not isinstance(fixed, Landings):
        parts = [np.asarray(part)[0].reshape(len(heard), -1) for part in jax.jit(network.mixture)(learned, scaled)]
        np.testing.assert_allclose(np.hstack(parts), expected, **CLOSE)
        return
    found = np.asarray(jax.jit(network.likelihood)(learned, scaled[:, :-1], scaled[:, 1:]))[0]
    for density, numbers, event in zip(found, expected[:-1], scaled[0, 1:], strict=True):
        mu, sigma, logits = split(numbers, dimension)
        normals = -0.5 * ((event - mu) / sigma) ** 2 - np.log(sigma) - 0.5 * np.log(2 * np.pi)
        whole = np.logaddexp.reduce(logits + normals.sum(axis=1)) - np.logaddexp.reduce(logits)
        np.testing.assert_allclose(density, whole, rtol=2e-3, atol=2e-2)


@pytest.mark.parametrize("architecture", [name for name in MAKERS if name != "plain"])
@pytest.mark.parametrize("factor", [10.0, 0.1, 3.0])
@pytest.mark.slow
def test_widened_networks_say_the_same_with_other_deviations(architecture: str, factor: float) -> None:
    weights = MAKERS[architecture](4, 5, Size(8, 1), 12)
    wide = replace(weights, residual=weights.residual.widened(factor))
    heard = playing(3, 30, 5, weights.residual.grid)
    for network, expected in zip(
        (heard_by(NumPyPredictor(wide, precision=np.float64), heard)),
        heard_by(NumPyPredictor(weights, precision=np.float64), heard),
        strict=True,
    ):
        now, before = split(network, 5), split(expected, 5)
        np.testing.assert_allclose(now.mu, before.mu, atol=1e-4)
        np.testing.assert_allclose(now.sigma, before.sigma * factor, rtol=1e-4)
        np.testing.assert_allclose(now.logits, before.logits, atol=1e-6)


def test_the_logits_of_a_network_are_made_of_its_last_outputs() -> None:
    for architecture in ("residual", "gestures", "landings"):
        weights = MAKERS[architecture](4, 5, Size(8, 1), 12)
        kernel, bias = weights.mixture_kernel.copy(), weights.mixture_bias.copy()
        logits = slice(bias.size - weights.residual.logits, None)
        kernel[:, logits] *= 2
        bias[logits] *= 2
        heard = playing(3, 30, 5, weights.residual.grid)
        doubled = heard_by(NumPyPredictor(replace(weights, mixture_kernel=kernel, mixture_bias=bias)), heard)
        expected = heard_by(NumPyPredictor(weights), heard)
        expected[:, -weights.mixtures :] *= 2
        np.testing.assert_allclose(doubled, expected, rtol=1e-4, atol=1e-4)
