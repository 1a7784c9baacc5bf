"""Writes ``src/instrument/tables.ts``: the tables and constants that the instrument in the page shares with Python.

``--check`` only compares: 1 if the file differs.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from impsy.engine import engine, hearing, plan, playback, timekeeping, waiting
from impsy.mapping import entries, wire
from impsy.settings import SETTINGS, Setting
from impsy.timing import clock, following, grid, line, tapping, tracking

TARGET = Path(__file__).parent / "src" / "instrument" / "tables.ts"

HEAD = "/** The tables and constants of the instrument. Generated from src/impsy by make_tables.py. */\n"

MODULES = (
    engine, hearing, plan, playback, timekeeping, waiting, clock, following, grid, line, tapping, tracking, wire,
)  # fmt: skip
"""Their constants are those of the same modules in TypeScript."""

MISSING = {"clock_source": ("link",)}
"""Choices that the page does not offer: a browser opens no UDP sockets."""


def tables() -> dict[str, Any]:
    """The tables by their names, as plain data."""
    constants = {module.__name__.rpartition(".")[2].upper(): constants_of(module) for module in MODULES}
    kinds = [
        {
            "kind": kind.name,
            "words": kind.words.title,
            "arguments": [_argument(each, False) for each in kind.required]
            + [_argument(each, True) for each in kind.optional],
        }
        for kind in entries.KINDS.values()
    ]
    return {"SETTINGS": [_setting(row) for row in SETTINGS.values()], "MAPPING_KINDS": kinds, **constants}


def constants_of(module: ModuleType) -> dict[str, Any]:
    """The public constants that a module defines itself: numbers, and tables of them."""
    found: dict[str, Any] = {}
    for statement in ast.parse(inspect.getsource(module)).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for node in (each for target in targets for each in ast.walk(target)):
            if isinstance(node, ast.Name) and node.id.isupper() and not node.id.startswith("_"):
                value = getattr(module, node.id)
                if _is_plain(value):
                    found[node.id] = value
    return found


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    return isinstance(value, int | float)


def _setting(row: Setting) -> dict[str, Any]:
    choices = tuple(choice for choice in row.choices if choice not in MISSING.get(row.name, ()))
    row = dataclasses.replace(row, choices=choices)
    return {
        "name": row.name,
        "kind": row.kind,
        "default": row.default,
        "aboveZero": row.above_zero,
        "within": row.within,
        "useful": row.useful,
        "choices": row.choices,
        "wanted": row.wanted,
    }


def _argument(argument: entries.Argument, optional: bool) -> dict[str, Any]:
    return {"name": argument.name, "min": argument.low, "max": argument.high, "optional": optional}


def _literal(rows: Any) -> str:
    """A table as TypeScript has it, a row a line."""
    if isinstance(rows, dict):
        lines = [f"{_key(name)}: {json.dumps(row, ensure_ascii=False)}" for name, row in rows.items()]
        return "{\n" + "".join(f"  {text},\n" for text in lines) + "}"
    return "[\n" + "".join(f"  {json.dumps(row, ensure_ascii=False)},\n" for row in rows) + "]"


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def text() -> str:
    """The whole file."""
    constants = [f"export const {name} = {_literal(rows)} as const;\n" for name, rows in tables().items() if rows]
    return "\n".join([HEAD, *constants])


def main() -> None:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if the file is not up to date")
    if parser.parse_args().check:
        if TARGET.read_text(encoding="utf-8") != text():
            sys.exit(f"{TARGET.name} is not up to date: run {Path(__file__).name}")
        return
    TARGET.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
