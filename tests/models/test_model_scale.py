"""Models that were trained with another scale than 10 play as they were trained, whatever file they come in."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import (
    changed,
    keras2_model,
    keras2_weights,
    keras3_weights,
    keras_archive,
    looped_tflite,
    put,
    residual_weights,
    small_weights,
)
from test_residual import noted

from impsy.errors import ModelError
from impsy.evaluation.contestants import contestant_for
from impsy.models.litert import GraphPredictor
from impsy.models.opening import open_model, open_weights
from impsy.models.predictor import NumPyPredictor
from impsy.models.scale import LARGEST, SMALLEST, at_scale_10, name_at_scale_10, scale_of
from impsy.models.tflite.read import read_tflite
from impsy.models.tflite.write import encode_tflite

SCALES = (2, 5, 10, 12, 100, 0.5)
WRITTEN = {
    "keras": keras_archive,
    "h5": keras2_weights,
    "weights.h5": keras3_weights,
    "h5 of a whole model": keras2_model,
    "tflite": encode_tflite,
    "looped tflite": looped_tflite,
    # A format of tomorrow: nothing is known of what is in it, so the graph runs as it is.
    "unknown tflite": lambda weights: changed(
        encode_tflite(weights, facts={"a": 1}), noted(format=99, architecture="plain")
    ),
}


def as_trained(weights, scale, steps=60):
    """Means and deviations in seconds and [0, 1], and logits, of the network that hears vectors x ``scale``.

    ``scale`` / 10 times as much is given to the oracle, which multiplies by 10; what comes out is in x ``scale``.
    """
    oracle, rng = NumPyPredictor(weights, precision=np.float64), np.random.default_rng(1)
    heard, width = [], 2 * weights.mixtures * weights.dimension
    for _ in range(steps):
        event = np.array([rng.exponential(0.2), *rng.random(weights.dimension - 1)])
        oracle.hear(event * scale / 10)
        heard.append(np.concatenate([oracle.mixture()[:width] / scale, oracle.mixture()[width:]]))
    return np.array(heard)


def played(predictor, mixtures, steps=60):
    rng = np.random.default_rng(1)
    heard, width = [], 2 * mixtures * predictor.dimension
    for _ in range(steps):
        predictor.hear([rng.exponential(0.2), *rng.random(predictor.dimension - 1)])
        heard.append(np.concatenate([predictor.mixture()[:width] / 10, predictor.mixture()[width:]]))
    return np.array(heard)


def close(mine, other):
    np.testing.assert_allclose(mine, other, atol=2e-4, rtol=2e-4)


@pytest.mark.parametrize("backend", ["auto", "numpy"])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.slow
def test_a_model_plays_at_the_scale_that_its_name_says(tmp_path, form, scale, backend):
    backend = "litert" if form == "unknown tflite" else backend  # only LiteRT runs a graph as it is
    weights = small_weights()
    suffix = form.split()[-1] if " " in form and form.endswith("tflite") else form.split(" ")[0]
    path = put(tmp_path, f"musicMDRNN-dim3-layers2-units8-mixtures3-scale{scale}.{suffix}", WRITTEN[form](weights))
    opened = open_model(path, backend)
    assert opened.scale == scale
    assert ("scale" in opened.runs) == (scale != 10)
    close(played(opened.predictor, 3), as_trained(weights, scale))
    close(played(Contestant(opened), 3), as_trained(weights, scale))


class Contestant:
    """What evaluation makes of a model, played one event at a time."""

    def __init__(self, opened):
        self.dimension = opened.dimension
        self._network = contestant_for(opened)._network
        self._network.reset(1)

    def hear(self, vector):
        self._heard = self._network.hear(np.array([vector]))

    def mixture(self):
        return np.array(self._heard[0])


@settings(deadline=None, max_examples=40)
@given(
    scale=st.floats(0.05, 500),
    seed=st.integers(0, 1000),
    dimension=st.integers(2, 6),
    mixtures=st.integers(1, 4),
    storage=st.sampled_from(["float32", "float16", "int8"]),
)
@pytest.mark.slow
def test_what_is_written_has_scale_10_and_plays_the_same_in_any_front_end(scale, seed, dimension, mixtures, storage):
    weights = small_weights(seed, dimension, mixtures=mixtures)
    folded = at_scale_10(weights, scale)
    close(played(NumPyPredictor(folded), mixtures, 20), as_trained(weights, scale, 20))
    content = encode_tflite(folded, storage=storage)
    read = read_tflite(content)
    assert read.spread == folded.spread
    assert encode_tflite(read, storage=storage) == content
    # A front end hears x 10 and divides by 10: the graph itself is what it runs.
    close(played(GraphPredictor(content), mixtures, 20), played(NumPyPredictor(read), mixtures, 20))


NAMES = [
    ("m-scale12.tflite", 12),
    ("m_scale12.tflite", 12),
    ("M-SCALE12.H5", 12),
    ("scale2.keras", 2),
    ("m-scale2.5.keras", 2.5),
    ("m-scale12.weights.h5", 12),
    ("m-scale12.previous.tflite", 12),
    ("m-scale12 (1).tflite", 12),
    ("m-scale12-best.keras", 12),
    ("m-scale10-from12.tflite", 10),
    ("m-scale1e1.tflite", 10),
    ("m.tflite", 10),
    ("c-major-scale.tflite", 10),
    ("timescale12.tflite", 10),
    ("scale.tflite", 10),
    ("scales12.tflite", 10),
    ("m-scale12b.tflite", 10),
]


@pytest.mark.parametrize(("name", "scale"), NAMES)
def test_the_scale_in_a_name(tmp_path, name, scale):
    assert scale_of(tmp_path / name, {}) == scale


@pytest.mark.parametrize("text", ["0", "0.0", "1e9", "1e999", "99999999999999999999999", "0.001", "10001"])
def test_a_scale_that_no_model_has_is_refused_with_what_to_do(tmp_path, text):
    path = put(tmp_path, f"m-scale{text}.tflite", encode_tflite(small_weights()))
    for open_it in (open_model, open_weights):
        with pytest.raises(ModelError, match=r"its name says that its scale is .*, not 0.01 to 10000. Rename it"):
            open_it(path)


@pytest.mark.parametrize("text", ["", "X", "-12", "ten"])
def test_a_name_of_our_form_without_a_number_is_refused_with_what_to_do(tmp_path, text):
    path = put(
        tmp_path, f"musicMDRNN-dim3-layers2-units8-mixtures3-scale{text}.tflite", encode_tflite(small_weights())
    )
    with pytest.raises(ModelError, match=r"-scale without a number\. Rename it"):
        open_model(path)


@settings(deadline=None)
@given(st.text(st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), max_size=40))
def test_any_name_gives_a_usable_scale_or_a_model_error(name):
    from pathlib import Path

    try:
        scale = scale_of(Path("no-such-folder", f"x{name}"), {})
    except ModelError:
        return
    assert SMALLEST <= scale <= LARGEST


@pytest.mark.parametrize(
    ("beside", "scale"),
    [
        ({"format": 1, "scale": 10}, 10),
        ({"format": 1, "scale": 5.0}, 5),
        ({"format": 1, "name": "musicMDRNN-dim3-layers2-units8-mixtures3-scale10"}, 10),
        ({"format": 1, "scale": "loud"}, 12),
        ({"format": 1, "scale": True}, 12),
        ({"colour": "blue", "scale": 3}, 12),
        ([1, 2], 12),
    ],
)
@pytest.mark.slow
def test_what_the_json_beside_a_file_says_comes_before_its_name(tmp_path, beside, scale):
    (tmp_path / "m-scale12.json").write_text(json.dumps(beside))
    weights = small_weights()
    opened = open_model(put(tmp_path, "m-scale12.keras", keras_archive(weights)))
    assert opened.scale == scale
    close(played(opened.predictor, 3), as_trained(weights, scale))


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"null"])
def test_a_broken_json_beside_a_file_says_nothing(tmp_path, content):
    (tmp_path / "m-scale12.json").write_bytes(content)
    assert scale_of(tmp_path / "m-scale12.tflite", {}) == 12


def test_what_a_file_of_ours_says_comes_before_its_name(tmp_path):
    weights = small_weights()
    for content in (
        encode_tflite(weights, facts={"from": "here"}),
        encode_tflite(residual_weights()),
        encode_tflite(at_scale_10(weights, 5)),
    ):
        assert open_model(put(tmp_path, "renamed-scale12.tflite", content)).scale == 10


@pytest.mark.parametrize(
    ("stem", "scale", "name"),
    [
        ("m-scale12", 12, "m-scale10-from12"),
        ("m-scale12-best", 12, "m-scale10-from12-best"),
        ("m-scale10", 10, "m-scale10"),
        ("m", 10, "m"),
        ("m", 12, "m-scale10-from12"),
    ],
)
def test_a_converted_file_is_named_by_what_it_is(tmp_path, stem, scale, name):
    assert name_at_scale_10(stem, scale) == name
    assert scale_of(tmp_path / f"{name}.tflite", {}) == 10
