"""From pydantic's findings to problems that a musician can act on: found what, wanted what, meant what."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from collections.abc import Mapping as ReadOnlyDict
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from impsy.config.positions import Path, format_path
from impsy.config.problems import Problem
from impsy.mapping.entries import show_value

__all__ = ["named_section_of", "problems_of", "section_of"]


def problems_of(error: ValidationError, schema: type[BaseModel]) -> Iterator[tuple[Path, Problem]]:
    """Every finding of ``error`` as a problem, with the path that it belongs to."""
    for finding in error.errors(include_url=False):
        path: Path = finding["loc"]
        yield path, Problem("error", format_path(path), _text(finding, path, schema), _hint(finding))


def section_of(schema: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The model of the section that ``key`` names in ``schema``; None where it is no section."""
    field = schema.model_fields.get(key)
    if field is None or get_origin(field.annotation) is ReadOnlyDict:
        return None
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def named_section_of(schema: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The model of the sections under ``key`` that have names of their own, as ``[scenes."verse"]`` does; or None."""
    field = schema.model_fields.get(key)
    if field is None or get_origin(field.annotation) is not ReadOnlyDict:
        return None
    items = _items(field.annotation)
    return items if isinstance(items, type) and issubclass(items, BaseModel) else None


def _text(finding: ErrorDetails, path: Path, schema: type[BaseModel]) -> str:
    if finding["type"] == "entry":
        return finding["msg"]
    found = "missing" if finding["type"] == "missing" else f"found {show_value(finding['input'])}"
    return f"{found}; wanted {_wanted(path, schema)}"


def _wanted(path: Path, schema: type[BaseModel]) -> str:
    """The description of the field at ``path``, or of the items in it."""
    named = named_section_of(schema, str(path[0]))
    if named is not None and len(path) > 1:
        return _wanted(path[2:], named) if len(path) > 2 else f"a section that starts with [{format_path(path)}]"
    section = section_of(schema, str(path[0]))
    if section is not None and len(path) == 1:
        return f"a section that starts with [{path[0]}]"
    steps = path[1:] if section is not None else path
    field = (section or schema).model_fields[str(steps[0])]
    wanted, annotation = field.description or "another value", field.annotation
    for _ in steps[1:]:
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
