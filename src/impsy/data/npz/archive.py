"""``.npz`` files: zip archives of ``.npy`` arrays, with bounds on all that they claim.

NumPy reads the headers (``numpy.lib.format``). ``numpy.load`` is not used: it reads as much as an archive claims to
hold, and an array of arrays only by running it as a program; those are read by :mod:`impsy.data.npz.pickles`.
"""

from __future__ import annotations

import io
import warnings
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from impsy.archives import DamagedArchive, ZipArchive
from impsy.data.npz.pickles import read_object_array
from impsy.errors import DataError, refusal
from impsy.files import open_regular
from impsy.limits import DATASET_BYTES, MOST_PERFORMANCES, READER_RATIO, Budget, shortened

__all__ = ["Archive"]

MOST_BYTES = 1 << 30
"""No array is larger than this."""

SMALL_BYTES = 64 << 20
"""An array that is no larger than this may be compressed in any way; else it is made to fill memory."""

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_HEADER_ERRORS = (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError, OverflowError)
"""NumPy reads a header as Python's literals, of 10,000 bytes at most."""

_LFS_POINTER = b"version https://git-lfs"

_TEXT_BYTES = 64
"""Of memory that a short text takes, with what refers to it."""


class Archive:
    """An open ``.npz`` file.

    Raises:
        DataError: (from the constructor) it cannot be read, or is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = open_regular(path, DATASET_BYTES)
        except OSError as error:
            raise self._unreadable(error) from error
        try:
            begin = self._file.read(len(_LFS_POINTER))
            self._budget = Budget.of_file(self._file.seek(0, io.SEEK_END), DataError)
            self._zip = ZipArchive(self._file, self._budget)
        except BaseException as error:
            self._file.close()
            if isinstance(error, OSError):
                raise self._unreadable(error) from error
            if not isinstance(error, DamagedArchive):
                raise
            if begin == _LFS_POINTER:
                raise DataError(
                    f"{path}: this is a pointer to the file, not the file; fetch it with “git lfs pull”"
                ) from error
            raise DataError(
                f"{path}: this is no .npz file, or it is damaged or cut off ({error}); get it again, or make it "
                "again from the logs with “impsy dataset”"
            ) from error

    def _unreadable(self, error: OSError) -> DataError:
        remedy = "name a dataset; “impsy dataset” makes one of the logs"
        return DataError(f"{self._path}: cannot be read {refusal(error, remedy)}")

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.__exit__()
        self._file.close()

    @property
    def keys(self) -> list[str]:
        """The names of the arrays in it."""
        return [name.removesuffix(".npy") for name in self._zip.names if name.endswith(".npy")]

    def floats(self, key: str) -> NDArray[np.float32]:
        """An array of floats, as float32. Raises DataError for anything else."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._plain(key, "f", "floats", 4).astype(np.float32, copy=False)

    def integers(self, key: str) -> NDArray[np.int64]:
        """An array of whole numbers, as int64. Raises DataError for anything else."""
        return self._plain(key, "iu", "whole numbers", 8).astype(np.int64, copy=False)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of words. Raises DataError for anything else."""
        words = self._plain(key, "U", "words", _TEXT_BYTES)
        if words.ndim != 1:
            raise self._refusal(key, f"it holds words in {words.ndim} dimensions")
        try:
            return tuple(words.tolist())
        except ValueError as error:  # a number that is no character
            raise self._refusal(key, "it is damaged") from error

    def performances(self, key: str) -> list[NDArray[np.float32]]:
        """An array of arrays (events, columns) of floats, or an array (performances, events, columns) of floats.

        Raises DataError for anything else. Nothing in the file is run.
        """
        content, start, shape, fortran, dtype = self._array(key)
        if shape and shape[0] > MOST_PERFORMANCES:
            raise self._refusal(
                key, f"it holds {shape[0]:,} performances, and at most {MOST_PERFORMANCES:,} are read"
            )
        if dtype.kind == "f" and len(shape) == 3:
            return list(self.floats(key))
        if dtype != np.dtype(object) or fortran:
            raise self._refusal(key, f"it holds {dtype} in {len(shape)} dimensions, not performances")
        try:
            return read_object_array(content, start, shape, self._budget)
        except DataError as error:
            raise self._refusal(key, str(error)) from error

    def _plain(self, key: str, kinds: str, words: str, each: int) -> NDArray[Any]:
        """An array whose dtype is of one of these kinds, and of which items of ``each`` bytes will be made."""
        content, start, shape, fortran, dtype = self._array(key)
        if dtype.kind not in kinds or not 0 < dtype.itemsize <= (8 if kinds != "U" else 1 << 16):
            raise self._refusal(key, f"it holds {dtype}, not {words}")
        if prod(shape) * dtype.itemsize != len(content) - start:
            raise self._refusal(
                key, f"its header says {prod(shape):,} {words}, {len(content) - start:,} bytes follow"
            )
        try:
            self._budget.spend(prod(shape), each)
        except DataError as error:
            raise self._refusal(key, str(error)) from error
        return np.frombuffer(content, dtype, offset=start).reshape(shape, order="F" if fortran else "C")

    def _array(self, key: str) -> tuple[bytes, int, tuple[int, ...], bool, np.dtype[Any]]:
        """The content, where the data begins in it, and what the header says: shape, Fortran's order, dtype."""
        content = self._read(key)
        stream = io.BytesIO(content)
        try:
            read = _HEADERS[npy.read_magic(stream)]
        except (ValueError, KeyError) as error:
            raise self._refusal(key, "it is no .npy array") from error
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about numbers as Python 2 wrote them
                shape, fortran, dtype = read(stream)
            if min(shape, default=0) < 0 or max(shape, default=0) > MOST_BYTES or len(shape) > 3:
                raise ValueError(f"shape {shape}")
        except _HEADER_ERRORS as error:
            raise self._refusal(key, "its header is not one that NumPy writes for numbers or performances") from error
        return content, stream.tell(), shape, fortran, dtype

    def _read(self, key: str) -> bytes:
        size, compressed = self._zip.size(f"{key}.npy")
        if size > MOST_BYTES or size > max(SMALL_BYTES, READER_RATIO * compressed):
            raise self._refusal(key, f"it would be {size:,} bytes from {compressed:,}")
        try:
            return self._zip.read(f"{key}.npy")
        except (DamagedArchive, DataError) as error:
            raise self._refusal(key, str(error)) from error
        except OSError as error:
            raise self._unreadable(error) from error

    def _refusal(self, key: str, why: str) -> DataError:
        return DataError(f"{self._path}, “{key}”: {shortened(why)}; make it again from the logs with “impsy dataset”")
