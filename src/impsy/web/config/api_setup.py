"""The wizard: a new workspace from a few choices."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from impsy.config import Mode
from impsy.config.workspace import FOLDERS, STARTER_MODEL, starter_files
from impsy.protocol.workspace import ConfigAnswer, Setup, SetupTemplate
from impsy.web.config.api import answer
from impsy.web.config.file import ConfigFile
from impsy.web.config.templates import STARTER_DIMENSION, TEMPLATES, Wishes, fill_in
from impsy.web.server.endpoints import Body, Call, Clash, Endpoint
from impsy.web.workspace import Workspace

__all__ = ["ENDPOINTS"]


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


def _templates(_call: Call) -> Setup:
    return Setup([SetupTemplate(each.id, each.title, each.description) for each in TEMPLATES])


def _set_up(call: Call) -> ConfigAnswer:
    body, workspace = call.body(SetupBody), call.site.workspace
    file = ConfigFile(workspace)
    if file.content() is not None:
        raise Clash(f"there is a {file.path.name} already: change that one, or move it away first")
    chosen = next(each for each in TEMPLATES if each.id == body.template)
    text = fill_in(chosen, Wishes(body.title, body.dimension, body.mode, body.in_device or "", body.out_device or ""))
    _make_folders(workspace, with_model=body.dimension == STARTER_DIMENSION)
    file.save(text, "")
    call.site.hub.changed("config")
    call.site.hub.changed("models")
    return answer(file)


def _make_folders(workspace: Workspace, with_model: bool) -> None:
    """What a new workspace has besides the configuration; files that are there stay. Raises OSError."""
    for name in FOLDERS:
        (workspace.root / name).mkdir(parents=True, exist_ok=True)
    starter = starter_files()
    model = (STARTER_MODEL, STARTER_MODEL.replace(".tflite", ".json")) if with_model else ()
    for name in ("README.txt", *model):
        path = workspace.root / name
        if not path.exists():
            path.write_bytes(starter[name])


ENDPOINTS = (
    Endpoint("GET", "/api/setup", _templates, "ways to begin a workspace", returns=Setup, anywhere=True),
    Endpoint("POST", "/api/setup", _set_up, "make a workspace", body=SetupBody, returns=ConfigAnswer, anywhere=True),
)
