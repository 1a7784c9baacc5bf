"""The wizard: a new workspace from a few choices."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from impsy.config import Mode
from impsy.config.workspace import FOLDERS, STARTER_MODELS, starter_files
from impsy.files import make_folder, write_whole
from impsy.protocol.workspace import ConfigAnswer, Setup
from impsy.web.api.config import answer
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.config.templates import STARTER_DIMENSION, TEMPLATES, Wishes, fill_in
from impsy.web.site import Site
from impsy.web.workspace import Conflict, Workspace

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()


class SetupBody(Body):
    """What was chosen. ``in_device`` is the serial port for the template ``serial``."""

    title: str = Field("My instrument", max_length=200)
    template: Literal["browser", "midi", "osc", "serial"]
    dimension: int = Field(9, ge=2, le=257, description="the number of controls, and one for time")
    mode: Mode = "callresponse"
    in_device: str | None = Field(None, max_length=200)
    out_device: str | None = Field(None, max_length=200)

    @field_validator("title", "in_device", "out_device")
    @classmethod
    def _visible(cls, text: str | None) -> str | None:
        if text is not None and not text.isprintable():
            raise ValueError("only visible characters can be used here")
        return text.strip() if text else text


@ENDPOINTS.add("GET", "/api/setup", "ways to begin a workspace", anywhere=True)
def templates() -> Setup:
    return Setup(list(TEMPLATES))


@ENDPOINTS.add("POST", "/api/setup", "make a workspace", anywhere=True)
def set_up(site: Site, body: SetupBody) -> ConfigAnswer:
    if site.config.content() is not None:
        raise Conflict(f"there is a {site.config.path.name} already: change that one, or move it away first")
    chosen = next(each for each in TEMPLATES if each.id == body.template)
    text = fill_in(chosen, Wishes(body.title, body.dimension, body.mode, body.in_device or "", body.out_device or ""))
    _make_folders(site.workspace, with_model=body.dimension == STARTER_DIMENSION)
    site.config.save(text, "")
    site.hub.changed("models")
    return answer(site.config)


def _make_folders(workspace: Workspace, with_model: bool) -> None:
    """What a new workspace has besides the configuration; files that are there stay.

    Raises:
        OSError, DeviceError: the disk refuses.
    """
    for name in FOLDERS:
        make_folder(workspace.root / name)
        workspace.folder(workspace.root / name)  # it may be a link
    starter = starter_files()
    for name in ("README.txt", *(STARTER_MODELS if with_model else ())):
        path = workspace.root / name
        if not path.exists():
            write_whole(path, starter[name])
