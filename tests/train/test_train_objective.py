"""What networks are trained for: the likelihood of the next event, and gestures like a player's."""

from __future__ import annotations

import math
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_data import knobs, surface

from impsy.models.sizes import SCALE_FACTOR
from impsy.train.constants import Constants, constants_for
from impsy.train.objective import Mixture, PlayingLikelihood, gestures, negative_log_likelihood, split

DIMENSION = 4
STEP = SCALE_FACTOR / 127


def constants_of(dataset) -> Constants:
    return constants_for(dataset.events, [slice(0, len(dataset))])


KNOBS = constants_of(knobs(DIMENSION, 400, seed=1))
SURFACE = constants_of(surface(DIMENSION, 400, seed=1))


def random_mixture(rng, shape=(), mixtures=5, dimension=DIMENSION) -> Mixture:
    return Mixture(
        rng.normal(5, 3, (*shape, mixtures, dimension)).astype(np.float32),
        rng.uniform(0.05, 3, (*shape, mixtures, dimension)).astype(np.float32),
        rng.normal(0, 2, (*shape, mixtures)).astype(np.float32),
    )


def at(mixture: Mixture, index) -> Mixture:
    return Mixture(*(part[index] for part in mixture))


def density(mixture: Mixture, target) -> float:
    """Of one mixture (M, D) at one target (D,), by the definition."""
    chances = [math.exp(logit) for logit in mixture.logits.tolist()]
    total = 0.0
    for k, chance in enumerate(chances):
        term = chance / sum(chances)
        for d, value in enumerate(target.tolist()):
            mu, sigma = float(mixture.mu[k, d]), float(mixture.sigma[k, d])
            term *= math.exp(-((value - mu) ** 2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
        total += term
    return total


# -------------------------------------------------------------------------------------------- likelihood


NLL = jax.jit(negative_log_likelihood)


@pytest.mark.parametrize(("mixtures", "dimension"), [(1, 2), (5, 4), (3, 9)])
def test_the_likelihood_is_the_mixtures_density(mixtures, dimension) -> None:
    rng = np.random.default_rng(mixtures)
    mixture = random_mixture(rng, (40,), mixtures, dimension)
    near = rng.integers(mixtures)
    noise = rng.normal(0, 2, (40, dimension))
    targets = (mixture.mu[:, near] + mixture.sigma[:, near] * noise).astype(np.float32)
    expected = [-math.log(density(at(mixture, i), target)) for i, target in enumerate(targets)]
    np.testing.assert_allclose(NLL(mixture, targets), expected, rtol=1e-4, atol=1e-4)


def test_events_are_independent_of_each_other() -> None:
    rng = np.random.default_rng(2)
    mixture = random_mixture(rng, (3, 7))
    targets = rng.uniform(0, 10, (3, 7, DIMENSION)).astype(np.float32)
    whole = np.asarray(NLL(mixture, targets))
    assert whole.shape == (3, 7)
    for i in product(range(3), range(7)):
        assert float(NLL(at(mixture, i), targets[i])) == pytest.approx(float(whole[i]), rel=1e-5)


def test_mixture_vectors_are_split_as_files_have_them() -> None:
    vector = np.arange(2 * 3 * 15, dtype=np.float32).reshape(2, 3, 15)
    mixture = split(vector, 2)  # three components of two numbers
    np.testing.assert_array_equal(mixture.mu[1, 2], vector[1, 2, :6].reshape(3, 2))
    np.testing.assert_array_equal(mixture.sigma[1, 2], vector[1, 2, 6:12].reshape(3, 2))
    np.testing.assert_array_equal(mixture.logits[1, 2], vector[1, 2, 12:])


# -------------------------------------------------------------------------------------------- counting


@jax.jit
def count(moving, wanted):
    return PlayingLikelihood(KNOBS)._count(moving, wanted)


def counted(moving, wanted) -> np.ndarray:
    """log P for one component whose controls move with the probabilities ``moving`` (n,), for each of ``wanted``."""
    asked = np.array(wanted, np.int32)[:, None]
    components = np.tile(np.asarray(moving, np.float32), (len(asked), 1, 1))
    return np.asarray(count(components, asked))[:, 0]


def with_floor(chances) -> np.ndarray:
    floor = float(PlayingLikelihood.UNLIKELY)
    return np.log(np.asarray(chances) * (1 - floor) + floor)


def over_all_subsets(moving) -> np.ndarray:
    chances = np.zeros(len(moving) + 1)
    for subset in product((False, True), repeat=len(moving)):
        chances[sum(subset)] += math.prod(p if moves else 1 - p for p, moves in zip(moving, subset, strict=True))
    return chances


@settings(max_examples=50)
@given(st.lists(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1)), min_size=1, max_size=6))
def test_how_many_move_is_the_sum_over_all_subsets(moving) -> None:
    moving = moving + [0.0] * (6 - len(moving))  # one that never moves is as good as none
    np.testing.assert_allclose(counted(moving, range(7)), with_floor(over_all_subsets(moving)), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("controls", [16, 17, 40])
def test_very_many_count_as_many(controls) -> None:
    moving = np.random.default_rng(controls).uniform(0.1, 0.9, controls)
    chances = np.ones(1)
    for each in moving:
        chances = np.convolve(chances, [1 - each, each])
    most = PlayingLikelihood.MOST_COUNTED
    if controls > most:
        chances = np.array([*chances[:most], *[chances[most:].sum()] * (controls + 1 - most)])
    np.testing.assert_allclose(counted(moving, range(controls + 1)), with_floor(chances), rtol=1e-3, atol=1e-3)


def test_no_count_is_impossible() -> None:
    floor = math.log(float(PlayingLikelihood.UNLIKELY))
    np.testing.assert_allclose(counted([0.0] * 6, range(1, 7)), floor, rtol=1e-5)


# -------------------------------------------------------------------------------------------- gestures

BASE = np.array([64, 32, 100], np.float32) * np.float32(STEP)
DT = 0.5


def event(*steps: float, dt: float = DT) -> np.ndarray:
    """One that moves the controls by so many steps from BASE, × 10 space."""
    return np.array([dt, *(BASE + np.array(steps, np.float32) * np.float32(STEP))], np.float32)


def costs(constants: Constants):
    """The playing loss of a mixture, where players, at ``base``, made the gesture ``played``."""
    likelihood = PlayingLikelihood(constants)

    def of(mixture, base, played):
        before = jnp.concatenate([jnp.zeros(1), base])
        return likelihood.loss(mixture, base, gestures(before, played, likelihood.step))

    return of


COMPILED = {id(constants): jax.jit(costs(constants)) for constants in (KNOBS, SURFACE)}


def loss(*means: np.ndarray, wanted: np.ndarray, base=BASE, constants=KNOBS, sigma=0.01, logits=None) -> float:
    """Of a mixture of these means."""
    mixture = Mixture(
        np.stack(means),
        np.full((len(means), DIMENSION), sigma, np.float32),
        np.array(logits or [0] * len(means), np.float32),
    )
    return float(COMPILED[id(constants)](mixture, base, wanted))


PLAYED = event(2, 0, 0)


@pytest.mark.parametrize(
    "mean",
    [
        pytest.param(event(0.5, 0, 0), id="half a step"),
        pytest.param(event(0.5, 0.5, 0.5), id="half a step of each"),
        pytest.param(event(0, 0, 0), id="nothing"),
        pytest.param(event(2, 1, 0), id="two controls"),
        pytest.param(event(1, 1, 1), id="all controls"),
        pytest.param(event(12, 0, 0), id="too far"),
        pytest.param(event(2, 0, 0, dt=5 * DT), id="too late"),
        pytest.param(event(2, 0, 0, dt=DT / 5), id="too early"),
        pytest.param(event(2, 0, 0, dt=-DT), id="before its time"),
    ],
)
def test_a_players_gesture_costs_least(mean) -> None:
    assert loss(PLAYED, wanted=PLAYED) + 0.5 < loss(mean, wanted=PLAYED)


def test_the_further_off_the_worse() -> None:
    far = [loss(event(2 * factor, 0, 0), wanted=PLAYED) for factor in (1, 2, 4, 8)]
    late = [loss(event(2, 0, 0, dt=DT * factor), wanted=PLAYED) for factor in (1, 2, 4, 8)]
    for row in (far, late):
        assert row == sorted(row)
        assert len(set(row)) == len(row)


def test_which_control_and_which_way_are_not_its_concern() -> None:
    others = [loss(event(*steps), wanted=PLAYED) for steps in ((-2, 0, 0), (0, 2, 0), (0, 0, -2))]
    assert others == pytest.approx([loss(PLAYED, wanted=PLAYED)] * 3, abs=1e-3)


def test_to_rest_is_a_gesture_too() -> None:
    resting = event(0, 0, 0)
    assert loss(resting, wanted=resting) + 1 < loss(event(1, 0, 0), wanted=resting)


def test_beyond_the_ends_there_is_nothing_to_play() -> None:
    """At an end the way back is a gesture; the way on is none, and the further the worse."""
    top = np.array([127, 0, 64], np.float32) * np.float32(STEP)

    def at_end(first: float, second: float) -> np.ndarray:
        return np.array([DT, *(top + np.array([first, second, 0], np.float32) * np.float32(STEP))], np.float32)

    back = at_end(-2, 0)
    best = loss(back, wanted=back, base=top)
    assert loss(at_end(0, 2), wanted=back, base=top) == pytest.approx(best, abs=1e-3)
    beyond = [loss(at_end(way, 0), wanted=back, base=top) for way in (2, 20, 200)]
    below = [loss(at_end(0, -way), wanted=back, base=top) for way in (2, 20, 200)]
    for row in (beyond, below):
        assert best + 1 < row[0] < row[1] < row[2]


def test_the_mean_over_components_is_weighed_by_their_chances() -> None:
    good, bad = loss(PLAYED, wanted=PLAYED), loss(event(0, 0, 0), wanted=PLAYED)
    for logit in (-3.0, 0.0, 3.0):
        chance = 1 / (1 + math.exp(-logit))
        expected = -math.log(chance * math.exp(-good) + (1 - chance) * math.exp(-bad))
        both = loss(PLAYED, event(0, 0, 0), wanted=PLAYED, logits=[logit, 0])
        assert both == pytest.approx(expected, abs=1e-3)


def test_continuous_controls_have_gestures_too() -> None:
    usual = SURFACE.usual_move
    base = np.full(3, 5, np.float32)
    moved = np.array([0.3, *(base + usual)], np.float32)
    resting = np.array([0.3, *base], np.float32)
    one = np.array([0.3, base[0] + usual[0], *base[1:]], np.float32)
    best = loss(moved, wanted=moved, base=base, constants=SURFACE, sigma=1e-4)
    for other in (resting, one):
        assert best + 1 < loss(other, wanted=moved, base=base, constants=SURFACE, sigma=1e-4)


def test_learning_leads_to_the_players_gesture() -> None:
    """Down the gradient from half a step of all controls one gets to one control that moves."""
    sigma, logits = np.full((1, DIMENSION), 0.01, np.float32), np.zeros(1, np.float32)

    def cost(mean):
        return costs(KNOBS)(Mixture(mean[None], sigma, logits), BASE, PLAYED)

    slope = jax.jit(jax.value_and_grad(cost))
    mean = event(0.6, 0.3, 0.2, dt=1.0)
    first = float(slope(mean)[0])
    for _ in range(500):
        gradient = np.asarray(slope(mean)[1])
        mean = mean - 0.002 * gradient / max(1e-6, np.linalg.norm(gradient))
    assert float(slope(mean)[0]) < first - 1
    assert (np.abs(mean[1:] - BASE) / STEP > 0.5).sum() == 1


# -------------------------------------------------------------------------------------------- extremes

EXTREMES = {
    "far outside": ("mu", 1e6),
    "far below": ("mu", -1e6),
    "huge sigma": ("sigma", 1e12),
    "tiny sigma": ("sigma", 1e-6),
    "certain": ("logits", [1e4, 0.0]),
    "dt below 0": ("dt", -1e3),
    "dt huge": ("dt", 1e6),
    "dt 0": ("dt", 0.0),
}


@pytest.fixture(scope="module", params=[KNOBS, SURFACE], ids=["grid", "no grid"])
def slope(request):
    """Both objectives and their gradient."""

    def cost(mixture, played):
        return negative_log_likelihood(mixture, played) + costs(request.param)(mixture, BASE, played)

    return jax.jit(jax.value_and_grad(cost))


@pytest.mark.parametrize("case", EXTREMES)
def test_gradients_are_finite_whatever_comes(case, slope) -> None:
    part, value = EXTREMES[case]
    means = np.tile(np.array([DT, *BASE], np.float32), (2, 1))
    mixture = Mixture(means, np.full((2, DIMENSION), 0.05, np.float32), np.zeros(2, np.float32))
    if part == "dt":
        mixture.mu[:, 0] = value
    else:
        getattr(mixture, part)[:] = value
    for played in (PLAYED, event(0, 0, 0, dt=0), event(0, 0, 0, dt=6000)):
        cost, gradients = slope(mixture, played)
        assert np.isfinite(cost)
        assert all(np.isfinite(each).all() for each in gradients)


def test_gradients_are_finite_with_very_many_controls() -> None:
    """Of 63, none moves, one, or more than are counted."""
    dataset = knobs(64, 200, seed=1)
    cost = costs(constants_of(dataset))
    base = np.full(63, 64 * STEP, np.float32)
    mean = np.array([[DT, *base]], np.float32)
    mixture = Mixture(mean, np.full((1, 64), 0.02, np.float32), np.zeros(1, np.float32))
    slope = jax.jit(jax.value_and_grad(cost))
    found = []
    for moving in (0, 1, 20, 63):
        played = np.array([DT, *base], np.float32)
        played[1 : moving + 1] += STEP
        value, gradients = slope(mixture, base, played)
        assert all(np.isfinite(each).all() for each in gradients)
        found.append(float(value))
    assert np.isfinite(found).all()
    assert found[0] < min(found[1:])
