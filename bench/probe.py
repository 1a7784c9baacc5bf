"""Time single predictions inside one program's own Python: ``python -I probe.py MODEL COUNT``.

Runs under any interpreter that has some release of ``impsy``, so it imports nothing else of this folder. It plays
the model on its own output, as battle mode does, and prints one JSON object: the microseconds of each prediction
(one network step and one sample), and which versions it found.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

WARM_UP = 200
PI_TEMPERATURE = 1.0
SIGMA_TEMPERATURE = 0.01

Predict = Callable[[Sequence[float]], Sequence[float]]


def _current(model: Path) -> tuple[int, Predict]:
    """The model behind ``impsy.models.opening.open_model``: dimension, and a function from one vector to the next."""
    predictor = importlib.import_module("impsy.models.opening").open_model(model).predictor
    rng = np.random.default_rng(0)

    def predict(vector: Sequence[float]) -> Sequence[float]:
        predictor.hear(vector)
        sample: Sequence[float] = predictor.sample(rng, PI_TEMPERATURE, SIGMA_TEMPERATURE)
        return sample

    return int(predictor.dimension), predict


def _released(model: Path) -> tuple[int, Predict]:
    """The same for versions 1.x, whose public class for this is ``impsy.mdrnn.TfliteMDRNN``."""
    network = importlib.import_module("impsy.mdrnn").TfliteMDRNN.from_file(model)
    network.pi_temp = PI_TEMPERATURE
    network.sigma_temp = SIGMA_TEMPERATURE
    return int(network.dimension), lambda vector: network.generate(np.asarray(vector))


def _open(model: Path) -> tuple[int, Predict]:
    return _current(model) if importlib.util.find_spec("impsy.models") else _released(model)


def main(model: Path, count: int) -> None:
    """Predict ``count`` times and print what each took."""
    dimension, predict = _open(model)
    vector = [0.1] + [0.5] * (dimension - 1)
    times: list[float] = []
    for _ in range(WARM_UP + count):
        began = time.perf_counter()
        answer = predict(vector)
        times.append((time.perf_counter() - began) * 1e6)
        # What the next step hears is played, so it is within its limits.
        vector = [max(0.001, float(answer[0])), *(min(1.0, max(0.0, float(value))) for value in answer[1:])]
    print(
        json.dumps(
            {
                "impsy": importlib.metadata.version("impsy"),
                "python": platform.python_version(),
                "microseconds": times[WARM_UP:],
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
