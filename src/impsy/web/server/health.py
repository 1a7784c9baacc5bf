"""Asks a web interface whether it answers: for watchdogs and the health checks of containers."""

from __future__ import annotations

import http.client
import json

from impsy.errors import DeviceError
from impsy.hosts import WILDCARDS

__all__ = ["TOKEN_VARIABLE", "ask"]

TOKEN_VARIABLE = "IMPSY_TOKEN"  # noqa: S105 - a variable's name

LARGEST_ANSWER = 1 << 20


def ask(host: str, port: int, token: str = "", seconds: float = 3.0) -> str:
    """How the session is, in a word: "running", "stopped", … or "locked" where the token is needed to know.

    Args:
        host: the address that the server listens on; one that means "every address" is asked on this machine.
        port: its TCP port.
        token: what lets in.
        seconds: how long the answer may take.

    Raises:
        DeviceError: nothing answers there, or something else than a web interface of IMPSY.
    """
    if host in WILDCARDS:
        host = "::1" if host == "::" else "127.0.0.1"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", "/api/session", headers=headers)
        answer = connection.getresponse()
        content = answer.read(LARGEST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise DeviceError(
            f"nothing answers at {host} port {port} ({error}): is `impsy webui` running there? "
            "Start it, or name its --host and --port"
        ) from error
    finally:
        connection.close()
    if answer.status == http.client.UNAUTHORIZED and answer.headers.get("WWW-Authenticate") == "Bearer":
        return "locked"
    try:
        status = json.loads(content)["status"] if answer.status == http.client.OK else None
    except (ValueError, TypeError, KeyError, RecursionError):
        status = None
    if not isinstance(status, str):
        raise DeviceError(
            f"what answers at {host} port {port} is not the web interface of IMPSY (HTTP {answer.status}): "
            "name its port by --port"
        )
    return status
