"""A twin that restores what a predictor has saved goes on as that one does, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from impsy.models.litert import LiteRTPredictor
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import SIZES
from impsy.models.untrained import RandomGestures
from impsy.models.weights import ARCHITECTURES
from random_networks import random_weights

D = 5


def predictors():
    for architecture in ARCHITECTURES:
        weights = random_weights(D, SIZES["xxs"], rng=default_rng(0), mixtures=12, architecture=architecture)
        for kind in (LiteRTPredictor, NumPyPredictor):
            yield pytest.param(kind(weights), id=f"{architecture} {kind.__name__}")
    yield pytest.param(RandomGestures(D), id="gestures by chance")


def events(count: int, seed: int = 3) -> list[list[float]]:
    return default_rng(seed).random((count, D)).tolist()


def play(predictor, count: int) -> list[list[float]]:
    """What it plays when it hears itself."""
    rng, played = default_rng(7), []
    for _ in range(count):
        played.append(predictor.sample(rng, 1.0, 0.3))
        predictor.hear([abs(played[-1][0]), *np.clip(played[-1][1:], 0, 1).tolist()])
    return played


@pytest.mark.parametrize("predictor", list(predictors()))
def test_a_twin_goes_on_as_the_original(predictor):
    if hasattr(predictor, "density_temperature"):
        predictor.density_temperature = 0.25
    twin = predictor.twin()
    for heard in (0, 1, 6):
        predictor.reset()
        for event in events(heard):
            predictor.hear(event)
        saved = predictor.save()
        for event in events(4, seed=9):  # of what it hears afterwards the twin knows nothing
            predictor.hear(event)
            twin.hear(event)
        twin.restore(saved)
        predictor.restore(saved)
        assert play(twin, 8) == play(predictor, 8)
        assert getattr(twin, "density_temperature", 0.25) == 0.25


@pytest.mark.parametrize("predictor", list(predictors()))
def test_a_twin_and_the_original_do_not_disturb_each_other(predictor):
    predictor.reset()
    twin = predictor.twin()
    twin.restore(predictor.save())
    alone = play(predictor.twin(), 10)
    rng = default_rng(7)
    for played in alone:
        assert predictor.sample(rng, 1.0, 0.3) == played
        twin.hear(events(1)[0])
        twin.sample(default_rng(0), 1.0, 1.0)
        predictor.hear([abs(played[0]), *np.clip(played[1:], 0, 1).tolist()])
