"""Residual networks: what they compute, the same everywhere; files that tell their story, and files that lie."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import (
    arrays,
    assert_same,
    changed,
    keras3_weights,
    keras_archive,
    keras_config,
    play,
    played_by_strangers,
    put,
    residual_config,
    residual_weights,
    small_weights,
)
from test_model_fuzz import rewired

from impsy.errors import ModelError
from impsy.models.accuracy import smallest_faithful
from impsy.models.architectures import FINEST_GRID, Residual
from impsy.models.batch.network import BatchNetwork
from impsy.models.litert import GraphPredictor, LiteRTPredictor
from impsy.models.opening import make_predictor, model_facts, open_model, open_weights
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import SIZES, Size
from impsy.models.tflite.read import UnknownNetworkError, parse, read_facts, read_tflite
from impsy.models.tflite.schema import Op
from impsy.models.tflite.write import STORAGES, encode_tflite, write_tflite
from impsy.models.weights import SIGMA_OFFSET
from random_networks import random_weights

CLOSE = {"atol": 1e-4, "rtol": 1e-4}
GRIDS = ("all", "some", "none")


def events(steps: int, dimension: int, seed: int = 0) -> np.ndarray:
    """Playing in which now and then nothing, one control or all of them move; float32."""
    rng = np.random.default_rng(seed)
    heard = rng.random((steps, dimension))
    moving = rng.choice(3, steps)
    for t in range(1, steps):
        still = np.ones(dimension, bool) if moving[t] < 2 else np.zeros(dimension, bool)
        if moving[t] == 1:
            still[rng.integers(1, dimension)] = False
        heard[t, still] = heard[t - 1, still]
    heard[:, 0] = rng.exponential(0.3, steps)
    return heard.astype(np.float32)


def heard_by(predictor, heard: np.ndarray, resets: tuple[int, ...] = ()) -> np.ndarray:
    mixtures = []
    for t, event in enumerate(heard):
        if t in resets:
            predictor.reset()
        predictor.hear(event.tolist())
        mixtures.append(np.array(predictor.parameters))
    return np.array(mixtures)


class Textbook:
    """The network written down as its definition has it, number by number, in float64 but for rounding."""

    def __init__(self, weights) -> None:
        self.weights, self.dimension = weights, weights.dimension
        self.reset()

    def reset(self) -> None:
        self.last = np.zeros(self.dimension - 1)
        self.states = [(np.zeros(self.weights.units),) * 2 for _ in self.weights.layers]

    def hear(self, vector) -> None:
        weights, constants = self.weights, self.weights.residual
        time, *scaled = 10.0 * vector[0], *(np.float32(10.0 * value) for value in vector[1:])
        base = np.array(
            [
                float(np.rint(v * (np.float32(1) / g)) * g) if g else float(v)
                for v, g in zip(scaled, constants.grid, strict=True)
            ]
        )
        change = np.tanh(constants.change_scale * (base - self.last))
        low, high = (np.maximum(0, 1 - way * constants.change_scale * 2) for way in (base, 10 - base))
        x = features = np.concatenate([[np.log(1 + 100 * max(time, 0.0))], base, change, change**2, low, high])
        self.last = base
        for i, layer in enumerate(weights.layers):
            h, c = self.states[i]
            z = x @ layer.kernel.astype(float) + h @ layer.recurrent.astype(float) + layer.bias
            write, keep, show = (1 / (1 + np.exp(-part)) for part in np.split(z, 4)[:2] + np.split(z, 4)[3:])
            c = keep * c + write * np.tanh(np.split(z, 4)[2])
            x = show * np.tanh(c)
            self.states[i] = x, c
        out = np.concatenate([x, features]) @ weights.mixture_kernel.astype(float) + weights.mixture_bias
        width = weights.mixtures * weights.dimension
        mu = out[:width].reshape(-1, self.dimension)
        moves = mu[:, 1:]
        mu[:, 1:] = base + moves * (1 - 2 * low) + np.maximum(moves, 0) * 2 * (low - high)
        z = out[width : 2 * width].reshape(-1, self.dimension)
        sigma = np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1) + SIGMA_OFFSET
        sigma = constants.sigma_scale * sigma + constants.sigma_floor
        self.parameters = np.concatenate([mu.reshape(-1), sigma.reshape(-1), out[2 * width :]])


@pytest.mark.parametrize("grid", GRIDS)
def test_numpy_computes_what_the_definition_says(grid: str) -> None:
    weights = residual_weights(seed=2, dimension=6, grid=grid)
    heard = events(120, 6)
    expected = heard_by(Textbook(weights), heard, resets=(70,))
    exact = heard_by(NumPyPredictor(weights, precision=np.float64), heard, resets=(70,))
    # Where only some controls have a grid, the others are rounded to 2**-40, in float32.
    np.testing.assert_allclose(exact, expected, atol=1e-10 if grid == "all" else 1e-5)
    np.testing.assert_allclose(heard_by(NumPyPredictor(weights), heard, resets=(70,)), expected, atol=1e-4)


SHAPES = [
    (2, Size(16, 2), 5),
    (3, Size(8, 1), 3),
    (9, SIZES["s"], 5),
    (9, Size(8, 2), 1),  # as many controls as units: nothing to fill up
    (12, Size(8, 2), 2),  # the last values fill two states, of one pair
    (17, Size(8, 3), 2),  # exactly
    (64, Size(16, 2), 5),  # two pairs
]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(("dimension", "size", "mixtures"), SHAPES)
@pytest.mark.slow
def test_every_way_to_play_it_plays_the_same(dimension: int, size: Size, mixtures: int, grid: str) -> None:
    weights = residual_weights(7, dimension, size, mixtures, grid)
    heard, resets = events(250, dimension, seed=1), (100, 101, 180)
    exact = heard_by(NumPyPredictor(weights, precision=np.float64), heard, resets)
    for predictor in (
        LiteRTPredictor(weights),
        NumPyPredictor(weights),
        GraphPredictor(encode_tflite(weights)),
    ):
        np.testing.assert_allclose(heard_by(predictor, heard, resets), exact, **CLOSE)
    network = BatchNetwork(weights)
    network.reset(2)
    for t, event in enumerate(heard):
        if t in resets:
            network.reset(2)
        mixtures_of_both = network.hear(np.stack([heard[t - 1], event]))
        np.testing.assert_allclose(mixtures_of_both[1], exact[t], **CLOSE)


@settings(max_examples=20)
@given(
    st.integers(2, 70),
    st.integers(1, 40),
    st.integers(1, 3),
    st.integers(1, 6),
    st.sampled_from(GRIDS),
    st.integers(0),
)
@pytest.mark.slow
def test_any_shape_plays_the_same_and_comes_back(
    dimension: int, units: int, layers: int, mixtures: int, grid: str, seed: int
) -> None:
    weights = residual_weights(seed, dimension, Size(units, layers), mixtures, grid)
    content = encode_tflite(weights)
    assert_same(read_tflite(content), weights)
    heard = events(40, dimension, seed)
    exact = heard_by(NumPyPredictor(weights, precision=np.float64), heard)
    np.testing.assert_allclose(heard_by(LiteRTPredictor(weights), heard), exact, **CLOSE)


@pytest.mark.parametrize("size", ["m", "xl"])
@pytest.mark.slow
def test_large_sizes_agree(size: str) -> None:
    weights = random_weights(9, SIZES[size], rng=np.random.default_rng(1), architecture="residual")
    np.testing.assert_allclose(play(LiteRTPredictor(weights)), play(NumPyPredictor(weights)), **CLOSE)


def still(weights):
    """The network when it has learned nothing at all: means where the controls are."""
    return replace(
        weights, mixture_kernel=0 * weights.mixture_kernel, mixture_bias=np.zeros_like(weights.mixture_bias)
    )


@pytest.mark.parametrize("backend", ["litert", "numpy"])
def test_controls_stay_where_they_are_unless_it_learns_otherwise(backend: str) -> None:
    weights = still(residual_weights(dimension=5, grid="none"))
    predictor = make_predictor(weights, backend)
    for event in events(30, 5):
        predictor.hear(event.tolist())
        mu = predictor.mixture()[:15].reshape(3, 5)
        np.testing.assert_array_equal(mu, np.tile(np.r_[np.float32(0), event[1:] * np.float32(10)], (3, 1)))


@pytest.mark.parametrize("backend", ["litert", "numpy"])
def test_the_mixture_hears_at_once_which_control_moved(backend: str) -> None:
    """Layers that say nothing, and a dense layer whose logits are the squares of the changes."""
    weights = residual_weights(dimension=4, mixtures=3, grid="all")
    kernel = np.zeros_like(weights.mixture_kernel)
    kernel[-9:-6, -3:] = np.eye(3)
    predictor = make_predictor(replace(still(weights), mixture_kernel=kernel), backend)
    before = [0.25, 0.5, 0.75]
    predictor.hear([0.1, *before])
    for control, way in ((0, 0.5), (1, -0.25), (2, 0.25)):
        before[control] += way
        predictor.hear([0.1, *before])
        logits = predictor.mixture()[-3:]
        assert logits[control] > 0.01
        np.testing.assert_array_equal(np.delete(logits, control), 0)
    predictor.hear([0.1, *before])
    np.testing.assert_array_equal(predictor.mixture()[-3:], 0)


@pytest.mark.parametrize("backend", ["litert", "numpy"])
def test_what_front_ends_add_to_a_value_is_not_heard(backend: str) -> None:
    weights = residual_weights(dimension=4, grid="all")
    steps = weights.residual.grid / 10
    rng = np.random.default_rng(0)
    clean, noisy = make_predictor(weights, backend), make_predictor(weights, backend)
    for _ in range(50):
        values = np.rint(rng.random(3) / steps) * steps
        dt = rng.exponential(0.2)
        clean.hear([dt, *values])
        noisy.hear([dt, *(values + rng.uniform(-0.49, 0.49, 3) * steps)])
        np.testing.assert_array_equal(noisy.mixture(), clean.mixture())


def test_halves_go_the_same_way_everywhere() -> None:
    """0.5, which is heard before anything else, lies half way between two 7-bit values."""
    weights = still(random_weights(128, Size(16, 1), rng=np.random.default_rng(0), architecture="residual"))
    halves = [0.1, *((np.arange(127) + 0.5) / 127).astype(np.float32).tolist()]
    expected = heard_by(Textbook(weights), np.array([halves]))[0, :128]
    steps = expected[1:] / float(weights.residual.grid[0])
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)
    for predictor in (LiteRTPredictor(weights), NumPyPredictor(weights), GraphPredictor(encode_tflite(weights))):
        predictor.hear(halves)
        np.testing.assert_allclose(predictor.parameters[:128], expected, atol=1e-5)


def test_a_time_below_zero_is_heard_as_none() -> None:
    weights = residual_weights()
    for predictor in (LiteRTPredictor(weights), NumPyPredictor(weights)):
        mixtures = []
        for dt in (0.0, -3.0):
            predictor.reset()
            predictor.hear([dt, 0.1, 0.2, 0.3])
            mixtures.append(predictor.mixture())
        np.testing.assert_array_equal(*mixtures)
        assert np.isfinite(mixtures).all()


# --- files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.slow
def test_a_file_comes_back_as_it_was(storage: str, grid: str, tmp_path: Path) -> None:
    weights = residual_weights(size=Size(32, 2), grid=grid)
    path = tmp_path / "model.tflite"
    write_tflite(weights, path, storage=storage, facts={"from": "métronome", "losses": [1.5, -2]})
    opened = open_model(path)
    assert opened.architecture == "residual"
    assert opened.layers == 2
    largest = max(abs(array).max() for array in arrays(weights))
    assert_same(opened.weights, weights, {"float32": 0, "float16": largest * 2**-11, "int8": largest / 250}[storage])
    np.testing.assert_allclose(play(opened.predictor), play(GraphPredictor(path.read_bytes())), **CLOSE)
    assert model_facts(path) == {"from": "métronome", "losses": [1.5, -2]}
    assert encode_tflite(opened.weights, storage=storage, facts=model_facts(path)) == path.read_bytes()


@pytest.mark.slow
def test_storage_is_chosen_by_what_is_heard() -> None:
    """Sigmas of a third of a 7-bit step leave no room for int8's rounding."""
    weights = random_weights(9, SIZES["xs"], rng=np.random.default_rng(0), architecture="residual")
    width = weights.mixtures * weights.dimension
    weights.mixture_bias[width : 2 * width] = -30
    weights.mixture_kernel[: weights.units, :width] *= 8
    chosen, results = smallest_faithful(weights, {"why": "test"})
    assert not results["int8"].is_faithful
    assert results["float16"].is_faithful
    assert read_facts(chosen.content) == {"why": "test"}
    assert_same(read_tflite(results["float32"].content), weights)


def test_only_builtin_operators_and_no_loops() -> None:
    model = parse(encode_tflite(residual_weights()))
    assert len(model.subgraphs) == 1
    assert not {code.builtin for code in model.codes} & {Op.WHILE, Op.CUSTOM, Op.DEQUANTIZE}
    assert all(not code.custom and code.version == 1 for code in model.codes)
    without = parse(encode_tflite(residual_weights(grid="none")))
    assert Op.ROUND not in {code.builtin for code in without.codes}


def test_a_plain_file_can_tell_facts_too_and_is_the_same_without() -> None:
    weights = small_weights()
    told = encode_tflite(weights, facts={"from": "here"})
    assert read_facts(told) == {"from": "here"}
    assert_same(read_tflite(told), weights)
    assert read_facts(encode_tflite(weights)) == {}
    assert not parse(encode_tflite(weights)).metadata


@pytest.mark.parametrize("facts", [{"loss": float("nan")}, {"story": "x" * (1 << 20)}])
def test_facts_that_no_file_can_hold_are_refused(facts: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"JSON|more than a file"):
        encode_tflite(small_weights(), facts=facts)


@pytest.mark.slow
def test_a_keras_archive_opens(tmp_path: Path) -> None:
    for grid in GRIDS:
        weights = residual_weights(grid=grid)
        opened = open_model(put(tmp_path, "model.keras", keras_archive(weights)))
        assert_same(opened.weights, weights)
        np.testing.assert_allclose(play(opened.predictor), play(NumPyPredictor(weights)), **CLOSE)


@pytest.mark.parametrize("way", ["signature", "index"])
@pytest.mark.parametrize("dimension", [5, 40])
@pytest.mark.slow
def test_programs_that_know_nothing_of_it_play_it(way: str, dimension: int, tmp_path: Path) -> None:
    """They carry along all states that there are, two further pairs in the larger one."""
    weights = residual_weights(3, dimension, Size(16, 2))
    assert weights.carried_pairs == (1 if dimension == 5 else 2)
    heard = events(60, dimension)
    played = played_by_strangers(encode_tflite(weights), heard, way, tmp_path)
    exact = heard_by(NumPyPredictor(weights, precision=np.float64), heard)
    np.testing.assert_allclose(played, exact, **CLOSE)


# --- files that are not what they say ---------------------------------------------------------------


def noted(**note: object):
    """A change of what the file says of itself."""

    def change(model) -> None:
        model.buffers[model.metadata[0].buffer].data = json.dumps(note).encode()

    return change


def unnoted(model) -> None:
    model.metadata.clear()


def tensor_of(model, name: str):
    return next(tensor for tensor in model.subgraphs[0].tensors if tensor.name == name)


def constant(name: str, change):
    def changes(model) -> None:
        buffer = model.buffers[tensor_of(model, name).buffer]
        buffer.data = change(np.frombuffer(buffer.data, np.float32).copy()).astype(np.float32).tobytes()

    return changes


def renamed(model) -> None:
    tensor_of(model, "residual/sigma_scale").name = "scale"


def activated(model) -> None:
    """mu is never below 0."""
    adding = [op for op in model.subgraphs[0].operators if model.codes[op.code].builtin == Op.ADD]
    adding[-3].options.activation = 1


def swapped(model) -> None:
    """Two layers' states change places."""
    inputs = model.subgraphs[0].inputs
    inputs[1], inputs[3] = inputs[3], inputs[1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (noted(format=1, architecture="transformer"), "newer IMPSY .*'transformer'"),
        (noted(format=2, architecture="residual"), "newer IMPSY .*format 2"),
        (noted(format=1, architecture="plain"), "not a sum of products"),
        (noted(architecture="residual"), "not a sum of products"),
        (unnoted, "not a sum of products"),
        (renamed, "lacks the constant residual/sigma_scale"),
        (activated, "its graph is another"),
        (swapped, "its graph is another"),
        (constant("residual/pick", lambda values: 2 * values), "its graph is another"),
        (constant("residual/each", lambda values: values[::-1]), "its graph is another"),
        (constant("residual/zeros", lambda values: values + 1), "its graph is another"),
        (constant("residual/time", lambda values: 2 * values), "its graph is another"),
        (constant("mixture/offset", lambda values: 2 * values), "its graph is another"),
        (constant("residual/change_scale", lambda values: -values), "below 0"),
        (constant("residual/step", lambda values: -values), "steps above"),
        (constant("residual/sigma_scale", lambda values: 0 * values), "below 0, or a scale of sigma is 0"),
    ],
)
@pytest.mark.slow
def test_a_graph_that_is_not_what_we_know_plays_as_it_is(change, reason: str, tmp_path: Path) -> None:
    content = changed(encode_tflite(residual_weights()), change)
    with pytest.raises(UnknownNetworkError, match=reason):
        read_tflite(content)
    opened = open_model(put(tmp_path, "model.tflite", content))
    assert opened.weights is None
    assert "the file's own graph" in opened.runs
    np.testing.assert_array_equal(play(opened.predictor), play(GraphPredictor(content)))


@pytest.mark.slow
def test_a_plain_file_that_says_it_is_residual_plays_as_it_is(tmp_path: Path) -> None:
    weights = small_weights()
    content = changed(encode_tflite(weights, facts={"a": 1}), noted(format=1, architecture="residual"))
    opened = open_model(put(tmp_path, "model.tflite", content))
    assert "lacks the constant" in opened.runs
    np.testing.assert_allclose(play(opened.predictor), play(NumPyPredictor(weights)), **CLOSE)


@pytest.mark.slow
def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    content = changed(encode_tflite(residual_weights()), constant("lstm_0/bias", lambda values: values * np.nan))
    with pytest.raises(ModelError, match="diverged"):
        open_model(put(tmp_path, "model.tflite", content))


@pytest.mark.parametrize("note", [b"", b"\xff", b"[]", b"{", b"null", b"[" * 5000, b'{"facts": 3, "format": "1"}'])
def test_a_story_that_cannot_be_read_is_as_good_as_none(note: bytes) -> None:
    def change(model) -> None:
        model.buffers[model.metadata[0].buffer].data = note

    content = changed(encode_tflite(small_weights(), facts={"a": 1}), change)
    assert_same(read_tflite(content), small_weights())
    assert read_facts(content) == {}


@pytest.mark.slow
def test_what_is_recognised_is_what_the_graph_computes() -> None:
    """However a sound graph is rewired: if its weights are taken, they play as the graph itself does."""
    content = encode_tflite(residual_weights())
    taken = 0
    for seed in range(300):
        random = Random(seed)
        other = changed(content, lambda model, random=random: rewired(model, random))
        try:
            weights = read_tflite(other)
        except ModelError:
            continue
        taken += 1
        np.testing.assert_allclose(play(NumPyPredictor(weights), 10), play(GraphPredictor(other), 10), **CLOSE)
    assert 0 < taken < 300


# --- Keras archives that cannot be played -----------------------------------------------------------


def configured(name: str, key: str, value: object) -> bytes:
    weights = residual_weights()
    config = residual_config(weights)
    layers = config["config"]["layers"]
    (layer,) = [layer for layer in layers if layer["config"]["name"] == name]
    layer["config"][key] = value
    return keras_archive(weights, config)


def with_layers(config, *names: str) -> bytes:
    weights = residual_weights()
    config["config"]["layers"] += [{"class_name": name, "config": {"name": name.lower()}} for name in names]
    return keras_archive(weights, config)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (configured("residual_change", "name", "other"), "lacks the layer residual_change"),
        (configured("residual_grid", "scale", [0.1, 0.1]), "scale of changes has shape"),
        (configured("residual_grid", "scale", 0.1), "are not one for each control"),
        (configured("residual_grid", "scale", [0.1, "0.1", 0]), "not numbers"),
        (configured("residual_grid", "scale", [0.1, True, 0]), "not numbers"),
        (configured("residual_grid", "scale", [0.1, 10**400, 0]), "beyond all numbers"),
        (configured("residual_grid", "scale", [0.1, 1e300, 0]), "not finite"),
        (configured("residual_grid", "scale", [0.1, -1, 0]), "steps above"),
        (configured("residual_grid", "offset", 1.0), "have an offset"),
        (configured("residual_change", "scale", [1.0] * 4), "scale of changes has shape"),
        (configured("residual_output", "scale", [1.0] * 26), "another length"),
        (configured("residual_output", "scale", [1.0] * 26 + [2.0]), "more than the deviations"),
        (configured("residual_output", "offset", [1.0] + [0.0] * 26), "more than the deviations"),
        (configured("residual_output", "scale", [1.0] * 12 + [0.0] * 12 + [1.0] * 3), "scale of sigma is 0"),
        (with_layers(residual_config(residual_weights()), "GRU"), "GRU"),
        (with_layers(residual_config(residual_weights()), "Lambda"), "Lambda"),
        (with_layers(keras_config(residual_weights())), "residual network without its constants"),
        (with_layers(keras_config(residual_weights()), "Round"), "Round"),
        (keras3_weights(residual_weights()), "residual network without its constants"),
    ],
)
@pytest.mark.slow
def test_keras_archives_that_do_not_fit_together(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        open_weights(put(tmp_path, "model.keras", content))


def test_constants_may_be_wrapped_and_steps_too_fine_count_as_none(tmp_path: Path) -> None:
    wrapped = {"class_name": "__numpy__", "config": {"value": [0.5, FINEST_GRID, 0.25], "dtype": "float32"}}
    weights = open_weights(put(tmp_path, "model.keras", configured("residual_grid", "scale", wrapped)))
    np.testing.assert_array_equal(weights.residual.grid, np.float32([0.5, 0, 0.25]))


# --- Weights ----------------------------------------------------------------------------------------


def test_untrained_residual_networks() -> None:
    weights = random_weights(9, SIZES["s"], rng=np.random.default_rng(0), architecture="residual")
    assert weights.architecture == "residual"
    assert weights.layers[0].kernel.shape == (41, 256)
    assert weights.layers[1].kernel.shape == (64, 256)
    assert weights.mixture_kernel.shape == (64 + 41, 95)
    assert weights.parameters == 58_143 + 32 * 256 + 41 * 95  # those of a plain one, and what it hears besides
    assert weights.residual.has_grid
    np.testing.assert_allclose(weights.residual.grid, 10 / 127, rtol=1e-6)


@pytest.mark.parametrize(
    ("dimension", "units", "pairs"), [(2, 1, 1), (9, 4, 1), (10, 4, 2), (64, 16, 2), (64, 64, 1)]
)
def test_how_many_states_carry_the_last_values(dimension: int, units: int, pairs: int) -> None:
    assert residual_weights(0, dimension, Size(units, 1)).carried_pairs == pairs
    assert small_weights(0, dimension, Size(units, 1)).carried_pairs == 0


def test_the_constants_and_the_architecture_go_together() -> None:
    residual, plain = residual_weights(), small_weights(dimension=4)
    with pytest.raises(ModelError, match="lacks its constants"):
        replace(residual, residual=None)
    with pytest.raises(ModelError, match="those of another"):
        replace(plain, residual=residual.residual)
    with pytest.raises(ModelError, match="layer 0: kernel"):
        replace(plain, residual=residual.residual, architecture="residual")
    with pytest.raises(ModelError, match="grid has shape"):
        replace(residual, residual=residual_weights(dimension=5).residual)
    with pytest.raises(ModelError, match=r"mixture layer: kernel has shape \(24, 27\), but should have \(24, 18\)"):
        replace(residual, residual=residual_weights(mixtures=2).residual)
    with pytest.raises(ModelError, match="scale of sigma has shape"):
        replace(residual.residual, sigma_scale=residual.residual.sigma_scale[:, :-1])


def test_what_the_mixture_hears_goes_with_the_architecture() -> None:
    residual, plain = residual_weights(), small_weights(dimension=4)
    with pytest.raises(ModelError, match=r"mixture layer: kernel has shape \(8, 27\), but should have \(24, 27\)"):
        replace(residual, mixture_kernel=plain.mixture_kernel)
    with pytest.raises(ModelError, match=r"mixture layer: kernel has shape \(24, 27\), but should have \(8, 27\)"):
        replace(plain, mixture_kernel=residual.mixture_kernel)


@pytest.mark.parametrize("field", [field.name for field in fields(Residual)])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: -values - 1, "below 0|steps above"),
        (lambda values: values * np.float32(np.nan), "not finite"),
        (lambda values: values + np.float32(np.inf), "not finite"),
        (lambda values: values.astype(np.float64), "float64"),
        (lambda values: values[..., :-1], "shape"),
        (lambda values: values.reshape(-1, 1, 1), "shape"),
    ],
)
def test_constants_that_do_not_fit_are_refused(field: str, change, message: str) -> None:
    residual = residual_weights(grid="all").residual
    with pytest.raises(ModelError, match=message):
        replace(residual_weights(), residual=replace(residual, **{field: change(getattr(residual, field))}))


def test_steps_too_fine_to_count_are_refused() -> None:
    residual = residual_weights().residual
    with pytest.raises(ModelError, match="steps above"):
        replace(residual, grid=np.full_like(residual.grid, FINEST_GRID))
