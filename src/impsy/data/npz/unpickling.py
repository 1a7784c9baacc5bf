"""Arrays of arrays in NumPy's pickle form, read without unpickling.

What :mod:`impsy.data.npz.picklemachine` describes is checked here, and only then made into arrays.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.data.npz.picklemachine import Described, Kind, run
from impsy.errors import DataError

__all__ = ["FLOATS", "read_object_array"]

FLOATS = {f"{order}{kind}": np.dtype(order + kind) for kind in ("f2", "f4", "f8") for order in ("", "<", "=", ">")}
"""The number formats that performances may have."""


def read_object_array(content: bytes, start: int, shape: tuple[int, ...]) -> list[NDArray[np.float32]]:
    """The performances of a pickled array of arrays.

    Args:
        content, start: the pickle begins at ``start`` in ``content``.
        shape: of the outer array, as its header says: (P,); or (P, L, D) where all performances are of one length L,
            which NumPy makes an array of single numbers of.

    Returns:
        P arrays (events, columns) of float32; whether the columns agree and the numbers are sound is not checked.

    Raises:
        DataError: it is anything but arrays of floats, or does not fit together. Nothing was run.
    """
    outer = run(content, start)
    if not isinstance(outer, Described) or type(outer.content) is not list:
        raise DataError("it is not an array of arrays")
    items = outer.content
    if len(items) != prod(shape):
        raise DataError(f"it holds {len(items)} items and its header says {prod(shape)}")
    if len(shape) == 3:
        return list(_numbers(items).reshape(shape))
    if len(shape) != 1:
        raise DataError(f"an array of shape {shape} does not hold performances")
    # One content can be said to be that of many arrays: it must have been there in full for each.
    if sum(len(item.content) for item in items if _is_table(item)) > len(content):
        raise DataError("it says that it holds more than it does")
    return [_performance(item, number) for number, item in enumerate(items, start=1)]


def _is_table(item: object) -> bool:
    return isinstance(item, Described) and type(item.content) in (bytes, list)


def _performance(item: object, number: int) -> NDArray[np.float32]:
    """One item of the outer array."""
    where = f"performance {number}"
    if not isinstance(item, Described) or not _is_table(item):
        raise DataError(f"{where} is not an array of numbers")
    shape = item.shape
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise DataError(f"{where} has no sound shape")
    flat = _numbers(item.content) if type(item.content) is list else _decoded(item, where)
    if flat.size != prod(shape):
        raise DataError(f"{where} holds {flat.size} numbers and says {prod(shape)}")
    if len(shape) == 1 and not flat.size:
        return np.zeros((0, 0), np.float32)
    if len(shape) != 2:
        raise DataError(f"{where} has shape {shape}, and is no table of events")
    return flat.reshape(shape, order="F" if item.fortran else "C")


def _decoded(item: Described, where: str) -> NDArray[np.float32]:
    """The numbers of an array that is bytes."""
    if not isinstance(item.kind, Kind) or item.kind.code not in FLOATS:
        raise DataError(f"{where} does not hold floats")
    dtype = FLOATS[item.kind.code]
    if item.kind.swapped:
        dtype = dtype.newbyteorder(">")
    if len(item.content) % dtype.itemsize:
        raise DataError(f"{where} is cut off")
    with np.errstate(over="ignore", invalid="ignore"):  # too large a number becomes infinite, which is found later
        return np.frombuffer(item.content, dtype).astype(np.float32)


def _numbers(items: list[Any]) -> NDArray[np.float32]:
    """Numbers that stand singly."""
    if not all(type(item) in (float, int) for item in items):
        raise DataError("it does not hold floats")
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.array(items, np.float64).astype(np.float32)
    except OverflowError:
        raise DataError("it holds a number beyond all floats") from None
