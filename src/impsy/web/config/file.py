"""The workspace's configuration file: read, watched, written unless it was changed meanwhile; its versions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from impsy.config import Config, LoadedConfig, load_config, parse_config
from impsy.config.document import ConfigDocument
from impsy.config.earlier.forms import present_form
from impsy.config.loading import LARGEST, decode, parse_toml
from impsy.config.watching import ConfigWatcher
from impsy.errors import ConfigError, DeviceError, ImpsyError, refusal
from impsy.files import locked, read_regular, write_keeping_previous
from impsy.perform.models import sized
from impsy.protocol.workspace import ConfigProblem, ConfigVersion
from impsy.web.config.drafts import Draft, read_draft, salvaged
from impsy.web.workspace import Conflict, NotFound, Workspace

__all__ = ["KEPT_VERSIONS", "ConfigFile"]

KEPT_VERSIONS = 50

_NAME = "%Y-%m-%dT%H-%M-%S.%f.toml"
_BOM = "\ufeff"


class ConfigFile:
    """The current configuration of a workspace; any thread may use it.

    In a ``with``, the file is watched. Subscribers are called once for each change, whoever made it, by the thread
    that made it or by the watcher's.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.path = workspace.config
        self._versions = workspace.private / "config"
        self._known: dict[str, Any] | None = None
        self._changed: list[Callable[[], None]] = []
        self._watcher = ConfigWatcher(self.path, removed_too=True).then(lambda _path: self._notify())

    def __enter__(self) -> Self:
        self._watcher.__enter__()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._watcher.__exit__()

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call this when the file was written or removed."""
        self._changed.append(changed)

    def _notify(self) -> None:
        for changed in self._changed:
            changed()

    # --- reading -----------------------------------------------------------------------------------

    def read(self) -> Draft:
        """The file, in whatever state it is. Raises OSError."""
        content = self.content()
        if content is None:
            return Draft()
        try:
            text = content.decode()
            draft = read_draft(text, self.path)
        except UnicodeDecodeError as error:
            text = content.decode(errors="replace")
            line = content.count(b"\n", 0, error.start) + 1
            message = "this is not text in UTF-8: what could not be read is shown as �. Fix it, and save"
            draft = Draft(None, [ConfigProblem("", [], message, line, "error")])
        if draft.values is not None:
            self._known = draft.values
        return replace(draft, text=text, stamp=_stamp(content))

    def tables(self, draft: Draft) -> dict[str, Any]:
        """The values of this draft of the file; if it is no TOML, the last known, or those of its valid lines."""
        if draft.values is not None:
            return draft.values
        if draft.stamp == "":
            return {}
        return self._known if self._known is not None else salvaged(draft.text, self.path)

    def models(self) -> list[str]:
        """The model files that the configuration names, even if other parts of it are invalid."""
        config = self.config
        if config is not None:
            return [name for name in [voice.model for voice in config.voices] or [config.model.file] if name]
        try:
            tables = self.tables(self.read())
        except OSError:
            return []
        voices, model = tables.get("voices"), tables.get("model")
        named = [each.get("model") for each in voices if isinstance(each, dict)] if isinstance(voices, list) else []
        named += [model.get("file")] if isinstance(model, dict) else []
        return [name for name in named if isinstance(name, str) and name]

    def load(self) -> LoadedConfig:
        """The configuration as a session would load it.

        Raises:
            ConfigError, DeviceError: there is none, or something is wrong with it.
        """
        try:
            content = self.content()
        except OSError as error:
            remedy = refusal(error, "put a file of this workspace in its place")
            raise DeviceError(f"{self.path.name} cannot be read {remedy}") from error
        if content is None:
            return load_config(self.path)  # which says what to do
        return parse_config(decode(content, self.path.name), self.path.name, self.path)

    @property
    def loaded(self) -> LoadedConfig | None:
        """The configuration with its dimension known; None: there is none, or something is wrong with it."""
        try:
            return sized(self.load())
        except ImpsyError:
            return None

    @property
    def config(self) -> Config | None:
        """The settings of :attr:`loaded`."""
        loaded = self.loaded
        return None if loaded is None else loaded.config

    def content(self) -> bytes | None:
        """The file's bytes; None: there is none. Raises OSError, also for one that leads out of the workspace."""
        try:
            return read_regular(self.path, LARGEST, root=self.workspace.root)
        except FileNotFoundError:
            return None

    # --- writing -----------------------------------------------------------------------------------

    def save(self, text: str, stamp: str) -> LoadedConfig:
        """Check, keep the version that is there, and write.

        A text area turns every line end into one of Unix; where the file had those of Windows, it gets them back.

        Raises:
            Conflict: the file is not the one that ``stamp`` is of.
            ConfigError: something in the text is wrong.
            DeviceError, OSError: the disk refuses. In all these cases nothing was changed.
        """
        with locked(self.path.parent):
            before = self.content()
            self._check_is(stamp)
            loaded = self._write(text, before)
        self._notify()
        return loaded

    def change(self, work: Callable[[ConfigDocument], object]) -> LoadedConfig:
        """Change it by key, comments kept.

        Raises:
            Conflict: an editor saved it at the same moment.
            NotFound: there is none yet.
            ConfigError: it is broken, or would be; nothing is written then.
            DeviceError, OSError: the disk refuses.
        """
        with locked(self.path.parent):
            before = self.content()
            if before is None:
                raise NotFound(f"there is no {self.path.name} yet: set the workspace up first")
            document = ConfigDocument(decode(before, self.path.name), self.path.name)
            work(document)
            loaded = self._write(document.dumps(), before)
        self._notify()
        return loaded

    def _check_is(self, stamp: str) -> None:
        if _stamp(self.content()) != stamp:
            name = self.path.name
            raise Conflict(f"{name} was changed by someone else meanwhile. Load it anew and change it again")

    def _write(self, text: str, before: bytes | None) -> LoadedConfig:
        loaded = parse_config(text, self.path.name, self.path)
        content = _ends_as(before, text).encode()
        if content == before:
            return loaded
        if before is not None:
            self._keep(before)
        upgraded = before is not None and _is_earlier(before) and not loaded.understood
        # Once more at the last moment: an editor knows of no lock.
        stamp = _stamp(before)
        write_keeping_previous(self.path, content, keep_all=upgraded, check=lambda: self._check_is(stamp))
        self._watcher.saved_here()
        return loaded

    # --- versions ----------------------------------------------------------------------------------

    def versions(self) -> list[ConfigVersion]:
        """Those that were replaced, the latest first."""
        found = []
        for path in self._versions.glob("*.toml") if self._versions.is_dir() else ():
            try:
                replaced = datetime.strptime(path.name, _NAME).astimezone()
            except ValueError:  # a file that IMPSY did not put there
                continue
            found.append(ConfigVersion(path.name, replaced.isoformat(timespec="seconds"), path.stat().st_size))
        return sorted(found, key=lambda version: version.name, reverse=True)

    def version(self, name: str) -> str:
        """The text of one of them.

        Raises:
            NotFound: it is not there (any more).
            DataError: no version can have this name.
        """
        path = self.workspace.inside(self._versions, name)
        try:
            return read_regular(path, LARGEST).decode(errors="replace")
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFound("this version is not kept any more") from error

    def _keep(self, content: bytes) -> None:
        self._versions.mkdir(parents=True, exist_ok=True)
        write_keeping_previous(self._versions / datetime.now().strftime(_NAME), content)
        for version in self.versions()[KEPT_VERSIONS:]:
            (self._versions / version.name).unlink(missing_ok=True)


def _stamp(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _is_earlier(content: bytes) -> bool:
    """Whether the file is in an earlier form; then no backup is given up for it."""
    try:
        return bool(present_form(parse_toml(decode(content, ""))).findings)
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
