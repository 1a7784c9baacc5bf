"""``.npz`` files: zip archives of ``.npy`` arrays, with bounds on all that they claim.

NumPy reads the headers (``numpy.lib.format``). ``numpy.load`` is not used: it reads as much as an archive claims to
hold, and an array of arrays only by running it as a program; those are read by :mod:`impsy.data.npz.pickles`.
"""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from contextlib import ExitStack
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from impsy.data.npz.pickles import read_object_array
from impsy.errors import DataError, refusal
from impsy.files import open_regular

__all__ = ["Archive"]

MOST_BYTES = 1 << 30
"""No array is larger than this."""

MOST_OF_FILE = 8 << 30
"""Bytes of a file: all that can be in it, and not compressed."""

MOST_RATIO, SMALL_BYTES = 100, 64 << 20
"""An array is at most so many times as large as its compressed form, or as this: else it is made to fill memory."""

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_HEADER_ERRORS = (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError, OverflowError)
"""NumPy reads a header as Python's literals, of 10,000 bytes at most."""

_LFS_POINTER = b"version https://git-lfs"


class Archive:
    """An open ``.npz`` file.

    Raises:
        DataError: (from the constructor) it cannot be read, or is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with ExitStack() as opened:
                self._file = opened.enter_context(open_regular(path, MOST_OF_FILE))
                begin = self._file.read(len(_LFS_POINTER))
                self._zip = zipfile.ZipFile(self._file)
                self._members = {info.filename: info for info in self._zip.infolist()}
                opened.pop_all()
        except OSError as error:
            remedy = "name a dataset; “impsy dataset” makes one of the logs"
            raise DataError(f"{path}: cannot be read {refusal(error, remedy)}") from error
        except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError, UnicodeError) as error:
            if begin == _LFS_POINTER:
                raise DataError(
                    f"{path}: this is a pointer to the file, not the file; fetch it with “git lfs pull”"
                ) from error
            raise DataError(
                f"{path}: this is no .npz file, or it is damaged or cut off ({error}); get it again, or make it "
                "again from the logs with “impsy dataset”"
            ) from error

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    @property
    def keys(self) -> list[str]:
        """The names of the arrays in it."""
        return [name.removesuffix(".npy") for name in self._members if name.endswith(".npy")]

    def floats(self, key: str) -> NDArray[np.float32]:
        """An array of floats, as float32. Raises DataError for anything else."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._plain(key, "f", "floats").astype(np.float32, copy=False)

    def integers(self, key: str) -> NDArray[np.int64]:
        """An array of whole numbers, as int64. Raises DataError for anything else."""
        return self._plain(key, "iu", "whole numbers").astype(np.int64, copy=False)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of words. Raises DataError for anything else."""
        words = self._plain(key, "U", "words")
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
        if dtype.kind == "f" and len(shape) == 3:
            return list(self.floats(key))
        if dtype != np.dtype(object) or fortran:
            raise self._refusal(key, f"it holds {dtype} in {len(shape)} dimensions, not performances")
        try:
            return read_object_array(content, start, shape)
        except DataError as error:
            raise self._refusal(key, str(error)) from error

    def _plain(self, key: str, kinds: str, words: str) -> NDArray[Any]:
        """An array whose dtype is of one of these kinds."""
        content, start, shape, fortran, dtype = self._array(key)
        if dtype.kind not in kinds or not 0 < dtype.itemsize <= (8 if kinds != "U" else 1 << 16):
            raise self._refusal(key, f"it holds {dtype}, not {words}")
        if prod(shape) * dtype.itemsize != len(content) - start:
            raise self._refusal(
                key, f"its header says {prod(shape):,} {words}, {len(content) - start:,} bytes follow"
            )
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
            if min(shape, default=0) < 0:
                raise ValueError(f"shape {shape}")
        except _HEADER_ERRORS as error:
            raise self._refusal(key, "its header is not one that NumPy writes for numbers or performances") from error
        return content, stream.tell(), shape, fortran, dtype

    def _read(self, key: str) -> bytes:
        info = self._members[f"{key}.npy"]
        if info.file_size > MOST_BYTES or info.file_size > max(SMALL_BYTES, MOST_RATIO * info.compress_size):
            raise self._refusal(key, f"it would be {info.file_size:,} bytes from {info.compress_size:,}")
        if info.flag_bits & 1:
            raise self._refusal(key, "it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._refusal(key, "it is compressed in a way that NumPy does not use")
        try:
            with self._zip.open(info) as member:
                content = member.read(info.file_size + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            struct.error,
            NotImplementedError,
        ) as error:
            raise self._refusal(key, f"it is damaged or cut off ({error})") from error
        if len(content) != info.file_size:
            raise self._refusal(key, f"it is damaged or cut off ({len(content):,} bytes of {info.file_size:,})")
        return content

    def _refusal(self, key: str, why: str) -> DataError:
        return DataError(f"{self._path}, “{key}”: {why}; make it again from the logs with “impsy dataset”")
