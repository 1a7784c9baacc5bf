"""The models that are played: a trained or usual one, and one that keeps perfect time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from impsy.models.opening import open_model
from impsy.models.sizes import SCALE_FACTOR, SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import Weights, random_weights

__all__ = ["METRONOME_STEP", "dimension_of", "metronome_weights", "shared_folder", "usual_model", "write_metronome"]

METRONOME_STEP = 0.01
"""Seconds between the predictions of the metronome."""

_DIMENSION = 9
_SIZE = SIZES["s"]
# elu(z) = e^z - 1 for z < 0, so sigma = e^-30 + 1e-7: as near to zero as any reader of the file allows.
_NO_SPREAD = -30.0


def shared_folder() -> Path:
    """Where the shared recordings and models would be: ``IMPSY_SHARED``, else beside this repository."""
    return Path(os.environ.get("IMPSY_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def usual_model(folder: Path) -> Path:
    """A 9-dimensional model of size s: the trained one of the shared recordings, or else untrained in ``folder``.

    What a step costs depends on its shape, not on what it has learned.
    """
    weights = random_weights(_DIMENSION, _SIZE, rng=np.random.default_rng(0))
    trained = shared_folder() / "data" / "models" / f"{weights.name}.tflite"
    if trained.is_file():
        return trained
    path = folder / f"{weights.name}.tflite"
    write_tflite(weights, path)
    return path


def dimension_of(model: Path) -> int:
    """Length of the interaction vectors of a model file. Raises ``ModelError`` if it cannot be opened."""
    return open_model(model).predictor.dimension


def metronome_weights(dimension: int, step: float = METRONOME_STEP) -> Weights:
    """A network of the usual size that computes as any other, and always says: ``step`` seconds, then all 0.5.

    The mixture ignores what the LSTM layers say (its kernel is zero); all components are the same.
    """
    usual = random_weights(dimension, _SIZE, rng=np.random.default_rng(0))
    mixtures = usual.mixtures
    mu = np.full(dimension, 0.5, np.float32)
    mu[0] = step
    parts = (
        np.tile(mu * SCALE_FACTOR, mixtures),
        np.full(mixtures * dimension, _NO_SPREAD),
        np.zeros(mixtures),
    )
    return replace(
        usual,
        mixture_kernel=np.zeros_like(usual.mixture_kernel),
        mixture_bias=np.concatenate(parts).astype(np.float32),
    )


def write_metronome(folder: Path, dimension: int) -> Path:
    """Write the metronome into ``folder``; returns the file."""
    path = folder / f"metronome-dim{dimension}.tflite"
    write_tflite(metronome_weights(dimension), path)
    return path
