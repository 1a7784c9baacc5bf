"""What MIDI messages mean to the workspace's configuration as it is saved now."""

from __future__ import annotations

from impsy.perform.diagnostics.meanings import Meanings
from impsy.web.config.file import ConfigFile

__all__ = ["MessageMeaning"]


class MessageMeaning:
    """Says what a message that changes nothing does. The configuration is read once, until it is saved again."""

    def __init__(self, config: ConfigFile) -> None:
        self._config = config
        self._meanings: Meanings | None = None
        self._is_old = True
        config.subscribe(self._forget)

    def _forget(self) -> None:
        self._is_old = True

    def __call__(self, port: str, message: bytes, command: bool) -> str:
        """The command that the message of a port belongs to, or why it is ignored; empty: it is not known."""
        if self._is_old:
            self._is_old = False
            config = self._config.config
            self._meanings = None if config is None else Meanings(config)
        if command:
            name = "" if self._meanings is None else self._meanings.command(port, message)
            return f"command: {name}" if name else "a command"
        if self._meanings is None or port not in self._meanings.ports:
            return ""
        return f"ignored: {self._meanings.why_ignored(port, message)}"
