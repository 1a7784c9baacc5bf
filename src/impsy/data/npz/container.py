"""The container: ``.npz`` files, which are zip archives of ``.npy`` arrays, with bounds on all that they claim.

Format of ``.npy``: "NumPy enhancement proposal 1". Arrays of numbers are read as bytes; the one array of arrays by
:mod:`impsy.data.npz.unpickling`.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from impsy.data.npz.unpickling import FLOATS, read_object_array
from impsy.errors import DataError, refusal

__all__ = ["Archive"]

MOST_BYTES = 1 << 30
"""No array is larger than this."""

MOST_RATIO, SMALL_BYTES = 100, 64 << 20
"""An array is at most so many times as large as its compressed form, or as this: else it is made to fill memory."""

_INTEGERS = {f"{order}{kind}": np.dtype(order + kind) for kind in ("i4", "u4", "i8", "u8") for order in "<>"}
_MAGIC = b"\x93NUMPY"
_HEADER_SIZES = {1: struct.Struct("<H"), 2: struct.Struct("<I"), 3: struct.Struct("<I")}
_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?[A-Za-z]\d*)', 'fortran_order': (True|False), 'shape': \(((?:\d{1,12}L?,? ?)*)\),? ?\} *\n"
)
_MOST_HEADER = 10_000
_LFS_POINTER = b"version https://git-lfs"


class Archive:
    """An open ``.npz`` file.

    Raises:
        DataError: (from the constructor) it cannot be read, or is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                begin = file.read(len(_LFS_POINTER))
            self._zip = zipfile.ZipFile(path)
            self._members = {info.filename: info for info in self._zip.infolist()}
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

    @property
    def keys(self) -> list[str]:
        """The names of the arrays in it."""
        return [name.removesuffix(".npy") for name in self._members if name.endswith(".npy")]

    def floats(self, key: str) -> NDArray[np.float32]:
        """An array of floats, as float32. Raises DataError for anything else."""
        descr, shape, fortran, content, start = self._array(key)
        if descr not in FLOATS:
            raise self._refusal(key, f"it holds {descr}, not floats")
        with np.errstate(over="ignore", invalid="ignore"):
            flat = self._flat(key, content, start, FLOATS[descr], shape).astype(np.float32, copy=False)
        return flat.reshape(shape, order="F" if fortran else "C")

    def integers(self, key: str) -> NDArray[np.int64]:
        """An array of whole numbers, as int64. Raises DataError for anything else."""
        descr, shape, fortran, content, start = self._array(key)
        if descr not in _INTEGERS:
            raise self._refusal(key, f"it holds {descr}, not whole numbers")
        with np.errstate(over="ignore"):
            flat = self._flat(key, content, start, _INTEGERS[descr], shape).astype(np.int64, copy=False)
        return flat.reshape(shape, order="F" if fortran else "C")

    def texts(self, key: str) -> tuple[str, ...]:
        """An array of words. Raises DataError for anything else."""
        descr, shape, _, content, start = self._array(key)
        if not re.fullmatch(r"<U\d{1,4}", descr) or len(shape) != 1:
            raise self._refusal(key, f"it holds {descr}, not words")
        width = 4 * int(descr[2:])
        if shape[0] * width != len(content) - start:
            raise self._refusal(key, "it is cut off")
        words = (content[start + i * width : start + (i + 1) * width] for i in range(shape[0]))
        return tuple(word.decode("utf-32-le", "replace").rstrip("\0") for word in words)

    def performances(self, key: str) -> list[NDArray[np.float32]]:
        """An array of arrays (events, columns) of floats, or an array (performances, events, columns) of floats.

        Raises DataError for anything else. Nothing in the file is run.
        """
        descr, shape, fortran, content, start = self._array(key)
        if descr in FLOATS and len(shape) == 3:
            return list(self.floats(key))
        if descr not in ("|O", "O") or fortran:
            raise self._refusal(key, f"it holds {descr} in {len(shape)} dimensions, not performances")
        try:
            return read_object_array(content, start, shape)
        except DataError as error:
            raise self._refusal(key, str(error)) from error

    def _array(self, key: str) -> tuple[str, tuple[int, ...], bool, bytes, int]:
        """What the header says (format, shape, whether in Fortran's order), the content, where the data begins."""
        content = self._read(key)
        header = _split_header(content)
        if header is None:
            raise self._refusal(key, "it is no .npy array")
        text, start = header
        match = _HEADER.fullmatch(text)
        if match is None:
            raise self._refusal(key, "its header is not one that NumPy writes for numbers or performances")
        shape = tuple(int(length) for length in re.findall(rb"\d+", match[3]))
        return match[1].decode(), shape, match[2] == b"True", content, start

    def _flat(
        self, key: str, content: bytes, start: int, dtype: np.dtype[np.generic], shape: tuple[int, ...]
    ) -> NDArray[np.generic]:
        if prod(shape) * dtype.itemsize != len(content) - start:
            raise self._refusal(
                key, f"its header says {prod(shape):,} numbers, {len(content) - start:,} bytes follow"
            )
        return np.frombuffer(content, dtype, offset=start)

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
                return _read_all(member, info.file_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error) as error:
            raise self._refusal(key, f"it is damaged or cut off ({error})") from error

    def _refusal(self, key: str, why: str) -> DataError:
        return DataError(f"{self._path}, “{key}”: {why}; make it again from the logs with “impsy dataset”")


def _read_all(member: IO[bytes], size: int) -> bytes:
    content = member.read(size + 1)
    if len(content) != size:
        raise EOFError(f"{len(content):,} bytes instead of {size:,}")
    return content


def _split_header(content: bytes) -> tuple[bytes, int] | None:
    """The header's text and where what follows it begins; None if there is none."""
    form = _HEADER_SIZES.get(content[6]) if len(content) > 12 and content[:6] == _MAGIC else None
    if form is None:
        return None
    (length,) = form.unpack_from(content, 8)
    end = 8 + form.size + length
    if length > _MOST_HEADER or end > len(content):
        return None
    return content[8 + form.size : end], end
