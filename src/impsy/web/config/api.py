"""The configuration over HTTP: what it means, read, checked, edited as a draft, saved; its versions; its scenes."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import cast
from urllib.parse import quote

from pydantic import Field, create_model
from starlette.responses import JSONResponse, Response

from impsy.config.document import ConfigDocument
from impsy.config.schema import scene_fields
from impsy.errors import ConfigError, DataError
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
from impsy.web.config.drafts import TEXT_LIMIT, Change, Draft, edit, in_present_form, read_draft
from impsy.web.config.file import ConfigFile
from impsy.web.config.forms import config_schema, mapping_kinds
from impsy.web.server.endpoints import Body, Call, Endpoint, NotThere
from impsy.web.server.overview import ENDPOINT as OVERVIEW

__all__ = ["ENDPOINTS", "answer"]

LONGEST_SCENE_NAME = 60


class TextBody(Body):
    """A text of a configuration."""

    text: str = Field(max_length=TEXT_LIMIT)


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
    content = file.content()
    text, draft = "", Draft(None, [])
    if content is not None:
        text, draft = _read(content, file.path)
    return ConfigAnswer(
        exists=content is not None,
        path=str(file.path),
        text=text,
        stamp=file.stamp(content),
        values=draft.values,
        problems=draft.problems,
        understood=draft.understood,
        schema=cast("FormSchema", config_schema()),
        mapping_kinds=mapping_kinds(),
    )


def _read(content: bytes, path: Path) -> tuple[str, Draft]:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "this is not text in UTF-8: what could not be read is shown as �. Mend it, and save"
        return content.decode(errors="replace"), Draft(None, [ConfigProblem("", [], message, line, "error")])
    return text, read_draft(text, path)


def _get(call: Call) -> ConfigAnswer:
    return answer(ConfigFile(call.site.workspace))


def _check(call: Call) -> CheckedText:
    draft = read_draft(call.body(TextBody).text, call.site.workspace.config)
    return CheckedText(values=draft.values, problems=draft.problems, understood=draft.understood)


def _edit(call: Call) -> EditedText:
    body, path = call.body(EditBody), call.site.workspace.config
    return _edited(edit(body.text, body.changes, path.name), path)


def _upgrade(call: Call) -> EditedText:
    path = call.site.workspace.config
    return _edited(in_present_form(call.body(TextBody).text, path.name), path)


def _edited(text: str, path: Path) -> EditedText:
    draft = read_draft(text, path)
    return EditedText(text=text, values=draft.values, problems=draft.problems, understood=draft.understood)


def _save(call: Call) -> ConfigAnswer | Response:
    body, file = call.body(SaveBody), ConfigFile(call.site.workspace)
    try:
        file.save(body.text, body.stamp)
    except ConfigError:
        return _refusal(read_draft(body.text, file.path).problems)
    call.site.hub.changed("config")
    return answer(file)


def _refusal(problems: list[ConfigProblem]) -> Response:
    count = sum(problem.level == "error" for problem in problems)
    error = f"This cannot be saved yet: {'one thing is' if count == 1 else f'{count} things are'} wrong with it."
    advice = "Each is told beside its place. The file is as it was."
    content = {"error": error, "advice": advice, "problems": [asdict(each) for each in problems]}
    return JSONResponse(content, HTTPStatus.UNPROCESSABLE_ENTITY)


def _download(call: Call) -> Response:
    file = ConfigFile(call.site.workspace)
    content = file.content()
    if content is None:
        raise NotThere(f"there is no {file.path.name} yet: set the workspace up first")
    disposition = f"attachment; filename*=UTF-8''{quote(file.path.name)}"
    return Response(content, media_type="application/toml", headers={"Content-Disposition": disposition})


def _versions(call: Call) -> list[ConfigVersion]:
    return ConfigFile(call.site.workspace).versions()


def _version(call: Call) -> ConfigText:
    return ConfigText(ConfigFile(call.site.workspace).version(call.path["name"]))


# --- scenes ------------------------------------------------------------------------------------------


def _put_scene(call: Call) -> Scene:
    name, settings = call.path["name"], call.body(Settings)
    if not name.strip() or len(name) > LONGEST_SCENE_NAME or not name.isprintable():
        raise DataError(f"a scene needs a name of {LONGEST_SCENE_NAME} characters at most, all of them visible")
    given = settings.model_dump(exclude_none=True)

    def put(document: ConfigDocument) -> None:
        before = document.get(("scenes", name), {})
        for key in before if isinstance(before, dict) else ():
            if key in Settings.model_fields and key not in given:
                document.unset(("scenes", name, key))
        document.set(("scenes", name), given)

    ConfigFile(call.site.workspace).change(put)
    call.site.hub.changed("config")
    return Scene(name=name, **given)


def _delete_scene(call: Call) -> Done:
    name = call.path["name"]

    def delete(document: ConfigDocument) -> None:
        scenes = document.get("scenes", {})
        if not isinstance(scenes, dict) or name not in scenes:
            raise NotThere(f"there is no scene “{name}” (any more)")
        # With its last scene goes the whole of it: nothing would be left to hold its name.
        document.unset(("scenes",) if len(scenes) == 1 else ("scenes", name))

    ConfigFile(call.site.workspace).change(delete)
    call.site.hub.changed("config")
    return Done(f"The scene “{name}” is gone; the configuration as it was is kept.")


ENDPOINTS = (
    OVERVIEW,
    Endpoint("GET", "/api/config", _get, "the configuration, its problems and its schema", returns=ConfigAnswer),
    Endpoint(
        "PUT", "/api/config", _save, "save the configuration, keeping the previous version",
        body=SaveBody, returns=ConfigAnswer,
    ),
    Endpoint("POST", "/api/config/check", _check, "check a text", body=TextBody, returns=CheckedText),
    Endpoint(
        "POST", "/api/config/edit", _edit, "change a text by key, its comments kept; nothing is saved",
        body=EditBody, returns=EditedText,
    ),
    Endpoint(
        "POST", "/api/config/upgrade", _upgrade, "write a text in the present form, comments kept; nothing is saved",
        body=TextBody, returns=EditedText,
    ),
    Endpoint("GET", "/api/config/file", _download, "the configuration file"),
    Endpoint("GET", "/api/config/previous", _versions, "versions that were replaced", returns=list[ConfigVersion]),
    Endpoint("POST", "/api/config/previous/{name}", _version, "the text of one of them", returns=ConfigText),
    Endpoint("PUT", "/api/scenes/{name}", _put_scene, "save a scene", body=Settings, returns=Scene),
    Endpoint("DELETE", "/api/scenes/{name}", _delete_scene, "delete a scene", returns=Done),
)  # fmt: skip
