"""What is wrong with a config, and the errors that carry it.

A :class:`Problem` is one remark about one place in the file. An error carries all of them, so that a config can be
corrected in one go. The findings of pydantic become problems that a musician can act on: what was found, what is
wanted, what was likely meant.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as ReadOnlyDict
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from impsy.config.positions import Path, format_path
from impsy.errors import ConfigError, ConfigSyntaxError
from impsy.mapping.entries import show_value

__all__ = ["InvalidConfigError", "InvalidTomlError", "Problem", "listed_section_of", "problems_of", "section_of"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One remark: what was found, what is wanted, where.

    ``key`` is the key path (``midi.input."X-TOUCH"[3]``, positions from 0), ``line`` counts from 1 and is
    None where it is unknown, ``hint`` says what was likely meant or what to do, or is empty.
    """

    level: Literal["error", "warning", "info"]
    key: str
    text: str
    hint: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """The whole remark: ``config.toml, line 12: model.dimension: found …; wanted …. Did you mean …?``."""
        return (
            f"{self.file}, {self.short()}" if self.file and self.line else f"{self.file or 'config'}: {self.short()}"
        )

    def short(self) -> str:
        """The remark without its file, for lists under a heading that names it."""
        parts = [f"line {self.line}" if self.line else "", self.key, self.text]
        return ": ".join(part for part in parts if part) + (f". {self.hint}" if self.hint else "")


class InvalidConfigError(ConfigError):
    """The config is TOML but asks for the impossible; ``problems`` names every error, in file order.

    Keys that look misspelt are among them as warnings: they often explain an error.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(_message(self.problems))


class InvalidTomlError(ConfigSyntaxError):
    """The config is not TOML. ``line`` and ``column`` count from 1 and are None where they are unknown."""

    def __init__(self, problem: Problem, column: int | None = None) -> None:
        self.problems = (problem,)
        self.line = problem.line
        self.column = column
        super().__init__(str(problem))


_MOST_SHOWN = 50
"""Problems that a message names one by one."""


def _message(problems: tuple[Problem, ...]) -> str:
    """One problem: a line. More: a heading and a line each."""
    if len(problems) == 1:
        return str(problems[0])
    errors = sum(problem.level == "error" for problem in problems)
    heading = f"{problems[0].file or 'The config'} has {errors} error{'s' * (errors != 1)}:"
    marks = {"error": "", "warning": "(warning) ", "info": "(note) "}
    lines = [f"  {marks[problem.level]}{problem.short()}" for problem in problems[:_MOST_SHOWN]]
    more = [f"  and {len(problems) - _MOST_SHOWN:,} more"] if len(problems) > _MOST_SHOWN else []
    return "\n".join([heading, *lines, *more])


# --- from pydantic's findings -----------------------------------------------------------------------


def problems_of(error: ValidationError, schema: type[BaseModel]) -> Iterator[tuple[Path, Problem]]:
    """Every finding of ``error`` as a problem, with the path that it belongs to."""
    for finding in error.errors(include_url=False):
        path: Path = finding["loc"]
        yield path, Problem("error", format_path(path), _text(finding, path, schema), _hint(finding))


def section_of(schema: type[BaseModel], key: str, *, named: bool = False) -> type[BaseModel] | None:
    """The model of the section that ``key`` names in ``schema``; None where it is no section.

    With ``named``: of the sections under ``key`` that have names of their own, as ``[scenes."verse"]`` does.
    """
    field = schema.model_fields.get(key)
    if field is None or get_origin(field.annotation) is tuple:
        return None
    return None if (get_origin(field.annotation) is ReadOnlyDict) is not named else _model_in(field.annotation)


def listed_section_of(schema: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The model of each table in a list of tables, as ``[[controls]]`` is; None where ``key`` names no such list."""
    field = schema.model_fields.get(key)
    return _model_in(field.annotation) if field is not None and get_origin(field.annotation) is tuple else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    candidates = (annotation, *get_args(annotation))
    return next((each for each in candidates if isinstance(each, type) and issubclass(each, BaseModel)), None)


def _text(finding: ErrorDetails, path: Path, schema: type[BaseModel]) -> str:
    if finding["type"] == "entry":
        return finding["msg"]
    found = "missing" if finding["type"] == "missing" else f"found {show_value(finding['input'])}"
    return f"{found}; wanted {_wanted(path, schema)}"


def _wanted(path: Path, schema: type[BaseModel]) -> str:
    """The description of the field at ``path``, or of the items in it."""
    key, depth = str(path[0]), 1
    section = section_of(schema, key)
    if section is None and len(path) > 1:
        section, depth = section_of(schema, key, named=True) or listed_section_of(schema, key), 2
    if section is not None:
        header = f"[[{key}]]" if isinstance(path[-1], int) else f"[{format_path(path)}]"
        return _wanted(path[depth:], section) if path[depth:] else f"a section that starts with {header}"
    field = schema.model_fields[key]
    wanted, annotation = field.description or "another value", field.annotation
    for _ in path[1:]:
        inner = _items(annotation)
        if get_origin(inner) is Annotated:
            annotation, *extras = get_args(inner)
            wanted = next((e.description for e in extras if isinstance(e, FieldInfo) and e.description), wanted)
    return wanted


def _items(annotation: Any) -> Any:
    """The annotation of what a tuple or a table holds."""
    arguments = get_args(annotation)
    return arguments[-1] if get_origin(annotation) is ReadOnlyDict else (arguments or (None,))[0]


def _hint(finding: ErrorDetails) -> str:
    make = _HINTS.get(finding["type"])
    meant = make(finding) if make else ""
    return f"Did you mean {meant}?" if meant else ""


def _number(finding: ErrorDetails) -> str:
    value = finding["input"]
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return ""
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e9
    if whole:
        return str(int(value))
    return str(value) if isinstance(value, float) and finding["type"] == "float_type" else ""


def _flag(finding: ErrorDetails) -> str:
    words = {"true": "true", "yes": "true", "on": "true", "1": "true"}
    words |= {"false": "false", "no": "false", "off": "false", "0": "false"}
    return words.get(str(finding["input"]).lower(), "")


def _list(finding: ErrorDetails) -> str:
    return f"[{show_value(finding['input'])}]" if isinstance(finding["input"], str) else ""


def _choice(finding: ErrorDetails) -> str:
    choices = [word.strip("'") for word in finding["ctx"]["expected"].replace(" or ", ", ").split(", ")]
    near = difflib.get_close_matches(str(finding["input"]).lower(), choices, n=1, cutoff=0.6)
    return f'"{near[0]}"' if near else ""


def _quoted(finding: ErrorDetails) -> str:
    return f'"{finding["input"]}"' if isinstance(finding["input"], int | float) else ""


_HINTS: dict[str, Callable[[ErrorDetails], str]] = {
    "int_type": _number,
    "float_type": _number,
    "bool_type": _flag,
    "tuple_type": _list,
    "literal_error": _choice,
    "string_type": _quoted,
}
"""What was likely meant, by pydantic's name for what is wrong."""
