"""What the endpoints of takes, datasets and models share: the name of a file that is sent, and undoing a deletion."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from impsy.protocol.library import Undo
from impsy.protocol.pages import Topic
from impsy.web.api.endpoints import Body
from impsy.web.library.trash import CHANGE, Entry
from impsy.web.site import Site

__all__ = ["NameQuery", "changed", "deleted"]


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
    return Undo(undo=entry.id, sentence=f"{title or entry.name} was deleted")
