"""``impsy test-mdrnn``: step a model and time it."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from impsy.cli.options import PATH, seed_option
from impsy.cli.terminal import terminal
from impsy.errors import ConfigError, ModelError
from impsy.models.sizes import SIZES, size_name

if TYPE_CHECKING:
    import numpy as np

    from impsy.models.predictor import MixturePredictor

__all__ = ["command"]

_SIGMA_TEMPERATURE = 0.01


@click.command(name="test-mdrnn")
@click.argument("model", required=False, type=PATH)
@click.option(
    "-d", "--dimension", type=click.IntRange(2, 1000), help="Of the untrained model [9], or check the MODEL's."
)
@click.option(
    "-s", "--size", type=click.Choice(list(SIZES)), help="Of the untrained model [s], or check the MODEL's."
)
@click.option("-n", "--steps", type=click.IntRange(1), default=1000, show_default=True, help="Events to play.")
@seed_option("Of all that is random.")
def command(model: Path | None, dimension: int | None, size: str | None, steps: int, seed: int) -> None:
    """Play with MODEL (or with an untrained one, if not given) on its own, and report how long each event takes.

    The exit code is 0 if it plays, 1 if it cannot be opened or what it plays is not numbers.

    \b
    Examples:
      impsy test-mdrnn                          an untrained model of size s, dimension 9
      impsy test-mdrnn -s xl -d 5               would size xl be fast enough here?
      impsy test-mdrnn models/mine.tflite -n 5000
    """
    import numpy as np

    console = terminal()
    began = time.perf_counter()
    predictor, what = _open(model, dimension, size, seed)
    opened = time.perf_counter() - began
    console.print(f"{what}; ready after {opened * 1e3:.0f} ms")
    heard, drawn = _play(predictor, steps, np.random.default_rng(seed))
    table = Table(title=f"{steps:,} events, in µs")
    for heading in ("", "p50", "p99", "max"):
        table.add_column(heading, justify="right")
    both = [hear + draw for hear, draw in zip(heard, drawn, strict=True)]
    for name, times in (("hear", heard), ("sample", drawn), ("both", both)):
        figures = np.percentile(times, (50, 99, 100), method="inverted_cdf")
        table.add_row(name, *(f"{figure / 1e3:.1f}" for figure in figures))
    console.print(table)


def _open(model: Path | None, dimension: int | None, size: str | None, seed: int) -> tuple[MixturePredictor, str]:
    """A predictor, and what it is in words; raises ConfigError if it is not what was asked for."""
    import numpy as np

    from impsy.models.opening import make_predictor, open_model
    from impsy.models.weights import random_weights

    if model is None:
        weights = random_weights(dimension or 9, SIZES[size or "s"], rng=np.random.default_rng(seed))
        return make_predictor(weights), f"Untrained {weights.name}"
    opened = open_model(model)
    own = size_name(opened.units, opened.layers)
    if dimension not in (None, opened.dimension) or size not in (None, own):
        has = f"dimension {opened.dimension}, size {own or 'of its own'}"
        raise ConfigError(f"{model}: the model has {has}; leave out -d and -s")
    return opened.predictor, f"{model}: dimension {opened.dimension}, {opened.runs}"


def _play(predictor: MixturePredictor, steps: int, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """Let it play on its own output; returns the nanoseconds of each hear and of each sample."""
    heard, drawn = [], []
    event = [0.1] + [0.5] * (predictor.dimension - 1)
    clock = time.perf_counter_ns
    for step in range(steps):
        began = clock()
        predictor.hear(event)
        between = clock()
        event = predictor.sample(rng, 1.0, _SIGMA_TEMPERATURE)
        drawn.append(clock() - between)
        heard.append(between - began)
        if not all(map(math.isfinite, event)):
            raise ModelError(
                f"event {step + 1} that the model plays is not numbers ({event}): train it again with `impsy train`"
            )
        event = [max(0.0, event[0]), *(min(1.0, max(0.0, value)) for value in event[1:])]
    return heard, drawn
