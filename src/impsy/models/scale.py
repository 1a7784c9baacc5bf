"""The scale by which a model's numbers are multiplied: 10 for almost all; some were trained with another.

A file says its scale by its facts (the metadata of a ``.tflite``, the ``.json`` beside it) or else by its name
(``…-scale12``); a file that says nothing has 10. A plain network of another scale s is turned into one of scale 10
that plays the same, so that no reader of our files and no other part of IMPSY needs to know of s: its first kernel
and its means are multiplied by s / 10 and 10 / s, and its deviations, which are not linear in the weights, by the
factor ``spread`` of :class:`impsy.models.weights.Weights`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from impsy.errors import ModelError
from impsy.files import read_regular
from impsy.limits import DESCRIPTION_BYTES
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.weights import LSTMLayer, Weights

__all__ = ["LARGEST", "SMALLEST", "UnusableScaleError", "at_scale_10", "name_at_scale_10", "scale_of"]


class UnusableScaleError(ModelError):
    """A file says that its scale is something that no model has; the message says what to do."""


SMALLEST, LARGEST = 0.01, 10_000.0
"""Scales beyond these are mistakes: times and values would be lost in rounding."""

_IN_NAME = re.compile(r"(?<![a-z0-9])scale(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![a-z0-9])", re.IGNORECASE)
_BROKEN_NAME = re.compile(r"-mixtures\d+-scale(?!\d)", re.IGNORECASE)
"""A name of IMPSY's own form whose scale is no number."""


def scale_of(path: Path, note: Mapping[str, Any]) -> float:
    """The scale of the model in ``path``; ``note`` is what the file says of itself, empty if nothing.

    Raises ModelError if it is no usable number.
    """
    for facts, where in ((note, "it says"), (_beside(path), f"{path.stem}.json says")):
        given = facts.get("scale")
        if isinstance(given, int | float) and not isinstance(given, bool):
            return _usable(float(given), str(given), where)
        found = _IN_NAME.search(str(facts.get("name", "")))
        if found:
            return _usable(float(found[1]), found[1], where)
    found = _IN_NAME.search(path.name)
    if found:
        return _usable(float(found[1]), found[1], "its name says")
    if _BROKEN_NAME.search(path.name):
        raise UnusableScaleError(f"its name ends in -scale without a number. {_RENAME}")
    return SCALE_FACTOR


_RENAME = f"Rename it to -scale and the number that it was trained with ({SCALE_FACTOR:g}, if that is not known)"


def _usable(scale: float, text: str, where: str) -> float:
    if not SMALLEST <= scale <= LARGEST:
        text = text if len(text) <= 20 else f"{text[:20]}…"
        raise UnusableScaleError(f"{where} that its scale is {text}, not {SMALLEST:g} to {LARGEST:g}. {_RENAME}")
    return scale


def _beside(path: Path) -> Mapping[str, Any]:
    """What the ``.json`` of the same name says; empty if there is none, or it is something else."""
    try:
        around = path.parent.resolve().parent
        facts = json.loads(read_regular(path.with_suffix(".json"), DESCRIPTION_BYTES, root=around))
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) and "format" in facts else {}


def at_scale_10(weights: Weights, scale: float) -> Weights:
    """The network of scale 10 that plays as ``weights`` does at ``scale``.

    Residual networks are IMPSY's own, and always have scale 10. Raises ModelError if a number becomes infinite.
    """
    if scale == SCALE_FACTOR or weights.residual is not None:
        return weights
    up = np.float32(scale / SCALE_FACTOR)
    width = weights.mixtures * weights.dimension
    kernel, bias = weights.mixture_kernel.copy(), weights.mixture_bias.copy()
    with np.errstate(over="ignore"):  # gives infinities, which are refused
        kernel[:, :width] /= up
        bias[:width] /= up
        first, *rest = weights.layers
        layers = (LSTMLayer(first.kernel * up, first.recurrent, first.bias), *rest)
    spread = float(np.float32(weights.spread * (SCALE_FACTOR / scale)))
    return replace(weights, layers=layers, mixture_kernel=kernel, mixture_bias=bias, spread=spread)


def name_at_scale_10(stem: str, scale: float) -> str:
    """What to call the file of :func:`at_scale_10`: ``…-scale12`` becomes ``…-scale10-from12``.

    It is not ``…-scale10``: that may be another model, which was trained with 10.
    """
    if scale == SCALE_FACTOR:
        return stem
    ten = f"scale{SCALE_FACTOR:g}-from{scale:g}"
    return _IN_NAME.sub(ten, stem, count=1) if _IN_NAME.search(stem) else f"{stem}-{ten}"
