"""The sizes of networks that IMPSY trains, and the names of their files: docs/reference/formats.md, Model files."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["MIXTURES", "SCALE_FACTOR", "SIZES", "Size", "model_name", "size_name"]

SCALE_FACTOR = 10.0
"""The network hears and predicts interaction vectors times this."""
MIXTURES = 5
"""Mixture components of the networks that IMPSY trains."""


class Size(NamedTuple):
    """Width and depth of a network."""

    units: int
    layers: int


SIZES = {
    "xxs": Size(16, 2),
    "xs": Size(32, 2),
    "s": Size(64, 2),
    "m": Size(128, 2),
    "l": Size(256, 2),
    "xl": Size(512, 3),
}


def size_name(units: int, layers: int) -> str | None:
    """The name of a size in :data:`SIZES`, or None if no such size has a name."""
    return next((name for name, size in SIZES.items() if size == (units, layers)), None)


def model_name(dimension: int, size: Size, mixtures: int = MIXTURES) -> str:
    """The file name (no suffix) by which IMPSY's models go.

    >>> model_name(9, SIZES["s"])
    'musicMDRNN-dim9-layers2-units64-mixtures5-scale10'
    """
    scale = int(SCALE_FACTOR)
    return f"musicMDRNN-dim{dimension}-layers{size.layers}-units{size.units}-mixtures{mixtures}-scale{scale}"
