"""Small datasets and their files, made for tests."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from impsy.data.datasets import Dataset


def playing(lengths=(60, 0, 70), dimension=3, seed=0) -> Dataset:
    """Performances of a walk over the steps of a 7-bit knob."""
    rng = np.random.default_rng(seed)
    performances = []
    for length in lengths:
        steps = rng.integers(-3, 4, (length, dimension - 1)).cumsum(axis=0) + 60
        values = (127 - np.abs(steps % 254 - 127)) / 127  # turns round at the ends
        performances.append(np.column_stack([rng.exponential(0.05, length), values]))
    return Dataset.of(dimension, performances, [f"log {number}" for number in range(len(lengths))])


def npy(array: np.ndarray, *, pickled: bytes | None = None) -> bytes:
    """An array as ``.npy``; ``pickled`` takes the place of an object array's content."""
    buffer = io.BytesIO()
    if pickled is None:
        np.lib.format.write_array(buffer, array, allow_pickle=True)
    else:
        np.lib.format.write_array_header_1_0(buffer, np.lib.format.header_data_from_array_1_0(array))
        buffer.write(pickled)
    return buffer.getvalue()


def npz(path: Path, **members: bytes) -> Path:
    """An archive of these members, deflated."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def object_array(performances) -> np.ndarray:
    """An array of arrays, whatever their lengths."""
    array = np.empty(len(performances), object)
    for number, performance in enumerate(performances):
        array[number] = performance
    return array
