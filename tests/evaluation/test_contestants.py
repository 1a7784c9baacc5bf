"""Who plays: networks as the predictor has them, and baselines."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from impsy.engine.playback import MINIMUM_DT as ENGINE_MINIMUM_DT
from impsy.engine.playback import to_step
from impsy.errors import ModelError
from impsy.evaluation import generation
from impsy.evaluation.contestants import NetworkContestant, RandomWalk, RepeatLast, contestant_for
from impsy.evaluation.generation import clip, generate, stretches
from impsy.evaluation.likelihood import score_performances, score_windows
from impsy.evaluation.scoring import score
from impsy.models.batch.network import BatchNetwork
from impsy.models.calibration import Temperatures
from impsy.models.mixture import MixtureSampler, split
from impsy.models.opening import open_model
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import Weights, random_weights

NO_GRID = np.zeros(2)


def nothing(events: int) -> None:
    """Nobody watches."""


@pytest.fixture
def weights() -> Weights:
    return random_weights(3, SIZES["xxs"], rng=np.random.default_rng(0))


@pytest.fixture
def events() -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.column_stack([rng.exponential(0.2, 300), rng.random((300, 2))]).astype(np.float32)


def network(weights: Weights, streams: int = 512) -> NetworkContestant:
    return NetworkContestant(BatchNetwork(weights), weights.dimension, streams)


def test_windows_are_what_the_predictor_foresees(weights: Weights, events: np.ndarray) -> None:
    starts = np.array([0, 7, 200])
    found = score_windows(network(weights, streams=2), events, starts, NO_GRID, nothing)
    by_hand = np.array([one_by_one(weights, events[start : start + 51]) for start in starts])
    assert found.sequences == 3
    assert found.events == 150
    assert found.joint.mean == pytest.approx(by_hand.mean(), rel=1e-4)
    assert found.joint.median == pytest.approx(np.median(by_hand), rel=1e-4)
    assert found.joint.median_of_sequences == pytest.approx(np.median(by_hand.mean(axis=1)), rel=1e-4)
    np.testing.assert_allclose(found.by_position, by_hand.mean(axis=0), rtol=1e-3)
    assert found.bits is None


def one_by_one(weights: Weights, events: np.ndarray) -> list[float]:
    """−log density of each event after the first, by the definition, in float64."""
    predictor = NumPyPredictor(weights, precision=np.float64)
    found = []
    for heard, following in pairwise(events):
        predictor.hear(heard.tolist())
        mu, sigma, logits = split(predictor.parameters, weights.dimension)
        z = (10 * following.astype(np.float64) - mu) / sigma
        components = -0.5 * z**2 - np.log(sigma) - 0.5 * math.log(2 * math.pi)
        shares = logits - np.logaddexp.reduce(logits)
        found.append(-float(np.logaddexp.reduce(shares + components.sum(axis=1))))
    return found


def test_performances_carry_their_state_and_end_when_they_end(weights: Weights, events: np.ndarray) -> None:
    parts = [slice(0, 3), slice(3, 150), slice(150, 152), slice(152, 300)]
    rng = np.random.default_rng(0)
    found, ranked = score_performances(network(weights, streams=3), events, parts, NO_GRID, rng, nothing)
    by_hand = [one_by_one(weights, events[part]) for part in parts]
    assert found.sequences == 4
    assert found.events == 296 == len(ranked)
    np.testing.assert_allclose(found.by_sequence, [np.mean(each) for each in by_hand], rtol=1e-4)
    assert found.joint.mean == pytest.approx(np.mean(np.concatenate(by_hand)), rel=1e-4)
    assert ((ranked >= 0) & (ranked <= 1)).all()


def test_drawing_has_the_statistics_of_the_sampler(weights: Weights) -> None:
    """Weights, means and spread of what is drawn, against the sampler that performs."""
    contestant = network(weights)
    contestant.reset(4000)
    event = np.array([[0.2, 0.3, 0.9]], np.float32)
    contestant.hear(np.repeat(event, 4000, axis=0))
    many = contestant.play(np.random.default_rng(0))
    predictor = NumPyPredictor(weights)
    predictor.hear(event[0].tolist())
    draw = MixtureSampler(predictor.parameters, 3).draw
    rng = np.random.default_rng(1)
    one = np.array([draw(rng, 1.0, 0.01) for _ in range(4000)])
    np.testing.assert_allclose(many.mean(axis=0), one.mean(axis=0), atol=6 * one.std() / math.sqrt(4000))
    np.testing.assert_allclose(many.std(axis=0), one.std(axis=0), rtol=0.08)


def test_what_is_played_is_what_the_engine_plays() -> None:
    assert generation.MINIMUM_DT == ENGINE_MINIMUM_DT
    drawn = np.array([[-0.3, -0.1, 0.4], [2.5, 1.2, 1.0], [0.0004, 0.5, 0.0]])
    for row, played in zip(drawn, clip(drawn), strict=True):
        step = to_step(row.tolist(), 1.0)
        assert step is not None
        np.testing.assert_allclose(played, step.vector, rtol=1e-6)


def test_generation_feeds_back_what_was_clipped(weights: Weights) -> None:
    """One stream, event by event: what is heard is what was played, from the neutral interaction on."""
    heard: list[np.ndarray] = []

    class Listening(NetworkContestant):
        def hear(self, events):
            heard.append(events.copy())
            return super().hear(events)

    contestant = Listening(BatchNetwork(weights), 3)
    played = generate(contestant, None, 2, 20, np.random.default_rng(0), nothing)
    assert played.shape == (2, 20, 3)
    np.testing.assert_array_equal(heard[0], [[0, 0.5, 0.5]] * 2)
    np.testing.assert_array_equal(np.stack(heard[1:], axis=1), played)
    assert (played[:, :, 0] >= np.float32(0.001)).all()
    assert ((played[:, :, 1:] >= 0) & (played[:, :, 1:] <= 1)).all()
    again = generate(network(weights), None, 2, 20, np.random.default_rng(0), nothing)
    np.testing.assert_array_equal(again, played)


def test_answers_hear_the_context_first(weights: Weights, events: np.ndarray) -> None:
    context = events[None, :30]
    contestant = network(weights)
    generate(contestant, context, 1, 1, np.random.default_rng(0), nothing)
    predictor = NumPyPredictor(weights)
    for event in events[:30]:
        predictor.hear(event.tolist())
    rng = np.random.default_rng(0)
    contestant.reset(1)
    for event in events[:30]:
        expected = contestant.hear(event[None])
    mu, sigma, _ = split(predictor.parameters, 3)
    np.testing.assert_allclose(expected.mu[0], mu, atol=1e-4)
    np.testing.assert_allclose(expected.sigma[0], sigma, atol=1e-4)
    assert np.isfinite(contestant.play(rng)).all()


def test_numbers_that_are_none_are_an_error(weights: Weights) -> None:
    class Broken(RepeatLast):
        def play(self, rng):
            return np.full((2, 3), np.nan)

    with pytest.raises(ModelError, match="not finite"):
        generate(Broken(3), None, 2, 5, np.random.default_rng(0), nothing)


def test_repeat_last_repeats() -> None:
    context = np.array([[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]], np.float32)
    played = generate(RepeatLast(3), context, 1, 4, np.random.default_rng(0), nothing)
    np.testing.assert_array_equal(played[0], np.repeat(context[0, 1:], 4, axis=0))
    contestant = RepeatLast(3)
    contestant.reset(1)
    assert contestant.hear(context[:, 0]) is None


def test_random_walk_by_hand() -> None:
    piece = np.array([[1.0, 0.2, 0.5], [math.e, 0.3, 0.5], [1.0, 0.2, 0.5], [math.e, 0.3, 0.5]], np.float32)
    walk = RandomWalk([piece])
    walk.reset(1)
    expected = walk.hear(np.array([[1.0, 0.4, 0.5]], np.float32))
    drift, spread = 0.1 / 3, math.sqrt(0.01 - (0.1 / 3) ** 2)
    event = np.array([[2.0, 0.5, 0.5]])
    found = score(expected, event, NO_GRID)
    log_time = -math.log(0.5 * math.sqrt(2 * math.pi)) - 0.5 * ((math.log(2) - 0.5) / 0.5) ** 2 - math.log(2 * 10)
    assert found.time[0] == pytest.approx(-log_time, rel=1e-6)
    first = -0.5 * ((0.1 - drift) / spread) ** 2 - math.log(10 * spread * math.sqrt(2 * math.pi))
    still = -math.log(10 / (127 * math.sqrt(12)) * math.sqrt(2 * math.pi))  # a control that never moved
    assert found.values[0] == pytest.approx(-first - still, rel=1e-5)
    assert found.joint[0] == pytest.approx(found.time[0] + found.values[0])


@pytest.mark.slow
def test_random_walk_plays_what_it_was_fitted_to() -> None:
    rng = np.random.default_rng(0)
    piece = np.column_stack(
        [np.exp(rng.normal(-2, 0.7, 5000)), 0.5 + 0.01 * rng.standard_normal(5000).cumsum() * 0.1]
    )
    piece = np.column_stack([piece, np.full(5000, 0.25)]).astype(np.float32)
    played = generate(RandomWalk([piece]), piece[None, :1], 1, 5000, rng, nothing)[0]
    assert np.log(played[:, 0]).mean() == pytest.approx(-2, abs=0.05)
    assert np.log(played[:, 0]).std() == pytest.approx(0.7, abs=0.04)
    assert np.diff(played[:, 1]).std() == pytest.approx(np.diff(piece[:, 1]).std(), rel=0.1)
    assert (played[:, 2] == 0.25).all()
    with pytest.raises(ValueError, match="two events"):
        RandomWalk([piece[:1]])


def test_a_graph_that_runs_as_it_is_plays_the_same(weights: Weights, events: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "mine.tflite"
    write_tflite(weights, path)
    opened = open_model(path)
    known = contestant_for(opened)
    unknown = contestant_for(type(opened)(**{**vars(opened), "weights": None}))
    assert unknown.streams < known.streams
    starts = np.arange(70)
    figures = [score_windows(each, events, starts, NO_GRID, nothing) for each in (known, unknown)]
    assert figures[0].joint.mean == pytest.approx(figures[1].joint.mean, rel=1e-4)
    heard = events[None, :9].repeat(70, axis=0)
    played = [generate(each, heard[:5], 5, 9, np.random.default_rng(0), nothing) for each in (known, unknown)]
    np.testing.assert_allclose(played[0], played[1], atol=1e-3)
    assert generate(unknown, heard, 70, 2, np.random.default_rng(0), nothing).shape == (70, 2, 3)


def test_stretches_lie_within_parts() -> None:
    parts = (slice(0, 10), slice(10, 14), slice(14, 30))
    starts = stretches(parts, 5, 7)
    assert len(starts) == 7
    assert starts[0] == 0
    assert starts[-1] == 25
    assert all(any(part.start <= start and start + 5 <= part.stop for part in parts) for start in starts)
    assert len(stretches(parts, 40, 7)) == 0


class Folded:
    """A network whose sigmas are ``scale`` times another's, and its logits ``sharper`` times."""

    def __init__(self, weights: Weights, scale: float, sharper: float) -> None:
        self.network, self.scale, self.sharper = BatchNetwork(weights), scale, sharper
        self.count = weights.mixtures * weights.dimension

    def reset(self, batch: int) -> None:
        self.network.reset(batch)

    def hear(self, vectors: np.ndarray) -> np.ndarray:
        found = self.network.hear(vectors).copy()
        found[:, self.count : 2 * self.count] *= self.scale
        found[:, 2 * self.count :] *= self.sharper
        return found


@pytest.mark.parametrize("at", [Temperatures(0.01, 1.0), Temperatures(0.25, 0.5), Temperatures(4.0, 2.0)])
@pytest.mark.slow
def test_a_folded_network_foresees_and_plays_what_it_has_learnt(
    weights: Weights, events: np.ndarray, at: Temperatures
) -> None:
    plain = NetworkContestant(BatchNetwork(weights), weights.dimension, playing=Temperatures(1.0, 1.0))
    network = Folded(weights, 1 / np.sqrt(at.sigma), at.pi)
    folded = NetworkContestant(network, weights.dimension, playing=at, learnt=at)
    starts = np.arange(0, 40, 10)
    grid = np.full(weights.dimension - 1, 1 / 127)
    a, b = (score_windows(each, events, starts, grid, lambda _: None) for each in (plain, folded))
    assert b.joint.mean == pytest.approx(a.joint.mean, rel=1e-4)
    assert b.bits.mean == pytest.approx(a.bits.mean, rel=1e-4)
    played = []
    for each in (plain, folded):
        each.reset(4)
        each.hear(events[:4])
        played.append(each.play(np.random.default_rng(0)))
    assert played[1] == pytest.approx(played[0], rel=1e-4)


@pytest.mark.parametrize(("mixtures", "least", "most"), [(5, 512, 512), (360, 16, 128)])
def test_large_predictions_go_through_fewer_at_once(tmp_path: Path, mixtures: int, least: int, most: int) -> None:
    path = tmp_path / "large.tflite"
    write_tflite(random_weights(3, SIZES["xxs"], mixtures=mixtures, rng=np.random.default_rng(0)), path)
    assert least <= contestant_for(open_model(path)).streams <= most
