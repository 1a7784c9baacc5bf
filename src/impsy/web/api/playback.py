"""Playing takes again, over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from impsy.config import Config
from impsy.mapping.entries import NoteOn
from impsy.protocol.library import PlaybackState
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.api.takes import Seconds
from impsy.web.library.playback import LONGEST_PAUSE, Who
from impsy.web.library.takes import count_controls
from impsy.web.site import Site
from impsy.web.workspace import Conflict

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()


class Play(Body):
    """How to play a take: ``pauses`` "short" makes long ones three seconds."""

    speed: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    who: Who = "both"
    begin: Annotated[Seconds, Field(alias="from")] = 0.0
    pauses: Annotated[str, Field(pattern="^(short|whole)$")] = "short"


@ENDPOINTS.add("POST", "/api/takes/{name}/play", "Play it through the outputs")
def play(site: Site, name: str, body: Play) -> PlaybackState:
    path, state = site.takes.path(name), site.link.state
    if state is None:
        raise Conflict("there is no session to play it: start one first")
    controls = count_controls(path)
    heard = state.get("output") or state.get("input")
    if isinstance(heard, list) and len(heard) != controls:
        raise Conflict(f"{path.name} has {controls} controls, and the session plays {len(heard)}")
    played = site.pictures.take(path, controls)
    site.playback.play(
        path.name,
        played,
        who=body.who,
        speed=body.speed,
        begin=min(body.begin, played.seconds),
        longest_pause=LONGEST_PAUSE if body.pauses == "short" else None,
        silence=_plays_notes(site.config.config),
    )
    return PlaybackState(name=path.name, at=body.begin, seconds=round(played.seconds, 3))


def _plays_notes(config: Config | None) -> bool:
    """Whether any output plays notes, which go on until they are ended."""
    return config is not None and any(
        isinstance(entry, NoteOn) for mapping in config.mappings("output") for entry in mapping
    )


@ENDPOINTS.add("POST", "/api/playback/stop", "Stop playing takes")
def stop(site: Site) -> PlaybackState:
    site.playback.stop()
    return PlaybackState(name=None, at=0.0, seconds=0.0)
