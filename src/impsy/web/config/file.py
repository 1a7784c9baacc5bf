"""The configuration on the disk: read with a stamp, written only if nobody else did meanwhile, versions kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime

from impsy.config import LoadedConfig, parse_config
from impsy.config.document import ConfigDocument
from impsy.config.earlier.forms import present_form
from impsy.config.files import write_keeping_previous
from impsy.config.loading import decode, parse_toml
from impsy.errors import ConfigError
from impsy.protocol.workspace import ConfigVersion
from impsy.web.server.endpoints import Clash, NotThere
from impsy.web.workspace import Workspace

__all__ = ["KEPT_VERSIONS", "ConfigFile"]

KEPT_VERSIONS = 50

_NAME = "%Y-%m-%dT%H-%M-%S.%f.toml"
_BOM = "\ufeff"

_writing = threading.Lock()
"""One writer at a time: pages write from threads of a pool."""


class ConfigFile:
    """The configuration of a workspace. Constructing one reads nothing; several may be in use at once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.path = workspace.config
        self._versions = workspace.private / "config"

    def content(self) -> bytes | None:
        """Its bytes; None: there is none. Raises OSError."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None

    @staticmethod
    def stamp(content: bytes | None) -> str:
        """What tells one content from every other; empty for none."""
        return "" if content is None else hashlib.sha256(content).hexdigest()

    def save(self, text: str, stamp: str) -> LoadedConfig:
        """Check, keep the version that is there, and write.

        A text area turns every line end into one of Unix; where the file had those of Windows, it gets them back.

        Raises:
            Clash: the file is not the one that ``stamp`` is of.
            ConfigError: something in the text is wrong.
            DeviceError, OSError: the disk refuses. In all these cases nothing was changed.
        """
        with _writing:
            before = self.content()
            if self.stamp(before) != stamp:
                raise Clash(
                    f"{self.path.name} was changed by someone else meanwhile. Load it anew and change it again"
                )
            return self._write(text, before)

    def change(self, work: Callable[[ConfigDocument], object]) -> LoadedConfig:
        """Change it by key, comments kept.

        Raises:
            NotThere: there is none yet.
            ConfigError: it is broken, or would be; nothing is written then.
            DeviceError, OSError: the disk refuses.
        """
        with _writing:
            before = self.content()
            if before is None:
                raise NotThere(f"there is no {self.path.name} yet: set the workspace up first")
            document = ConfigDocument(decode(before, self.path.name), self.path.name)
            work(document)
            return self._write(document.dumps(), before)

    def _write(self, text: str, before: bytes | None) -> LoadedConfig:
        loaded = parse_config(text, self.path.name, self.path)
        content = _ends_as(before, text).encode()
        if content == before:
            return loaded
        if before is not None:
            self._keep(before)
        upgraded = before is not None and _is_earlier(before) and not loaded.understood
        write_keeping_previous(self.path, content, keep_all=upgraded)
        return loaded

    def versions(self) -> list[ConfigVersion]:
        """Those that were replaced, the latest first."""
        found = []
        for path in self._versions.glob("*.toml") if self._versions.is_dir() else ():
            try:
                replaced = datetime.strptime(path.name, _NAME).astimezone()
            except ValueError:  # not one of ours
                continue
            found.append(ConfigVersion(path.name, replaced.isoformat(timespec="seconds"), path.stat().st_size))
        return sorted(found, key=lambda version: version.name, reverse=True)

    def version(self, name: str) -> str:
        """The text of one of them.

        Raises:
            NotThere: it is not there (any more).
            DataError: that can be nobody's name.
        """
        path = self._workspace.inside(self._versions, name)
        try:
            return path.read_bytes().decode(errors="replace")
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotThere("this version is not kept any more") from error

    def _keep(self, content: bytes) -> None:
        self._versions.mkdir(parents=True, exist_ok=True)
        write_keeping_previous(self._versions / datetime.now().strftime(_NAME), content)
        for version in self.versions()[KEPT_VERSIONS:]:
            (self._versions / version.name).unlink(missing_ok=True)


def _is_earlier(content: bytes) -> bool:
    """Whether the file is in an earlier form; then no backup is given up for it."""
    try:
        return bool(present_form(parse_toml(decode(content, ""))).understood)
    except ConfigError:
        return False


def _ends_as(before: bytes | None, text: str) -> str:
    """The text with the byte order mark and the line ends that the file has, if it has the same all over."""
    if before is None:
        return text
    if before.count(b"\r\n") == before.count(b"\n") > 0 and "\r" not in text:
        text = text.replace("\n", "\r\n")
    if before.startswith(_BOM.encode()) and not text.startswith(_BOM):
        text = _BOM + text
    return text
