"""Undo: deleted files are kept in ``.impsy/trash``, and so are the former title and tags of a changed take.

Each entry is a folder with the files and ``entry.json``, which names what they were and where they belong. The oldest
are removed for good when something else is deleted.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter

from impsy.errors import DataError, DeviceError
from impsy.files import make_folder, read_regular, sync_folder, write_whole
from impsy.web.workspace import Conflict, NotFound, Workspace

__all__ = ["Entry", "Trash"]

logger = logging.getLogger(__name__)

DAYS = 30.0
MOST_BYTES = 1 << 30
MOST_CHANGES = 200
"""How long, how much, and how many changes of titles and tags are kept."""

_LARGEST_ENTRY = 32 << 20
"""Bytes of what is written of an entry."""

CHANGE = "change"
"""The kind of an entry without files, which holds a former title and tags."""


def _now() -> str:
    return datetime.now(UTC).isoformat()


@dataclass(frozen=True)
class Entry:
    """Something that can be undone.

    what: take, dataset, model, training, or change. name: of the thing, for people. time: ISO, UTC.
    files: where each of its files belongs, relative to the workspace; in the entry's folder they are named by number.
    extra: more that is needed to restore it.
    """

    what: str
    name: str
    files: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    time: str = field(default_factory=_now)
    id: str = field(default_factory=lambda: uuid4().hex)


_ENTRY = TypeAdapter(Entry)


class Trash:
    """The trash of a workspace. Any thread may use it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.private / "trash"

    def delete(
        self, what: str, name: str, paths: Sequence[Path], extra: Mapping[str, Any] | None = None, *, keep: str = ""
    ) -> Entry:
        """Move files or folders of the workspace here, all or none.

        Args:
            keep: the id of an entry that must not go for good in its stead.

        Raises:
            NotFound: none of them exists.
            OSError, DeviceError: the disk refuses; everything is then where it was.
        """
        with self._workspace.locked():
            there = [path for path in paths if path.exists() or path.is_symlink()]
            if not there:
                raise NotFound(f"there is no {what} {name} any more")
            belongs = tuple(path.relative_to(self._workspace.root).as_posix() for path in there)
            entry = Entry(what, name, belongs, extra or {})
            folder = self._write(entry)
            moved: list[tuple[Path, Path]] = []
            try:
                for number, path in enumerate(there):
                    shutil.move(path, folder / str(number))
                    moved.append((path, folder / str(number)))
            except OSError:
                for path, here in moved:
                    shutil.move(here, path)
                shutil.rmtree(folder, ignore_errors=True)
                raise
            for changed in {folder, *(path.parent for path in there)}:
                sync_folder(changed)
            self._empty({entry.id, keep})
            return entry

    def remember(self, name: str, extra: Mapping[str, Any]) -> Entry:
        """Keep a former title and tags. Raises OSError or DeviceError if the disk refuses."""
        with self._workspace.locked():
            entry = Entry(CHANGE, name, extra=extra)
            self._write(entry)
            changes = [each for each in self._entries() if each.what == CHANGE]
            for old in changes[MOST_CHANGES:]:
                shutil.rmtree(self._folder / old.id, ignore_errors=True)
            return entry

    def find(self, entry_id: str) -> Entry:
        """The entry of this id; raises NotFound if there is none (any more)."""
        entry = self._read(entry_id) if entry_id.isalnum() else None
        if entry is None:
            raise NotFound("this cannot be undone any more: it is not in the trash")
        return entry

    def restore(self, entry: Entry) -> None:
        """Move everything back where it was, and forget the entry.

        Raises:
            Conflict: something else has taken the place of one of them.
            NotFound: it is not here any more.
            OSError: the disk refuses.
        """
        with self._workspace.locked():
            folder = self._folder / entry.id
            self.find(entry.id)
            pairs = [(folder / str(n), self._place(file)) for n, file in enumerate(entry.files)]
            taken = next((place for _, place in pairs if place.exists()), None)
            if taken is not None:
                raise Conflict(f"{taken.name} is there again: rename or delete it first, then undo")
            for here, place in reversed(pairs):  # a take's log comes last: who finds it finds its journal
                if here.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(here, place)
            for changed in {place.parent for _, place in pairs}:
                sync_folder(changed)
            shutil.rmtree(folder, ignore_errors=True)

    def exchange(self, entry: Entry) -> None:
        """Move everything back where it was; what has taken its place comes here. As :meth:`restore` otherwise."""
        places = [self._place(file) for file in entry.files]
        with self._workspace.locked():
            if any(place.exists() for place in places):
                self.delete(entry.what, entry.name, places, {"replaced": True}, keep=entry.id)
            self.restore(entry)

    def deleted(self) -> list[Entry]:
        """What was deleted, the newest first."""
        return [entry for entry in self._entries() if entry.what != CHANGE]

    # --- on the disk -------------------------------------------------------------------------------

    def _write(self, entry: Entry) -> Path:
        folder = self._folder / entry.id
        make_folder(folder)
        try:
            write_whole(folder / "entry.json", json.dumps(asdict(entry)).encode())
        except DeviceError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder

    def _read(self, entry_id: str) -> Entry | None:
        try:
            found = _ENTRY.validate_json(read_regular(self._folder / entry_id / "entry.json", _LARGEST_ENTRY))
        except (OSError, ValueError):
            return None
        return replace(found, id=entry_id)

    def _entries(self) -> list[Entry]:
        """All of them, the newest first."""
        try:
            names = sorted(path.name for path in self._folder.iterdir() if path.name.isalnum())
        except OSError:
            return []
        found = [entry for name in names if (entry := self._read(name)) is not None]
        return sorted(found, key=lambda entry: entry.time, reverse=True)

    def _place(self, file: str) -> Path:
        """Where a file belongs; what lies in the trash may have been written by anyone."""
        place = self._workspace.root / file
        if ".." in Path(file).parts or not place.resolve().is_relative_to(self._workspace.root):
            raise DataError(f"{file} leads out of the workspace: it is left alone")
        return place

    def _empty(self, keep: Collection[str]) -> None:
        """Remove what is too old, and the oldest while all together is too much."""
        left = MOST_BYTES
        oldest = datetime.fromtimestamp(time.time() - DAYS * 86400, UTC).isoformat()
        for entry in self._entries():
            folder = self._folder / entry.id
            left -= _size(folder)
            if entry.id not in keep and (left < 0 or entry.time < oldest):
                shutil.rmtree(folder, ignore_errors=True)
                logger.info("%s %s is gone from the trash for good", entry.what, entry.name)


def _size(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            size += path.lstat().st_size
    return size
