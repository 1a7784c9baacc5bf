"""“Make it play like me” over HTTP: begin, stop, keep the new model or go back; how it goes comes by WebSocket."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from impsy.config.schema import Size
from impsy.protocol.own_model import OwnModel
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.api.models import choose
from impsy.web.site import Site

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()


class Begin(Body):
    """How it is to be trained; what is left out is automatic."""

    size: Size = "s"
    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    minutes: Annotated[float, Field(gt=0, le=60 * 24 * 7)] | None = None


@ENDPOINTS.add("GET", "/api/own-model", "How far it is")
def status(site: Site) -> OwnModel:
    return site.own_model.status()


@ENDPOINTS.add("POST", "/api/own-model", "Learn from today's takes, and play so")
def begin(site: Site, body: Begin) -> OwnModel:
    options = {"epochs": body.epochs, "minutes": body.minutes}
    return site.own_model.start(body.size, {key: value for key, value in options.items() if value is not None})


@ENDPOINTS.add("POST", "/api/own-model/stop", "End the learning; what plays plays on")
def stop(site: Site) -> OwnModel:
    return site.own_model.stop()


@ENDPOINTS.add("POST", "/api/own-model/keep", "Play with the new model from now on")
def keep(site: Site) -> OwnModel:
    name = site.own_model.learned
    file, fits = choose(site, name)
    return site.own_model.keep(file if fits else "")


@ENDPOINTS.add("POST", "/api/own-model/back", "Play with the model before; the new one stays")
def back(site: Site) -> OwnModel:
    return site.own_model.go_back()
