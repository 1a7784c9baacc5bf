"""The tables ``[[controls]]``: name, limits, scale, gate and repeat of each control, as a configuration has them."""

from __future__ import annotations

from math import inf
from typing import Annotated, Literal, TypeGuard

from pydantic import AfterValidator, Field, PlainValidator
from pydantic_core import PydanticCustomError

from impsy.config.sections import Flag, Seconds, Section
from impsy.mapping.entries import show_value
from impsy.mapping.scales import NOTES, ROOTS, SCALES, parse_root
from impsy.text import one_line

__all__ = ["LEGATO", "LONGEST_NAME", "ControlConfig"]

LEGATO = "legato"
MOST_NOTE = NOTES - 1
LONGEST_NAME = 40


def _limits(value: object) -> tuple[float, float]:
    numbers = list(value) if isinstance(value, list | tuple) else []
    if len(numbers) != 2 or not all(_is_number(each) and 0 <= each <= MOST_NOTE for each in numbers):
        raise PydanticCustomError("limits", "no two numbers")
    low, high = numbers
    if low > high:
        hint = f"found {show_value(value)}; wanted the lower limit first. Did you mean {show_value([high, low])}?"
        raise PydanticCustomError("entry", "{text}", {"text": hint})
    return float(low), float(high)


def _root(value: object) -> int:
    root = parse_root(value)
    if root is None:
        raise PydanticCustomError("root", "no root")
    return root


def _gate(value: object) -> float | str:
    if value == LEGATO:
        return LEGATO
    if not _is_number(value) or not 0 < value < inf:
        raise PydanticCustomError("gate", "no gate")
    return float(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


class ControlConfig(Section):
    """``[[controls]]``: how one control is called and played, in the order of x_1 … x_n.

    ``limits`` are values in [0, 1], or notes where the upper one is above 1. ``root`` is a pitch class 0-11, ``gate``
    seconds or ``"legato"``, ``repeat`` seconds.
    """

    name: Annotated[
        str,
        AfterValidator(lambda name: one_line(name.strip())),
        Field(max_length=LONGEST_NAME, description=f"a name in quotes, of {LONGEST_NAME} characters at most"),
    ] = ""
    enabled: Flag = True
    limits: Annotated[
        tuple[float, float] | None,
        PlainValidator(_limits, json_schema_input_type=tuple[float, float]),
        Field(description="the lower and the upper limit, such as [0.2, 0.8] or, for notes, [36, 84]"),
    ] = None
    scale: Annotated[
        Literal[tuple(SCALES)] | None,  # type: ignore[valid-type]
        Field(description=f"one of {', '.join(SCALES)}"),
    ] = None
    root: Annotated[
        int,
        PlainValidator(_root, json_schema_input_type=Literal[ROOTS]),
        Field(
            description='the name of a note in quotes, such as "C", "F#" or "Bb"', json_schema_extra={"default": "C"}
        ),
    ] = 0
    gate: Annotated[
        float | str,
        PlainValidator(_gate, json_schema_input_type=float | Literal["legato"]),
        Field(description=f'a number of seconds above 0, or "{LEGATO}": until the next note'),
    ] = LEGATO
    repeat: Seconds = 0.0
