"""Gesture networks: what is exact about them, files that lie about them, and constants that cannot be."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import (
    assert_same,
    changed,
    gesture_weights,
    keras3_weights,
    keras_archive,
    play,
    put,
    residual_config,
    residual_weights,
)
from test_model_fuzz import rewired
from test_residual import constant, noted, swapped, tensor_of

from impsy.errors import ModelError
from impsy.models import mixture
from impsy.models.accuracy import smallest_faithful
from impsy.models.architectures import Gestures, Residual
from impsy.models.litert import GraphPredictor, LiteRTPredictor
from impsy.models.mixture import Live, LiveSampler
from impsy.models.opening import make_predictor, open_model
from impsy.models.sizes import SIZES, Size
from impsy.models.tflite.gestures import numbers_of_gestures
from impsy.models.tflite.heads import numbers_of
from impsy.models.tflite.read import UnknownNetworkError, parse, read_tflite
from impsy.models.tflite.schema import Op
from impsy.models.tflite.write import STORAGES, encode_tflite
from random_networks import random_weights

CLOSE = {"atol": 2e-4, "rtol": 2e-4}
BACKENDS = ("litert", "numpy")


def usual(dimension: int = 9, mixtures: int = 27, size: str = "s"):
    return random_weights(
        dimension, SIZES[size], rng=np.random.default_rng(0), mixtures=mixtures, architecture="gestures"
    )


# --- what is exact ----------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 9), st.integers(1, 20), st.integers(1, 45), st.integers(0, 2**32 - 1))
@pytest.mark.slow
def test_the_graph_that_plays_gives_the_mixture_and_the_draws_of_the_file(
    dimension: int, units: int, mixtures: int, seed: int
) -> None:
    """To the bit: it leaves out only placing numbers among those that rest, and what draws does without."""
    weights = gesture_weights(seed, dimension, Size(units, 1), mixtures)
    playing, file = LiteRTPredictor(weights), GraphPredictor(encode_tflite(weights))
    rng = np.random.default_rng(seed)
    mine, other = np.random.default_rng(seed), np.random.default_rng(seed)
    for temperature in (1.0, 1.0, 1.0, 0.7, 0.0) * 4:
        vector = [0.1, *rng.random(dimension - 1)]
        for predictor in (playing, file):
            predictor.hear(vector)
        assert playing.mixture().tobytes() == file.mixture().tobytes()
        for _ in range(5):
            assert playing.sample(mine, temperature, 0.1) == file.sample(other, temperature, 0.1)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1e-6, 9e-5]), st.sampled_from([None, np.nan, np.inf, -np.inf]))
@pytest.mark.filterwarnings("error")
@pytest.mark.slow
def test_sums_that_are_rounded_choose_the_same_components(seed: int, wrong: float, strange: float | None) -> None:
    live = Live(usual(dimension=3, mixtures=30).residual)
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, live.mixtures)
    sums = np.cumsum(np.exp(logits)) / np.exp(logits).sum() + rng.uniform(-wrong, wrong, live.mixtures)
    if strange is not None:
        logits[rng.integers(live.mixtures)] = strange
        sums[:] = np.nan
    computed = np.concatenate([rng.normal(5, 1, 2 * live.places.size + 2), logits, sums]).astype(np.float32)
    sampler = LiveSampler(computed, live)
    whole = mixture.MixtureSampler(sampler.parameters, 3)
    mine, other = np.random.default_rng(seed), np.random.default_rng(seed)
    for _ in range(200):
        np.testing.assert_array_equal(sampler.draw(mine, 1.0, 0.1), whole.draw(other, 1.0, 0.1))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("grid", ["all", "none"])
def test_what_a_component_does_not_move_stays_exactly_where_it_is(backend: str, grid: str) -> None:
    weights = gesture_weights(3, 6, mixtures=12, grid=grid)
    fixed = weights.residual
    predictor = make_predictor(weights, backend)
    rng = np.random.default_rng(0)
    per_step, step = fixed.rounding()
    values = rng.random(5).astype(np.float32)
    for _ in range(40):
        values[rng.integers(5)] = rng.random()
        predictor.hear([0.1, *values.tolist()])
        base = np.rint(values * np.float32(10) * per_step) * step
        mu, sigma, _ = mixture.split(predictor.mixture(), 6)
        rests = fixed.direction == 0
        np.testing.assert_array_equal(mu[:, 1:][rests], np.broadcast_to(base, rests.shape)[rests])
        np.testing.assert_array_equal(sigma[:, 1:][rests], np.broadcast_to(fixed.rest, rests.shape)[rests])


def carried(interpreter, pairs: int) -> np.ndarray:
    """What the last ``2 * pairs`` states hold."""
    details = interpreter.get_output_details()[-2 * pairs :]
    return np.concatenate([interpreter.get_tensor(detail["index"]).reshape(-1) for detail in details])


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 9), st.integers(1, 9), st.integers(0, 2**32 - 1), st.sampled_from(["all", "some", "none"]))
@pytest.mark.slow
def test_the_last_gesture_is_kept_to_the_bit_while_nothing_moves(
    dimension: int, units: int, seed: int, grid: str
) -> None:
    weights = gesture_weights(seed, dimension, Size(units, 1), grid=grid)
    n = dimension - 1
    predictor = GraphPredictor(encode_tflite(weights))
    rng = np.random.default_rng(seed)

    def states() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found = carried(predictor._interpreter, weights.carried_pairs)
        return found[:n], found[n : 2 * n], found[2 * n :]

    predictor.hear([0.1, *rng.random(n)])
    assert not states()[1].any()  # what was heard first moved nothing
    for _ in range(8):
        before = states()[0]
        values = rng.random(n)
        predictor.hear([0.1, *values])
        base, gesture, rest = states()
        move = base - before
        if np.rint(move * np.reciprocal(weights.residual.threshold)).any():
            np.testing.assert_array_equal(gesture, move)
        assert rest[0] == 1
        assert not rest[1:].any()
        for _ in range(int(rng.integers(4))):
            predictor.hear([rng.exponential(0.3), *values])
            for mine, kept in zip(states(), (base, gesture, rest), strict=True):
                assert mine.tobytes() == kept.tobytes()


@pytest.mark.parametrize("backend", BACKENDS)
def test_components_that_continue_go_the_way_of_the_last_gesture(backend: str) -> None:
    """A network that learned nothing: with momentum at its speed, one-sided at least half a unit its way."""
    weights = usual(dimension=4, mixtures=14)
    zero = replace(weights, mixture_kernel=0 * weights.mixture_kernel)
    predictor = make_predictor(zero, backend)
    steps = np.array([60, 60, 60])
    predictor.hear([0.1, *(steps / 127)])
    mu, sigma, _ = mixture.split(predictor.mixture(), 4)
    continuing = zero.residual.continues == 1
    at_base = np.tile(np.rint(steps) * zero.residual.grid, (continuing.sum(), 1))
    np.testing.assert_array_equal(mu[continuing, 1:], at_base.astype(np.float32))
    for way in (2, -3, -1, 4):
        steps[1] += way
        predictor.hear([0.1, *(steps / 127)])
        for _ in range(2):
            mu, sigma, _ = mixture.split(predictor.mixture(), 4)
            moved = (mu[:, 1:] - steps * zero.residual.grid) / zero.residual.grid
            np.testing.assert_array_equal(np.round(moved[continuing][:, [0, 2]], 3), 0)
            np.testing.assert_allclose(sigma[continuing][:, [1, 3]], zero.residual.grid[0] / 8, rtol=1e-5)
            for k in np.flatnonzero(continuing):
                direction = zero.residual.direction[k, 1] * np.sign(way)
                if zero.residual.one_sided[k]:
                    assert direction * moved[k, 1] > 1
                else:
                    least = 0.5 + 1.3 * sigma[k, 2] / zero.residual.grid[1]
                    np.testing.assert_allclose(direction * moved[k, 1], max(abs(way), least), rtol=1e-3)
            predictor.hear([0.1, *(steps / 127)])  # nothing moves: all is as it was


# --- files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("grid", ["all", "some", "none"])
@pytest.mark.slow
def test_a_file_comes_back_as_it_was(storage: str, grid: str, tmp_path: Path) -> None:
    weights = gesture_weights(1, 6, Size(32, 2), 11, grid)
    content = encode_tflite(weights, storage=storage, facts={"from": "here"})
    opened = open_model(put(tmp_path, "model.tflite", content))
    assert (opened.architecture, opened.mixtures, opened.layers) == ("gestures", 11, 2)
    assert opened.runs == "LiteRT, in a graph of our own"
    tolerance = {"float32": 0, "float16": 1e-3, "int8": 2e-2}[storage]
    assert_same(opened.weights, weights, tolerance)
    np.testing.assert_allclose(play(opened.predictor), play(GraphPredictor(content)), **CLOSE)
    assert encode_tflite(opened.weights, storage=storage, facts=opened.facts) == content


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(1, 20), st.integers(1, 40), st.integers(0, 2**32 - 1))
@pytest.mark.slow
def test_files_hold_what_is_made_of_them(dimension: int, units: int, mixtures: int, seed: int) -> None:
    """The reader refuses a file that is smaller than its constants; none that is sound may be."""
    weights = gesture_weights(seed, dimension, Size(units, 1), mixtures)
    live = Live(weights.residual)
    content = encode_tflite(weights, storage="int8")
    assert 4 * (numbers_of(dimension - 1, live.places.size) + numbers_of_gestures(live)) < len(content)
    read_tflite(content)


def test_only_builtin_operators_of_the_first_version() -> None:
    model = parse(encode_tflite(usual()))
    assert len(model.subgraphs) == 1
    used = {code.builtin for code in model.codes}
    assert not used & {Op.WHILE, Op.CUSTOM, Op.GATHER, Op.STRIDED_SLICE}
    assert used <= {int(op) for op in Op}
    assert all(not code.custom and code.version == 1 for code in model.codes)


@pytest.mark.parametrize("mixtures", [1, 5, 11, 27, 60])
@pytest.mark.parametrize("dimension", [2, 9, 64])
@pytest.mark.slow
def test_untrained_networks(dimension: int, mixtures: int) -> None:
    weights = usual(dimension, mixtures, "xxs")
    assert (weights.mixtures, weights.dimension) == (mixtures, dimension)
    learned = (weights.mixture_kernel != 0).any(axis=0).sum()
    assert learned == 2 * weights.residual.live.sum() + mixtures
    rows = len(weights.mixture_kernel) + 1
    layers = sum(part.size for layer in weights.layers for part in (layer.kernel, layer.recurrent, layer.bias))
    assert weights.parameters == layers + learned * rows
    np.testing.assert_allclose(
        play(LiteRTPredictor(weights), 10), play(make_predictor(weights, "numpy"), 10), **CLOSE
    )


@pytest.mark.slow
def test_storage_is_chosen_by_what_is_heard() -> None:
    weights = usual(size="xs")
    chosen, results = smallest_faithful(weights)
    assert results["float16"].is_faithful
    assert len(chosen.content) < len(encode_tflite(weights))


def aliased(model) -> None:
    """A small file that says it has a thousand controls, by one buffer that many tensors refer to."""
    n = 1000
    graph = model.subgraphs[0]
    buffer = tensor_of(model, "residual/change_scale").buffer
    model.buffers[buffer].data = np.ones(n, np.float32).tobytes()
    for tensor in graph.tensors:
        name = tensor.name
        if name in ("residual/change_scale", "residual/step") or name.startswith("gestures/"):
            rank = len(tensor.shape)
            tensor.buffer, tensor.shape = buffer, [1, n] if rank == 2 else [n]
        if name in ("gestures/one_sided", "gestures/momentum", "gestures/continues", "gestures/margin"):
            tensor.buffer = len(model.buffers)
            tensor.shape = [1]
    model.buffers.append(replace(model.buffers[buffer], data=np.ones(1, np.float32).tobytes()))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (noted(format=1, architecture="residual"), "lacks the constant residual/sigma_scale"),
        (noted(format=2, architecture="gestures"), "newer IMPSY"),
        (noted(format=1, architecture="landing"), "newer IMPSY .*'landing'"),
        (swapped, "its graph is another"),
        (aliased, "too small for the constants"),
        (constant("residual/pick", lambda values: 2 * values), "its graph is another"),
        (constant("gestures/per_threshold", lambda values: 2 * values), "its graph is another"),
        (constant("gestures/sigma_offset", lambda values: 2 * values), "its graph is another"),
        (constant("gestures/ways", lambda values: -values), "its graph is another"),
        (constant("gestures/less", lambda values: -values), "its graph is another"),
        (constant("gestures/unit", lambda values: 2 * values), "its graph is another"),
        (constant("gestures/continues", lambda values: 1 - values), "its graph is another"),
        (constant("gestures/continues", lambda values: values / 2), "0 or 1"),
        (constant("gestures/direction", lambda values: 2 * values), "−1, 0 or 1"),
        (constant("gestures/threshold", lambda values: 0 * values), "0 or less"),
        (constant("gestures/margin", lambda values: values - 9), "below 0"),
        (constant("residual/change_scale", lambda values: -values), "below 0"),
    ],
)
@pytest.mark.slow
def test_a_graph_that_is_not_what_it_says_plays_as_it_is(change, reason: str, tmp_path: Path) -> None:
    content = changed(encode_tflite(gesture_weights()), change)
    with pytest.raises(UnknownNetworkError, match=reason):
        read_tflite(content)
    if change is aliased:
        return
    opened = open_model(put(tmp_path, "model.tflite", content))
    assert opened.weights is None
    np.testing.assert_array_equal(play(opened.predictor), play(GraphPredictor(content)))


@pytest.mark.slow
def test_what_is_recognised_is_what_the_graph_computes() -> None:
    """However a sound graph is rewired: if its weights are taken, they play as the graph itself does."""
    content = encode_tflite(gesture_weights())
    taken = 0
    for seed in range(200):
        random = Random(seed)
        other = changed(content, lambda model, random=random: rewired(model, random))
        try:
            weights = read_tflite(other)
        except ModelError:
            continue
        taken += 1
        np.testing.assert_allclose(
            play(make_predictor(weights, "numpy"), 10), play(GraphPredictor(other), 10), **CLOSE
        )
    assert 0 < taken < 200


# --- constants that do not fit ----------------------------------------------------------------------


OWN = [field.name for field in fields(Gestures) if field.name not in {field.name for field in fields(Residual)}]


@pytest.mark.parametrize("field", OWN)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values - 7, "below 0|0 or less|0 or 1|−1, 0 or 1"),
        (lambda values: values * np.float32(np.nan), "not finite"),
        (lambda values: values.astype(np.float64), "float64"),
        (lambda values: values[..., :-1], "shape"),
        (lambda values: values[None], "shape"),
    ],
)
@pytest.mark.slow
def test_constants_that_do_not_fit_are_refused(field: str, change, message: str) -> None:
    fixed = gesture_weights().residual
    with pytest.raises(ModelError, match=message):
        replace(fixed, **{field: change(getattr(fixed, field))})


def test_the_constants_and_the_architecture_go_together() -> None:
    weights = gesture_weights()
    with pytest.raises(ModelError, match="those of another"):
        replace(weights, residual=residual_weights(mixtures=7).residual)
    with pytest.raises(ModelError, match="those of another"):
        replace(residual_weights(mixtures=7), residual=weights.residual)
    with pytest.raises(ModelError, match="mixture layer: kernel has shape"):
        replace(weights, residual=gesture_weights(mixtures=6).residual)


def test_nothing_depends_on_what_rests() -> None:
    """A network has one form only, whatever was said of the numbers that are not computed."""
    weights = gesture_weights()
    live = np.r_[weights.residual.live.reshape(-1), weights.residual.live.reshape(-1), np.ones(7, bool)]
    assert not live.all()
    other = replace(
        weights,
        mixture_kernel=np.where(live, weights.mixture_kernel, np.float32(3)),
        mixture_bias=np.where(live, weights.mixture_bias, np.float32(3)),
        residual=replace(
            weights.residual,
            sigma_scale=np.where(weights.residual.live, weights.residual.sigma_scale, np.float32(3)),
            sigma_floor=np.where(weights.residual.live, weights.residual.sigma_floor, np.float32(3)),
        ),
    )
    assert_same(other, weights)


# --- Keras archives ---------------------------------------------------------------------------------


def configured(name: str, key: str, value: object) -> bytes:
    weights = gesture_weights()
    config = residual_config(weights)
    (layer,) = [each for each in config["config"]["layers"] if each["config"]["name"] == name]
    layer["config"][key] = value
    return keras_archive(weights, config)


@pytest.mark.slow
def test_a_keras_archive_opens(tmp_path: Path) -> None:
    for grid in ("all", "some", "none"):
        weights = gesture_weights(grid=grid)
        opened = open_model(put(tmp_path, "model.keras", keras_archive(weights)))
        assert_same(opened.weights, weights)
        np.testing.assert_allclose(play(opened.predictor), play(make_predictor(weights, "numpy")), **CLOSE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (configured("gestures_definition", "name", "other"), "kernel"),
        (configured("gestures_definition", "scale", [1.0] * 51), "does not fit its 7 components and 3 controls"),
        (configured("gestures_definition", "scale", 1.0), "does not fit"),
        (configured("gestures_definition", "scale", [0.0] * 52), "0 or less"),
        (configured("gestures_definition", "scale", [0.5] * 52), "0 or 1|−1, 0 or 1"),
        (configured("gestures_definition", "scale", ["1"] * 52), "not numbers"),
        (configured("gestures_definition", "offset", 1.0), "does not fit"),
        (configured("residual_grid", "name", "other"), "lacks the layer residual_grid"),
        (keras3_weights(gesture_weights()), "gestures network without its constants"),
    ],
)
@pytest.mark.slow
def test_keras_archives_that_do_not_fit_together(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        open_model(put(tmp_path, "model.keras", content))
