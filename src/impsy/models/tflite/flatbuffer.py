"""Reading and writing flatbuffers, driven by dataclasses that say where each field lies.

A schema is a set of dataclasses whose fields are declared with :func:`at` and :func:`union`; one reader and
one writer serve them all. The reader trusts nothing: every position is checked against the file, and the
number of things it will make is bounded, because a small file may refer to the same table again and again.

The format: https://flatbuffers.dev/internals/ (little endian; a table begins with the signed distance back
to its vtable; a vtable lists, for each slot, the distance from the table to the field; offsets are unsigned and
point forward; a vector begins with its length).
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from impsy.errors import ModelError

__all__ = ["at", "read", "union", "write"]

T = TypeVar("T")
Kind = Any
"""``"int32"``-like (a key of ``_SCALARS``), ``"string"``, ``"bytes"``, ``["int32"]``, or a dataclass, or
``[dataclass]``."""

_SCALARS = {
    "bool": struct.Struct("<?"),
    "int8": struct.Struct("<b"),
    "uint8": struct.Struct("<B"),
    "uint16": struct.Struct("<H"),
    "int32": struct.Struct("<i"),
    "uint32": struct.Struct("<I"),
    "int64": struct.Struct("<q"),
    "uint64": struct.Struct("<Q"),
    "float32": struct.Struct("<f"),
}
_ALIGNMENT = 16
"""Of byte vectors: LiteRT reads weights in place, by vector instructions."""
_BUDGET = 400_000
"""Tables and vector elements that one file may make us create; a 3-layer released model makes under 4,000."""


@dataclass(frozen=True)
class _Slot:
    """Where a field lies: its slot in the vtable, what it is; for a union the slot and table of types."""

    number: int
    kind: Kind
    types: Mapping[int, type] | None = None


def at(slot: int, kind: Kind, default: Any = None) -> Any:
    """Declare a dataclass field that lies in vtable ``slot``; ``kind`` as in :data:`Kind`.

    Without ``default``: vectors are empty, strings empty, scalars 0, tables None.
    """
    metadata = {"slot": _Slot(slot, kind)}
    if isinstance(kind, list):
        return dataclasses.field(default_factory=list, metadata=metadata)
    if default is None and isinstance(kind, str):
        default = {"string": "", "bytes": b"", "bool": False, "float32": 0.0}.get(kind, 0)
    return dataclasses.field(default=default, metadata=metadata)


def union(slot: int, types: Mapping[int, type]) -> Any:
    """Declare a union field: its type lies in the slot before; a table of another type reads as None."""
    return dataclasses.field(default=None, metadata={"slot": _Slot(slot, None, types)})


@cache
def _slots(cls: Hashable) -> tuple[tuple[str, _Slot], ...]:
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]
    return tuple((field.name, field.metadata["slot"]) for field in fields if field.metadata)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)
        self.left = _BUDGET

    def scalar(self, kind: str, position: int) -> Any:
        form = _SCALARS[kind]
        if not 0 <= position <= len(self.data) - form.size:
            raise ModelError("it refers to a place outside the file (damaged, or cut off)")
        return form.unpack_from(self.data, position)[0]

    def forward(self, position: int) -> int:
        return position + int(self.scalar("uint32", position))

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise ModelError("it is far more complex than any model (damaged, or made to do harm)")

    def length(self, position: int, size: int) -> int:
        """Length of the vector at ``position``, whose elements of ``size`` bytes lie inside the file."""
        count = int(self.scalar("uint32", position))
        if count * size > len(self.data) - position - 4:
            raise ModelError("it holds a list that is longer than the file (damaged, or cut off)")
        return count

    def value(self, kind: Kind, position: int) -> Any:
        if isinstance(kind, str):
            if kind in _SCALARS:
                return self.scalar(kind, position)
            return self.blob(kind, self.forward(position))
        if isinstance(kind, list):
            return self.vector(kind[0], self.forward(position))
        return self.table(kind, self.forward(position))

    def blob(self, kind: str, position: int) -> str | memoryview:
        count = self.length(position, 1)
        view = self.data[position + 4 : position + 4 + count]
        if kind == "bytes":
            return view
        self.spend(1 + count // 64)
        return bytes(view).decode("utf-8", "replace")

    def vector(self, kind: Kind, position: int) -> list[Any]:
        if isinstance(kind, str):
            form = _SCALARS[kind]
            count = self.length(position, form.size)
            self.spend(count)
            return [item for (item,) in form.iter_unpack(self.data[position + 4 :][: count * form.size])]
        count = self.length(position, 4)
        self.spend(count)
        return [self.table(kind, self.forward(position + 4 + 4 * i)) for i in range(count)]

    def table(self, cls: type[T], position: int) -> T:
        self.spend(1)
        vtable = position - int(self.scalar("int32", position))
        size = int(self.scalar("uint16", vtable))
        found: dict[str, Any] = {}
        for name, slot in _slots(cast(Hashable, cls)):
            kind = slot.kind
            if slot.types is not None:
                chosen = self.offset(vtable, size, slot.number - 1)
                kind = slot.types.get(self.scalar("uint8", position + chosen)) if chosen else None
                if kind is None:
                    continue
            offset = self.offset(vtable, size, slot.number)
            if offset:
                found[name] = self.value(kind, position + offset)
        return cls(**found)

    def offset(self, vtable: int, size: int, slot: int) -> int:
        entry = 4 + 2 * slot
        return int(self.scalar("uint16", vtable + entry)) if entry + 2 <= size else 0


def read(cls: type[T], data: bytes, identifier: bytes) -> T:
    """The root table of ``data`` as a ``cls``; ``"bytes"`` fields are views into ``data``, not copies.

    Raises ModelError (what is wrong, without the file's name) if ``data`` is not a sound flatbuffer with this
    four-byte ``identifier``.
    """
    if data[4:8] != identifier:
        raise ModelError(f"it does not begin as a {identifier.decode('ascii', 'replace')} file does")
    reader = _Reader(data)
    return reader.table(cls, reader.forward(0))


def write(root: Any, identifier: bytes) -> bytes:
    """A flatbuffer of the dataclass ``root`` and all that it holds.

    Fields that equal their default are left out, as the format says; byte vectors are aligned to 16.
    """
    out = bytearray(b"\0\0\0\0" + identifier)
    struct.pack_into("<I", out, 0, _write_table(out, root))
    return bytes(out)


def _pad(out: bytearray, alignment: int, lead: int = 0) -> None:
    """Zeros until what comes ``lead`` bytes later is aligned."""
    out += bytes(-(len(out) + lead) % alignment)


def _write_table(out: bytearray, table: Any) -> int:
    """Write a table, then what it refers to; returns where it begins."""
    fields = [part for field in dataclasses.fields(table) if field.metadata for part in _parts(table, field)]
    fields.sort(key=lambda part: -_inline(part[1]))  # widest first: no gaps
    entries = bytearray(2 * (1 + max((number for number, *_ in fields), default=-1)))
    width = 4
    places = []
    for number, kind, _ in fields:
        width += -width % _inline(kind)
        struct.pack_into("<H", entries, 2 * number, width)
        places.append(width)
        width += _inline(kind)
    vtable_size = 4 + len(entries)
    _pad(out, 8, vtable_size)
    out += struct.pack("<HH", vtable_size, width) + entries
    position = len(out)
    out += struct.pack("<i", vtable_size) + bytes(width - 4)
    for (_, kind, value), place in zip(fields, places, strict=True):
        if isinstance(kind, str) and kind in _SCALARS:
            _SCALARS[kind].pack_into(out, position + place, value)
        else:
            target = _write_value(out, kind, value)
            struct.pack_into("<I", out, position + place, target - position - place)
    return position


def _inline(kind: Kind) -> int:
    """Bytes that a field takes inside its table: a scalar's own, or those of an offset."""
    return _SCALARS[kind].size if isinstance(kind, str) and kind in _SCALARS else 4


def _parts(table: Any, field: dataclasses.Field[Any]) -> list[tuple[int, Kind, Any]]:
    """The ``(slot, kind, value)`` that one dataclass field comes to: none if default, two for a union."""
    slot: _Slot = field.metadata["slot"]
    value = getattr(table, field.name)
    if slot.types is not None and value is not None:
        code = next(code for code, cls in slot.types.items() if cls is type(value))
        return [(slot.number - 1, "uint8", code), (slot.number, type(value), value)]
    scalar = isinstance(slot.kind, str) and slot.kind in _SCALARS
    absent = value == field.default if scalar else value is None or (not _is_table(slot.kind) and len(value) == 0)
    return [] if absent else [(slot.number, slot.kind, value)]


def _is_table(kind: Kind) -> bool:
    return isinstance(kind, type)


def _write_value(out: bytearray, kind: Kind, value: Any) -> int:
    """Write a string, a vector or a table; returns where it begins."""
    if _is_table(kind):
        return _write_table(out, value)
    if isinstance(kind, list):
        return _write_vector(out, kind[0], value)
    content = value.encode("utf-8") if kind == "string" else memoryview(value).cast("B")
    _pad(out, 4 if kind == "string" else _ALIGNMENT, 4)
    position = len(out)
    out += struct.pack("<I", len(content))
    out += content
    if kind == "string":
        out += b"\0"
    return position


def _write_vector(out: bytearray, kind: Kind, values: Any) -> int:
    _pad(out, max(4, _inline(kind)), 4)
    position = len(out)
    out += struct.pack("<I", len(values))
    if isinstance(kind, str):
        for value in values:
            out += _SCALARS[kind].pack(value)
        return position
    out += bytes(4 * len(values))
    for i, value in enumerate(values):
        place = position + 4 + 4 * i
        struct.pack_into("<I", out, place, _write_table(out, value) - place)
    return position
