"""The network: training in JAX, saved Keras models, files and the NumPy step compute the same numbers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from made_data import knobs, notes_and_faders, surface

from impsy.data.datasets import Dataset
from impsy.errors import ModelError
from impsy.evaluation.scoring import Mixtures, score
from impsy.models.architectures import Gestures
from impsy.models.batch.network import BatchNetwork
from impsy.models.mixture import split as parts_of
from impsy.models.opening import open_weights
from impsy.models.sizes import SCALE_FACTOR, Size
from impsy.models.weights import Weights
from impsy.training.gestures import HEADS, Design, designs
from impsy.training.networks.layers import lstm
from impsy.training.networks.recurrent import Network
from impsy.training.saving import saved_model
from random_networks import random_weights

SIZE = Size(12, 2)
CLOSE = {"atol": 1e-4, "rtol": 1e-4}
MADE = {"grid": knobs(4, 240, seed=1), "no-grid": surface(3, 240, seed=2), "mixed": notes_and_faders(6, 240, seed=3)}
DESIGNS = [pytest.param((data, head), id=f"{data}-{head}") for data in MADE for head in (*HEADS, "residual", "plain")]


def designed(dataset: Dataset, head: str) -> Design:
    ranges = [slice(0, len(dataset))]
    if head == "residual":
        shape = {"mixtures": 3, "architecture": "residual"}
        base = random_weights(dataset.dimension, SIZE, rng=np.random.default_rng(0), **shape)
        return designs(dataset.events, ranges, "residual", base=base)[0]
    return designs(
        dataset.events, ranges, "plain" if head == "plain" else "gestures", "" if head == "plain" else head
    )[0]


def network_of(dataset: Dataset, head: str, dropout: float = 0.0) -> tuple[Network, Design]:
    made = designed(dataset, head)
    return Network(dataset.dimension, SIZE, made.mixtures, made.fixed, made.scales, dropout), made


def stirred(weights: list[np.ndarray], seed: int = 0) -> list[np.ndarray]:
    """Weights of which none is 0 or 1, as after training."""
    rng = np.random.default_rng(seed)
    return [array + rng.normal(0, 0.1, array.shape).astype(np.float32) for array in weights]


def heard(dataset: Dataset, steps: int = 30) -> np.ndarray:
    """(B, steps, D), seconds and values: players' events, and the same as a network would play them, off the grid."""
    players = dataset.events[: 4 * steps].reshape(4, steps, -1)
    noise = np.random.default_rng(9).normal(0, 0.003, players.shape).astype(np.float32)
    return np.concatenate([players, np.clip(players + noise, 0, 1)], dtype=np.float32)


@pytest.mark.parametrize("head", HEADS)
def test_components_are_played_at_the_temperature_of_their_head_and_the_catch_all_hardly_ever(head: str) -> None:
    dataset = knobs(4, 300, seed=2)
    network, made = network_of(dataset, head)
    learned = network.weights(stirred(network.start(1, made.starts)))
    before, after = (
        parts_of(BatchNetwork(each, precision=np.float64).hear(dataset.events[:1])[0], 4)
        for each in (learned, made.played(learned))
    )
    row = HEADS[head]
    np.testing.assert_allclose(after.logits[:-1], before.logits[:-1] / row.played_at, rtol=1e-5, atol=1e-5)
    assert after.logits[-1] == pytest.approx(before.logits[-1] / row.played_at - row.played_less, rel=1e-5)
    np.testing.assert_array_equal(after.mu, before.mu)
    np.testing.assert_array_equal(after.sigma, before.sigma)


def in_training(network: Network, weights, vectors: np.ndarray) -> np.ndarray:
    """What training makes of vectors (B, T, D) that are not scaled: (B, T, M(2D+1))."""
    mixture = jax.jit(network.mixture)(weights, vectors * np.float32(SCALE_FACTOR))
    flat = [np.asarray(part).reshape(*vectors.shape[:2], -1) for part in mixture]
    return np.concatenate(flat, -1)


def by_numpy(weights: Weights, vectors: np.ndarray) -> np.ndarray:
    network = BatchNetwork(weights)
    network.reset(len(vectors))
    return np.stack([network.hear(vectors[:, t]).copy() for t in range(vectors.shape[1])], axis=1)


@pytest.fixture(params=DESIGNS, scope="module")
def case(request):
    """A dataset, a network for training on it, what it might have learned, and that as files hold it."""
    name, head = request.param
    data = MADE[name]
    network, made = network_of(data, head)
    learned = stirred(network.start(0, made.starts))
    return data, network, learned, network.weights(learned)


@pytest.mark.slow
def test_numpy_computes_what_was_trained(case) -> None:
    data, network, learned, weights = case
    vectors = heard(data)
    np.testing.assert_allclose(by_numpy(weights, vectors), in_training(network, learned, vectors), **CLOSE)


@pytest.mark.slow
def test_the_likelihood_is_that_of_the_mixture(case) -> None:
    data, network, learned, weights = case
    vectors = heard(data)
    scaled = vectors * np.float32(SCALE_FACTOR)
    found = jax.jit(network.likelihood)(learned, scaled[:, :-1], scaled[:, 1:])
    expected = by_numpy(weights, vectors)[:, :-1].reshape(-1, weights.mixture_bias.size)
    following = vectors[:, 1:].reshape(-1, data.dimension)
    scores = score(Mixtures.of(expected, data.dimension), following, np.zeros(data.dimension - 1))
    np.testing.assert_allclose(np.asarray(found).reshape(-1), -scores.joint, rtol=2e-3, atol=2e-2)


def test_weights_go_in_as_they_came_out(case) -> None:
    _, network, learned, weights = case
    again = network.unfolded(weights)
    for mine, other in zip(again, learned, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(network.weights(again).mixture_kernel, weights.mixture_kernel, rtol=1e-4, atol=1e-5)


def test_what_is_counted_is_what_is_learned(case) -> None:
    _, _, learned, weights = case
    assert weights.parameters == sum(array.size for array in learned)


@pytest.mark.parametrize("head", ["sets", "continuing", "residual", "plain"])
@pytest.mark.slow
def test_the_saved_model_computes_what_was_trained(head, tmp_path) -> None:
    data = MADE["grid"]
    network, made = network_of(data, head)
    learned = stirred(network.start(0, made.starts))
    weights = network.weights(learned)
    model = saved_model(weights)
    vectors = heard(data)
    computed = np.asarray(model(vectors * np.float32(SCALE_FACTOR), training=False))
    np.testing.assert_allclose(computed, in_training(network, learned, vectors), **CLOSE)
    model.save(tmp_path / "model.keras")
    opened = open_weights(tmp_path / "model.keras")
    assert (opened.name, opened.architecture) == (weights.name, weights.architecture)
    np.testing.assert_array_equal(opened.mixture_kernel, weights.mixture_kernel)
    np.testing.assert_array_equal(opened.layers[0].kernel, weights.layers[0].kernel)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("data", MADE)
@pytest.mark.slow
def test_an_untrained_network_starts_from_what_the_data_fixes(data, head) -> None:
    """Its times are the data's, its moves of the size that moves have, and what rests stays where it is."""
    dataset = MADE[data]
    network, made = network_of(dataset, head)
    assert isinstance(made.fixed, Gestures)
    vectors = heard(dataset)[:4]
    mixture = jax.jit(network.mixture)(network.start(0, made.starts), vectors * np.float32(SCALE_FACTOR))
    moves = np.asarray(mixture.mu)[..., 1:] - vectors[:, :, None, 1:] * SCALE_FACTOR
    rests = made.fixed.direction == 0
    on_grid = made.scales.grid / 2 + 1e-5
    assert (np.abs(moves) <= on_grid)[:, :, rests].all()
    moving = np.abs(moves)[:, :, ~rests] / np.broadcast_to(made.scales.spread, rests.shape)[~rests]
    assert np.median(moving) < 5
    ratio = np.median(np.asarray(mixture.mu)[..., 0], axis=(0, 1)) / made.fixed.sigma_scale[:, 0]
    assert ((ratio > 0.5) & (ratio < 2)).all()


@pytest.mark.slow
def test_dropout_is_drawn_by_the_key_alone() -> None:
    network, made = network_of(MADE["grid"], "continuing", dropout=0.5)
    learned = stirred(network.start(0, made.starts))
    events = heard(MADE["grid"]) * np.float32(SCALE_FACTOR)
    likelihood = jax.jit(network.likelihood)
    run = [likelihood(learned, events[:, :-1], events[:, 1:], jax.random.key(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(run[0], run[1])
    assert (np.asarray(run[0]) != np.asarray(run[2])).mean() > 0.9
    without = likelihood(learned, events[:, :-1], events[:, 1:])
    assert (np.asarray(run[0]) != np.asarray(without)).mean() > 0.9


@pytest.mark.parametrize("other", ["dimension", "units", "layers", "mixtures", "architecture"])
@pytest.mark.parametrize("architecture", ["plain", "residual"])
def test_weights_of_another_shape_are_refused(architecture, other) -> None:
    shape = {"dimension": 4, "size": SIZE, "mixtures": 5, "architecture": architecture}
    changes = {
        "dimension": {"dimension": 5},
        "units": {"size": Size(8, 2)},
        "layers": {"size": Size(12, 1)},
        "mixtures": {"mixtures": 4},
        "architecture": {"architecture": {"plain": "residual", "residual": "plain"}[architecture]},
    }[other]
    rng = np.random.default_rng(1)
    base = random_weights(**shape, rng=rng)
    made = designs(MADE["grid"].events, [slice(0, 240)], architecture, base=base)[0]
    network = Network(4, SIZE, 5, made.fixed, made.scales)
    with pytest.raises(ModelError, match="shape"):
        network.unfolded(random_weights(**(shape | changes), rng=rng))
    network.unfolded(base)


def test_weights_that_are_not_finite_do_not_come_out() -> None:
    network, made = network_of(MADE["grid"], "continuing")
    learned = network.start(0, made.starts)
    learned[1][:] = np.nan
    with pytest.raises(ModelError, match="not finite"):
        network.weights(learned)


@pytest.mark.slow
def test_the_gradient_of_a_layer_is_that_of_its_outputs() -> None:
    """Held to automatic differentiation of the plain definition."""
    rng = np.random.default_rng(3)
    inputs = jnp.asarray(rng.normal(0, 1, (7, 3, 4 * 5)), jnp.float32)
    recurrent = jnp.asarray(rng.normal(0, 0.5, (5, 4 * 5)), jnp.float32)
    wanted = jnp.asarray(rng.normal(0, 1, (7, 3, 5)), jnp.float32)

    def plainly(inputs, recurrent):
        h = c = jnp.zeros((3, 5))
        outputs = []
        for x in inputs:
            write, keep, new, show = jnp.split(x + h @ recurrent, 4, -1)
            c = jax.nn.sigmoid(keep) * c + jax.nn.sigmoid(write) * jnp.tanh(new)
            h = jax.nn.sigmoid(show) * jnp.tanh(c)
            outputs.append(h)
        return jnp.stack(outputs)

    np.testing.assert_allclose(lstm(inputs, recurrent), jax.jit(plainly)(inputs, recurrent), atol=1e-6)
    mine, other = (
        jax.jit(jax.grad(lambda *given, compute=compute: (compute(*given) * wanted).sum(), argnums=(0, 1)))(
            inputs, recurrent
        )
        for compute in (lstm, plainly)
    )
    for left, right in zip(mine, other, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)
