"""Takes over HTTP: list, picture, words, undo, files in and out, playing them again."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated

from pydantic import Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from impsy.codecs.log import MODEL, PERFORMER, LogForm, LogRow, decode_row, dimension_of, log_name
from impsy.data.logs.reading import log_lines
from impsy.data.takes import LONGEST_TAG, LONGEST_TITLE, MOST_TAGS, TakeNote, annotate, read_notes
from impsy.errors import ConfigError, DataError, PeerError
from impsy.mapping.entries import entry_to_list
from impsy.perform.recording.takes import inputs_for, output_for
from impsy.protocol.library import ChangedTake, Done, Picture, PlaybackState, Take, Trashed, Undo
from impsy.protocol.pages import Topic
from impsy.web.config.mappings import configured, labels_for, plays_notes
from impsy.web.jobs.worker import work
from impsy.web.library.pictures import Shelf, draw
from impsy.web.library.playback import LONGEST_PAUSE, Playback, Who
from impsy.web.library.takes import controls_of_take, is_live, list_takes, take_path
from impsy.web.library.trash import CHANGE, Entry
from impsy.web.parts import NameQuery, keep, part, received, trash_of
from impsy.web.server.endpoints import Body, Call, Clash, Endpoint
from impsy.web.site import Site

__all__ = ["ENDPOINTS"]

LOG_LIMIT, MIDI_LIMIT = 256 << 20, 16 << 20

Seconds = Annotated[float, Field(ge=0, le=10 * 365 * 86400)]


class PictureQuery(Body):
    """Which part of a take, and how finely."""

    points: Annotated[int, Field(ge=2, le=10_000)] = 1500
    begin: Annotated[Seconds, Field(alias="from")] = 0.0
    end: Annotated[Seconds | None, Field(alias="to")] = None


class Words(Body):
    """What is to be said of a take; what is left out stays."""

    title: Annotated[str, Field(max_length=LONGEST_TITLE)] | None = None
    tags: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]], Field(max_length=MOST_TAGS)]
        | None
    ) = None
    excluded: bool | None = None


class Play(Body):
    """How to play a take: ``pauses`` "short" makes long ones three seconds."""

    speed: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    who: Who = "both"
    begin: Annotated[Seconds, Field(alias="from")] = 0.0
    pauses: Annotated[str, Field(pattern="^(short|whole)$")] = "short"


def _shelf(site: Site) -> Shelf:
    return part(site, "shelf", Shelf)


def playback_of(site: Site) -> Playback:
    """What plays takes here."""
    return part(site, "playback", lambda: Playback(site.hub, site.link))


# --- looking ---------------------------------------------------------------------------------------


def _list(call: Call) -> list[Take]:
    _tell_of_notes(call.site)
    return list_takes(call.site)


def _tell_of_notes(site: Site) -> None:
    """Say once what of the titles and tags could not be understood."""
    told: set[str] = part(site, "told of notes", set)
    for problem in read_notes(site.workspace.logs).problems:
        if problem not in told:
            told.add(problem)
            text = problem.replace(f"{site.workspace.root}{os.sep}", "")
            site.hub.send({"type": "sentence", "level": "warning", "text": text})


def _picture(call: Call) -> Picture:
    query = call.query(PictureQuery)
    path = take_path(call.site, call.path["name"])
    controls = controls_of_take(path)
    played = _shelf(call.site).take(path, controls)
    end = played.seconds if query.end is None else min(query.end, played.seconds)
    begin = min(query.begin, end)
    drawn = draw(played, query.points, begin, end)
    labels = labels_for(configured(call.site.workspace), controls)
    return Picture(seconds=round(played.seconds, 3), begin=begin, end=end, labels=labels, **drawn)


def _file(call: Call) -> Response:
    path = take_path(call.site, call.path["name"])
    return FileResponse(path, media_type="text/plain; charset=utf-8", filename=path.name)


def _midi(call: Call) -> Response:
    site = call.site
    path = take_path(site, call.path["name"])
    controls = controls_of_take(path)
    mapping = [entry_to_list(entry) for entry in output_for(configured(site.workspace), controls)]
    site.workspace.private.mkdir(parents=True, exist_ok=True)
    handle, target = mkstemp(prefix="export-", suffix=".mid", dir=site.workspace.private)
    os.close(handle)
    try:
        work("take_to_midi", site.workspace.root, log=str(path), controls=controls, mapping=mapping, target=target)
    except BaseException:
        Path(target).unlink(missing_ok=True)
        raise
    name = f"{path.stem}.mid"
    return FileResponse(target, media_type="audio/midi", filename=name, background=BackgroundTask(os.unlink, target))


# --- words, undo -----------------------------------------------------------------------------------


def _patch(call: Call) -> ChangedTake:
    site, words = call.site, call.body(Words)
    path = take_path(site, call.path["name"])
    before = read_notes(site.workspace.logs).of(path.name)
    after = TakeNote(
        before.title if words.title is None else words.title.strip(),
        before.tags if words.tags is None else _tags(words.tags),
        before.excluded if words.excluded is None else words.excluded,
    )
    entry = trash_of(site).remember(path.name, {"note": asdict(before)})
    annotate(site.workspace.logs, {path.name: after})
    site.hub.changed("takes")
    take = list_takes(site, [path])[0]
    return ChangedTake(**asdict(take), undo=entry.id)


def _tags(tags: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


def _delete(call: Call) -> Undo:
    site = call.site
    path = take_path(site, call.path["name"])
    if is_live(site, path.name):
        raise Clash(f"{path.name} is being recorded: stop the session first, then delete it")
    if playback_of(site).now["name"] == path.name:
        playback_of(site).stop()
    note = read_notes(site.workspace.logs).of(path.name)
    entry = trash_of(site).delete("take", path.name, [path], {"note": asdict(note)})
    annotate(site.workspace.logs, {path.name: None})
    _tell(site, "take")
    return Undo(undo=entry.id, sentence=f"{note.title or path.name} was deleted")


_LISTS: dict[str, Topic] = {
    "take": "takes",
    "dataset": "datasets",
    "model": "models",
    "training": "training",
    CHANGE: "takes",
}


def _tell(site: Site, what: str) -> None:
    if what in _LISTS:
        site.hub.changed(_LISTS[what])
    site.hub.changed("trash")


def _undo(call: Call) -> Done:
    site = call.site
    trash = trash_of(site)
    entry = trash.find(call.path["id"])
    if entry.extra.get("replaced"):  # what has taken its place goes where it was
        trash.exchange(entry)
    else:
        trash.restore(entry)
    note = _note_in(entry)
    if note is not None:
        annotate(site.workspace.logs, {entry.name: note})
    _tell(site, entry.what)
    if entry.what == CHANGE:
        return Done(sentence=f"{entry.name} has the title, the tags and the place that it had before")
    return Done(sentence=f"{entry.name} is back")


def _note_in(entry: Entry) -> TakeNote | None:
    note = entry.extra.get("note")
    if not isinstance(note, dict):
        return None
    title, tags, excluded = note.get("title", ""), note.get("tags", ()), note.get("excluded", False)
    if not isinstance(title, str) or not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise DataError(f"what was said of {entry.name} before is damaged, and cannot be undone")
    return TakeNote(title, tuple(tags), bool(excluded))


def _trash(call: Call) -> list[Trashed]:
    return [
        Trashed(id=entry.id, what=entry.what, name=entry.name, time=entry.time)
        for entry in trash_of(call.site).deleted()
    ]


# --- files that are sent ---------------------------------------------------------------------------


def _upload(call: Call) -> Take:
    site, given = call.site, call.query(NameQuery).name
    with received(site, given, call.upload) as file:
        first = _first_row(file)
        dimension = dimension_of(given)
        if dimension is None:
            dimension = len(first.values) + 1
        if not 2 <= dimension <= 1025:
            raise DataError(f"{given}: a take has 1 to 1024 values in a row")
        log = work("check_log", site.workspace.root, file=str(file), controls=dimension - 1)
        if not log["rows"]:
            told = f" ({log['problem']})" if log["problem"] else ""
            raise DataError(f"{given}: no row of it is one of a take with {dimension - 1} values{told}")
        name = given if dimension_of(given) is not None else log_name(first.time, dimension)
        path = site.workspace.inside(site.workspace.logs, name)
        keep(file, path, "take")
    if name != given:
        with suppress(DataError):  # the name is too long for a title
            annotate(site.workspace.logs, {name: TakeNote(Path(given).stem[:LONGEST_TITLE])})
    _tell(site, "take")
    return list_takes(site, [path])[0]


def _first_row(file: Path) -> LogRow:
    """The first row that can be read, whatever its number of values; raises DataError if there is none."""
    for line in islice(log_lines(file), 10_000):
        with suppress(PeerError):
            row = decode_row(line, None, LogForm(day_first=True))
            if row is not None and row.source in (PERFORMER, MODEL):
                return row
    raise DataError(
        f"{file.name}: this is no log of a performance: no line is like “2026-09-26T10:00:00.5,interface,0.5”"
    )


def _upload_midi(call: Call) -> Take:
    site, given = call.site, call.query(NameQuery).name
    config = configured(site.workspace)
    if config is None:
        raise ConfigError("a MIDI file becomes a take by the mapping of the instrument: set the workspace up first")
    dimension = config.model.dimension
    mappings = [[entry_to_list(entry) for entry in each] for each in inputs_for(config, dimension - 1)]
    with received(site, given, call.upload) as file:
        started = datetime.now().replace(microsecond=0)
        target = file.with_name("take.log")
        try:
            found = work(
                "midi_to_take",
                site.workspace.root,
                file=str(file),
                mappings=mappings,
                started=started.isoformat(),
                target=str(target),
            )
            path = _keep_anew(site, target, started, dimension)
        finally:
            target.unlink(missing_ok=True)
    annotate(site.workspace.logs, {path.name: TakeNote(Path(given).stem[:LONGEST_TITLE], ("MIDI file",))})
    if found["remarks"]:
        text = f"{given}: {'; '.join(found['remarks'])}."
        site.hub.send({"type": "sentence", "level": "warning", "text": text})
    _tell(site, "take")
    return list_takes(site, [path])[0]


def _keep_anew(site: Site, file: Path, started: datetime, dimension: int) -> Path:
    """Keep a take under the first free second."""
    while True:
        path = site.workspace.inside(site.workspace.logs, log_name(started, dimension))
        try:
            keep(file, path, "take")
        except Clash:
            started += timedelta(seconds=1)
        else:
            return path


# --- playing ---------------------------------------------------------------------------------------


def _play(call: Call) -> PlaybackState:
    site, how = call.site, call.body(Play)
    path = take_path(site, call.path["name"])
    state = site.link.state
    if state is None:
        raise Clash("there is no session to play it: start one first")
    controls = controls_of_take(path)
    heard = state.get("output") or state.get("input")
    if isinstance(heard, list) and len(heard) != controls:
        raise Clash(f"{path.name} has {controls} controls, and the session plays {len(heard)}")
    played = _shelf(site).take(path, controls)
    chosen = played.of(how.who == "performer")[0] if how.who != "both" else played.times
    if not len(chosen):
        whose = {"performer": " of the performer", "model": " of the model"}.get(how.who, "")
        raise DataError(f"{path.name} holds no event{whose}")
    playback_of(site).play(
        path.name,
        played,
        who=how.who,
        speed=how.speed,
        begin=min(how.begin, played.seconds),
        longest_pause=LONGEST_PAUSE if how.pauses == "short" else None,
        silence=plays_notes(configured(site.workspace)),
    )
    return PlaybackState(name=path.name, at=how.begin, seconds=round(played.seconds, 3))


def _stop(call: Call) -> PlaybackState:
    playback_of(call.site).stop()
    return PlaybackState(name=None, at=0.0, seconds=0.0)


_TAKE = "/api/takes/{name}"
_TAGS = ("takes",)

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/takes", _list, "All takes, the newest first", returns=list[Take], tags=_TAGS),
    Endpoint("POST", "/api/takes", _upload, "Add a log", query=NameQuery, returns=Take, upload_limit=LOG_LIMIT),
    Endpoint(
        "POST",
        "/api/takes/midi",
        _upload_midi,
        "Add a MIDI file as a take",
        query=NameQuery,
        returns=Take,
        upload_limit=MIDI_LIMIT,
    ),
    Endpoint("GET", f"{_TAKE}/picture", _picture, "What was played", query=PictureQuery, returns=Picture),
    Endpoint("GET", f"{_TAKE}/file", _file, "Its log"),
    Endpoint("GET", f"{_TAKE}/midi", _midi, "It as a Standard MIDI File, by the mapping"),
    Endpoint("POST", f"{_TAKE}/play", _play, "Play it through the outputs", body=Play, returns=PlaybackState),
    Endpoint("PATCH", _TAKE, _patch, "Say something of it", body=Words, returns=ChangedTake),
    Endpoint("DELETE", _TAKE, _delete, "Delete it; can be undone", returns=Undo),
    Endpoint("POST", "/api/playback/stop", _stop, "Stop playing takes", returns=PlaybackState),
    Endpoint("POST", "/api/undo/{id}", _undo, "Undo a deletion or a change", returns=Done),
    Endpoint("GET", "/api/trash", _trash, "What was deleted and can be brought back", returns=list[Trashed]),
)
