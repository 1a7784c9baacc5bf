"""Performances as NumPy pickles an array of arrays, written one at a time without making the pickle in memory.

Opcodes: ``pickletools`` of the standard library; what NumPy says with them: ``numpy.ndarray.__reduce__``. In protocol
3, and by the names of NumPy 1, which every version of NumPy reads. (NumPy 2 by itself writes names that older ones
lack, and an array of single numbers, not of arrays, where all performances happen to be of one length.)
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import IO

import numpy as np
from numpy.typing import NDArray

from impsy.errors import DataError

__all__ = ["write_object_array"]


def write_object_array(stream: IO[bytes], performances: Sequence[NDArray[np.float32]]) -> None:
    """Write performances, each (events, D), as NumPy pickles an object array of shape (P,): one at a time.

    Raises:
        DataError: a performance of 4 GiB or more.
    """
    single = np.dtype(np.float32)
    write = stream.write
    write(b"\x80\x03")
    write(_array_made())
    write(b"(" + _integer(1) + _integer(len(performances)) + b"\x85" + _kind_made("O8", "|", (-1, -1, 63)) + b"\x89]")
    for performance in performances:
        content = np.ascontiguousarray(performance, single.newbyteorder("<"))
        rows, columns = content.shape
        write(_array_made())
        write(b"(" + _integer(1) + _integer(rows) + _integer(columns) + b"\x86")
        write(_kind_made("f4", "<", (-1, -1, 0)) + b"\x89")
        if content.nbytes >= 1 << 32:
            raise DataError(f"a performance of {rows:,} events is too large for this format; divide it")
        write(b"B" + struct.pack("<I", content.nbytes))
        write(content.tobytes())
        write(b"tba")
    write(b"tb.")


def _array_made() -> bytes:
    """``_reconstruct(ndarray, (0,), b"b")``."""
    return b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + _integer(0) + b"\x85C\x01b\x87R"


def _kind_made(code: str, order: str, sizes: tuple[int, int, int]) -> bytes:
    """``dtype(code, False, True)`` and its state: the byte order, and no fields."""
    made = b"cnumpy\ndtype\n" + _text(code) + b"\x89\x88\x87R"
    return made + b"(" + _integer(3) + _text(order) + b"NNN" + b"".join(map(_integer, sizes)) + b"tb"


def _integer(value: int) -> bytes:
    if 0 <= value < 256:
        return b"K" + bytes([value])
    return b"J" + struct.pack("<i", value)


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()
