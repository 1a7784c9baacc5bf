"""The configuration over HTTP: what it means, read, checked, edited as a draft, saved; its versions; its scenes."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import cast
from urllib.parse import quote

from pydantic import Field, create_model
from starlette.responses import JSONResponse, Response

from impsy.config.document import ConfigDocument
from impsy.config.schema import scene_fields
from impsy.errors import ConfigError, DataError
from impsy.limits import CONFIG_CHARACTERS
from impsy.protocol.library import Done
from impsy.protocol.workspace import (
    CheckedText,
    ConfigAnswer,
    ConfigProblem,
    ConfigText,
    ConfigVersion,
    EditedText,
    FormSchema,
    Scene,
)
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.config.drafts import Change, edited, in_present_form, read_draft
from impsy.web.config.file import ConfigFile
from impsy.web.config.forms import config_schema, mapping_kinds
from impsy.web.site import Site
from impsy.web.workspace import NotFound

__all__ = ["ENDPOINTS", "answer"]

ENDPOINTS = Endpoints()
LONGEST_SCENE_NAME = 60


class TextBody(Body):
    """A text of a configuration."""

    text: str = Field(max_length=int(CONFIG_CHARACTERS))


class EditBody(TextBody):
    """A text and how to change it, one change after the other."""

    changes: list[Change] = Field(max_length=200)


class SaveBody(TextBody):
    """A text to be saved in place of the file that ``stamp`` is of."""

    stamp: str = Field(max_length=64)


class Settings(create_model("Settings", __base__=Body, **scene_fields())):  # type: ignore[misc]
    """What a scene sets; what is absent or null it leaves alone."""

    model: str | None = Field(None, min_length=1, max_length=300)


def answer(file: ConfigFile) -> ConfigAnswer:
    """The configuration as it is on the disk, whatever state it is in. Raises OSError."""
    saved = file.read()
    return ConfigAnswer(
        exists=bool(saved.stamp),
        path=str(file.path),
        text=saved.text,
        stamp=saved.stamp,
        values=saved.values,
        problems=saved.problems,
        understood=saved.understood,
        schema=cast("FormSchema", config_schema()),
        mapping_kinds=mapping_kinds(),
    )


@ENDPOINTS.add("GET", "/api/config", "the configuration, its problems and its schema")
def get(site: Site) -> ConfigAnswer:
    return answer(site.config)


@ENDPOINTS.add("PUT", "/api/config", "save the configuration, keeping the previous version")
def save(site: Site, body: SaveBody) -> ConfigAnswer | Response:
    try:
        site.config.save(body.text, body.stamp)
    except ConfigError:
        return _refusal(read_draft(body.text, site.config.path).problems)
    return answer(site.config)


def _refusal(problems: list[ConfigProblem]) -> Response:
    count = sum(problem.level == "error" for problem in problems)
    error = f"This cannot be saved yet: {'one thing is' if count == 1 else f'{count} things are'} wrong with it."
    advice = "Each is shown beside its place. The file is as it was."
    content = {"error": error, "advice": advice, "problems": [asdict(each) for each in problems]}
    return JSONResponse(content, HTTPStatus.UNPROCESSABLE_ENTITY)


@ENDPOINTS.add("POST", "/api/config/check", "check a text")
def check(site: Site, body: TextBody) -> CheckedText:
    draft = read_draft(body.text, site.config.path)
    return CheckedText(values=draft.values, problems=draft.problems, understood=draft.understood)


@ENDPOINTS.add("POST", "/api/config/edit", "change a text by key, its comments kept; nothing is saved")
def edit(site: Site, body: EditBody) -> EditedText:
    return _edited(edited(body.text, body.changes, site.config.path.name), site)


@ENDPOINTS.add("POST", "/api/config/upgrade", "write a text in the present form, comments kept; nothing is saved")
def upgrade(site: Site, body: TextBody) -> EditedText:
    return _edited(in_present_form(body.text, site.config.path.name), site)


def _edited(text: str, site: Site) -> EditedText:
    draft = read_draft(text, site.config.path)
    return EditedText(text=text, values=draft.values, problems=draft.problems, understood=draft.understood)


@ENDPOINTS.add("GET", "/api/config/file", "the configuration file")
def download(site: Site) -> Response:
    name, content = site.config.path.name, site.config.content()
    if content is None:
        raise NotFound(f"there is no {name} yet: set the workspace up first")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type="application/toml", headers=headers)


@ENDPOINTS.add("GET", "/api/config/previous", "versions that were replaced")
def versions(site: Site) -> list[ConfigVersion]:
    return site.config.versions()


@ENDPOINTS.add("POST", "/api/config/previous/{name}", "the text of one of them")
def version(site: Site, name: str) -> ConfigText:
    return ConfigText(site.config.version(name))


# --- scenes ------------------------------------------------------------------------------------------


@ENDPOINTS.add("PUT", "/api/scenes/{name}", "save a scene")
def put_scene(site: Site, name: str, body: Settings) -> Scene:
    if not name.strip() or len(name) > LONGEST_SCENE_NAME or not name.isprintable():
        raise DataError(f"a scene needs a name of {LONGEST_SCENE_NAME} characters at most, all of them visible")
    given = body.model_dump(exclude_none=True)

    def put(document: ConfigDocument) -> None:
        before = document.get(("scenes", name), {})
        for key in before if isinstance(before, dict) else ():
            if key in Settings.model_fields and key not in given:
                document.unset(("scenes", name, key))
        document.set(("scenes", name), given)

    site.config.change(put)
    return Scene(name=name, **given)


@ENDPOINTS.add("DELETE", "/api/scenes/{name}", "delete a scene")
def delete_scene(site: Site, name: str) -> Done:
    def delete(document: ConfigDocument) -> None:
        scenes = document.get("scenes", {})
        if not isinstance(scenes, dict) or name not in scenes:
            raise NotFound(f"there is no scene “{name}” (any more)")
        # The last scene goes together with the section that holds it.
        document.unset(("scenes",) if len(scenes) == 1 else ("scenes", name))

    site.config.change(delete)
    return Done(f"The scene “{name}” is deleted; the configuration as it was is kept.")
