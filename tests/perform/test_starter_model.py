"""The model that a new workspace starts with, playing with the simulated performer on a scripted clock."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from bench.dialogue import MODES, Figures, Played, figures_of, play_together
from impsy.config.workspace import STARTER_MODEL
from impsy.models.opening import model_facts, open_model

pytestmark = pytest.mark.slow  # their fixtures take long

SEEDS = (1, 2, 3)
SECONDS = 600.0


@pytest.fixture(scope="module")
def path() -> Path:
    return Path(str(resources.files("impsy.config") / "templates" / STARTER_MODEL))


@pytest.fixture(scope="module")
def played(path: Path) -> dict[str, list[Played]]:
    predictor = open_model(path).predictor
    return {mode: [play_together(predictor, mode, SECONDS, seed) for seed in SEEDS] for mode in MODES}


@pytest.fixture(scope="module")
def figures(played: dict[str, list[Played]]) -> dict[str, list[Figures]]:
    return {mode: [figures_of(mode, [each]) for each in own] for mode, own in played.items()}


def test_answers_move_what_the_phrase_moved(figures):
    for each in figures["callresponse"]:
        assert each.answers > 80
        assert each.overlap >= 0.6


@pytest.mark.parametrize(
    ("mode", "least", "spread"), [("callresponse", 0.02, 0.65), ("polyphony", 0.02, 0.65), ("battle", 0.005, 0.8)]
)
def test_every_control_is_used_and_none_of_them_most_of_the_time(figures, mode, least, spread):
    """In ``battle`` it stays on what it has begun for up to a minute or two, and ten minutes have room for few."""
    for each in figures[mode]:
        assert each.least > least
        assert each.spread < spread


@pytest.mark.parametrize("mode", MODES)
def test_it_is_never_silent_for_three_seconds(figures, mode):
    for each in figures[mode]:
        assert each.silence < 3.0
        assert each.wait < 3.0


def test_answers_open_by_moving_one_control_and_leave_the_others_where_they_stand(played):
    """By what is sent, not by its 7-bit value: a resting control stays within a quarter of a step."""
    for each in played["callresponse"]:
        held: tuple[float, ...] = ()
        moves = []
        for model, values, before in zip(each.model, each.values, [False, *each.model], strict=False):
            if model and not before and held:
                change = np.abs(np.array(values) - held) * 127
                moves.append(int((change > 0.5).sum()))
                assert (np.sort(change)[:-1] < 0.5).mean() > 0.8
            held = values
        assert np.mean(np.array(moves) <= 1) > 0.95


def test_it_is_calibrated_small_and_says_what_it_is_made_of(path):
    facts = model_facts(path)
    assert facts["calibrated"] == {"sigmatemp": 0.01, "pitemp": 1}
    assert path.stat().st_size <= 300_000
    assert {"recorded", "echoed", "performer"} == set(facts["trained_on"]["made_of"])
