"""Invitations over HTTP: who is let in, by which code, and its picture."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator
from starlette.responses import Response

from impsy.protocol.guests import GivenRole, Invitation, Invite
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.guests.invitations import DAY_MINUTES
from impsy.web.guests.pictures import qr_svg
from impsy.web.site import Site
from impsy.web.workspace import Conflict

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()

_Control = Annotated[int, Field(ge=0, le=4095)]


class Invited(Body):
    """A new invitation: ``controls`` that its guests may play (from 0), ``each`` so many of them for each guest."""

    role: GivenRole = "play"
    controls: Annotated[list[_Control], Field(min_length=1, max_length=4096)] | None = None
    each: Annotated[int, Field(ge=1, le=4096)] | None = None
    minutes: Annotated[float, Field(ge=1, le=7 * DAY_MINUTES)] = DAY_MINUTES

    @model_validator(mode="after")
    def _fits(self) -> Invited:
        if self.controls is not None and self.role != "play":
            raise ValueError("controls are for the role play")
        if self.each is not None and self.controls is None:
            raise ValueError("say which controls are given to each guest in turn")
        return self


class At(Body):
    """The address that a picture leads to: one of those that ``GET /api/invitations`` lists, or the page's own."""

    address: Annotated[str, Field(max_length=200, pattern=r"^https?://[A-Za-z0-9.:_\[\]-]+/$")]


@ENDPOINTS.add("GET", "/api/invitations", "Who can be invited, and who is", anywhere=True)
def invitations(site: Site) -> Invite:
    given = site.invitations
    return Invite(given.addresses() if not given.advice else [], given.advice, given.all())


@ENDPOINTS.add("POST", "/api/invitations", "Invite somebody", anywhere=True)
def invite(site: Site, body: Invited) -> Invitation:
    made = site.invitations.make(body.role, controls=body.controls, each=body.each, minutes=body.minutes)
    site.hub.changed("invitations")
    return made


@ENDPOINTS.add("DELETE", "/api/invitations/{id}", "Revoke an invitation; its guests must leave", anywhere=True)
def revoke(site: Site, id: str) -> Invite:
    site.invitations.revoke(id)
    site.hub.changed("invitations")
    return invitations(site)


@ENDPOINTS.add("GET", "/api/invitations/{id}/qr.svg", "The link of an invitation as a QR code", anywhere=True)
def picture(site: Site, id: str, query: At) -> Response:
    invitation = site.invitations.find(id)
    if not invitation.seconds:
        raise Conflict("this invitation is over: make a new one")
    return Response(qr_svg(f"{query.address}?join={invitation.code}"), media_type="image/svg+xml")
