"""What a take was made with, and its exact replay, over HTTP."""

from __future__ import annotations

from impsy.errors import DataError
from impsy.perform.exporting.takes import take_of
from impsy.protocol.library import ExactReplay, Take, TakeChange, TakeOrigin
from impsy.web.api.endpoints import Endpoints
from impsy.web.library.worker import work
from impsy.web.site import Site

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()


@ENDPOINTS.add("GET", "/api/takes/{name}/origin", "What it was made with, by its journal")
def origin(site: Site, name: str) -> TakeOrigin:
    found = work("origin_of_take", site.workspace.root, log=str(site.takes.path(name)))
    changes = [TakeChange(**each) for each in found.pop("changes")]
    return TakeOrigin(**found, changes=changes)


@ENDPOINTS.add("GET", "/api/replay", "The latest exact replay")
def status(site: Site) -> ExactReplay:
    return site.replaying.status()


@ENDPOINTS.add("POST", "/api/takes/{name}/replay", "Play it again exactly, by its journal, and compare")
def replay(site: Site, name: str) -> ExactReplay:
    path = site.takes.path(name)
    if take_of(path).journal is None:
        raise DataError(f"{path.name} has no journal beside it, so it cannot be replayed exactly")
    if site.takes.is_live(path.name):
        raise DataError(f"{path.name} is still being recorded: stop the session first, then replay it")
    return site.replaying.start(path)


@ENDPOINTS.add("POST", "/api/replay/cancel", "End the exact replay that is going on")
def cancel(site: Site) -> ExactReplay:
    return site.replaying.cancel()


@ENDPOINTS.add("POST", "/api/replay/keep", "Keep what was replayed as a take")
def keep(site: Site) -> Take:
    name = site.replaying.keep()
    return site.takes.one(site.takes.path(name))
