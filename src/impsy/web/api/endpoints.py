"""The HTTP interface as a table: method, path, and the function that answers, whose signature defines what it takes.

From the table come the routes, the checks of what arrives, and the description.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from types import UnionType
from typing import IO, Any, Literal, TypeVar, get_args, get_type_hints

from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from impsy.errors import ImpsyError
from impsy.web.site import Site
from impsy.web.workspace import Conflict, NotFound

__all__ = ["Body", "Endpoint", "Endpoints", "openapi", "problem", "routes"]

THREADS = 10
"""That answer at the same time, of each module."""

JSON_LIMIT = 4_000_000
"""Bytes of a JSON body at most."""

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = TypeVar("Handler", bound=Callable[..., Any])


class Body(BaseModel):
    """Base of JSON bodies and queries. Unknown keys are refused, so that a misspelt key is reported."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


_STATUS = {NotFound: HTTPStatus.NOT_FOUND, Conflict: HTTPStatus.CONFLICT}


@dataclass(frozen=True)
class Endpoint:
    """A row of the table.

    The handler runs in a thread of a pool. Its parameters are the parts of the path in braces (text) and, where it
    needs them, ``site``, ``body`` and ``query`` (each a :class:`Body`), and ``upload`` (the file that was sent,
    closed after the call). It returns any type that pydantic can describe, or a response. ``upload_limit`` in bytes.
    ``anywhere``: it also answers where the workspace's folder has gone; all others report that, and make no folder.
    """

    method: Method
    path: str
    handler: Callable[..., Any]
    summary: str
    anywhere: bool = False
    upload_limit: int = 0

    @cached_property
    def types(self) -> dict[str, Any]:
        """Of the handler's parameters, by name, and of its answer as ``return``."""
        return get_type_hints(self.handler, include_extras=True)

    @property
    def body(self) -> type[BaseModel] | None:
        """The JSON body that it takes."""
        return self.types.get("body")

    @property
    def query(self) -> type[BaseModel] | None:
        """What it takes after the question mark."""
        return self.types.get("query")

    @cached_property
    def returns(self) -> TypeAdapter[Any] | None:
        """The type of its answer, where it is not a response of another kind; None: a file or a page."""
        found = self.types["return"]
        if isinstance(found, UnionType):
            found = get_args(found)[0]
        return None if isinstance(found, type) and issubclass(found, Response) else TypeAdapter(found)


class Endpoints(list[Endpoint]):
    """The endpoints of a module."""

    def add(
        self, method: Method, path: str, summary: str, *, anywhere: bool = False, upload_limit: int = 0
    ) -> Callable[[Handler], Handler]:
        """A decorator of the handler; see :class:`Endpoint`."""

        def add(handler: Handler) -> Handler:
            self.append(Endpoint(method, path, handler, summary, anywhere, upload_limit))
            return handler

        return add


def problem(status: int, sentence: str, advice: str = "") -> JSONResponse:
    """What the page shows when something could not be done."""
    return JSONResponse({"error": sentence, "advice": advice}, status)


def routes(endpoints: Iterable[Endpoint], site: Site) -> list[Route]:
    """Starlette's routes for a table.

    Each module's endpoints have threads of their own: however many lists are waited for, a session can be stopped.
    """
    threads: dict[str, CapacityLimiter] = defaultdict(lambda: CapacityLimiter(THREADS))
    return [
        Route(row.path, _answering(row, site, threads[row.handler.__module__]), methods=[row.method])
        for row in endpoints
    ]


def _answering(row: Endpoint, site: Site, threads: CapacityLimiter) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        given: dict[str, Any] = dict(request.path_params)
        try:
            if row.query is not None:
                given["query"] = row.query.model_validate(dict(request.query_params))
            if row.body is not None:
                given["body"] = await _read_json(request, row.body)
            if row.upload_limit:
                given["upload"] = await _read_file(request, row.upload_limit)
            return await to_thread.run_sync(_handle, row, site, given, limiter=threads)
        except ValidationError as error:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, _in_words(error))
        except HTTPException as error:
            return problem(error.status_code, error.detail)
        except ImpsyError as error:
            return problem(_STATUS.get(type(error), HTTPStatus.UNPROCESSABLE_ENTITY), str(error))
        except OSError as error:
            return problem(HTTPStatus.INSUFFICIENT_STORAGE, _of_the_disk(error, site.workspace.root))
        finally:
            if "upload" in given:
                given["upload"].close()

    return answer


def _handle(row: Endpoint, site: Site, given: dict[str, Any]) -> Response:
    """The whole answer, text included: making a long one in the loop would delay what is played."""
    root = site.workspace.root
    if not row.anywhere and not root.is_dir():
        raise NotFound(
            f"The folder {root.name} is gone: nothing can be kept in it, or played. Put it back where it was, or end "
            "impsy webui and start it in another one"
        )
    if "site" in row.types:
        given = {**given, "site": site}
    result = row.handler(**given)
    if isinstance(result, Response):
        return result
    return Response("".join(_pieces(result)), media_type="application/json")


_DEPTH = 2
_TOGETHER = 64
"""Items of a list that are encoded by one call, unless they are lists."""


def _pieces(value: Any, depth: int = _DEPTH) -> Iterator[str]:
    """Its JSON. Lists are encoded item by item: the encoder lets no other thread run before it has done."""
    if isinstance(value, list) and value and depth:
        few = 1 if isinstance(value[0], list) else _TOGETHER
        for begin in range(0, len(value), few):
            yield ", " if begin else "["
            yield _ENCODER.encode(value[begin : begin + few])[1:-1]
        yield "]"
    elif isinstance(value, dict) and value and depth:
        for number, (key, item) in enumerate(value.items()):
            yield f"{', ' if number else '{'}{_ENCODER.encode(key)}: "
            yield from _pieces(item, depth - 1)
        yield "}"
    elif depth == _DEPTH and (isinstance(value, BaseModel) or is_dataclass(value)):
        yield from _pieces(_fields(value))
    else:
        yield _ENCODER.encode(value)


def _fields(value: Any) -> dict[str, Any]:
    """A dataclass or a model as the object that JSON has for it."""
    if isinstance(value, BaseModel):
        return dict(value)
    return {each.name: getattr(value, each.name) for each in fields(value)}


_ENCODER = json.JSONEncoder(allow_nan=False, default=_fields)


async def _read_json(request: Request, kind: type[BaseModel]) -> BaseModel:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        # Forms of other sites cannot send this type.
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "this takes JSON: send it as application/json")
    content = bytearray()
    async for chunk in _chunks(request, JSON_LIMIT):
        content += chunk
    return kind.model_validate_json(bytes(content), strict=True)


async def _read_file(request: Request, limit: int) -> IO[bytes]:
    file = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - closed by the caller
    try:
        async for chunk in _chunks(request, limit):
            await run_in_threadpool(file.write, chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


async def _chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    too_large = HTTPException(status, f"this is too large: at most {limit / 1e6:g} MB are taken here")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large
    read = 0
    try:
        async for chunk in request.stream():
            read += len(chunk)
            if read > limit:
                raise too_large
            yield chunk
    except ClientDisconnect as gone:
        raise HTTPException(status, "the connection ended before everything had arrived") from gone


def _in_words(error: ValidationError) -> str:
    parts = [f"{'.'.join(map(str, each['loc'])) or 'this'}: {each['msg']}" for each in error.errors()]
    return "; ".join(parts)


def _of_the_disk(error: OSError, root: Path) -> str:
    where = Path(error.filename) if isinstance(error.filename, str) else None
    if where is not None and where.is_relative_to(root):
        where = where.relative_to(root)
    what = error.strerror or str(error)
    return f"{where or 'The disk'}: {what}. See whether the disk is full, and the workspace still there and as it was"


# --- the description ----------------------------------------------------------------------------------

_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "advice": {"type": "string"}},
    "required": ["error", "advice"],
}
_FAILED = {
    "description": "a sentence on why it could not be done",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
_FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def openapi(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The table as an OpenAPI 3.1 document (specification: spec.openapis.org/oas/v3.1.0)."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Error": _ERROR}
    for row in endpoints:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, schemas)
    info = {"title": "IMPSY", "version": version, "description": "What the page asks of the web process."}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _operation(row: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    names = [part[1:-1] for part in row.path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    if row.query is not None:
        whole = _schema(TypeAdapter(row.query), schemas)
        parameters += [
            {"name": name, "in": "query", "required": name in whole.get("required", []), "schema": schema}
            for name, schema in whole["properties"].items()
        ]
    content = {"*/*": {}} if row.returns is None else {"application/json": {"schema": _schema(row.returns, schemas)}}
    operation: dict[str, Any] = {
        "summary": row.summary,
        "parameters": parameters,
        "responses": {"200": {"description": "done", "content": content}, "default": _FAILED},
    }
    if row.body is not None:
        body = {"application/json": {"schema": _schema(TypeAdapter(row.body), schemas)}}
        operation["requestBody"] = {"required": True, "content": body}
    elif row.upload_limit:
        operation["requestBody"] = {"required": True, "content": _FILE}
    return operation


def _schema(kind: TypeAdapter[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; those that it refers to are added to ``schemas``."""
    schema = kind.json_schema(ref_template="#/components/schemas/{model}", mode="validation")
    schemas.update(schema.pop("$defs", {}))
    return schema
