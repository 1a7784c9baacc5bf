"""Random cases for both ends of a model, Python's and the page's: what goes in, and what comes out here.

``frontend/tests/two-ends`` answers them in Node and in a browser.
"""

from __future__ import annotations

import base64
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from impsy.exporting.packed import pack_weights
from impsy.models.calibration import density_temperatures
from impsy.models.mixture import MixtureSampler, choose, component_weights
from impsy.models.opening import open_model
from impsy.models.predictor import MixturePredictor, NumPyPredictor
from impsy.models.sizes import Size
from impsy.models.tflite.read import read_tflite
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import Weights
from random_networks import random_weights

TOLERANCE = 1e-5
"""Of numbers in seconds and [0, 1]; of larger ones that part."""
MARGIN = 1e-3
"""A uniform number decides where it is so far from the ends of the component's share."""
_FACTS = ({}, {"calibrated": {"sigmatemp": 0.01, "pitemp": 1.0}})


@dataclass
class Case:
    """``asks`` is JSON for the other end; ``expected`` what this end answers."""

    asks: dict[str, Any]
    expected: Any
    name: str = ""
    undecided: list[int] = field(default_factory=list)
    """Draws whose component rounding decides."""


class Scripted:
    """A generator whose normal numbers are given."""

    def __init__(self, normals: list[float]) -> None:
        self._normals = normals

    def standard_normal(self, *, out: np.ndarray) -> None:
        out[...] = self._normals


def shared() -> Path:
    """Where released models would be."""
    return Path(os.environ.get("IMPSY_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def cases(seed: int = 0, *, data: Path | None = None) -> Iterator[Case]:
    """About 500 of them. ``data``: the folder of released models."""
    rng = np.random.default_rng(seed)
    for architecture in ("plain", "residual", "gestures", "landings"):
        for number in range(24):
            yield _random_network(rng, architecture, number)
    for path in [] if data is None else sorted((data / "models").glob("*.tflite")):
        opened = open_model(path, "numpy")
        assert opened.weights is not None
        for packed in (False, True):
            yield _network_case(rng, path.name, opened.weights, path.read_bytes(), opened.facts, packed=packed)
    for _ in range(320):
        yield _mixture(rng)
    for _ in range(100):
        yield _choice(rng)


def _random_network(rng: np.random.Generator, architecture: str, number: int) -> Case:
    dimension = int(rng.integers(2, 12))
    size = Size(int(rng.choice([2, 5, 16, 33, 64])), int(rng.integers(1, 4)))
    mixtures = int(rng.integers(1, 6)) if architecture in ("plain", "residual") else int(rng.integers(4, 60))
    weights = random_weights(dimension, size, rng=rng, mixtures=mixtures, architecture=architecture)
    facts: Mapping[str, Any] = _FACTS[number % 2]
    if number % 4 == 3:
        return _network_case(rng, architecture, weights, b"", facts, packed=True)
    content = encode_tflite(weights, storage=("float32", "float16", "int8")[number % 4], facts=facts)
    return _network_case(rng, architecture, read_tflite(content), content, facts, packed=False)


def rounded(weights: Weights) -> Weights:
    """As the packed form has them: matrices in float16."""

    def half(array: np.ndarray) -> np.ndarray:
        return array.astype(np.float16).astype(np.float32)

    layers = tuple(
        replace(layer, kernel=half(layer.kernel), recurrent=half(layer.recurrent)) for layer in weights.layers
    )
    return replace(weights, layers=layers, mixture_kernel=half(weights.mixture_kernel))


def _network_case(
    rng: np.random.Generator, name: str, weights: Weights, content: bytes, facts: Mapping[str, Any], *, packed: bool
) -> Case:
    if packed:
        content, weights = pack_weights(weights, facts), rounded(weights)
    predictor = NumPyPredictor(weights, precision=np.float64)
    predictor.density_temperature = density_temperatures(facts).sigma
    heard: list[list[float] | None] = [_interaction(rng, weights.dimension) for _ in range(8)]
    if rng.random() < 0.3:
        heard[int(rng.integers(1, 7))] = None
    mixtures: list[list[float] | None] = []
    for vector in heard:
        if vector is None:
            predictor.reset()
            mixtures.append(None)
        else:
            predictor.hear(vector)
            mixtures.append(predictor.parameters.tolist())
    draws = [_draw(rng, weights.dimension, held) for held in (0, 0, 1, 1, 2)]
    expected = {
        "mixtures": mixtures,
        "draws": [{"drawn": _drawn(predictor, draw), "left": 0} for draw in draws],
        "dimension": weights.dimension,
        "densityTemperature": predictor.density_temperature,
        "description": {
            "architecture": weights.architecture,
            "facts": dict(facts),
            "layers": len(weights.layers),
            "units": weights.units,
            "mixtures": weights.mixtures,
        },
    }
    asks = {"kind": "network", "name": name, "content": base64.b64encode(content).decode(), "packed": packed}
    undecided = [i for i, draw in enumerate(draws) if not _is_decided(_weights(predictor, draw), draw)]
    return Case(asks | {"heard": heard, "draws": draws}, expected, name, undecided)


def _interaction(rng: np.random.Generator, dimension: int) -> list[float]:
    values = rng.integers(0, 128, dimension - 1) / 127 if rng.random() < 0.8 else rng.random(dimension - 1)
    return [float(rng.exponential(0.3)), *values.tolist()]


def _draw(rng: np.random.Generator, dimension: int, held: int) -> dict[str, Any]:
    controls = rng.permutation(dimension - 1)[:held].tolist()
    return {
        "pi": float(rng.choice([0.5, 1.0, 1.5])),
        "sigma": float(rng.choice([0.0, 0.01, 1.0])),
        "given": [[control, float(rng.integers(0, 128) / 127)] for control in controls],
        "normals": rng.standard_normal(dimension + 1).tolist(),
    }


def _drawn(predictor: MixturePredictor | MixtureSampler, draw: Mapping[str, Any]) -> list[float]:
    given = dict(draw["given"])
    rng: Any = Scripted(draw["normals"])
    if isinstance(predictor, MixtureSampler):
        return predictor.draw(rng, draw["pi"], draw["sigma"], given)
    if given:
        return predictor.sample_given(rng, draw["pi"], draw["sigma"], given)
    return predictor.sample(rng, draw["pi"], draw["sigma"])


def _weights(predictor: MixturePredictor | MixtureSampler, draw: Mapping[str, Any]) -> list[float]:
    given = dict(draw["given"])
    if given and draw["pi"] > 0:
        return predictor.weights_given(draw["pi"], given)
    dimension = len(draw["normals"]) - 1
    logits = predictor.parameters[predictor.parameters.size // (2 * dimension + 1) * 2 * dimension :]
    return component_weights(logits.tolist(), draw["pi"])


def _is_decided(weights: list[float], draw: Mapping[str, Any]) -> bool:
    """Whether the component is far enough from being another."""
    uniform = 0.5 * math.erfc(-draw["normals"][0] * math.sqrt(0.5))
    if any(map(math.isnan, weights)):
        return True
    return bool(np.abs(np.cumsum(weights) / sum(weights) - uniform).min() > MARGIN)


def _mixture(rng: np.random.Generator) -> Case:
    dimension, mixtures = int(rng.integers(2, 10)), int(rng.choice([1, 2, 5, 30]))
    width = dimension * mixtures
    sigma = np.exp(rng.uniform(-12, 2, width))
    parameters = np.concatenate([rng.uniform(-1, 11, width), sigma, 3 * rng.standard_normal(mixtures)])
    if rng.random() < 0.1:
        parameters[-1] = rng.choice([np.nan, -1e30, 80.0])
    parameters = parameters.astype(np.float32)
    step = np.where(rng.random(dimension - 1) < 0.5, np.float32(10 / 127), np.float32(0)).astype(np.float32)
    grid = step if rng.random() < 0.5 else None
    sampler = MixtureSampler(parameters, dimension, grid)
    sampler.density_temperature = float(rng.choice([1.0, 0.01]))
    draw = _draw(rng, dimension, int(rng.integers(0, 3)))
    if rng.random() < 0.1:
        draw["pi"] = float(rng.choice([0.0, -1.0]))
    given = dict(draw["given"])
    weights = sampler.weights_given(draw["pi"], given) if given and draw["pi"] > 0 else None
    asks = {
        "kind": "mixture",
        "parameters": [None if math.isnan(number) else number for number in parameters.tolist()],
        "dimension": dimension,
        "densityTemperature": sampler.density_temperature,
        "grid": None if grid is None else grid.tolist(),
    }
    expected = {"drawn": _drawn(sampler, draw), "left": 0, "weights": weights}
    undecided = [] if _is_decided(_weights(sampler, draw), draw) else [0]
    return Case(asks | draw, expected, "mixture", undecided)


def _choice(rng: np.random.Generator) -> Case:
    weights = np.where(rng.random(7) < 0.3, 0, rng.random(7)).tolist()
    uniform = float(rng.choice([0.0, rng.random(), 1 - 2**-53]))
    return Case({"kind": "choice", "weights": weights, "uniform": uniform}, choose(weights, uniform), "choice")


def asked(made: list[Case]) -> str:
    """The cases as JSON for the other end."""
    return json.dumps([case.asks for case in made], allow_nan=False)


def differences(made: list[Case], answers: list[Any]) -> list[str]:
    """Where the other end answered something else, each in words."""
    assert len(made) == len(answers)
    return [
        f"case {number} ({case.name}): {what}"
        for number, (case, answer) in enumerate(zip(made, answers, strict=True))
        for what in _differences(case, answer)
    ]


def _differences(case: Case, answer: Any) -> Iterator[str]:
    expected = case.expected
    if isinstance(expected, dict) and "draws" in expected:
        kept = [i for i in range(len(expected["draws"])) if i not in case.undecided]
        expected, answer = (side | {"draws": [side["draws"][i] for i in kept]} for side in (expected, answer))
    elif case.undecided:
        return
    yield from _unequal("", expected, answer)


def _unequal(where: str, expected: Any, found: Any) -> Iterator[str]:
    """Numbers may differ by :data:`TOLERANCE`, and a NaN is null."""
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        for key, value in expected.items():
            yield from _unequal(f"{where}.{key}", value, found[key])
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for i, value in enumerate(expected):
            yield from _unequal(f"{where}[{i}]", value, found[i])
    elif isinstance(expected, float) and isinstance(found, int | float):
        if not abs(expected - found) <= TOLERANCE * max(1.0, abs(expected)):
            yield f"{where} is {found}, not {expected}"
    elif expected != found and not (found is None and isinstance(expected, float) and math.isnan(expected)):
        yield f"{where} is {found!r:.60}, not {expected!r:.60}"
