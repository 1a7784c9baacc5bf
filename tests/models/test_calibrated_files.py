"""Networks calibrated for the temperatures that everyone plays at, and what files say of it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import (
    assert_same,
    gesture_weights,
    keras_archive,
    landing_weights,
    put,
    residual_weights,
    small_weights,
)

from impsy.cli.convert_tflite import command as convert_tflite
from impsy.errors import ModelError
from impsy.models import mixture
from impsy.models.accuracy import smallest_faithful
from impsy.models.calibration import AS_LEARNED, Temperatures, calibrated, density_temperatures, uncalibrated
from impsy.models.litert import LiteRTPredictor
from impsy.models.opening import model_facts, open_model
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import Size
from impsy.models.tflite.read import read_facts, read_tflite
from impsy.models.tflite.write import encode_tflite

MAKERS = {"residual": residual_weights, "gestures": gesture_weights, "landings": landing_weights}
temperatures = st.floats(0.003, 3)


def events(seed: int, dimension: int) -> list[list[float]]:
    rng = np.random.default_rng(seed)
    heard = np.repeat(rng.random((10, dimension)), 2, axis=0)
    heard[:, 0] = rng.exponential(0.2, len(heard))
    return heard.tolist()


def played_from(predictor, event, at: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, deviations and weights at these temperatures (sigma's, pi's)."""
    predictor.hear(event)
    mu, sigma, logits = (part.astype(float) for part in mixture.split(predictor.parameters, predictor.dimension))
    weights = np.array(mixture.component_weights(logits.tolist(), at[1]))
    return mu, sigma * math.sqrt(at[0]), weights / weights.sum()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(list(MAKERS)), st.integers(0, 99), *[temperatures] * 4)
@pytest.mark.slow
def test_what_is_played_is_what_was_learned(architecture, seed, sigma, pi, learnt_sigma, learnt_pi) -> None:
    learned = MAKERS[architecture](seed)
    at, learnt_at = (sigma, pi), (learnt_sigma, learnt_pi)
    moved = calibrated(learned, *at, learnt_at=learnt_at)
    original = NumPyPredictor(learned, precision=np.float64)
    others = [NumPyPredictor(moved, precision=np.float64), LiteRTPredictor(moved), NumPyPredictor(moved)]
    for event in events(seed, learned.dimension):
        expected = played_from(original, event, learnt_at)
        for predictor in others:
            for mine, right in zip(played_from(predictor, event, at), expected, strict=True):
                np.testing.assert_allclose(mine, right, atol=2e-4, rtol=2e-4)
    assert_same(uncalibrated(moved, *at, learnt_at=learnt_at), learned, 1e-5, constants=1e-5)


def test_usually_it_is_for_the_temperatures_of_a_performance_and_what_was_learned_by_likelihood() -> None:
    learned = gesture_weights()
    moved = calibrated(learned)
    assert_same(moved, calibrated(learned, 0.01, 1.0, learnt_at=(1.0, 1.0)))
    np.testing.assert_allclose(moved.residual.rest, 10 * learned.residual.rest)
    np.testing.assert_array_equal(moved.mixture_kernel, learned.mixture_kernel)
    live = learned.residual.live
    np.testing.assert_allclose(moved.residual.sigma_scale[live], 10 * learned.residual.sigma_scale[live])


def test_what_has_no_scale_cannot_be_calibrated() -> None:
    with pytest.raises(ModelError, match="plain network cannot be calibrated"):
        calibrated(small_weights())


@pytest.mark.parametrize("at", [(0.0, 1.0), (1.0, -1.0), (math.nan, 1.0), (1.0, math.inf)])
def test_temperatures_are_above_0(at: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        calibrated(residual_weights(), *at)
    with pytest.raises(ValueError, match="above 0"):
        uncalibrated(residual_weights(), learnt_at=at)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"sigmatemp": 0.01, "pitemp": 1}, (0.01, 1)),
        ({"sigmatemp": 1, "pitemp": 0.8, "why": "held-out playing"}, (1, 0.8)),
        *[(damaged, (1, 1)) for damaged in (None, 3, "x", [], {}, {"sigmatemp": 0.01}, {"pitemp": 1})],
        *[
            ({"sigmatemp": value, "pitemp": 1}, (1, 1))
            for value in (0, -1, True, "0.01", None, [0.01], math.nan, math.inf)
        ],
    ],
)
def test_at_which_temperatures_densities_hold(said: object, found: tuple[float, float]) -> None:
    assert density_temperatures({"calibrated": said}) == found


def test_a_file_that_says_nothing_holds_as_learned() -> None:
    assert density_temperatures({}) == AS_LEARNED == (1, 1)


@pytest.mark.parametrize("architecture", MAKERS)
def test_files_say_for_what_they_are_calibrated(architecture: str, tmp_path: Path) -> None:
    weights = calibrated(MAKERS[architecture]())
    facts = {"made_by": "impsy", "calibrated": Temperatures(0.01, 1.0).facts}
    opened = open_model(put(tmp_path, "model.tflite", encode_tflite(weights, facts=facts)))
    assert opened.calibrated == (0.01, 1)
    assert opened.facts == facts == model_facts(opened.path)
    assert_same(opened.weights, weights)
    plain = open_model(put(tmp_path, "plain.tflite", encode_tflite(small_weights())))
    assert plain.calibrated == (1, 1)


def test_a_graph_that_runs_as_it_is_says_it_too(tmp_path: Path) -> None:
    from model_files import changed
    from test_residual import activated

    content = encode_tflite(residual_weights(), facts={"calibrated": {"sigmatemp": 0.01, "pitemp": 1}})
    opened = open_model(put(tmp_path, "model.tflite", changed(content, activated)))
    assert opened.weights is None
    assert opened.calibrated == (0.01, 1)


@pytest.mark.parametrize(
    ("story", "found"),
    [
        (b'{"calibrated": {"sigmatemp": 0.01, "pitemp": 1}, "loss": NaN}', (0.01, 1)),
        *[(story, (1, 1)) for story in (b"", b"{", b"[1]", b"\xff", b"null", b"[" * 99_999)],
        (b'{"calibrated": {"sigmatemp": 0.01, "pitemp": 1}, "x": "' + b"x" * (1 << 20) + b'"}', (1, 1)),
    ],
)
@pytest.mark.slow
def test_the_story_beside_a_keras_archive_goes_with_it(story: bytes, found: tuple[float, float], tmp_path) -> None:
    path = put(tmp_path, "model.keras", keras_archive(residual_weights()))
    put(tmp_path, "model.json", story)
    assert open_model(path).calibrated == found
    result = CliRunner().invoke(convert_tflite, ["-m", str(path), "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    converted = tmp_path / "out" / "model.tflite"
    assert open_model(converted).calibrated == found
    assert "loss" not in model_facts(converted)


@pytest.mark.parametrize("architecture", MAKERS)
@pytest.mark.slow
def test_smaller_files_stay_calibrated(architecture: str) -> None:
    facts = {"calibrated": {"sigmatemp": 0.01, "pitemp": 1.0}}
    weights = calibrated(MAKERS[architecture](0, 6, Size(32, 2), 12, "all"))
    chosen, results = smallest_faithful(weights, facts)
    assert results["float16"].is_faithful
    for result in results.values():
        assert read_facts(result.content) == facts
        assert encode_tflite(read_tflite(result.content), storage=result.storage, facts=facts) == result.content
    assert chosen.storage in ("float16", "int8")
