"""Who may send requests: pages of this server, and programs that are no browsers. All others are refused.

A page on any site can make its visitor's browser send requests to this machine. What keeps it out:

- **Host**: a stranger's name can be made to point here (DNS rebinding); then the stranger's page and this server look
  like one site to the browser. So only names that are this machine's are answered.
- **Origin, Sec-Fetch-Site**: browsers name the page that a request comes from, with every request that changes
  something and with each WebSocket (RFC 6455, section 10.2; Fetch Metadata, w3.org/TR/fetch-metadata).
- **A token**, where others than this machine can reach the server, or where it was asked for. Wrong ones are answered
  slowly; the right one is always answered at once. Who comes by the code of an invitation may do what its role may,
  and is refused all else here.
- **The user**, where there is no token: other users of this machine reach its loopback addresses.
- **Headers**: the browser runs this server's own scripts only, and shows its pages in no frame.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impsy.errors import ConfigError
from impsy.hosts import is_loopback, is_own
from impsy.io.door import DOOR, Door, Peer
from impsy.io.owners import of_this_user
from impsy.web.api.endpoints import problem
from impsy.web.guests.invitations import Invitations, NotLetIn
from impsy.web.guests.roles import OWNER, Guest
from impsy.web.server.doorpage import door_page
from impsy.web.server.health import TOKEN_VARIABLE
from impsy.web.server.sessions import SESSION_SECONDS, Sessions

__all__ = ["CONTENT_POLICY", "GUEST", "Safety", "SafetyRules", "rules_for"]

GUEST = "impsy.guest"
"""Where an application finds who asks, in the extensions of a request's scope."""

SHORTEST_TOKEN = 12

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)

_OFF = (
    "accelerometer",
    "camera",
    "display-capture",
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
    "serial",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)

_OWN = ("fullscreen", "midi", "screen-wake-lock")

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        [*(f"{feature}=(self)" for feature in _OWN), *(f"{feature}=()" for feature in _OFF)]
    ),
}

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")


@dataclass(frozen=True)
class SafetyRules:
    """What ``Safety`` goes by.

    Attributes:
        loopback: only this machine can reach the server.
        token: must come with every request, or a session that it began; None: only this machine's user may ask.
        allowed_hosts: more names, with or without a port, that the server is known by.
        sessions: those that the token began.
    """

    loopback: bool = True
    token: str | None = field(default=None, repr=False)
    allowed_hosts: frozenset[str] = frozenset()
    sessions: Sessions = field(default_factory=Sessions, repr=False, compare=False)


def rules_for(
    host: str, allow_hosts: Iterable[str], environment: Mapping[str, str], *, need_token: bool = False
) -> SafetyRules:
    """The rules for a server that listens on ``host``; ``need_token``: on this machine too.

    Raises:
        ConfigError: ``IMPSY_TOKEN`` is too short, or a name of ``allow_hosts`` is none.
    """
    names = frozenset(name.strip().lower() for name in allow_hosts)
    for name in names:
        if not _HOST.fullmatch(name):
            raise ConfigError(f"--allow-host {name!r}: a host's name, or name:port, such as impsy.example.org")
    loopback = is_loopback(host)
    if loopback and not need_token:
        return SafetyRules(True, None, names)
    token = environment.get(TOKEN_VARIABLE, "").strip()
    if token and (len(token) < SHORTEST_TOKEN or not re.fullmatch(r"[\w.~+-]+", token, re.ASCII)):
        raise ConfigError(
            f"{TOKEN_VARIABLE} must have {SHORTEST_TOKEN} characters or more, letters, digits and . _ ~ + - only; "
            "unset it, and one is made"
        )
    return SafetyRules(loopback, token or secrets.token_urlsafe(24), names)


class _Refused(Exception):
    """``guess``: the answer takes its turn. ``typed``: it was a code, from the page's own field."""

    def __init__(
        self, status: HTTPStatus, sentence: str, advice: str = "", *, guess: bool = False, typed: bool = False
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.advice = advice
        self.guess = guess
        self.typed = typed


class Safety:
    """ASGI middleware; nothing behind it is reached by those who are refused."""

    def __init__(self, app: ASGIApp, rules: SafetyRules, invitations: Invitations | None = None) -> None:
        self._app = app
        self._rules = rules
        self._invitations = invitations or Invitations()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then hand over."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        guarded = send if scope["type"] == "websocket" else _with_headers(send, scope["path"])
        door: Door | None = scope.get("extensions", {}).get(DOOR)
        peer: Peer = scope.get("client") or ("?", 0)
        try:
            host = self._check_host(scope)
            self._check_page(scope, host)
            # A connection has the same user at its other end for as long as it lasts.
            if self._rules.token is None and (door is None or door.waits(peer)):
                self._check_user(scope)
            guest = self._let_in(scope)
            if isinstance(guest, Guest):
                self._check_role(guest, scope)
        except _Refused as refused:
            if refused.guess and door is not None:
                await door.slow_down(peer)
            await _refuse(refused, scope, receive, guarded)
            return
        if door is not None:
            door.leave(peer)
        if isinstance(guest, Response):
            await guest(scope, receive, guarded)
            return
        scope.setdefault("extensions", {})[GUEST] = guest
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

    def _check_user(self, scope: Scope) -> None:
        """Refuse other users of this machine."""
        if not _same_user(scope):
            raise _Refused(
                HTTPStatus.FORBIDDEN,
                "This page is for the user of this machine who started it.",
                "Start it as the user who opens it, or with --token: then whoever has the token may",
            )

    def _check_role(self, guest: Guest, scope: Scope) -> None:
        """Refuse what this guest's role may not."""
        if scope["type"] == "http" and not guest.rights.may_ask(scope["method"], scope["path"]):
            sentence = "This is for who invited you."
            raise _Refused(HTTPStatus.FORBIDDEN, sentence, "Your invitation is for playing or watching")

    def _let_in(self, scope: Scope) -> Response | Guest:
        """Who asks. A response: a token, or a code, in the address becomes a session."""
        token = self._rules.token
        if token is None:
            return OWNER
        headers = Headers(scope=scope)
        sessions = self._rules.sessions
        session = cookie_parser(headers.get("cookie", "")).get(_cookie_name(scope), "")
        known = sessions.whose(session)
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        bearer = credentials.strip() if scheme.lower() == "bearer" else ""
        asked = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        entrances = [(name, value) for name, value in asked if name in _ENTRANCES]
        is_page = scope["type"] == "http" and scope["method"] == "GET" and not scope["path"].startswith("/api/")
        if is_page and any(self._opens(name, value, token, scope) for name, value in entrances):
            return _entered(scope, asked, sessions.begin())
        codes = [value for name, value in asked if name == _CODE and is_page]
        if codes:
            if known is OWNER or (known is not None and self._invitations.came_by(known, codes[0])):
                return _entered(scope, asked)
            return _entered(scope, asked, sessions.begin(self._join(codes[0], scope)))
        if known is not None:
            return known
        if _equal(bearer, token):
            return OWNER
        raise _Refused(
            HTTPStatus.UNAUTHORIZED,
            "This needs the token that was printed where IMPSY was started.",
            "Open the whole address from there, with ?token= at its end",
            guess=bool(session or bearer or entrances),
        )

    def _opens(self, name: str, value: str, token: str, scope: Scope) -> bool:
        if name == "token":
            return _equal(value, token)
        # The code stood on the command line of a browser, where others may have read it.
        return _same_user(scope) and self._rules.sessions.take_code(value)

    def _join(self, code: str, scope: Scope) -> Guest:
        try:
            return self._invitations.join(code, (scope.get("client") or ("?", 0))[0])
        except NotLetIn as reason:
            raise _Refused(
                HTTPStatus.UNAUTHORIZED, reason.sentence, reason.advice, guess=reason.guess, typed=True
            ) from reason


_ENTRANCES = {"token", "code"}
"""The parameters of an address that begin a session of the owner's."""

_CODE = "join"
"""The parameter that holds the code of an invitation."""


def _entered(scope: Scope, asked: list[tuple[str, str]], session: str = "") -> Response:
    """Lead to the same address without what let somebody in; ``session``: the cookie that does from now on."""
    rest = urlencode([pair for pair in asked if pair[0] not in _ENTRANCES | {_CODE}])
    # One slash: two would lead to another host.
    there = "/" + scope["path"].lstrip("/") + (f"?{rest}" if rest else "")
    response = RedirectResponse(there, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
    if session:
        response.set_cookie(_cookie_name(scope), session, SESSION_SECONDS, httponly=True, samesite="strict")
    return response


def _same_user(scope: Scope) -> bool:
    client, here = scope.get("client"), scope.get("server")
    return client is None or here is None or of_this_user(tuple(client), tuple(here))


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
        response = door_page(
            refused.sentence,
            refused.advice,
            refused.status,
            asks=refused.status is HTTPStatus.UNAUTHORIZED,
            typed=refused.typed,
        )
    else:
        response = problem(refused.status, refused.sentence, refused.advice)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Connection"] = "close"  # nothing more is read, the body of this request included
    if refused.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    await response(scope, receive, send)
