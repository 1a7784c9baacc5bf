"""Weights: shapes that fit, names, sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from model_files import small_weights

from impsy.errors import ModelError
from impsy.models.landings import Landings
from impsy.models.sizes import SIZES, Size, model_name, size_name
from impsy.models.weights import LSTMLayer
from random_networks import random_weights


def test_sizes_are_the_published_ones() -> None:
    assert {name: tuple(size) for name, size in SIZES.items()} == {
        "xxs": (16, 2),
        "xs": (32, 2),
        "s": (64, 2),
        "m": (128, 2),
        "l": (256, 2),
        "xl": (512, 3),
    }
    assert size_name(64, 2) == "s"
    assert size_name(64, 3) is None


def test_a_models_name_says_what_it_is() -> None:
    assert model_name(9, SIZES["s"]) == "musicMDRNN-dim9-layers2-units64-mixtures5-scale10"
    assert small_weights().name == "musicMDRNN-dim3-layers2-units8-mixtures3-scale10"


def test_shape_is_read_off_the_arrays() -> None:
    weights = random_weights(9, SIZES["s"], rng=np.random.default_rng(0))
    assert (weights.dimension, weights.units, weights.mixtures, len(weights.layers)) == (9, 64, 5, 2)
    assert weights.parameters == 58_143  # what the released dim-9 model counts
    assert weights.architecture == "plain"
    assert weights.size == Size(64, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: {"dimension": 4}, "shape"),
        (lambda w: {"dimension": 1}, "dimension 2"),
        (lambda w: {"layers": ()}, "no LSTM layer"),
        (lambda w: {"layers": w.layers[::-1]}, "layer 0: kernel has shape"),
        (lambda w: {"mixture_bias": w.mixture_bias[:-1]}, "mixture layer"),
        (lambda w: {"mixture_bias": w.mixture_bias[:0]}, "mixture layer"),
        (lambda w: {"mixture_kernel": w.mixture_kernel.T}, "mixture layer: kernel"),
        (lambda w: {"mixture_kernel": w.mixture_kernel.astype(np.float64)}, "float64"),
        (lambda w: {"mixture_bias": w.mixture_bias * np.float32(np.nan)}, "diverged"),
        (lambda w: {"architecture": "novel"}, "'novel'"),
        (lambda w: {"layers": (LSTMLayer(*[np.float32(0)] * 3),)}, "layer 0"),
    ],
)
def test_what_does_not_fit_is_refused(change, message) -> None:
    weights = small_weights()
    with pytest.raises(ModelError, match=message):
        replace(weights, **change(weights))


def note_change(field: str, change):
    def changed(fixed: Landings) -> dict[str, np.ndarray]:
        return {field: np.asarray(change(getattr(fixed, field)), np.float32)}

    return changed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (note_change("notes", lambda a: a + 9), "notes are not some"),
        (note_change("notes", lambda a: a - 1), "notes are not some"),
        (note_change("notes", lambda a: a + 0.5), "whole numbers"),
        (note_change("notes", lambda a: a[:0]), "shape"),
        (note_change("lowest", lambda a: a * np.nan), "finite"),
        (note_change("counts", lambda a: a * 0), "values"),
        (note_change("counts", lambda a: a + 1000), "values"),
        (note_change("voice", lambda a: a[::-1]), "slots are not"),
        (note_change("voice", lambda a: 0 * a - 1), "slots are not"),
        (note_change("voice", lambda a: a + 1), "slots are not"),
        (note_change("moves", lambda a: a + 1), "moves a control"),
        (note_change("moves", lambda a: 0 * a + 1), "moves a note besides"),
        (note_change("time", lambda a: a[:-1]), "shape"),
        (note_change("anchors", lambda a: 0 * a), "anchor"),
        (note_change("threshold", lambda a: -a), "threshold"),
        (note_change("rest", lambda a: 0 * a), "at rest"),
        (note_change("apart", lambda a: 0 * a), "apart"),
        (note_change("grid", lambda a: 0 * a), "grid"),
    ],
)
def test_landings_that_do_not_fit_are_refused(change, message) -> None:
    fixed = random_weights(
        3, SIZES["xxs"], rng=np.random.default_rng(0), mixtures=40, architecture="landings"
    ).residual
    assert isinstance(fixed, Landings)
    with pytest.raises(ModelError, match=message):
        replace(fixed, **change(fixed))


@pytest.mark.parametrize(("dimension", "mixtures"), [(2, 1), (2, 2), (2, 9), (3, 40), (9, 361)])
def test_a_network_of_notes_has_about_so_many_components(dimension, mixtures) -> None:
    weights = random_weights(
        dimension, SIZES["xxs"], rng=np.random.default_rng(0), mixtures=mixtures, architecture="landings"
    )
    assert weights.mixtures <= max(mixtures, 2)
    assert weights.mixtures >= mixtures - 9
