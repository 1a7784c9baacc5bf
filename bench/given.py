"""What a draw costs when some values are given: ``python -m bench.given [MODEL …]``.

For each model the microseconds of a free draw, and of draws in which one, two and half of the controls are held, by
turns so that other work on the machine falls on all alike; the least of many rounds. Exit code 1 if holding one
control costs more than it may. Without models: networks made up, of the sizes that are common.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

MOST_MORE = {"few": 5.0, "many": 15.0}
"""Microseconds that a draw with one control held may take more than a free one, by how many components there are."""

ROUNDS = 60
DRAWS = 200


def _made_up() -> dict[str, Any]:
    from impsy.models.litert import LiteRTPredictor
    from impsy.models.opening import open_model
    from impsy.models.sizes import SIZES
    from impsy.models.weights import random_weights

    rng = np.random.default_rng(0)
    made: dict[str, Any] = {
        f"made up, {dimension}d": LiteRTPredictor(random_weights(dimension, SIZES["s"], rng=rng))
        for dimension in (2, 9, 64)
    }
    for path in sorted((Path(__file__).parents[1] / "src/impsy/config/templates/models").glob("*.tflite")):
        opened = open_model(path)
        made[f"{opened.architecture}, {opened.dimension}d, {opened.mixtures} components"] = opened.predictor
    return made


def _least(draw: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(DRAWS):
        draw()
    return (time.perf_counter() - began) / DRAWS * 1e6


def measure(predictor: Any) -> dict[int, float]:
    """Microseconds of a draw by how many controls are held."""
    rng = np.random.default_rng(1)
    n = predictor.dimension - 1
    event = (np.round(rng.random(n) * 127) / 127).tolist()
    predictor.hear([0.1, *event])
    counts = sorted({0, 1, min(2, n), max(1, n // 2)})
    found = dict.fromkeys(counts, float("inf"))
    for _ in range(ROUNDS):
        for count in counts:
            held: Mapping[int, float] = {control: event[control] for control in range(count)}
            if count:
                took = _least(lambda held=held: predictor.sample_given(rng, 1.0, 0.01, held))  # type: ignore[misc]
            else:
                took = _least(lambda: predictor.sample(rng, 1.0, 0.01))
            found[count] = min(found[count], took)
    return found


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="*", type=Path)
    arguments = parser.parse_args()
    from impsy.models.mixture import MANY
    from impsy.models.opening import open_model

    chosen = {path.name: open_model(path).predictor for path in arguments.models} or _made_up()
    slow = False
    for name, predictor in chosen.items():
        found = measure(predictor)
        free = found.pop(0)
        components = len(predictor.mixture()) // (2 * predictor.dimension + 1)
        slow = slow or found[1] - free > MOST_MORE["few" if components < MANY else "many"]
        held = ", ".join(f"{count} held +{took - free:.1f}" for count, took in found.items())
        print(f"{name}: free {free:.1f} µs; {held}")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
