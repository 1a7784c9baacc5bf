"""The network: training, playing while training, saved models and the NumPy step compute the same numbers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from impsy.train.constants import Constants, constants_for
from impsy.train.objective import split
from impsy.train.playing import LEAST_DT, Player, _State
from made_data import knobs, notes_and_faders, surface

from impsy.data.datasets import Dataset
from impsy.errors import ModelError
from impsy.models.batch import BatchNetwork
from impsy.models.opening import open_weights
from impsy.models.sizes import SCALE_FACTOR, Size
from impsy.models.weights import Weights, random_weights
from impsy.train.network import build, build_plain, get_weights, put_weights, saved_model

SIZE = Size(12, 2)
CLOSE = {"atol": 1e-4, "rtol": 1e-4}
MADE = {"grid": knobs(4, 240, seed=1), "no-grid": surface(3, 240, seed=2), "mixed": notes_and_faders(6, 240, seed=3)}


def constants_of(dataset: Dataset) -> Constants:
    return constants_for(dataset.events, [slice(0, len(dataset))])


def stirred(model, seed: int = 0):
    """With weights of which none is 0 or 1, as after training."""
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        value = np.asarray(variable.value)
        variable.assign(value + rng.normal(0, 0.1, value.shape).astype(np.float32))
    return model


def heard(dataset: Dataset, steps: int = 30) -> np.ndarray:
    """(B, steps, D), seconds and values: players' events, and the same as a network would play them, off the grid."""
    players = dataset.events[: 4 * steps].reshape(4, steps, -1)
    noise = np.random.default_rng(9).normal(0, 0.003, players.shape).astype(np.float32)
    return np.concatenate([players, np.clip(players + noise, 0, 1)], dtype=np.float32)


def parameters(model, vectors: np.ndarray) -> np.ndarray:
    """What a Keras model says to vectors (B, T, D) that are not scaled: (B, T, M(2D+1))."""
    compute = jax.jit(lambda inputs: model(inputs, training=False))
    return np.asarray(compute(vectors * np.float32(SCALE_FACTOR)))


def played_by_numpy(weights: Weights, vectors: np.ndarray) -> np.ndarray:
    network = BatchNetwork(weights)
    network.reset(len(vectors))
    return np.stack([network.hear(vectors[:, t]).copy() for t in range(vectors.shape[1])], axis=1)


@pytest.fixture(params=MADE, scope="module")
def residual(request):
    """A dataset, its constants, a network for training on it, and that network's weights."""
    dataset = MADE[request.param]
    constants = constants_of(dataset)
    has_grid = {"grid": {True}, "no-grid": {False}, "mixed": {True, False}}[request.param]
    assert set((constants.residual.grid > 0).tolist()) == has_grid
    model = stirred(build(dataset.dimension, SIZE, constants, dropout=0.2))
    return dataset, constants, model, get_weights(model, dataset.dimension, constants)


def test_the_saved_model_computes_what_was_trained(residual) -> None:
    dataset, _, model, weights = residual
    vectors = heard(dataset)
    np.testing.assert_allclose(parameters(saved_model(weights), vectors), parameters(model, vectors), **CLOSE)


def test_numpy_computes_what_was_trained(residual) -> None:
    dataset, _, model, weights = residual
    vectors = heard(dataset)
    np.testing.assert_allclose(played_by_numpy(weights, vectors), parameters(model, vectors), **CLOSE)


def test_the_player_hears_event_by_event_what_the_model_hears_at_once(residual) -> None:
    dataset, constants, model, _ = residual
    vectors = heard(dataset)
    dimension, batch = dataset.dimension, len(vectors)
    player = Player(dimension, SIZE, constants)
    trained = [variable.value for variable in model.trainable_variables]
    zeros = jnp.zeros((batch, SIZE.units))
    state = _State(((zeros, zeros),) * SIZE.layers, jnp.zeros((batch, dimension - 1)))
    hear = jax.jit(player.hear)
    expected = split(parameters(model, vectors), dimension)
    for t in range(vectors.shape[1]):
        state, mixture = hear(trained, state, vectors[:, t] * np.float32(SCALE_FACTOR))
        for part, whole in zip(mixture, expected, strict=True):
            np.testing.assert_allclose(part, whole[:, t], **CLOSE)


def test_the_player_plays_within_bounds_and_as_its_key_says(residual) -> None:
    dataset, constants, model, _ = residual
    player = Player(dataset.dimension, SIZE, constants)
    trained = [variable.value for variable in model.trainable_variables]
    before = heard(dataset, 10) * np.float32(SCALE_FACTOR)
    play = jax.jit(player.play, static_argnums=2)
    played, again, other = (np.asarray(play(trained, before, 15, jax.random.key(seed))) for seed in (1, 1, 2))
    assert played.shape == (len(before), 15, dataset.dimension)
    assert (played[..., 0] >= np.float32(LEAST_DT)).all()
    assert (played[..., 1:] >= 0).all()
    assert (played[..., 1:] <= SCALE_FACTOR).all()
    np.testing.assert_array_equal(played, again)
    assert (played != other).any()


def test_the_file_holds_the_same_weights(residual, tmp_path) -> None:
    weights = residual[3]
    saved_model(weights).save(tmp_path / "model.keras")
    same(open_weights(tmp_path / "model.keras"), weights, 0)


def test_weights_go_in_as_they_came_out(residual) -> None:
    dataset, constants, model, weights = residual
    other = build(dataset.dimension, SIZE, constants, dropout=0)
    put_weights(other, weights, constants)
    same(get_weights(other, dataset.dimension, constants), weights, 1e-5)
    vectors = heard(dataset)
    np.testing.assert_allclose(parameters(other, vectors), parameters(model, vectors), **CLOSE)


def test_an_untrained_network_starts_from_what_the_data_fixes(residual) -> None:
    """Where it has heard nothing of note, its means stand near where the controls are, and dt is the data's."""
    dataset, constants, _, _ = residual
    model = build(dataset.dimension, SIZE, constants, dropout=0)
    vectors = heard(dataset)[:4]
    mixture = split(parameters(model, vectors), dataset.dimension)
    moves = np.abs(mixture.mu[..., 1:] - vectors[:, :, None, 1:] * SCALE_FACTOR)
    assert np.median(moves / constants.mu_scale[:, 1:]) < 1
    ratio = np.median(mixture.mu[..., 0], axis=(0, 1)) / constants.mu_scale[:, 0]
    assert ((ratio > 0.5) & (ratio < 2)).all()
    assert (mixture.sigma >= constants.residual.sigma_floor).all()


def test_the_released_network_is_the_same_everywhere_too(tmp_path) -> None:
    dataset = MADE["mixed"]
    model = stirred(build_plain(dataset.dimension, SIZE))
    weights = get_weights(model, dataset.dimension, None)
    assert weights.architecture == "plain"
    vectors = heard(dataset)
    expected = parameters(model, vectors)
    saved = saved_model(weights)
    np.testing.assert_allclose(parameters(saved, vectors), expected, **CLOSE)
    np.testing.assert_allclose(played_by_numpy(weights, vectors), expected, **CLOSE)
    same(get_weights(saved, dataset.dimension, None), weights, 0)
    saved.save(tmp_path / "model.keras")
    same(open_weights(tmp_path / "model.keras"), weights, 0)


@pytest.fixture(scope="module", params=["residual", "plain"])
def target(request):
    """A network of 3 controls, and its constants."""
    if request.param == "plain":
        return "plain", build_plain(4, SIZE), None
    constants = constants_of(MADE["grid"])
    return "residual", build(4, SIZE, constants, dropout=0), constants


@pytest.mark.parametrize("other", ["dimension", "units", "layers", "mixtures", "architecture"])
def test_weights_of_another_shape_are_refused(target, other) -> None:
    architecture, model, constants = target
    shape = {"dimension": 4, "size": SIZE, "mixtures": 5, "architecture": architecture}
    changes = {
        "dimension": {"dimension": 5},
        "units": {"size": Size(8, 2)},
        "layers": {"size": Size(12, 1)},
        "mixtures": {"mixtures": 4},
        "architecture": {"architecture": {"plain": "residual", "residual": "plain"}[architecture]},
    }[other]
    rng = np.random.default_rng(1)
    with pytest.raises(ModelError, match="shape"):
        put_weights(model, random_weights(**(shape | changes), rng=rng), constants)
    put_weights(model, random_weights(**shape, rng=rng), constants)


def test_weights_that_are_not_finite_do_not_come_out() -> None:
    model = build_plain(3, SIZE)
    variable = model.trainable_variables[1]
    variable.assign(np.full(variable.shape, np.nan, np.float32))
    with pytest.raises(ModelError, match="not finite"):
        get_weights(model, 3, None)


def same(mine: Weights, other: Weights, tolerance: float) -> None:
    """That they are of one kind, and no number differs by more than a share of ``tolerance``."""
    assert (mine.name, mine.architecture) == (other.name, other.architecture)
    for left, right in zip(mine.layers, other.layers, strict=True):
        for part in ("kernel", "recurrent", "bias"):
            close(getattr(left, part), getattr(right, part), tolerance)
    close(mine.mixture_kernel, other.mixture_kernel, tolerance)
    close(mine.mixture_bias, other.mixture_bias, tolerance)
    assert (mine.residual is None) == (other.residual is None)
    if mine.residual is not None:
        for part in ("grid", "change_scale", "sigma_scale", "sigma_floor"):
            close(getattr(mine.residual, part), getattr(other.residual, part), 0)


def close(left: np.ndarray, right: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose(left, right, atol=tolerance, rtol=tolerance)
