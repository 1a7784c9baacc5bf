"""Running vector files: the table of their kinds, and going through their cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from impsy.conformance import cases
from impsy.conformance.cases import Case, Part
from impsy.conformance.network import ModelCase
from impsy.errors import ConfigError, ImpsyError
from impsy.files import read_regular

__all__ = ["CHECKERS", "VERSION", "Checked", "Difference", "Malformed", "Skipped", "check_path", "first_difference"]

CHECKERS: dict[str, type[Case]] = cases.CHECKERS | {"model": ModelCase}
"""What can be checked, by the name of its file (without ``.json``)."""

VERSION = "1"
"""The major version of the format that is understood; minor ones only add to it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """``where`` it is in the case (``expected[2].pi[0]``), and both values as text."""

    where: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True)
class Checked:
    """A case that was run; ``difference`` is None if all came out as expected."""

    file: Path
    case: str
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class Malformed:
    """A file or (if ``case`` is not empty) a case that cannot be run, and why."""

    file: Path
    case: str
    problem: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is of no kind that is known here, and why not."""

    file: Path
    reason: str


class _Document(Part):
    spec_version: str
    tolerance: Annotated[float, Field(ge=0)]
    cases: Annotated[list[Any], Field(min_length=1)]


def check_path(path: Path) -> Iterator[Checked | Malformed | Skipped]:
    """Run every case of the vector files (``*.json``) in a folder, in the order of their names; or of one file.

    Raises:
        ConfigError: there is no such folder or file, or no vector file in it.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not path.exists():
        raise ConfigError(f"{path}: there is no such folder; give the one that holds the vector files")
    if not files:
        raise ConfigError(f"{path}: there is no vector file (*.json) in this folder; give the one that holds them")
    for file in files:
        yield from _check_file(file)


def _check_file(file: Path) -> Iterator[Checked | Malformed | Skipped]:
    form = CHECKERS.get(file.stem)
    if form is None:
        yield Skipped(file, f"not a known kind of vector file; known are {', '.join(CHECKERS)}")
        return
    try:
        content = json.loads(read_regular(file, _LARGEST))
        document = _Document.model_validate(content)
    except OSError as error:
        yield Malformed(file, "", f"it cannot be read ({error.strerror or error})")
    except ValidationError as error:
        yield Malformed(file, "", _faults(error))
    except (ValueError, RecursionError) as error:
        yield Malformed(file, "", f"it is not JSON ({error})")
    else:
        if document.spec_version.split(".")[0] != VERSION:
            yield Skipped(file, f"its format is version {document.spec_version}, and only {VERSION}.x is known here")
            return
        for number, item in enumerate(document.cases, start=1):
            yield _check_case(file, number, item, form, document.tolerance)


def _check_case(file: Path, number: int, item: object, form: type[Case], tolerance: float) -> Checked | Malformed:
    given = item.get("name") if isinstance(item, dict) else None
    name = given if isinstance(given, str) and given else f"case {number}"
    try:
        case = form.model_validate(item)
        got = case.compute(file.parent)
    except ValidationError as error:
        return Malformed(file, name, _faults(error))
    except (ImpsyError, ValueError) as error:
        return Malformed(file, name, str(error))
    return Checked(file, name, first_difference(case.expected, got, tolerance))


def _faults(error: ValidationError, most: int = 3) -> str:
    """What is wrong and where: ``messages.2.0: Input should be a valid integer``."""
    faults = [f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}" for fault in error.errors()]
    more = f"; and {len(faults) - most} more" if len(faults) > most else ""
    return "; ".join(faults[:most]) + more


# --- comparing --------------------------------------------------------------------------------------

_LARGEST = 64 << 20
"""Bytes of a vector file."""

_NOTHING = object()


def first_difference(expected: Any, got: Any, tolerance: float, where: str = "expected") -> Difference | None:
    """Compare what a file expects (of JSON's types) with what was computed; None if they agree.

    What was computed as a float may be ``tolerance`` away; whole numbers (bytes, counts), words, null and the lengths
    of lists must agree. A table may hold more than is expected of it.
    """
    if isinstance(expected, list) and isinstance(got, list | tuple):
        pairs = zip_longest(expected, got, fillvalue=_NOTHING)
        return _items(((one, other, f"{where}[{i}]") for i, (one, other) in enumerate(pairs)), tolerance)
    if isinstance(expected, dict) and isinstance(got, dict):
        return _items(((one, got.get(key, _NOTHING), f"{where}.{key}") for key, one in expected.items()), tolerance)
    if _agree(expected, got, tolerance):
        return None
    return Difference(where, _shown(expected), _shown(got))


def _items(items: Iterator[tuple[Any, Any, str]], tolerance: float) -> Difference | None:
    found = (first_difference(expected, got, tolerance, where) for expected, got, where in items)
    return next((difference for difference in found if difference is not None), None)


def _agree(expected: Any, got: Any, tolerance: float) -> bool:
    if isinstance(got, bool) or isinstance(expected, bool) or not isinstance(expected, int | float):
        return type(expected) is type(got) and bool(expected == got)
    if isinstance(got, int):
        return expected == got
    try:
        return isinstance(got, float) and abs(expected - got) <= tolerance
    except OverflowError:  # a whole number beyond all floats
        return False


def _shown(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 80 else text[:79] + "…"
