"""Commands that `impsy map --commands` assigned, put into a configuration."""

from __future__ import annotations

from collections.abc import Mapping

from impsy.config.document import ConfigDocument
from impsy.errors import ConfigError
from impsy.mapping.commands import CommandEntry, command_to_list, parse_command

__all__ = ["assigned_in", "put_commands"]


def assigned_in(document: ConfigDocument) -> dict[str, CommandEntry]:
    """What gives each command in the file; those that are wrong are left out."""
    found: dict[str, CommandEntry] = {}
    table = document.get("commands", {})
    for name, item in table.items() if isinstance(table, dict) else ():
        try:
            found[name] = parse_command(item)
        except ConfigError:
            continue
    return found


def put_commands(document: ConfigDocument, changes: Mapping[str, CommandEntry | None]) -> None:
    """Assign these, and take away those that are None. Nothing is written yet.

    Raises:
        ConfigError: the file's layout does not allow it.
    """
    for name, entry in changes.items():
        if entry is None:
            document.unset(("commands", name))
    for name, entry in changes.items():
        if entry is not None:
            document.set(("commands", name), command_to_list(entry))
    if document.get("commands") == {}:
        document.unset("commands")
