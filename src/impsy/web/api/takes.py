"""Takes over HTTP: list, picture, title and tags, files in and out."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from typing import IO, Annotated, Literal, cast

from pydantic import Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from impsy.codecs.journal import SUFFIX
from impsy.config import Config
from impsy.data.takes import LONGEST_TAG, LONGEST_TITLE, MOST_TAGS, TRIMS, TakeNote, annotate, read_notes
from impsy.errors import ConfigError
from impsy.mapping.entries import entry_to_list
from impsy.perform.recording.takes import output_for
from impsy.protocol.library import ChangedTake, Picture, Take, TakeMark, Undo
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.api.trash import NameQuery, changed, deleted
from impsy.web.config.labels import controls_of, unmapped
from impsy.web.library.takes import count_controls
from impsy.web.library.uploads import add_log, add_midi
from impsy.web.library.worker import work
from impsy.web.site import Site
from impsy.web.workspace import Conflict

__all__ = ["ENDPOINTS", "Seconds", "Trim"]

ENDPOINTS = Endpoints()
LOG_LIMIT, MIDI_LIMIT = 256_000_000, 16_000_000

Seconds = Annotated[float, Field(ge=0, le=10 * 365 * 86400)]
Trim = Literal[0] | Annotated[float, Field(ge=TRIMS[0], le=TRIMS[1])]
"""Seconds from which on pauses are not learned; 0: all are learned."""


class PictureQuery(Body):
    """Which part of a take, and how finely."""

    points: Annotated[int, Field(ge=2, le=10_000)] = 1500
    begin: Annotated[Seconds, Field(alias="from")] = 0.0
    end: Annotated[Seconds | None, Field(alias="to")] = None


class Words(Body):
    """New title, tags, whether to learn from it and from its long pauses; what is left out stays."""

    title: Annotated[str, Field(max_length=LONGEST_TITLE)] | None = None
    tags: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]], Field(max_length=MOST_TAGS)]
        | None
    ) = None
    excluded: bool | None = None
    trim_pauses: Trim | None = None


# --- looking ---------------------------------------------------------------------------------------


@ENDPOINTS.add("GET", "/api/takes", "All takes, the newest first")
def list_takes(site: Site) -> list[Take]:
    for problem in site.takes.new_problems():
        site.hub.say("warning", problem.replace(f"{site.workspace.root}{os.sep}", ""))
    return cast("list[Take]", Response(site.takes.all_as_json(), media_type="application/json"))  # as text already


@ENDPOINTS.add("GET", "/api/takes/{name}/picture", "What was played")
def picture(site: Site, name: str, query: PictureQuery) -> Picture:
    path = site.takes.path(name)
    controls = count_controls(path)
    drawn = site.pictures.picture(path, controls, query.points, query.begin, query.end)
    return Picture(labels=_labels(site.config.config, controls), **drawn)


def _labels(config: Config | None, controls: int) -> list[str]:
    """A short name for each control: the configuration's, where it is for so many; else its number."""
    fits = config is not None and config.model.dimension == controls + 1
    return [each.label for each in (controls_of(config) if config and fits else unmapped(controls))]


@ENDPOINTS.add("GET", "/api/takes/{name}/file", "Its log")
def file(site: Site, name: str) -> FileResponse:
    path = site.takes.path(name)
    return FileResponse(path, media_type="text/plain; charset=utf-8", filename=path.name)


@ENDPOINTS.add("GET", "/api/takes/{name}/midi", "It as a Standard MIDI File, by the mapping")
def midi(site: Site, name: str) -> FileResponse:
    path = site.takes.path(name)
    controls = count_controls(path)
    mapping = [entry_to_list(entry) for entry in output_for(site.config.config, controls)]
    scratch = site.workspace.scratch()
    target = scratch / "take.mid"
    try:
        work(
            "take_to_midi", site.workspace.root, log=str(path), controls=controls, mapping=mapping, target=str(target)
        )
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    removal = BackgroundTask(shutil.rmtree, scratch, ignore_errors=True)
    return FileResponse(target, media_type="audio/midi", filename=f"{path.stem}.mid", background=removal)


@ENDPOINTS.add("GET", "/api/takes/{name}/csv", "It as a table, with what its journal has between the events")
def csv(site: Site, name: str) -> FileResponse:
    return _exported(site, name, "csv", "text/csv; charset=utf-8")


@ENDPOINTS.add("GET", "/api/takes/{name}/zip", "It with journal, configuration and models, to be replayed elsewhere")
def archive(site: Site, name: str) -> FileResponse:
    return _exported(site, name, "zip", "application/zip")


def _exported(site: Site, name: str, suffix: str, kind: str) -> FileResponse:
    path = site.takes.path(name)
    scratch = site.workspace.scratch()
    # Named otherwise than logs are, so that no dataset takes it for one.
    target = scratch / f"{path.stem.removesuffix('-mdrnn')}.{suffix}"
    try:
        work("export_takes", site.workspace.root, logs=[str(path)], target=str(target))
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    removal = BackgroundTask(shutil.rmtree, scratch, ignore_errors=True)
    return FileResponse(target, media_type=kind, filename=target.name, background=removal)


@ENDPOINTS.add("GET", "/api/takes/{name}/marks", "The moments that were marked in it")
def marks(site: Site, name: str) -> list[TakeMark]:
    found = work("marks_in_take", site.workspace.root, log=str(site.takes.path(name)))
    return [TakeMark(at=at, text=text) for at, text in found]


# --- title, tags, deletion -------------------------------------------------------------------------


@ENDPOINTS.add("PATCH", "/api/takes/{name}", "Change its title and tags")
def annotate_take(site: Site, name: str, body: Words) -> ChangedTake:
    with site.workspace.locked():
        path = site.takes.path(name)
        before = read_notes(site.workspace.logs).of(path.name)
        after = TakeNote(
            before.title if body.title is None else body.title.strip(),
            before.tags if body.tags is None else _tags(body.tags),
            before.excluded if body.excluded is None else body.excluded,
            before.trim_pauses if body.trim_pauses is None else body.trim_pauses,
        )
        entry = site.trash.remember(path.name, {"note": asdict(before)})
        annotate(site.workspace.logs, {path.name: after})
    site.hub.changed("takes")
    return ChangedTake(**asdict(site.takes.one(path)), undo=entry.id)


def _tags(tags: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


@ENDPOINTS.add("DELETE", "/api/takes/{name}", "Delete it; can be undone")
def delete(site: Site, name: str) -> Undo:
    path = site.takes.path(name)
    if site.takes.is_live(path.name):
        raise Conflict(f"{path.name} is being recorded: stop the session first, then delete it")
    if site.playback.now["name"] == path.name:
        site.playback.stop()
    with site.workspace.locked():
        note = read_notes(site.workspace.logs).of(path.name)
        entry = site.trash.delete("take", path.name, [path, path.with_suffix(SUFFIX)], {"note": asdict(note)})
        annotate(site.workspace.logs, {path.name: None})
    return deleted(site, entry, note.title)


# --- files that are sent ---------------------------------------------------------------------------


@ENDPOINTS.add("POST", "/api/takes", "Add a log", upload_limit=LOG_LIMIT)
def upload_log(site: Site, query: NameQuery, upload: IO[bytes]) -> Take:
    path = add_log(site.workspace, query.name, upload)
    changed(site, "take")
    return site.takes.one(path)


@ENDPOINTS.add("POST", "/api/takes/midi", "Add a MIDI file as a take", upload_limit=MIDI_LIMIT)
def upload_midi(site: Site, query: NameQuery, upload: IO[bytes]) -> Take:
    config = site.config.config
    if config is None:
        raise ConfigError("a MIDI file becomes a take by the mapping of the instrument: set the workspace up first")
    path, remarks = add_midi(site.workspace, config, query.name, upload)
    if remarks:
        site.hub.say("warning", f"{query.name}: {'; '.join(remarks)}.")
    changed(site, "take")
    return site.takes.one(path)
