"""Messages between a performance and the process that learns: a line of JSON and blobs, over pipes.

A message is ``<length of all that follows, 4 bytes><length of the JSON, 4 bytes><JSON><blobs>``; the JSON object's
``blobs`` says how long each of them is. Nothing in it can run code.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.errors import DataError

__all__ = ["MOST_BYTES", "Message", "encode", "events_of", "read"]

MOST_BYTES = 256 << 20
"""Of a message."""
_HEAD = struct.Struct("<II")


class Message(NamedTuple):
    """``about`` is the JSON object without ``blobs``."""

    about: Mapping[str, Any]
    blobs: tuple[bytes, ...]


def encode(about: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> bytes:
    """A message."""
    head = json.dumps({**about, "blobs": [len(blob) for blob in blobs]}).encode()
    whole = _HEAD.size - 4 + len(head) + sum(map(len, blobs))
    return b"".join([_HEAD.pack(whole, len(head)), head, *blobs])


def read(file: IO[bytes]) -> Message | None:
    """The next message; None at the end.

    Raises:
        DataError: it is damaged, cut off, or too long.
    """
    head = file.read(_HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size:
        raise DataError("a message of the learning process is cut off")
    whole, length = _HEAD.unpack(head)
    if whole > MOST_BYTES or length > whole - 4:
        raise DataError("a message of the learning process is longer than any can be")
    content = file.read(whole - 4)
    if len(content) < whole - 4:
        raise DataError("a message of the learning process is cut off")
    return _parsed(content[:length], content[length:])


def _parsed(head: bytes, rest: bytes) -> Message:
    try:
        about = json.loads(head)
        sizes = about.pop("blobs")
        sound = all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in sizes)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError("a message of the learning process cannot be read") from error
    if not sound or sum(sizes) != len(rest):
        raise DataError("a message of the learning process does not hold what it says")
    ends = np.cumsum([0, *sizes]).tolist()
    return Message(about, tuple(rest[a:b] for a, b in pairwise(ends)))


def events_of(blob: bytes, dimension: int) -> NDArray[np.float32]:
    """Events (N, D) of a blob of float32.

    Raises:
        DataError: they are not whole, or one is not finite.
    """
    if len(blob) % (4 * dimension):
        raise DataError("a message of the learning process holds events that are not whole")
    events = np.frombuffer(blob, "<f4").reshape(-1, dimension)
    if not np.isfinite(events).all():
        raise DataError("a message of the learning process holds numbers that are not finite")
    return events
