"""The steps by which an earlier form of a configuration becomes the present one.

A step changes plain tables (:meth:`Step.apply`) and knows, for a path in its result, where the file says it
(:meth:`Step.origin`), and the other way round (:meth:`Step.present`). :mod:`impsy.config.upgrade`
makes the same steps in the text of a file.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from impsy.config.positions import Path
from impsy.config.problems import Problem

__all__ = ["Cut", "PresentForm", "Rename", "Retire", "Split", "Step", "Tables", "Write", "value_at"]

Tables = dict[str, Any]


class Step(ABC):
    """One change of the plain tables. ``place`` is the path that it starts from."""

    place: Path

    @abstractmethod
    def apply(self, tables: Tables) -> None:
        """Make the change in ``tables``, which this may change freely."""

    def touches(self) -> tuple[Path, ...]:
        """The paths whose meaning differs before and after the step."""
        return (self.place,)

    def origin(self, path: Path) -> Path:
        """Where that which ``path`` leads to after the step was before it."""
        return path

    def present(self, path: Path) -> Path:
        """Where that which ``path`` led to before the step is after it."""
        return path


@dataclass(frozen=True, slots=True)
class Rename(Step):
    """A key gets another name, and keeps its value. ``new`` differs from ``place`` in its last parts."""

    place: Path
    new: Path

    def apply(self, tables: Tables) -> None:
        """Move the value; tables on the way to its new place are made."""
        _put(tables, self.new, _take(tables, self.place))

    def touches(self) -> tuple[Path, ...]:
        return self.place, self.new

    def origin(self, path: Path) -> Path:
        return _moved(path, self.new, self.place)

    def present(self, path: Path) -> Path:
        return _moved(path, self.place, self.new)


@dataclass(frozen=True, slots=True)
class Write(Step):
    """A key gets a value. ``source``: a copy of what is there; None: another notation of the key's own value."""

    place: Path
    value: Any
    source: Path | None = None

    def apply(self, tables: Tables) -> None:
        _put(tables, self.place, copy.deepcopy(self.value))

    def touches(self) -> tuple[Path, ...]:
        """The key, and what it is a copy of: that may change without it afterwards."""
        return (self.place,) if self.source is None else (self.place, self.source)

    def origin(self, path: Path) -> Path:
        """The value that was copied; else the key as a whole, whose parts were others."""
        if self.source is not None:
            return _moved(path, self.place, self.source)
        return self.place if path[: len(self.place)] == self.place else path


@dataclass(frozen=True, slots=True)
class Retire(Step):
    """A key or section that has no effect is taken out; in a file it becomes a comment."""

    place: Path

    def apply(self, tables: Tables) -> None:
        _take(tables, self.place)


@dataclass(frozen=True, slots=True)
class Cut(Step):
    """A list keeps its first ``length`` items; in a file the others become comments."""

    place: Path
    length: int

    def apply(self, tables: Tables) -> None:
        del value_at(tables, self.place)[self.length :]


@dataclass(frozen=True, slots=True)
class Split(Step):
    """A list becomes several of ``length`` items: the first keeps its key, the next stand beside it as ``names``."""

    place: Path
    length: int
    names: tuple[str, ...]

    def apply(self, tables: Tables) -> None:
        items = value_at(tables, self.place)
        for number, name in enumerate(self.names, start=1):
            _put(tables, (*self.place[:-1], name), items[number * self.length : (number + 1) * self.length])
        del items[self.length :]

    def touches(self) -> tuple[Path, ...]:
        return (self.place, *((*self.place[:-1], name) for name in self.names))

    def origin(self, path: Path) -> Path:
        """The item of the one list."""
        size = len(self.place)
        if path[: size - 1] == self.place[:-1] and len(path) >= size and path[size - 1] in self.names:
            number = self.names.index(str(path[size - 1])) + 1
            rest = path[size:]
            if rest and isinstance(rest[0], int):
                rest = (rest[0] + number * self.length, *rest[1:])
            return (*self.place, *rest)
        return path

    def present(self, path: Path) -> Path:
        """The item of the list that it is in now."""
        size = len(self.place)
        index = path[size] if path[:size] == self.place and len(path) > size else 0
        if not isinstance(index, int) or index < self.length or index >= self.length * (len(self.names) + 1):
            return path
        number, rest = divmod(index, self.length)
        return (*self.place[:-1], self.names[number - 1], rest, *path[size + 1 :])


@dataclass(frozen=True, slots=True)
class PresentForm:
    """Tables in the present form, and how they came about.

    ``findings``: each earlier form that was understood, with its place in the file, at the level "info"; empty where
    the file was in the present form already: ``tables`` are then its own. ``steps``: from the file's tables to these.
    """

    tables: Tables
    findings: tuple[tuple[Path, Problem], ...] = ()
    steps: tuple[Step, ...] = ()

    def origin(self, path: Path) -> Path:
        """Where the file has that which ``path`` leads to in ``tables``."""
        for step in reversed(self.steps):
            path = step.origin(path)
        return path

    def present(self, path: Path) -> Path:
        """Where ``tables`` have that which ``path`` leads to in the file."""
        for step in self.steps:
            path = step.present(path)
        return path

    def touches(self, path: Path) -> bool:
        """Whether a key means something else in the file than in ``tables``, or holds anything that does."""
        return any(
            path[: len(touched)] == touched or touched[: len(path)] == path
            for step in self.steps
            for touched in step.touches()
        )


def value_at(tables: Any, path: Path) -> Any:
    """What ``path`` leads to; None: nothing."""
    for step in path:
        if isinstance(step, int):
            tables = tables[step] if isinstance(tables, list) and step < len(tables) else None
        else:
            tables = tables.get(step) if isinstance(tables, dict) else None
    return tables


def _take(tables: Tables, path: Path) -> Any:
    return value_at(tables, path[:-1]).pop(path[-1])


def _put(tables: Any, path: Path, value: Any) -> None:
    for step in path[:-1]:
        tables = tables[step] if isinstance(step, int) else tables.setdefault(step, {})
    tables[path[-1]] = value


def _moved(path: Path, old: Path, new: Path) -> Path:
    return (*new, *path[len(old) :]) if path[: len(old)] == old else path
