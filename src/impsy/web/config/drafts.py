"""A configuration that is being written: its values, what is wrong with it, and changes by key."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from impsy.config import LoadedConfig, Problem, parse_config
from impsy.config.document import ConfigDocument
from impsy.config.earlier.forms import in_one_line, present_form
from impsy.config.earlier.steps import PresentForm
from impsy.config.loading import check_amount, parse_toml
from impsy.config.upgrade import form_of, upgrade
from impsy.errors import ConfigError, ImpsyError
from impsy.limits import CONFIG_THINGS
from impsy.models.opening import model_dimension
from impsy.perform.models import model_problems, sized
from impsy.protocol.workspace import ConfigProblem

__all__ = ["Change", "Draft", "edited", "in_present_form", "read_draft", "salvaged"]

DEEPEST_VALUE = 8
MOST_WORK = 5 * CONFIG_THINGS
"""Changes times lines: for each change the text is gone through, 50 µs a line."""
MOST_SALVAGED = 10
"""Lines with syntax errors that are left out, to read the others."""
LARGEST_NUMBER = 2**63
"""TOML's whole numbers have 64 bits, sign included (TOML 1.0, "Integer")."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of a text, in the present form.

    ``values`` None: it is no TOML; ``loaded`` None: something in it is wrong. ``understood`` is a line about the
    earlier form that the text is in; empty: it is in the present one. ``text`` and ``stamp`` are those of a file;
    ``stamp`` differs for every content; empty: there is no file.
    """

    values: dict[str, Any] | None = None
    problems: list[ConfigProblem] = field(default_factory=list)
    loaded: LoadedConfig | None = None
    understood: str = ""
    text: str = ""
    stamp: str = ""


class Change(BaseModel):
    """One change of a text: ``key`` gets ``value``, or is removed.

    A table sets each of its keys and leaves others; an empty one adds a section.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    key: list[str] = Field(min_length=1, max_length=8, description='its parts, such as ["midi", "in_device"]')
    value: Any = None
    remove: bool = False

    @field_validator("key")
    @classmethod
    def _short(cls, key: list[str]) -> list[str]:
        if any(len(part) > 200 for part in key):
            raise ValueError("a key's part has 200 characters at most")
        return key

    @field_validator("value")
    @classmethod
    def _fits(cls, value: Any) -> Any:
        _check_value(value, DEEPEST_VALUE)
        if _things_of(value) > CONFIG_THINGS:
            raise ValueError(f"a value has {CONFIG_THINGS:,} items at most")
        return value

    @model_validator(mode="after")
    def _either(self) -> Change:
        if self.remove == ("value" in self.model_fields_set):
            raise ValueError("either a value, or remove")
        return self


def read_draft(text: str, path: Path) -> Draft:
    """Read a text as the configuration in ``path``. Nothing is raised, whatever the text."""
    try:
        check_amount(text, path.name, to_change=True)
        tables = parse_toml(text, path.name)
    except ConfigError as error:
        return Draft(None, _shown(_problems(error)))
    form = present_form(tables, whole_lists=True)
    understood = in_one_line(tuple(problem for _, problem in present_form(tables).findings))
    values = _plain(form.tables)
    try:
        loaded = parse_config(text, path.name, path)
    except ConfigError as error:
        return Draft(values, _shown(_problems(error), form), None, understood)
    # A conflict keeps a section closed and a model may keep it from playing, but neither keeps this text from being
    # saved.
    remarks = [
        replace(each, level="warning") for each in (*loaded.conflicts, *model_problems(loaded, model_dimension))
    ]
    others = (*loaded.warnings, *loaded.elsewhere, *loaded.notes)
    found = sorted([*remarks, *others], key=lambda problem: problem.line or 0)
    try:
        return Draft(values, _shown(found, form), sized(loaded), understood)
    except ImpsyError:  # one of the remarks then
        return Draft(values, _shown(found, form), None, understood)


def salvaged(text: str, path: Path) -> dict[str, Any]:
    """The values of a text that is no TOML, without the lines with syntax errors; empty if there are many of them."""
    lines = text.split("\n")
    for _ in range(MOST_SALVAGED):
        draft = read_draft("\n".join(lines), path)
        line = next((problem.line for problem in draft.problems), None)
        if draft.values is not None or line is None or not 0 < line <= len(lines) or not lines[line - 1]:
            return draft.values or {}
        lines[line - 1] = ""
    return {}


def _steps_of(value: Any) -> int:
    """How many changes of the text a value comes to: a table's keys are set one by one."""
    return sum(map(_steps_of, value.values())) if isinstance(value, dict) and value else 1


def edited(text: str, changes: Sequence[Change], where: str) -> str:
    """The text with these changes, one after the other; comments stay.

    The keys are those of the present form. Where the text has something else in the place of one of them, it is
    written in the present form first.

    Raises:
        ConfigError: it is no TOML, or its layout does not allow one of them, or it would take very long.
    """
    check_amount(text, where, to_change=True)
    document = ConfigDocument(text, where)
    lines = sum(text.count(mark) for mark in "\n,=")
    steps = sum(_steps_of(change.value) for change in changes)
    if steps * (lines + steps) > MOST_WORK:
        raise ConfigError(
            f"{steps:,} changes of a configuration of this length take too long: change less at once, or its text"
        )
    for change in changes:
        if form_of(document, whole_lists=True).touches(tuple(change.key)):
            upgrade(document, whole_lists=True)
        if change.remove:
            document.unset(change.key)
        else:
            document.set(change.key, change.value)
    return document.dumps()


def in_present_form(text: str, where: str) -> str:
    """The text in the present form, comments kept.

    Raises:
        ConfigError: it is no TOML, or its layout does not allow it.
    """
    check_amount(text, where, to_change=True)
    document = ConfigDocument(text, where)
    upgrade(document)
    return document.dumps()


def _problems(error: ConfigError) -> tuple[Problem, ...]:
    found: tuple[Problem, ...] = getattr(error, "problems", ())
    return found or (Problem("error", "", str(error)),)


def _shown(problems: Iterable[Problem], form: PresentForm | None = None) -> list[ConfigProblem]:
    form = form or PresentForm({})
    return [
        ConfigProblem(
            each.key,
            list(form.present(tuple(_steps(each.key)))),
            f"{each.text}. {each.hint}" if each.hint else each.text,
            each.line,
            each.level,
        )
        for each in problems
    ]


_STEP = re.compile(r'"(?:[^"\\]|\\.)*"|\[\d+\]|[^."\[\]]+')


def _steps(key: str) -> Iterator[str | int]:
    """The parts of a key as problems name it: ``midi.input."X-TOUCH"[3]``."""
    for step in _STEP.findall(key):
        if step.startswith("["):
            yield int(step[1:-1])
        elif step.startswith('"'):
            yield tomllib.loads(f"key = {step}")["key"]
        else:
            yield step


def _plain(value: Any) -> Any:
    """The value for JSON: dates, infinities and numbers beyond 64 bits become text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not -LARGEST_NUMBER <= value < LARGEST_NUMBER:
        return hex(value)[:40]
    return value


def _things_of(value: Any) -> int:
    """How many items a value has, all those within counted."""
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_things_of, within))


def _check_value(value: Any, depth: int) -> None:
    """Raises ValueError, with what is wrong as its text, if TOML has no such value."""
    if depth == 0:
        raise ValueError(f"a value may be nested {DEEPEST_VALUE} deep")
    match value:
        case None:
            raise ValueError("TOML has no null")
        case float() if not math.isfinite(value):
            raise ValueError("a number must be finite")
        case int() if not -LARGEST_NUMBER <= value < LARGEST_NUMBER:
            raise ValueError("a whole number has 64 bits at most")
        case dict():
            for item in value.values():
                _check_value(item, depth - 1)
        case list():
            for item in value:
                _check_value(item, depth - 1)
