"""Who may send requests: pages of this server, and programs that are no browsers. All others are refused.

A page on any site can make its visitor's browser send requests to this machine. What keeps it out:

- **Host**: a stranger's name can be made to point here (DNS rebinding); then the stranger's page and this server look
  like one site to the browser. So only names that are this machine's are answered.
- **Origin, Sec-Fetch-Site**: browsers name the page that a request comes from, with every request that changes
  something and with each WebSocket (RFC 6455, section 10.2; Fetch Metadata, w3.org/TR/fetch-metadata).
- **A token**, where others than this machine can reach the server.
- **Headers**: the browser runs this server's own scripts only, and shows its pages in no frame.
"""

from __future__ import annotations

import hmac
import html
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impsy.errors import ConfigError
from impsy.hosts import is_loopback, is_own
from impsy.web.api.endpoints import problem
from impsy.web.server.health import TOKEN_VARIABLE

__all__ = ["CONTENT_POLICY", "Safety", "SafetyRules", "rules_for"]

SHORTEST_TOKEN = 12
COOKIE_SECONDS = 30 * 24 * 3600

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)

_OFF = (
    "accelerometer",
    "camera",
    "display-capture",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(["midi=(self)", *(f"{feature}=()" for feature in _OFF)]),
}

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")


@dataclass(frozen=True)
class SafetyRules:
    """What ``Safety`` goes by.

    Attributes:
        loopback: only this machine can reach the server.
        token: must come with every request; None: none is needed.
        allowed_hosts: more names, with or without a port, that the server is known by.
    """

    loopback: bool = True
    token: str | None = field(default=None, repr=False)
    allowed_hosts: frozenset[str] = frozenset()


def rules_for(host: str, allow_hosts: Iterable[str], environment: Mapping[str, str]) -> SafetyRules:
    """The rules for a server that listens on ``host``.

    Raises:
        ConfigError: ``IMPSY_TOKEN`` is too short, or a name of ``allow_hosts`` is none.
    """
    names = frozenset(name.strip().lower() for name in allow_hosts)
    for name in names:
        if not _HOST.fullmatch(name):
            raise ConfigError(f"--allow-host {name!r}: a host's name, or name:port, such as impsy.example.org")
    if is_loopback(host):
        return SafetyRules(True, None, names)
    token = environment.get(TOKEN_VARIABLE, "").strip()
    if token and (len(token) < SHORTEST_TOKEN or not re.fullmatch(r"[\w.~+-]+", token, re.ASCII)):
        raise ConfigError(
            f"{TOKEN_VARIABLE} must have {SHORTEST_TOKEN} characters or more, letters, digits and . _ ~ + - only; "
            "unset it, and one is made"
        )
    return SafetyRules(False, token or secrets.token_urlsafe(24), names)


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, sentence: str, advice: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.advice = advice


class Safety:
    """ASGI middleware; nothing behind it is reached by those who are refused."""

    def __init__(self, app: ASGIApp, rules: SafetyRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then hand over."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        guarded = send if scope["type"] == "websocket" else _with_headers(send, scope["path"])
        try:
            host = self._check_host(scope)
            self._check_page(scope, host)
            redirect = self._check_token(scope)
        except _Refused as refused:
            await _refuse(refused, scope, receive, guarded)
            return
        if redirect is not None:
            await redirect(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    # --- the checks --------------------------------------------------------------------------------

    def _check_host(self, scope: Scope) -> str:
        hosts = Headers(scope=scope).getlist("host")
        found = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if found is None:
            raise _Refused(HTTPStatus.BAD_REQUEST, "A request must name one host that it is for.")
        name, port = found[1].strip("[]").lower(), found[2] or "80"
        if not self._is_ours(name, port, scope):
            raise _Refused(
                HTTPStatus.MISDIRECTED_REQUEST,
                f"“{hosts[0]}” is not a name that this server answers to.",
                f"If you mean it to be, start it with --allow-host {name}",
            )
        return hosts[0].lower()

    def _is_ours(self, name: str, port: str, scope: Scope) -> bool:
        rules = self._rules
        if name in rules.allowed_hosts or f"{name}:{port}" in rules.allowed_hosts:
            return True
        if rules.loopback:
            here = scope.get("server")
            return is_loopback(name) and here is not None and port == str(here[1])
        return is_own(name)

    def _check_page(self, scope: Scope, host: str) -> None:
        """Refuse what other sites' pages make a browser send."""
        headers = Headers(scope=scope)
        site = headers.get("sec-fetch-site")
        unsafe = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        refused = _Refused(HTTPStatus.FORBIDDEN, "Pages of other sites may not do this.")
        if not unsafe:
            if scope["path"].startswith("/api/") and site not in {None, "same-origin", "none"}:
                raise refused
            return
        if site not in {None, "same-origin"}:
            raise refused
        origins = headers.getlist("origin")
        if not origins:
            # A browser names the page in all of these; a program that is no browser does not, and is let in.
            if any(name.startswith("sec-fetch-") for name in headers):
                raise refused
            return
        if len(origins) > 1 or not _same(origins[0], host):
            raise refused

    def _check_token(self, scope: Scope) -> Response | None:
        """None: go on. A response: a token in the address becomes a cookie."""
        token = self._rules.token
        if token is None:
            return None
        headers = Headers(scope=scope)
        cookie = _cookie_name(scope)
        given = [cookie_parser(headers.get("cookie", "")).get(cookie, "")]
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            given.append(credentials.strip())
        asked = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        in_address = [value for name, value in asked if name == "token"]
        is_page = scope["type"] == "http" and scope["method"] == "GET" and not scope["path"].startswith("/api/")
        if is_page and any(_equal(value, token) for value in in_address):
            rest = urlencode([(name, value) for name, value in asked if name != "token"])
            # One slash: two would lead to another host.
            there = "/" + scope["path"].lstrip("/") + (f"?{rest}" if rest else "")
            response = RedirectResponse(there, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
            response.set_cookie(cookie, token, COOKIE_SECONDS, httponly=True, samesite="strict")
            return response
        if any(_equal(value, token) for value in given):
            return None
        raise _Refused(
            HTTPStatus.UNAUTHORIZED,
            "This needs the token that was printed where IMPSY was started.",
            "Open the whole address from there, with ?token= at its end",
        )


def _cookie_name(scope: Scope) -> str:
    """Cookies of one host are shared by all its ports: each server has its own."""
    here = scope.get("server")
    return f"impsy-{here[1] if here else 0}"


def _equal(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())


def _same(origin: str, host: str) -> bool:
    """Whether a page of ``origin`` came from this very host and port."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host


# --- answers -----------------------------------------------------------------------------------------


def _with_headers(send: Send, path: str) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _ALWAYS.items():
                headers[name] = value
            headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
            if path.startswith("/api/"):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return guarded


async def _refuse(refused: _Refused, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        # Before it is accepted, closing answers the handshake with 403.
        await send({"type": "websocket.close", "code": 1008, "reason": refused.sentence})
        return
    wants_page = scope["method"] == "GET" and not scope["path"].startswith("/api/")
    response: Response
    if wants_page:
        response = HTMLResponse(plain_page(refused.sentence, refused.advice), refused.status)
    else:
        response = problem(refused.status, refused.sentence, refused.advice)
    response.headers["Cache-Control"] = "no-store"
    if refused.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    await response(scope, receive, send)


def plain_page(sentence: str, advice: str) -> str:
    """A page that needs nothing else."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>IMPSY</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<h1>{html.escape(sentence)}</h1><p>{html.escape(advice)}</p></html>"
    )
