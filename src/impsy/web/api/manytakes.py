"""Many takes at once over HTTP: tags, what is learned from, export and deletion."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock
from typing import Annotated, Literal

from pydantic import Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from impsy.codecs.journal import SUFFIX
from impsy.data.takes import LONGEST_TAG, MOST_TAGS, TakeNote, annotate, read_notes
from impsy.errors import DataError
from impsy.protocol.library import Exported, Undo
from impsy.text import counted
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.api.takes import Trim
from impsy.web.api.trash import deleted
from impsy.web.library.worker import work
from impsy.web.site import Site
from impsy.web.workspace import Conflict, NotFound

__all__ = ["ENDPOINTS", "MOST_TAKES"]

ENDPOINTS = Endpoints()

MOST_TAKES = 1000
"""Takes that one request may name."""
EXPORT_SECONDS = 3600.0
KEPT_SECONDS = 3600.0
"""How long an export that nobody gets is kept."""

_EXPORT = "impsy-takes"
_ID = re.compile(r"\d{1,12}-[0-9a-f]{32}")
_TYPES = {"csv": "text/csv; charset=utf-8", "zip": "application/zip"}
_exporting = Lock()

Names = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=255)]], Field(min_length=1, max_length=MOST_TAKES)
]
Tag = Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]


class Chosen(Body):
    """Which takes, by their names."""

    names: Names


class Changes(Chosen):
    """A tag to add, one to take away, whether to learn from them and their long pauses; what is left out stays."""

    add: Tag | None = None
    remove: Tag | None = None
    excluded: bool | None = None
    trim_pauses: Trim | None = None


class Export(Chosen):
    """As a table, or as an archive from which they can be replayed."""

    kind: Literal["csv", "zip"]


def _paths(site: Site, names: Sequence[str]) -> list[Path]:
    return [site.takes.path(name) for name in dict.fromkeys(names)]


@ENDPOINTS.add("POST", "/api/takes/change", "Change tags of many takes, and whether they are learned from")
def change(site: Site, body: Changes) -> Undo:
    with site.workspace.locked():
        names = [path.name for path in _paths(site, body.names)]
        notes = read_notes(site.workspace.logs)
        before = {name: notes.of(name) for name in names}
        after = {name: new for name, note in before.items() if (new := _changed(note, body)) != note}
        full = [name for name, note in after.items() if len(note.tags) > MOST_TAGS]
        if full:
            raise DataError(
                f"{full[0]} has {MOST_TAGS} tags already: take one away, or leave it out of the selection"
            )
        what = counted(len(after), "take")
        former = {name: asdict(before[name]) for name in after}
        entry = site.trash.remember(what, {"notes": former})
        if after:
            annotate(site.workspace.logs, after)
    site.hub.changed("takes")
    return Undo(undo=entry.id, sentence=f"{what} changed" if after else "Nothing had to be changed")


def _changed(note: TakeNote, body: Changes) -> TakeNote:
    gone = (body.remove or "").strip()
    tags = [tag for tag in note.tags if tag != gone]
    more = (body.add or "").strip()
    if more and more not in tags:
        tags.append(more)
    return replace(
        note,
        tags=tuple(tags),
        excluded=note.excluded if body.excluded is None else body.excluded,
        trim_pauses=note.trim_pauses if body.trim_pauses is None else body.trim_pauses,
    )


@ENDPOINTS.add("POST", "/api/takes/delete", "Delete many takes; can be undone")
def delete(site: Site, body: Chosen) -> Undo:
    with site.workspace.locked():
        paths = _paths(site, body.names)
        live = [path.name for path in paths if site.takes.is_live(path.name)]
        if live:
            raise Conflict(f"{live[0]} is being recorded: stop the session first, or leave it out of the selection")
        if site.playback.now["name"] in {path.name for path in paths}:
            site.playback.stop()
        notes = read_notes(site.workspace.logs)
        former = {path.name: asdict(notes.of(path.name)) for path in paths}
        files = [file for path in paths for file in (path, path.with_suffix(SUFFIX))]
        what = paths[0].name if len(paths) == 1 else counted(len(paths), "take")
        entry = site.trash.delete("take", what, files, {"notes": former})
        annotate(site.workspace.logs, dict.fromkeys(former))
    return deleted(site, entry)


@ENDPOINTS.add("POST", "/api/takes/export", "Make a table or an archive of many takes")
def export(site: Site, body: Export) -> Exported:
    paths = _paths(site, body.names)
    if not _exporting.acquire(blocking=False):
        raise Conflict("another export is being made: wait until it is there, then try again")
    try:
        _remove_old(site)
        scratch = site.workspace.scratch()
        target = scratch / f"{_EXPORT}.{body.kind}"
        logs = [str(path) for path in sorted(paths)]
        try:
            work("export_takes", site.workspace.root, seconds=EXPORT_SECONDS, logs=logs, target=str(target))
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    finally:
        _exporting.release()
    return Exported(target.name, target.stat().st_size, f"/api/exports/{scratch.name}")


@ENDPOINTS.add("GET", "/api/exports/{id}", "Get a table or an archive that was made; it is then removed")
def get_export(site: Site, id: str) -> FileResponse:
    folder = site.workspace.private / "scratch" / id
    found = [folder / f"{_EXPORT}.{kind}" for kind in _TYPES] if _ID.fullmatch(id) else []
    file = next((path for path in found if path.is_file() and not path.is_symlink()), None)
    if file is None:
        raise NotFound("this export is not there any more: make it again")
    removal = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(file, media_type=_TYPES[file.suffix[1:]], filename=file.name, background=removal)


def _remove_old(site: Site) -> None:
    oldest = time.time() - KEPT_SECONDS
    for file in (site.workspace.private / "scratch").glob(f"*/{_EXPORT}.*"):
        with suppress(OSError):
            if file.stat().st_mtime < oldest:
                shutil.rmtree(file.parent, ignore_errors=True)
