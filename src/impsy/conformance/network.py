"""The checker of models: how a file is understood, and what its network computes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from impsy.conformance.cases import Case, Part
from impsy.errors import ModelError
from impsy.models.litert import find_layout
from impsy.models.mixture import choose, component_weights, split
from impsy.models.opening import open_model, read_model_file
from impsy.models.predictor import MixturePredictor
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.tflite.read import parse
from impsy.models.tflite.schema import TensorType

__all__ = ["ModelCase"]


class ModelStep(Part):
    """An interaction vector for the model to hear: seconds, then values in [0, 1]."""

    input: list[float]


class ResetStep(Part):
    """The state becomes zero."""

    reset: Literal[True]


class ModelCase(Case):
    """A model file, its inputs, and the mixture that it predicts after each."""

    model_file: str
    pi_temp: float
    sigma_temp: Annotated[float, Field(ge=0)]
    uniform_draws: list[Annotated[float, Field(ge=0, le=1)]]
    steps: list[ModelStep | ResetStep]

    def compute(self, folder: Path) -> Any:
        path = _find(self.model_file, folder)
        model = open_model(path)
        return {
            "introspected": {
                "dimension": model.dimension,
                "units": model.units,
                "mixtures": model.mixtures,
                "layers": model.layers,
            },
            "tensors": _tensors(read_model_file(path)[0]),
            "steps": [_step(step, self, model.predictor) for step in self.steps],
        }


def _find(name: str, folder: Path) -> Path:
    """The model file, beside the vectors or at its path from there."""
    places = (folder / Path(name).name, folder / name)
    for place in places:
        if place.is_file():
            return place
    raise ModelError(f"there is no model file at {' or '.join(map(str, places))}; put it there")


def _tensors(content: bytes) -> dict[str, Any]:
    """The names of a graph's tensors by what they carry. Taken from the file itself, so that no LiteRT is needed."""
    graph = parse(content).subgraphs[0]

    def details(numbers: list[int]) -> list[dict[str, Any]]:
        return [
            {
                "name": graph.tensors[number].name,
                "index": number,
                "shape": graph.tensors[number].shape,
                "dtype": np.float32 if graph.tensors[number].type == TensorType.FLOAT32 else None,
            }
            for number in numbers
        ]

    layout = find_layout(details(graph.inputs), details(graph.outputs))

    def name(number: int) -> str:
        return graph.tensors[number].name

    return {
        "inputs": [name(layout.input), *(name(before) for before, _ in layout.states)],
        "mdn_output": name(layout.output),
        "state_outputs": {name(before): name(after) for before, after in layout.states},
    }


def _step(step: ModelStep | ResetStep, case: ModelCase, predictor: MixturePredictor) -> dict[str, Any] | None:
    if isinstance(step, ResetStep):
        predictor.reset()
        return None
    predictor.hear(step.input)
    parameters = predictor.mixture()
    mu, sigma, logits = split(parameters, predictor.dimension)
    weights = component_weights(logits.tolist(), case.pi_temp)
    total = sum(weights)
    return {
        "model_input": (np.array(step.input) * SCALE_FACTOR).astype(np.float32).tolist(),
        "mdn_output": parameters.tolist(),
        "pi": [weight / total for weight in weights],
        "mu": (mu / SCALE_FACTOR).tolist(),
        "std": (sigma * math.sqrt(case.sigma_temp) / SCALE_FACTOR).tolist(),
        "mixture_for_draw": [choose(weights, draw) for draw in case.uniform_draws],
    }
