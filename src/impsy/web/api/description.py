"""The table of endpoints as an OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from impsy.web.api.endpoints import Endpoint

__all__ = ["openapi"]

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
