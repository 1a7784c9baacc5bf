"""The HTTP interface as a table: method, path, what goes in, and who answers.

From the table come the routes, the checks of what arrives, and the description that ``/api/openapi.json`` gives.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from impsy.errors import ImpsyError
from impsy.web.site import Site

__all__ = [
    "Body",
    "Call",
    "Clash",
    "Endpoint",
    "NotThere",
    "TooMuch",
    "WrongKind",
    "description",
    "problem",
    "routes",
]

logger = logging.getLogger(__name__)

JSON_LIMIT = 4 << 20
"""Bytes of a JSON body at most."""

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """What JSON bodies and queries share: unknown keys are refused, so that a typing error is told."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class NotThere(ImpsyError):
    """What was asked for does not exist (any more)."""


class Clash(ImpsyError):
    """It cannot be done now, because of something else that is the case."""


class TooMuch(ImpsyError):
    """What was sent is longer than is taken here."""


class WrongKind(ImpsyError):
    """What was sent is not of the type that is taken here."""


class NotJson(ImpsyError):
    """What was sent does not say that it is JSON, which other sites' forms cannot send."""


_STATUS: dict[type[ImpsyError], HTTPStatus] = {
    NotThere: HTTPStatus.NOT_FOUND,
    Clash: HTTPStatus.CONFLICT,
    TooMuch: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    WrongKind: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    NotJson: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


@dataclass(frozen=True)
class Call:
    """One request, taken apart and checked.

    ``path`` holds the parts of the address in braces, ``body`` and ``query`` the models that the endpoint names,
    ``upload`` the file that was sent (open, at its beginning, gone after the call).
    """

    site: Site
    path: dict[str, str]
    _body: BaseModel | None = None
    _query: BaseModel | None = None
    _upload: IO[bytes] | None = None

    def body(self, kind: type[Model]) -> Model:
        """The JSON body, which the endpoint says is a ``kind``."""
        return _as(self._body, kind)

    def query(self, kind: type[Model]) -> Model:
        """What stands after the question mark, which the endpoint says is a ``kind``."""
        return _as(self._query, kind)

    @property
    def upload(self) -> IO[bytes]:
        """The file that was sent."""
        if self._upload is None:
            raise TypeError("this endpoint takes no file")
        return self._upload


def _as(value: BaseModel | None, kind: type[Model]) -> Model:
    if not isinstance(value, kind):
        raise TypeError(f"this endpoint's table row does not name {kind.__name__}")
    return value


@dataclass(frozen=True)
class Endpoint:
    """A row of the table.

    ``returns`` is any type that pydantic can describe; None: a file or a page. ``upload_limit`` in bytes: the body is
    a file. ``handler`` runs in a thread of a pool. ``anywhere``: it is of use where the workspace's folder has gone,
    too; all else says then that it has, and makes no other in its place.
    """

    method: Method
    path: str
    handler: Callable[[Call], Any]
    summary: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    returns: Any = None
    upload_limit: int = 0
    status: HTTPStatus = HTTPStatus.OK
    anywhere: bool = False
    tags: tuple[str, ...] = field(default=())


def problem(status: int, sentence: str, advice: str = "") -> JSONResponse:
    """What the page shows when something could not be done."""
    return JSONResponse({"error": sentence, "advice": advice}, status)


def routes(endpoints: Iterable[Endpoint], site: Site) -> list[Route]:
    """Starlette's routes for a table."""
    return [Route(row.path, _answering(row, site), methods=[row.method]) for row in endpoints]


def _answering(row: Endpoint, site: Site) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        upload: IO[bytes] | None = None
        try:
            query = row.query.model_validate(dict(request.query_params)) if row.query else None
            body = await _read_json(request, row.body) if row.body else None
            if row.upload_limit:
                upload = await _read_file(request, row.upload_limit)
            call = Call(site, dict(request.path_params), body, query, upload)
            return await run_in_threadpool(_handle, row, call)
        except ValidationError as error:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, _in_words(error))
        except ImpsyError as error:
            return problem(_STATUS.get(type(error), HTTPStatus.UNPROCESSABLE_ENTITY), str(error))
        except OSError as error:
            return problem(HTTPStatus.INSUFFICIENT_STORAGE, _of_the_disk(error, site.workspace.root))
        finally:
            if upload is not None:
                upload.close()

    return answer


def _handle(row: Endpoint, call: Call) -> Response:
    """The whole answer, text included: a long one must not keep the loop from passing on what is played."""
    root = call.site.workspace.root
    if not row.anywhere and not root.is_dir():
        raise NotThere(
            f"The folder {root.name} is gone: nothing can be kept in it, or played. Put it back where it was, or end "
            "impsy webui and start it in another one"
        )
    result = row.handler(call)
    if isinstance(result, Response):
        return result
    content = json.dumps(result, allow_nan=False, default=_fields)
    return Response(content, row.status, media_type="application/json")


def _fields(value: Any) -> dict[str, Any]:
    """A dataclass or a model as the object that JSON has for it."""
    if isinstance(value, BaseModel):
        return dict(value)
    return {each.name: getattr(value, each.name) for each in fields(value)}


async def _read_json(request: Request, kind: type[BaseModel]) -> BaseModel:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise NotJson("this takes JSON: send it as application/json")
    content = bytearray()
    async for chunk in _chunks(request, JSON_LIMIT):
        content += chunk
    return kind.model_validate_json(bytes(content), strict=True)


async def _read_file(request: Request, limit: int) -> IO[bytes]:
    file = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - closed by whoever asked for it
    try:
        async for chunk in _chunks(request, limit):
            await run_in_threadpool(file.write, chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


async def _chunks(request: Request, limit: int) -> Any:
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > limit:
        raise _too_much(limit)
    read = 0
    try:
        async for chunk in request.stream():
            read += len(chunk)
            if read > limit:
                raise _too_much(limit)
            yield chunk
    except ClientDisconnect as gone:
        raise TooMuch("the connection ended before everything had arrived") from gone


def _too_much(limit: int) -> TooMuch:
    return TooMuch(f"this is too large: at most {limit / (1 << 20):g} MiB are taken here")


def _in_words(error: ValidationError) -> str:
    parts = [f"{'.'.join(map(str, each['loc'])) or 'this'}: {each['msg']}" for each in error.errors()]
    return "; ".join(parts)


def _of_the_disk(error: OSError, root: Path) -> str:
    where = Path(error.filename) if isinstance(error.filename, str) else None
    if where is not None and where.is_relative_to(root):
        where = where.relative_to(root)
    what = error.strerror or str(error)
    return f"{where or 'The disk'}: {what}. See whether the disk is full and the workspace is still there"


# --- the description ---------------------------------------------------------------------------------


def description(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The table as an OpenAPI 3.1 document (specification: spec.openapis.org/oas/v3.1.0)."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {
        "Error": {
            "type": "object",
            "properties": {"error": {"type": "string"}, "advice": {"type": "string"}},
            "required": ["error", "advice"],
        }
    }

    def schema_of(kind: Any) -> dict[str, Any]:
        schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}", mode="validation")
        schemas.update(schema.pop("$defs", {}))
        return schema

    failed = {
        "description": "a sentence that says why not",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for row in endpoints:
        names = [part[1:-1] for part in row.path.split("/") if part.startswith("{")]
        parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
        if row.query is not None:
            whole = schema_of(row.query)
            required = whole.get("required", [])
            parameters += [
                {"name": name, "in": "query", "required": name in required, "schema": schema}
                for name, schema in whole["properties"].items()
            ]
        content = {"application/json": {"schema": schema_of(row.returns)}} if row.returns is not None else {"*/*": {}}
        operation: dict[str, Any] = {
            "summary": row.summary,
            "parameters": parameters,
            "responses": {str(int(row.status)): {"description": "done", "content": content}, "default": failed},
        }
        if row.body is not None:
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": schema_of(row.body)}},
            }
        elif row.upload_limit:
            binary = {"schema": {"type": "string", "format": "binary"}}
            operation["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
        paths.setdefault(row.path, {})[row.method.lower()] = operation
    info = {"title": "IMPSY", "version": version, "description": "What the page asks of the web process."}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas}}
