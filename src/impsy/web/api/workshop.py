"""A workshop over HTTP: opened, shown, and all its instruments started, stopped and silenced."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from impsy.config import load_config
from impsy.limits import MOST_INSTRUMENTS
from impsy.protocol.guests import Invitation, Wall
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.site import Site
from impsy.web.workshop.folders import starter_template, template_files

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()


class Opened(Body):
    """A workshop of so many instruments, each like the workspace's own."""

    count: Annotated[int, Field(ge=1, le=MOST_INSTRUMENTS)]


class Which(Body):
    """One instrument, from 1; null: all."""

    number: Annotated[int, Field(ge=1, le=MOST_INSTRUMENTS)] | None = None


class One(Body):
    """One instrument, from 1."""

    number: Annotated[int, Field(ge=1, le=MOST_INSTRUMENTS)]


@ENDPOINTS.add("GET", "/api/workshop", "How the instruments of the workshop are")
def wall(site: Site) -> Wall:
    return site.workshop.wall()


@ENDPOINTS.add("POST", "/api/workshop", "Open a workshop: an instrument for each guest, like this workspace's own")
def begin(site: Site, body: Opened) -> Invitation:
    config = site.workspace.config
    files = template_files(load_config(config)) if config.exists() else starter_template()
    made = site.workshop.open(body.count, files)
    site.hub.changed("invitations")
    return made


@ENDPOINTS.add("DELETE", "/api/workshop", "Close the workshop; what was recorded stays", anywhere=True)
def end(site: Site) -> Wall:
    site.workshop.close()
    site.hub.changed("invitations")
    return wall(site)


@ENDPOINTS.add("POST", "/api/workshop/start", "Start instruments", anywhere=True)
def start(site: Site, body: Which) -> Wall:
    site.workshop.start(body.number)
    return wall(site)


@ENDPOINTS.add("POST", "/api/workshop/stop", "Stop instruments", anywhere=True)
def stop(site: Site, body: Which) -> Wall:
    site.workshop.stop(body.number)
    return wall(site)


@ENDPOINTS.add("POST", "/api/workshop/panic", "End all notes of instruments", anywhere=True)
def panic(site: Site, body: Which) -> Wall:
    site.workshop.panic(body.number)
    return wall(site)


@ENDPOINTS.add("POST", "/api/workshop/free", "Give an instrument to the next guest", anywhere=True)
def free(site: Site, body: One) -> Wall:
    site.workshop.free(body.number)
    return wall(site)
