"""Writes ``src/protocol.ts``: the page's types, from ``impsy.protocol``, and the tables of the program that it reads.

Every public class of those modules becomes an interface, with the classes that it refers to; every alias of a union
becomes a type, and a name of a table's rows a union of them. ``--check`` only compares: 1 if the file differs.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import inspect
import json
import pkgutil
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, NotRequired, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from typing_extensions import is_typeddict

import impsy.protocol
from impsy.config import schema
from impsy.engine import snapshot
from impsy.mapping.commands import commands_of
from impsy.mapping.entries import KINDS
from impsy.mapping.scales import SCALES
from impsy.mapping.wire import MESSAGES
from impsy.modes import MODES
from impsy.presets import PRESETS
from impsy.protocol import monitor
from impsy.settings import SETTINGS, Settings
from impsy.web.live.page import COMMANDS

TARGET = Path(__file__).parent / "src" / "protocol.ts"

HEAD = """\
/** What the web process and this page send each other. Generated from src/impsy/protocol by make_protocol.py. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
"""

NAMES: dict[str, Mapping[str, Any]] = {"CommandName": COMMANDS, "EntryName": KINDS}
"""Names that are the keys of a table."""

PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "Json"}


def tables() -> dict[str, Any]:
    """The tables by the names that they have on the page, as plain data."""
    return {
        "SETTINGS": [
            {
                "name": row.name,
                "command": row.command,
                "section": row.section,
                "key": row.key,
                "kind": row.kind,
                "title": row.title,
                "help": row.help,
                "unit": row.unit,
                "aboveZero": row.above_zero,
                "inScenes": row.in_scenes,
                "slider": row.slider,
                "within": row.within,
                "choices": row.choices,
            }
            for row in SETTINGS.values()
            if row.command
        ],
        "MODES": [
            {
                "name": mode.name,
                "title": mode.title,
                "help": mode.help,
                "plays": mode.plays,
                "hears": mode.hears,
                "feedsBack": mode.feeds_back,
                "yields": mode.yields,
                "shares": mode.shares,
            }
            for mode in MODES.values()
        ],
        "PRESETS": [
            {"name": preset.name, "title": preset.title, "help": preset.help, "values": dict(preset.values)}
            for preset in PRESETS.values()
        ],
        "COMMANDS": [
            {"name": name, "act": command.act, "title": command.title, "help": command.help}
            for name, command in commands_of(()).items()
        ],
        "STATUS": {_camel(kind.name): status for status, kind in MESSAGES.items()},
        "SCALES": [{"id": name, "name": scale.title, "steps": list(scale.steps)} for name, scale in SCALES.items()],
        "ENTRY_WORDS": {name: row.words.sentence for name, row in KINDS.items()},
    }


def modules() -> list[types.ModuleType]:
    """Those of the protocol."""
    found = pkgutil.iter_modules(impsy.protocol.__path__)
    return [importlib.import_module(f"impsy.protocol.{each.name}") for each in found]


class Writer:
    """Collects definitions, in the order in which they are first needed."""

    def __init__(self, protocol: Sequence[types.ModuleType]) -> None:
        self.protocol = protocol
        self.aliases = {
            value: name
            for module in (schema, snapshot, *protocol)
            for name, value in vars(module).items()
            if get_origin(value) in (Literal, Union, Annotated) and not name.startswith("_")
        }
        self.written: dict[str, str] = {}

    def text(self) -> str:
        """The whole file."""
        for module in self.protocol:
            for name, value in vars(module).items():
                own = getattr(value, "__module__", "") == module.__name__ or name in self.aliases.values()
                if own and not name.startswith("_"):
                    self.type_of(value)
        constants = [f"export const {name} = {_literal(rows)} as const;\n" for name, rows in tables().items()]
        return "\n".join([HEAD, *self.written.values(), *constants])

    def type_of(self, hint: Any) -> str:
        """A type as TypeScript writes it; what it refers to is defined first."""
        if hint in self.aliases:
            return self._alias(self.aliases[hint], hint)
        if isinstance(hint, NewType):
            name = hint.__name__
            return self._define(name, lambda: " | ".join(json.dumps(key) for key in NAMES[name]))
        if hint in PLAIN:
            return PLAIN[hint]
        if inspect.isclass(hint) and get_origin(hint) is None:
            return self._interface(hint)
        return self._composed(hint)

    def _composed(self, hint: Any) -> str:
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self.type_of(arguments[0])
        if origin is Literal:
            return " | ".join(json.dumps(each) for each in arguments)
        if origin in (Union, types.UnionType):
            return " | ".join(dict.fromkeys(self.type_of(each) for each in arguments))
        if origin is dict:
            return f"Record<string, {self.type_of(arguments[1])}>"
        if origin is tuple and arguments[-1] is not Ellipsis:
            return f"[{', '.join(map(self.type_of, arguments))}]"
        if origin in (list, tuple, Sequence):
            item = self.type_of(arguments[0])
            return f"({item})[]" if " " in item else f"{item}[]"
        raise TypeError(f"{hint} has no form in TypeScript here")

    def _alias(self, name: str, hint: Any) -> str:
        return self._define(name, lambda: self._composed(hint))

    def _define(self, name: str, content: Callable[[], str]) -> str:
        if name not in self.written:
            self.written[name] = f"export type {name} = {content()};\n"
        return name

    def _interface(self, kind: type) -> str:
        name = kind.__name__
        if name in self.written:
            return name
        self.written[name] = ""  # it may refer to itself
        fields = "".join(f"  {field};\n" for field in self._fields(kind))
        text = f"{_comment(kind)}export interface {name}{self._bases(kind)} {{\n{fields}}}\n"
        del self.written[name]
        self.written[name] = text
        return name

    def _bases(self, kind: type) -> str:
        bases = _bases(kind)
        return f" extends {', '.join(map(self._interface, bases))}" if bases else ""

    def _fields(self, kind: type) -> Iterator[str]:
        inherited = {name for base in _bases(kind) for name in _hints(base)}
        total = getattr(kind, "__total__", True)
        for name, hint in _hints(kind).items():
            if name in inherited:
                continue
            given = get_origin(hint) is not NotRequired and total
            yield f"{name}{'' if given else '?'}: {self.type_of(hint if given or not total else get_args(hint)[0])}"


def _camel(name: str) -> str:
    first, *rest = name.split()
    return first + "".join(word.capitalize() for word in rest)


def _literal(rows: Any) -> str:
    """A table as TypeScript has it, a row a line."""
    if isinstance(rows, dict):
        lines = [f"{name}: {json.dumps(row, ensure_ascii=False)}" for name, row in rows.items()]
        return "{\n" + "".join(f"  {line},\n" for line in lines) + "}"
    return "[\n" + "".join(f"  {json.dumps(row, ensure_ascii=False)},\n" for row in rows) + "]"


def _hints(kind: type) -> dict[str, Any]:
    if issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    if is_typeddict(kind) or dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        if kind is monitor.State:  # the live settings stand beside its own keys
            shown = ("dimension", *(row.name for row in SETTINGS.values() if row.in_state))
            hints = {name: get_type_hints(Settings)[name] for name in shown} | hints
        return hints
    return {}


def _bases(kind: type) -> list[type]:
    """The classes of the protocol that it extends; a TypedDict keeps its own aside."""
    bases = getattr(kind, "__orig_bases__", kind.__bases__)
    return [] if issubclass(kind, BaseModel) else [each for each in bases if inspect.isclass(each) and _hints(each)]


def _comment(kind: type) -> str:
    text = inspect.cleandoc(vars(kind).get("__doc__") or "").partition("\n\nRaises:")[0].replace("``", "`")
    if "\n" not in text:
        return f"/** {text} */\n" if text else ""
    return "/**\n" + "".join(f" * {line}".rstrip() + "\n" for line in text.split("\n")) + " */\n"


def main() -> None:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if the file is not up to date")
    wanted = Writer(modules()).text()
    if parser.parse_args().check:
        same = TARGET.read_text(encoding="utf-8") == wanted
        if not same:
            sys.exit(f"{TARGET.name} is not up to date: run {Path(__file__).name}")
        return
    TARGET.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
