"""What was deleted, and undoing, over HTTP; what the endpoints of takes, datasets and models share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from impsy.data.takes import TakeNote, annotate
from impsy.errors import DataError
from impsy.protocol.library import Done, Trashed, Undo
from impsy.protocol.pages import Topic
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.library.trash import CHANGE, Entry
from impsy.web.site import Site

__all__ = ["ENDPOINTS", "NameQuery", "changed", "deleted"]

ENDPOINTS = Endpoints()
_NOTES = TypeAdapter(dict[str, TakeNote])


class NameQuery(Body):
    """The name of a file that is sent."""

    name: Annotated[str, Field(min_length=1, max_length=200)]


_LISTS: dict[str, Topic] = {
    "take": "takes",
    "dataset": "datasets",
    "model": "models",
    "training": "training",
    CHANGE: "takes",
}


def changed(site: Site, what: str) -> None:
    """Have the pages load the list of such things anew, and the trash."""
    if what in _LISTS:
        site.hub.changed(_LISTS[what])
    site.hub.changed("trash")


def deleted(site: Site, entry: Entry, title: str = "") -> Undo:
    """The answer to a deletion, which the pages are notified of."""
    changed(site, entry.what)
    return Undo(undo=entry.id, sentence=f"“{title or entry.name}” was deleted")


@ENDPOINTS.add("POST", "/api/undo/{id}", "Undo a deletion or a change")
def undo(site: Site, id: str) -> Done:
    with site.workspace.locked():
        entry = site.trash.find(id)
        if entry.extra.get("replaced"):  # what has taken its place goes where it was
            site.trash.exchange(entry)
        else:
            site.trash.restore(entry)
        notes = _notes_in(entry)
        if notes:
            annotate(site.workspace.logs, notes)
    changed(site, entry.what)
    if entry.what == CHANGE:
        if "notes" in entry.extra:
            return Done(sentence=f"{entry.name}: title, tags and place are as they were before")
        return Done(sentence=f"“{entry.name}” has the title, the tags and the place that it had before")
    return Done(sentence=f"{entry.name}: they are back" if "notes" in entry.extra else f"“{entry.name}” is back")


def _notes_in(entry: Entry) -> dict[str, TakeNote]:
    """The former notes of the takes of an entry: of one, or of several that were changed together."""
    found = dict(entry.extra.get("notes", {}))
    if "note" in entry.extra:
        found[entry.name] = entry.extra["note"]
    try:
        return _NOTES.validate_python(found)
    except ValidationError as error:
        raise DataError(f"the former title and tags of {entry.name} are damaged: this cannot be undone") from error


@ENDPOINTS.add("GET", "/api/trash", "What was deleted and can be brought back")
def list_deleted(site: Site) -> list[Trashed]:
    return [Trashed(id=each.id, what=each.what, name=each.name, time=each.time) for each in site.trash.deleted()]
