"""Changing a config file without losing a comment.

A :class:`ConfigDocument` holds the text and nothing else. Each change parses the text (tomlkit, which keeps
comments), changes one value, and is accepted only if the result, read by an independent parser, differs from
what was there in exactly that value. So a change works as asked or leaves the document as it was.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping as ReadOnlyDict
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, Comment, Item, KeyType, Null, SingleKey, Table, Whitespace

from impsy.config.loading import LoadedConfig, check_amount, decode, parse_config, parse_toml, read_file
from impsy.config.positions import format_path, parse_path
from impsy.errors import ConfigError
from impsy.files import locked, write_keeping_previous
from impsy.mapping.entries import MappingEntry, entry_to_list

__all__ = ["ConfigDocument", "same"]

_BOM = "\ufeff"


class ConfigDocument:
    """The text of a config file, to be changed key by key.

    Keys are written as in TOML (``interaction.mode``, ``midi.input."X-TOUCH"``) or as a sequence of their
    parts. Values are text, numbers, booleans, lists of these, mappings (lists of entries) and tables.
    """

    def __init__(self, text: str, where: str = "config.toml", path: Path | None = None) -> None:
        """Take over a text.

        Raises:
            InvalidTomlError: if it is not TOML. What it asks for may be wrong: that is for who corrects it.
        """
        self._where = where
        self._path = path
        self._saved = text
        self._bom = _BOM * text.startswith(_BOM)
        text = text.removeprefix(_BOM)
        self._crlf = "\r\n" in text and text.count("\r\n") == text.count("\n")
        self._text = text.replace("\r\n", "\n") if self._crlf else text
        parse_toml(self._text, where)

    @classmethod
    def open(cls, path: str | Path) -> ConfigDocument:
        """Read a config file.

        Raises:
            ConfigError: if it is missing or no TOML in UTF-8.
            DeviceError: if the disk refuses.
        """
        return cls(decode(read_file(path), str(path)), str(path), Path(path))

    def get(self, key: str | Sequence[str], default: object = None) -> Any:
        """The plain value of a key as the file has it, whether valid or not; ``default`` if it is not there."""
        found = _walk(parse_toml(self._text, self._where), self._key(key))
        return default if found is None else found  # TOML has no None

    def set(self, key: str | Sequence[str], value: object) -> None:
        """Give a key a value, adding key and section where they are missing.

        A table sets each of its keys and leaves others; an empty one only adds the section. A list keeps the
        comments of the items that stay, a list of tables (``[[controls]]``) those of the tables and keys that stay.

        Raises:
            ConfigError: if the file's layout does not allow it (the document is then as before).
            TypeError: if TOML has no such value.
        """
        path, plain = self._key(key), _plain(value)
        self._check_amount()
        before = self._text
        try:
            self._set(path, plain)
        except ConfigError:
            self._text = before
            raise

    def unset(self, key: str | Sequence[str]) -> bool:
        """Remove a key or a whole section; comments outside it stay. False if there was none."""
        path = self._key(key)
        self._check_amount()
        expected = parse_toml(self._text, self._where)
        parent = _walk(expected, path[:-1])
        if not isinstance(parent, dict) or path[-1] not in parent:
            return False
        del parent[path[-1]]
        document = self._parse()
        try:
            if len(path) == 1 and isinstance(document[path[0]], ReadOnlyDict | AoT):
                _remove_section(document, path[0])
            else:
                del _walk(document, path[:-1])[path[-1]]
        except (TOMLKitError, KeyError, TypeError) as error:
            raise self._refusal(path) from error
        self._accept(document.as_string(), expected, path, keep_empty=len(path) < 3)
        return True

    @property
    def text(self) -> str:
        """The text as it is edited: with Unix line ends, without a byte order mark."""
        return self._text

    def take(self, text: str) -> None:
        """Let a text like that of :attr:`text` replace the whole.

        Raises:
            InvalidTomlError: if it is not TOML; the document is then as before.
        """
        parse_toml(text, self._where)
        self._text = text

    def dumps(self) -> str:
        """The text as it is now, with the line ends and the byte order mark that it came with."""
        return self._bom + (self._text.replace("\n", "\r\n") if self._crlf else self._text)

    def check(self) -> LoadedConfig:
        """What the document says now, typed.

        Raises:
            InvalidConfigError: naming everything that is wrong.
        """
        return parse_config(self.dumps(), self._where, self._path)

    def save(self, path: str | Path | None = None, *, keep_all: bool = False) -> LoadedConfig:
        """Check, then write in one step (to where it came from), keeping the previous version as ``.bak``.

        With ``keep_all``, a ``.bak`` that is there already is kept too, as ``.bak.1`` or the next free number.

        Raises:
            ConfigError: if anything is wrong with it, or if the file was changed since it was opened;
                nothing is written then.
            DeviceError: if the disk refuses.
        """
        target = Path(path) if path is not None else self._path
        if target is None:
            raise ConfigError("this config came from no file: name one to save it to")
        loaded = self.check()
        text = self.dumps()
        own = self._path is not None and target.resolve() == self._path.resolve()

        def check() -> None:
            if own and target.exists() and read_file(target) != self._saved.encode():
                raise ConfigError(f"{target} was changed by someone else since it was opened. Open it again")

        with locked(target.resolve().parent):
            check()
            if own and target.exists() and text == self._saved:
                return loaded
            write_keeping_previous(target, text.encode(), keep_all=keep_all, check=check)
        if own:
            self._saved = text
        return loaded

    def _key(self, key: str | Sequence[str]) -> tuple[str, ...]:
        try:
            path = parse_path(key) if isinstance(key, str) else tuple(key)
        except ValueError as error:
            raise ConfigError(f"{key!r} is not a key") from error
        if not path:
            raise ConfigError("an empty key names nothing")
        return path

    def _set(self, path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, dict):
            self._ensure_section(path)
            for inner, item in value.items():
                self._set((*path, inner), item)
            return
        if len(path) > 1:
            self._ensure_section(path[:1])
        expected = parse_toml(self._text, self._where)
        parent = _walk(expected, path[:-1], create=True)
        if not isinstance(parent, dict) or isinstance(parent.get(path[-1]), dict):
            raise self._refusal(path)
        if path[-1] not in parent and self._text and not self._text.endswith("\n"):
            self._text += "\n"
        parent[path[-1]] = value
        document = self._parse()
        try:
            _put(document, path, value)
        except (TOMLKitError, TypeError, AttributeError) as error:
            raise self._refusal(path) from error
        self._accept(document.as_string(), expected, path)

    def _ensure_section(self, path: tuple[str, ...]) -> None:
        """Add a section at the end, where a new header disturbs nothing."""
        data = parse_toml(self._text, self._where)
        if isinstance(_walk(data, path), dict):
            return
        if isinstance(_walk(data, path[:-1], create=True), dict) and _walk(data, path) is None:
            _walk(data, path, create=True)
            gap = "\n" * (2 - len(self._text) + len(self._text.rstrip("\n"))) if self._text else ""
            header = ".".join(SingleKey(step).as_string() for step in path)
            self._accept(f"{self._text}{gap}[{header}]\n", data, path)
            return
        raise self._refusal(path)

    def _check_amount(self) -> None:
        check_amount(self._text, self._where, to_change=True)

    def _parse(self) -> tomlkit.TOMLDocument:
        self._check_amount()
        try:
            document = tomlkit.parse(self._text)
            faithful = document.as_string() == self._text
        except (TOMLKitError, RecursionError, ValueError) as error:
            raise ConfigError(
                f"{self._where}: this file can be read but not edited here ({error}). Edit it by hand"
            ) from error
        if not faithful:
            raise ConfigError(
                f"{self._where}: this file can be read but not edited without disturbing it. Edit it by hand"
            )
        return document

    def _accept(self, text: str, expected: dict[str, Any], path: tuple[str, ...], keep_empty: bool = True) -> None:
        """Take over ``text`` if it says exactly what is expected."""
        try:
            text.encode()
            result = parse_toml(text, self._where)
        except (ConfigError, UnicodeEncodeError) as error:
            raise self._refusal(path) from error
        if not keep_empty:  # removing the last of several dotted keys takes their common part along
            result, expected = _without_empty(result, path[:-1]), _without_empty(expected, path[:-1])
        if not same(result, expected):
            raise self._refusal(path)
        self._text = text

    def _refusal(self, path: tuple[str, ...]) -> ConfigError:
        return ConfigError(f"{self._where}: {format_path(path)} cannot be changed here. Edit the file by hand")


def _plain(value: object) -> Any:
    """The value in TOML's own types."""
    if isinstance(value, MappingEntry):
        return entry_to_list(value)
    if isinstance(value, ReadOnlyDict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"TOML has no {type(value).__name__}")


def _walk(node: Any, path: tuple[str, ...], create: bool = False) -> Any:
    """What ``path`` leads to from ``node``, or None; with ``create``, missing tables are added."""
    for step in path:
        if not isinstance(node, ReadOnlyDict):
            return None
        if step not in node:
            if not create or not isinstance(node, dict):
                return None
            node[step] = {}
        node = node[step]
    return node


def same(one: Any, other: Any) -> bool:
    """Equal in types too (True is not 1), and NaN equals itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - NaN is what differs from itself


def _without_empty(data: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """A copy without those tables along ``path`` that are empty."""
    data = copy.deepcopy(data)
    for length in range(len(path), 1, -1):
        parent = _walk(data, path[: length - 1])
        if isinstance(parent, dict) and parent.get(path[length - 1]) == {}:
            del parent[path[length - 1]]
    return data


def _put(document: Any, path: tuple[str, ...], value: Any) -> None:
    """Set one value in a tomlkit document whose section is there."""
    container, rest = document, list(path)
    while len(rest) > 1 and rest[0] in container:
        container = container[rest.pop(0)]
    old = container.get(rest[0]) if len(rest) == 1 else None
    if isinstance(old, AoT) and _is_tables(value):
        _change_tables(old, value)
    elif isinstance(old, Array) and isinstance(value, list):
        _change_items(old, value)
    elif container is document and old is None and _is_tables(value):
        document.append(rest[0], _tables(value))
    elif old is not None:
        container[rest[0]] = _item(value)
    else:
        # Port names are quoted, as people write them, and stand in their section as a dotted key.
        keys = [SingleKey(step, None if step.isidentifier() else KeyType.Basic) for step in rest]
        key: Any = keys[0]
        for part in keys[1:]:
            key = key.concat(part)
        if container is document:
            _insert_at_top(document, key, _item(value))
        elif len(keys) > 1:
            container.append(key, _item(value))
        else:
            container[key] = _item(value)


def _insert_at_top(document: tomlkit.TOMLDocument, key: SingleKey, item: Item) -> None:
    """Add a key after the last one outside any section: what follows are the first section's comments."""
    body = document.body
    last = [i for i, (known, old) in enumerate(body) if known is not None and not isinstance(old, Table | AoT)]
    if last:
        body.insert(last[-1] + 1, (key, item))
    else:
        document[key] = item


def _item(value: Any) -> Any:
    """A new tomlkit item; a mapping gets a line for each entry."""
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        rows = "".join(f"  {tomlkit.item(item).as_string()},\n" for item in value)
        return tomlkit.parse(f"rows = [\n{rows}]\n").item("rows")
    return tomlkit.item(value)


def _change_items(array: Array, values: list[Any]) -> None:
    """Make ``array`` hold ``values``; items that stay keep their lines and comments."""
    old, new = ([repr(item) for item in items] for items in (array.unwrap(), values))
    for change, i, end, j, stop in reversed(SequenceMatcher(None, old, new, autojunk=False).get_opcodes()):
        if change == "equal":
            continue
        shared = min(end - i, stop - j)
        for index in reversed(range(i + shared, end)):
            del array[index]
        for index in range(shared):
            array[i + index] = values[j + index]
        for index, value in enumerate(values[j + shared : stop], start=i + shared):
            if index < len(array) or "\n" not in array.as_string():
                array.insert(index, value)
            else:
                array.add_line(value, indent="  ")


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _tables(values: list[dict[str, Any]]) -> AoT:
    """A new list of tables, each with a header of its own."""
    tables = tomlkit.aot()
    for value in values:
        tables.append(_table(value))
    return tables


def _table(value: dict[str, Any]) -> Table:
    table = tomlkit.table()
    for key, item in value.items():
        table.append(key, _item(item))
    table.add(tomlkit.nl())
    return table


def _change_tables(tables: AoT, values: list[dict[str, Any]]) -> None:
    """Make ``tables`` hold ``values``, one after the other; keys that stay keep their lines and comments."""
    following: list[Any] = []
    for number, (table, value) in enumerate(zip(tables, values, strict=False), start=1):
        before = table.unwrap()
        for key in before.keys() - value.keys():
            del table[key]
        following = _taken_following(table)
        for key, item in value.items():
            old = table.get(key)
            if isinstance(old, Array) and isinstance(item, list):
                _change_items(old, item)
            elif key not in before or not same(before[key], item):
                table[key] = _item(item)
        if number < len(tables) or len(values) <= len(tables):
            table.value.body.extend(following)
    if len(values) > len(tables):
        _separate(tables[-1])
        for value in values[len(tables) :]:
            tables.append(_table(value))
        tables[-1].value.body[-1:] = following or tables[-1].value.body[-1:]
    trailing = "".join(_trailing_comments(table) for table in tables[len(values) :])
    while len(tables) > len(values):
        del tables[-1]
    if trailing:
        tables[-1].value.body.append((None, Whitespace(trailing)))


def _separate(table: Table) -> None:
    """A blank line after the table's keys."""
    table.value.body.append((None, Whitespace("\n")))


def _taken_following(table: Table) -> list[Any]:
    """Take out what follows the table's keys after a blank line: it belongs to what comes next."""
    body = table.value.body
    last = max((index for index, (key, _) in enumerate(body) if key is not None), default=-1)
    blank = (i for i in range(last + 1, len(body)) if isinstance(body[i][1], Whitespace))
    start = next(blank, len(body))
    following = body[start:]
    del body[start:]
    return following


def _remove_section(document: tomlkit.TOMLDocument, section: str) -> None:
    """Take a section out; comments that follow its last key belong to what comes next and stay."""
    for index, (key, item) in enumerate(document.body):
        if key is not None and key.key == section:
            document.body[index] = (None, Whitespace(_trailing_comments(item)))


def _trailing_comments(item: Item) -> str:
    if isinstance(item, AoT):
        return _trailing_comments(item[-1])
    trailing: list[str] = []
    body = item.value.body if isinstance(item, Table) else []
    for _, inner in reversed(body):
        if isinstance(inner, Table):
            trailing.append(_trailing_comments(inner))
            break
        if not isinstance(inner, Comment | Whitespace | Null):
            break
        trailing.append(inner.as_string())
    text = "".join(reversed(trailing))
    return text.lstrip("\n") if text.strip() else ""
