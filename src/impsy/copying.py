"""Copies of what plays, made while it plays: on the engine's thread, within microseconds."""

from __future__ import annotations

from typing import Any, TypeVar

__all__ = ["copied"]

T = TypeVar("T")


def copied(thing: T, **changes: Any) -> T:
    """A shallow copy with other values of these attributes; a fifth of the time of ``copy.copy``.

    ``changes`` are to replace whatever ``thing`` changes in place: lists, sets and dictionaries that it adds to, and
    objects with such.
    """
    twin = object.__new__(type(thing))
    attributes = thing.__dict__.copy()
    if changes:
        attributes.update(changes)
    twin.__dict__ = attributes
    return twin
