"""The opcodes of a pickle, gone through without running it.

A pickle is a program: opcodes put things on a stack, name functions and call them, and Python's reader runs it. This
one goes through the opcodes with a table of its own: a name stays a word, a call is carried out only if it is one of
the few that NumPy writes, and then by our own code, which makes a description (:class:`Described`) of what NumPy
would make. Nothing that a file says is imported, looked up or called, and it cannot ask for much more memory than it
brings.

Read are the forms of NumPy 1 and 2 in protocols 2 to 5. Opcodes: ``pickletools`` of the standard library; what NumPy
says with them: ``numpy.ndarray.__reduce__`` and ``numpy.dtype.__reduce__``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from impsy.errors import DataError

__all__ = ["Described", "Kind", "run"]

MOST_OPERATIONS = 4_000_000
"""Some 25 make a performance. Numbers that stand singly are gathered by the thousand, and do not count."""

MOST_SINGLE_NUMBERS = 16_000_000
"""They take much more memory than in arrays."""

_DAMAGED = "it is damaged or cut off"
_FOREIGN = "it holds more than arrays of numbers; nothing of it was run"


@dataclass(frozen=True, slots=True)
class _Name:
    """A function or class that the file mentions. It stays a word."""

    module: str
    name: str


@dataclass(slots=True, eq=False)
class Kind:
    """A dtype: its code (``f4``, ``O8``), and whether its bytes are in big-endian order."""

    code: str
    swapped: bool = False


@dataclass(slots=True, eq=False)
class Described:
    """An ndarray: what its state says, not looked at yet. ``content`` should be bytes, or a list of objects."""

    shape: Any = None
    kind: Any = None
    fortran: bool = False
    content: Any = None


def run(content: bytes, start: int = 0) -> object:
    """What the pickle that begins at ``start`` makes of arrays, described; of plain values, the values.

    Raises:
        DataError: it is damaged, or asks for anything else than arrays. Nothing was run.
    """
    return _Machine(content, start).run()


_MARK = object()
_FLOAT_RUN = np.dtype([("opcode", "u1"), ("value", ">f8")])
_RUN_LENGTH = 1000
"""Of how many numbers the standard library makes a batch."""


class _Machine:
    """The content, a place in it, a stack and a memory."""

    def __init__(self, content: bytes, start: int) -> None:
        self.content = content
        self.place = start
        self.single_numbers = 0
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def run(self) -> object:
        """Go through the opcodes to the end; what is on top of the stack then."""
        try:
            for _ in range(MOST_OPERATIONS):
                opcode = self.content[self.place]
                self.place += 1
                if opcode == _STOP:
                    return self.pop()
                step = _STEPS.get(opcode)
                if step is None:
                    raise DataError(_FOREIGN)
                step(self)
        except (IndexError, KeyError, TypeError, struct.error) as error:
            raise DataError(_DAMAGED) from error
        raise DataError(f"it is more than {MOST_OPERATIONS:,} operations long; divide the dataset")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        end = self.place + count
        if end > len(self.content):
            raise DataError(_DAMAGED)
        taken = self.content[self.place : end]
        self.place = end
        return taken

    def number(self, form: struct.Struct) -> Any:
        """The next bytes as a number."""
        (value,) = form.unpack_from(self.content, self.place)
        self.place += form.size
        return value

    def line(self) -> str:
        """The rest of a line."""
        end = self.content.find(b"\n", self.place, self.place + 200)
        if end < 0:
            raise DataError(_DAMAGED)
        text = self.content[self.place : end].decode("utf-8", "replace")
        self.place = end + 1
        return text

    def pop(self) -> Any:
        """Take off what is on top; not what lies under a mark."""
        item = self.stack.pop()
        if item is _MARK:
            raise DataError(_DAMAGED)
        return item

    def pop_to_mark(self) -> list[Any]:
        """Take off all that is above the last mark, and the mark."""
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise DataError(_DAMAGED)
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def top(self) -> Any:
        """What is on top, left there."""
        if self.stack[-1] is _MARK:
            raise DataError(_DAMAGED)
        return self.stack[-1]


_Step = Callable[[_Machine], None]

_U1, _U2, _U4, _U8, _I4, _F8 = map(struct.Struct, ("<B", "<H", "<I", "<Q", "<i", ">d"))


def _skip(form: struct.Struct) -> _Step:
    return lambda machine: machine.number(form)


def _constant(value: object) -> _Step:
    return lambda machine: machine.stack.append(value)


def _number(form: struct.Struct) -> _Step:
    return lambda machine: machine.stack.append(machine.number(form))


def _long(machine: _Machine) -> None:
    machine.stack.append(int.from_bytes(machine.take(machine.number(_U1)), "little", signed=True))


def _floats(machine: _Machine) -> None:
    """A float, and those that follow it directly."""
    start = machine.place - 1
    count = min(_RUN_LENGTH, (len(machine.content) - start) // _FLOAT_RUN.itemsize)
    run = np.frombuffer(machine.content, _FLOAT_RUN, count, start)
    if not count:
        raise DataError(_DAMAGED)
    others = np.flatnonzero(run["opcode"] != machine.content[start])
    length = int(others[0]) if len(others) else count
    machine.single_numbers += length
    if machine.single_numbers > MOST_SINGLE_NUMBERS:
        raise DataError(f"it holds more than {MOST_SINGLE_NUMBERS:,} numbers one by one; divide the dataset")
    machine.stack.extend(run["value"][:length].tolist())
    machine.place = start + length * _FLOAT_RUN.itemsize


def _text(form: struct.Struct) -> _Step:
    def step(machine: _Machine) -> None:
        machine.stack.append(machine.take(machine.number(form)).decode("utf-8", "replace"))

    return step


def _bytes(form: struct.Struct) -> _Step:
    return lambda machine: machine.stack.append(machine.take(machine.number(form)))


def _put(form: struct.Struct) -> _Step:
    def step(machine: _Machine) -> None:
        machine.memory[machine.number(form)] = machine.top()

    return step


def _memoize(machine: _Machine) -> None:
    machine.memory[len(machine.memory)] = machine.top()


def _get(form: struct.Struct) -> _Step:
    return lambda machine: machine.stack.append(machine.memory[machine.number(form)])


def _tuple(count: int) -> _Step:
    def step(machine: _Machine) -> None:
        machine.stack.append(tuple([machine.pop() for _ in range(count)][::-1]))

    return step


def _marked_tuple(machine: _Machine) -> None:
    machine.stack.append(tuple(machine.pop_to_mark()))


def _list(machine: _Machine) -> None:
    machine.stack.append([])


def _append(machine: _Machine) -> None:
    item = machine.pop()
    _listed(machine).append(item)


def _appends(machine: _Machine) -> None:
    items = machine.pop_to_mark()
    _listed(machine).extend(items)


def _listed(machine: _Machine) -> list[Any]:
    target = machine.top()
    if type(target) is not list:
        raise DataError(_DAMAGED)
    return target


def _global(machine: _Machine) -> None:
    machine.stack.append(_Name(machine.line(), machine.line()))


def _stacked_global(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if type(name) is not str or type(module) is not str:
        raise DataError(_DAMAGED)
    machine.stack.append(_Name(module, name))


def _reduce(machine: _Machine) -> None:
    """A call: of one of those in our table, by our own code, or a refusal."""
    arguments, function = machine.pop(), machine.pop()
    call = _CALLS.get(function) if isinstance(function, _Name) else None
    if call is None:
        name = (
            f"{function.module}.{function.name}"[:100] if isinstance(function, _Name) else "something without a name"
        )
        raise DataError(
            f"it asks to run {name!r}, which no dataset needs, and may be meant to do harm; nothing was run"
        )
    if not isinstance(arguments, tuple):
        raise DataError(_DAMAGED)
    machine.stack.append(call(*arguments))


def _build(machine: _Machine) -> None:
    """The state of what was made before."""
    state, target = machine.pop(), machine.top()
    if isinstance(target, Kind) and isinstance(state, tuple) and len(state) >= 2:
        target.swapped = state[1] == ">"
    elif isinstance(target, Described) and isinstance(state, tuple) and len(state) == 5:
        _, target.shape, target.kind, fortran, target.content = state
        target.fortran = fortran is True
    else:
        raise DataError(_FOREIGN)


def _made_array(*_: object) -> Described:
    return Described()


def _made_kind(code: object, *_: object) -> Kind:
    return Kind(code if type(code) is str else "")


def _encoded(text: object, encoding: object) -> bytes:
    """How protocol 2 says bytes."""
    if type(text) is not str or encoding != "latin1":
        raise DataError(_DAMAGED)
    return text.encode("latin1", "replace")


def _no_bytes() -> bytes:
    """How protocol 2 says that there are none."""
    return b""


def _from_buffer(content: object, kind: object, shape: object, order: object) -> Described:
    """How protocol 5 says an array."""
    return Described(shape, kind, order == "F", content)


_CALLS: dict[_Name, Callable[..., object]] = {
    _Name("numpy.core.multiarray", "_reconstruct"): _made_array,
    _Name("numpy._core.multiarray", "_reconstruct"): _made_array,
    _Name("numpy.core.numeric", "_frombuffer"): _from_buffer,
    _Name("numpy._core.numeric", "_frombuffer"): _from_buffer,
    _Name("numpy", "dtype"): _made_kind,
    _Name("_codecs", "encode"): _encoded,
    _Name("__builtin__", "bytes"): _no_bytes,
}

_STOP = ord(".")
_STEPS: dict[int, _Step] = {
    0x80: _skip(_U1),  # PROTO
    0x95: _skip(_U8),  # FRAME
    ord("K"): _number(_U1),
    ord("M"): _number(_U2),
    ord("J"): _number(_I4),
    0x8A: _long,
    ord("G"): _floats,
    ord("X"): _text(_U4),
    0x8C: _text(_U1),
    0x8D: _text(_U8),
    ord("B"): _bytes(_U4),
    ord("C"): _bytes(_U1),
    0x8E: _bytes(_U8),
    0x96: _bytes(_U8),  # BYTEARRAY8
    ord("q"): _put(_U1),
    ord("r"): _put(_U4),
    0x94: _memoize,
    ord("h"): _get(_U1),
    ord("j"): _get(_U4),
    ord("N"): _constant(None),
    0x88: _constant(True),
    0x89: _constant(False),
    ord(")"): _constant(()),
    ord("("): _constant(_MARK),
    ord("t"): _marked_tuple,
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    ord("]"): _list,
    ord("a"): _append,
    ord("e"): _appends,
    ord("c"): _global,
    0x93: _stacked_global,
    ord("R"): _reduce,
    ord("b"): _build,
}
"""What each opcode does; there are others, and none of them is needed for arrays."""
