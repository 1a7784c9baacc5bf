"""The packed form of a model, which a page carries.

Deflated (RFC 1951, without a header of its own); what is deflated is, little endian:

- ``IMPSYNET``, the length of the header (uint32), and the header, JSON: ``format`` (1), ``architecture``,
  ``dimension``, ``units``, ``layers``, ``mixtures``, ``parameters``, ``spread``, ``facts`` (as a ``.tflite`` has
  them), and ``arrays``, a list of ``[name, shape, kind]``. Names, shapes and the order of numbers are those of the
  constants of a ``.tflite`` file of ours (:mod:`impsy.models.tflite.own`).
- The arrays, in that order. ``kind`` is ``f2`` (IEEE 754 binary16) or ``f4`` (binary32); the first bytes of all
  numbers of an array come first, then the second ones, and so on: that compresses better.

Matrices that were learned become ``f2``, where all of their numbers have a place in it. All else stays ``f4``:
biases, and the constants of an architecture, some of which (a deviation at rest of 1e-9) no float16 can hold.
``frontend/src/instrument/model/packed.ts`` reads it.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.models.architectures import FINEST_GRID, FloatArray, Gestures, Residual, own_fields
from impsy.models.landings import Landings
from impsy.models.mixture import Live
from impsy.models.opening import FACTS, OpenedModel, open_model
from impsy.models.weights import Weights

__all__ = ["FORMAT", "MAGIC", "pack", "pack_weights"]

MAGIC = b"IMPSYNET"
FORMAT = 1
_MATRICES = ("/kernel", "/recurrent")
_LARGEST_HALF = float(np.finfo(np.float16).max)


def pack(model: OpenedModel | str | os.PathLike[str]) -> bytes:
    """The packed form of a model that is open, or in a file of any kind that :func:`open_model` opens.

    Raises ModelError: the file is no model, or is one whose weights are not recognised (a graph that runs as it is).
    """
    opened = model if isinstance(model, OpenedModel) else open_model(model, "numpy")
    if opened.weights is None:
        raise ModelError(
            f"{opened.path}: a page cannot play this model, because its weights are not recognised: {opened.runs}; "
            "choose a model that `impsy train` made, or one of a released version"
        )
    return pack_weights(opened.weights, {key: opened.facts[key] for key in FACTS if key in opened.facts})


def pack_weights(weights: Weights, facts: Mapping[str, Any] | None = None) -> bytes:
    """The packed form of a network; ``facts`` is anything that JSON can hold."""
    arrays = dict(_arrays(weights))
    kinds = {name: _kind(name, array) for name, array in arrays.items()}
    header = {
        "format": FORMAT,
        "architecture": weights.architecture,
        "dimension": weights.dimension,
        "units": weights.units,
        "layers": len(weights.layers),
        "mixtures": weights.mixtures,
        "parameters": weights.parameters,
        "spread": weights.spread,
        "facts": dict(facts or {}),
        "arrays": [[name, list(array.shape), kinds[name]] for name, array in arrays.items()],
    }
    head = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    parts = [MAGIC, struct.pack("<I", len(head)), head]
    parts += [_planes(array.astype(f"<{kinds[name]}")) for name, array in arrays.items()]
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(b"".join(parts)) + deflater.flush()


def _kind(name: str, array: FloatArray) -> str:
    fits = name.endswith(_MATRICES) and bool((np.abs(array) <= _LARGEST_HALF).all())
    return "f2" if fits else "f4"


def _planes(array: NDArray[Any]) -> bytes:
    return array.reshape(-1).view(np.uint8).reshape(-1, array.itemsize).T.tobytes()


def _arrays(weights: Weights) -> Iterator[tuple[str, FloatArray]]:
    """The constants by the names, and as, a ``.tflite`` has them."""
    for i, layer in enumerate(weights.layers):
        yield f"lstm_{i}/kernel", np.ascontiguousarray(layer.kernel.T)
        yield f"lstm_{i}/recurrent", np.ascontiguousarray(layer.recurrent.T)
        yield f"lstm_{i}/bias", layer.bias
    fixed = weights.residual
    columns = Live(fixed).columns if isinstance(fixed, Gestures) else slice(None)
    yield "mixture/kernel", np.ascontiguousarray(weights.mixture_kernel[:, columns].T)
    yield "mixture/bias", weights.mixture_bias[columns]
    if fixed is not None:
        yield from _fixed(fixed)


def _fixed(fixed: Residual) -> Iterator[tuple[str, FloatArray]]:
    yield "residual/change_scale", fixed.change_scale
    if fixed.has_grid:
        yield "residual/step", np.where(fixed.grid == 0, np.float32(FINEST_GRID), fixed.grid)
    of_sigma = "gestures" if isinstance(fixed, Gestures) else "residual"
    for name in ("sigma_scale", "sigma_floor"):
        yield f"{of_sigma}/{name}", _computed(fixed, getattr(fixed, name))
    if type(fixed) is not Residual:
        for name in own_fields(type(fixed)):
            yield f"{fixed.architecture}/{name}", getattr(fixed, name)


def _computed(fixed: Residual, values: FloatArray) -> FloatArray:
    """The numbers (M or S, D) that are computed, in the order of the dense layer's outputs."""
    if isinstance(fixed, Gestures):
        return values.reshape(-1)[Live(fixed).places]
    if isinstance(fixed, Landings):
        return np.concatenate([values[:, 0], values[:, 1:][fixed.moves != 0]])
    return values.reshape(-1)
