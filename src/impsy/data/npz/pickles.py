"""Arrays of arrays in NumPy's pickle form: read without running what a file says, and written.

A pickle is a program. The standard library's unpickler runs it here on stand-ins for the few names that NumPy writes
(``numpy.ndarray.__reduce__``, ``numpy.dtype.__reduce__``); a file that mentions another name is refused. NumPy's own
functions are not admitted: ``ndarray.__setstate__`` and ``dtype.__setstate__`` trust the sizes that they are given.
Before that the opcodes are checked, because ``find_class`` alone does not bound memory: one opcode of five bytes
makes the unpickler reserve 32 GB for its memo, and opcodes that call methods or build dictionaries are not needed.
``pickletools.genops`` would do that in 1 µs an opcode; released files may hold each number as an opcode.
"""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Callable, Sequence
from math import prod
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from impsy.errors import DataError
from impsy.limits import Budget

__all__ = ["read_object_array", "write_object_array"]

OPCODE_BYTES = 72
"""Of memory that a byte of opcodes can take, without what the opcodes carry. A performance has 60 to 150 of them."""

STEP_BYTES = 1024
"""What a step of the check counts, for the time that it takes; a performance has about six."""

NUMBER_BYTES = 32
"""Of memory that a number takes which stands singly: much more than in an array."""

_LONGEST = 1 << 31
"""Of a dimension of an array."""

_DAMAGED = "it is damaged or cut off"
_FOREIGN = "it holds more than arrays of numbers; nothing of it was run"

# Opcodes: the standard library's ``pickletools``.
_FIXED = re.compile(
    rb"(?:[N\x88\x89)(\]tae\x85-\x87Rb\x93\x94]"  # constants, tuples, lists, REDUCE, BUILD, STACK_GLOBAL, MEMOIZE
    rb"|[Kqh\x80].|M..|[Jj].{4}|\x95.{8}"  # whole numbers, PUT, GET, PROTO, FRAME
    rb"|r..[\0-\x3f]\0"  # LONG_BINPUT: the unpickler's memo becomes as long as this number says
    rb"|c[^\n]{0,200}\n[^\n]{0,200}\n)++",  # GLOBAL
    re.DOTALL,
)
_FLOATS = re.compile(rb"(?:G.{8})++", re.DOTALL)
_COUNTED = {0x8A: 1, ord("X"): 4, 0x8C: 1, 0x8D: 8, ord("B"): 4, ord("C"): 1, 0x8E: 8, 0x96: 8}
"""Opcodes of long numbers, texts and bytes -> the bytes of the length that follows each."""
_TEXTS = (ord("X"), 0x8C, 0x8D)
_BEYOND_LATIN1 = re.compile(rb"[\xc4-\xff]")
"""What no text of a dataset holds: names, and bytes as Latin-1 characters in UTF-8."""


def read_object_array(
    content: bytes, start: int, shape: tuple[int, ...], budget: Budget
) -> list[NDArray[np.float32]]:
    """The performances of a pickled array of arrays.

    Args:
        content, start: the pickle begins at ``start`` in ``content``.
        shape: of the outer array, as its header says: (P,); or (P, L, D) where all performances are of one length L,
            which NumPy makes an array of single numbers of.
        budget: off which all that is made is taken, before it is.

    Returns:
        P arrays (events, columns) of float32; whether the columns agree and the numbers are sound is not checked.

    Raises:
        DataError: it is anything but arrays of floats, or does not fit together. Nothing was run.
    """
    _check_opcodes(content, start, budget)
    stream = io.BytesIO(content)
    stream.seek(start)
    try:
        outer = _Unpickler(stream, budget).load()
    except DataError:
        raise
    except Exception as error:  # the unpickler raises whatever the damage leads to
        raise DataError(_DAMAGED) from error
    if not isinstance(outer, _Array) or type(outer.content) is not list:
        raise DataError("it is not an array of arrays")
    items = outer.content
    if len(items) != prod(shape):
        raise DataError(f"it holds {len(items)} items and its header says {prod(shape)}")
    if len(shape) == 3:
        return list(_numbers(items).reshape(shape))
    if len(shape) != 1:
        raise DataError(f"an array of shape {shape} does not hold performances")
    # Many arrays can refer to one content; each must have been there in full.
    said = sum(len(item.content) for item in items if isinstance(item, _Array) and item.is_table)
    if said > len(content):
        raise DataError("it says that it holds more than it does")
    budget.spend(said, 2)  # half floats become twice as large
    return [_performance(item, number) for number, item in enumerate(items, start=1)]


def write_object_array(stream: IO[bytes], performances: Sequence[NDArray[np.float32]]) -> None:
    """Write performances, each (events, D), as NumPy pickles an object array of shape (P,).

    Raises:
        DataError: a performance of 4.29 GB (2^32 bytes) or more.
    """
    array = np.empty(len(performances), object)
    for number, performance in enumerate(performances):
        array[number] = np.ascontiguousarray(performance, "<f4")
    try:
        content = pickle.dumps(array, protocol=3)
    except OverflowError as error:
        raise DataError("a performance of 4.29 GB is too large for this format; divide it") from error
    # The name that NumPy 2 writes, once and first, is unknown to NumPy 1; both know the other.
    stream.write(content[:64].replace(b"numpy._core", b"numpy.core", 1))
    stream.write(memoryview(content)[64:])


def _check_opcodes(content: bytes, start: int, budget: Budget) -> None:
    """Go through the opcodes to the end, without running them; what they would make is taken off the budget.

    Raises:
        DataError: there is one that arrays do not need, or too much of them, or the end is missing.
    """
    at = start
    while at < len(content):
        if content[at] == ord("."):
            return
        budget.spend(STEP_BYTES)
        if fixed := _FIXED.match(content, at):
            budget.spend(fixed.end() - at, OPCODE_BYTES)
            at = fixed.end()
        elif floats := _FLOATS.match(content, at):
            budget.spend((floats.end() - at) // 9, NUMBER_BYTES)
            at = floats.end()
        elif content[at] in _COUNTED:
            width = _COUNTED[content[at]]
            begin = at + 1 + width
            end = begin + int.from_bytes(content[at + 1 : begin], "little")
            carried = min(end, len(content))
            if content[at] in _TEXTS and _BEYOND_LATIN1.search(content, begin, carried):
                raise DataError(_FOREIGN)  # four bytes of memory a character
            budget.spend(1 + width, OPCODE_BYTES)
            budget.spend(carried - begin)
            at = end
        else:
            raise DataError(_FOREIGN)
    raise DataError(_DAMAGED)


class _Kind:
    """Stands for a dtype: its code (``f4``, ``O8``), and whether its bytes are in big-endian order."""

    __slots__ = ("code", "swapped")

    def __init__(self, code: object, *_: object) -> None:
        self.code = code
        self.swapped = False

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2:
            raise DataError(_FOREIGN)
        self.swapped = state[1] == ">"

    def dtype(self, where: str) -> np.dtype[np.floating[Any]]:
        if self.code not in ("f2", "f4", "f8", "<f2", "<f4", "<f8", ">f2", ">f4", ">f8"):
            raise DataError(f"{where} does not hold floats")
        dtype: np.dtype[np.floating[Any]] = np.dtype(str(self.code))
        return dtype.newbyteorder(">") if self.swapped else dtype


class _Array:
    """Stands for an ndarray: what its state says, not looked at yet. ``content`` should be bytes, or a list."""

    __slots__ = ("content", "fortran", "kind", "shape")

    def __init__(self, shape: object = None, kind: object = None, fortran: bool = False, content: Any = None) -> None:
        self.shape, self.kind, self.fortran, self.content = shape, kind, fortran, content

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise DataError(_FOREIGN)
        _, self.shape, self.kind, fortran, self.content = state
        self.fortran = fortran is True

    @property
    def is_table(self) -> bool:
        return type(self.content) in (bytes, bytearray, list)


def _from_buffer(content: object, kind: object, shape: object, order: object) -> _Array:
    """How protocol 5 says an array."""
    return _Array(shape, kind, order == "F", content)


_STAND_INS: dict[tuple[str, str], Callable[..., object] | None] = {
    ("numpy", "ndarray"): None,  # an argument of _reconstruct
    ("numpy", "dtype"): _Kind,
    ("__builtin__", "bytes"): lambda: b"",
}
for _module in ("numpy.core", "numpy._core"):
    _STAND_INS[f"{_module}.multiarray", "_reconstruct"] = lambda *_: _Array()
    _STAND_INS[f"{_module}.numeric", "_frombuffer"] = _from_buffer


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: IO[bytes], budget: Budget) -> None:
        super().__init__(stream)
        self._budget = budget

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return self._encoded
        if (module, name) not in _STAND_INS:
            raise DataError(
                f"it asks to run {f'{module}.{name}'[:100]!r}, which no dataset needs, and may be meant to do harm; "
                "nothing was run"
            )
        return _STAND_INS[module, name]

    def _encoded(self, text: object, encoding: object) -> bytes:
        """How protocol 2 says bytes; one text may be encoded again and again."""
        if type(text) is not str or encoding != "latin1":
            raise DataError(_DAMAGED)
        self._budget.spend(len(text))
        return text.encode("latin1")


def _performance(item: object, number: int) -> NDArray[np.float32]:
    """One item of the outer array."""
    where = f"performance {number}"
    if not isinstance(item, _Array) or not item.is_table:
        raise DataError(f"{where} is not an array of numbers")
    shape = item.shape
    if not isinstance(shape, tuple) or not all(type(length) is int and 0 <= length <= _LONGEST for length in shape):
        raise DataError(f"{where} has no sound shape")
    flat = _numbers(item.content) if type(item.content) is list else _decoded(item, where)
    if flat.size != prod(shape):
        raise DataError(f"{where} holds {flat.size} numbers and says {prod(shape)}")
    if len(shape) == 1 and not flat.size:
        return np.zeros((0, 0), np.float32)
    if len(shape) != 2:
        raise DataError(f"{where} has shape {shape}, and is no table of events")
    return flat.reshape(shape, order="F" if item.fortran else "C")


def _decoded(item: _Array, where: str) -> NDArray[np.float32]:
    """The numbers of an array that is bytes."""
    if not isinstance(item.kind, _Kind):
        raise DataError(f"{where} does not hold floats")
    dtype = item.kind.dtype(where)
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
