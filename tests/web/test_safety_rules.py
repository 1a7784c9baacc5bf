"""Who is let in and who is not, by a real server. Each protection has a request that would get through without it."""

from __future__ import annotations

import socket

import httpx
import pytest
from web_core import make_workspace, receive, serving_site
from websockets.exceptions import InvalidStatus

from impsy.errors import ConfigError
from impsy.hosts import is_loopback, own_names
from impsy.web.server.app import endpoints
from impsy.web.server.safety import SafetyRules, rules_for
from impsy.web.site import Site

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with Site(make_workspace(tmp_path_factory.mktemp("safety"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def local(opened):
    with serving_site(opened, rules_for("127.0.0.1", ["impsy.example.org", "tunnel:8080"], {})) as server:
        yield server


@pytest.fixture(scope="module")
def remote(opened):
    """As if bound to every address: whoever is there must have the token."""
    with serving_site(opened, rules_for("0.0.0.0", (), {"IMPSY_TOKEN": TOKEN})) as server:
        yield server


def get(server, path="/api/session", method="GET", **headers) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with server.client as client:
        return client.request(method, path, headers=named)


# --- Host --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}", "127.8.8.8:{port}"]
)
def test_this_machines_names_are_answered(local, host):
    assert get(local, host=host.format(port=local.port)).status_code == 200


@pytest.mark.parametrize("host", ["impsy.example.org", "impsy.example.org:4000", "tunnel:8080"])
def test_names_that_are_allowed_are_answered(local, host):
    assert get(local, host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "localhost.evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost",
        "localhost:1",
        "127.0.0.1:80",
        "10.0.0.1:{port}",
        "tunnel:8081",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/session"])
@pytest.mark.slow
def test_a_name_that_was_made_to_point_here_is_refused(local, host, path):
    answer = get(local, path, host=host.format(port=local.port))
    assert answer.status_code == 421
    assert "not a name that this server answers to" in answer.text


def test_a_websocket_by_a_name_that_was_made_to_point_here_is_refused(local):
    evil = f"evil.example:{local.port}"
    with pytest.raises(InvalidStatus) as refused:
        local.connect(additional_headers={"Host": evil}, origin=f"http://{evil}")
    assert refused.value.response.status_code in {400, 403}


@pytest.mark.parametrize(
    "lines", ["", "Host: localhost\r\nHost: localhost\r\n", "Host: a b\r\n", "Host: x@127.0.0.1\r\n"]
)
def test_a_request_without_one_clear_host_is_refused(local, lines):
    with socket.create_connection(("127.0.0.1", local.port)) as raw:
        raw.sendall(f"GET /api/session HTTP/1.0\r\n{lines}\r\n".encode())
        raw.settimeout(5)
        assert raw.recv(100).startswith(b"HTTP/1.1 400")


def test_beyond_loopback_addresses_and_own_names_are_answered_and_no_others(remote):
    bearer = f"Bearer {TOKEN}"
    for host in ("192.168.1.7", "192.168.1.7:4000", socket.gethostname(), "localhost:99", "[fe80::1]"):
        assert get(remote, host=host, authorization=bearer).status_code == 200, host
    assert get(remote, host="evil.example", authorization=bearer).status_code == 421


# --- pages of other sites ----------------------------------------------------------------------------

FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:{other}"},
    {"Origin": "http://localhost:{port}.evil.example"},
    {"Origin": "file://"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:{port}"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "same-origin"},
]


def foreign(server, headers):
    return {name: value.format(port=server.port, other=server.port + 1) for name, value in headers.items()}


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.slow
def test_pages_of_other_sites_change_nothing(local, headers):
    answer = get(local, "/api/session/stop", "POST", **foreign(local, headers))
    assert answer.status_code == 403
    assert answer.json()["error"] == "Pages of other sites may not do this."


@pytest.mark.parametrize("headers", FOREIGN)
def test_pages_of_other_sites_get_no_websocket(local, headers):
    with pytest.raises(InvalidStatus) as refused:
        local.connect(additional_headers=foreign(local, headers))
    assert refused.value.response.status_code == 403


@pytest.mark.slow
def test_every_endpoint_that_changes_something_is_closed_to_pages_of_other_sites(local):
    changing = [row for row in endpoints() if row.method != "GET"]
    assert len(changing) >= 4
    for row in changing:
        path = row.path.replace("{", "").replace("}", "")
        assert get(local, path, row.method, origin="http://evil.example").status_code == 403, row.path


def test_our_own_page_and_programs_that_are_no_browsers_may(local):
    own = f"http://127.0.0.1:{local.port}"
    assert get(local, "/api/session/stop", "POST").status_code == 200
    assert get(local, "/api/session/stop", "POST", origin=own, sec_fetch_site="same-origin").status_code == 200
    for headers in ({}, {"Origin": own}, {"Origin": own, "Sec-Fetch-Site": "same-origin"}):
        with local.connect(additional_headers=headers) as page:
            receive(page, "hello")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.slow
def test_pages_of_other_sites_do_not_make_us_work(local, site):
    assert get(local, "/api/session", sec_fetch_site=site).status_code == 403
    assert get(local, "/", sec_fetch_site=site).status_code == 503  # a link to the page itself is fine
    assert get(local, "/api/session", sec_fetch_site="none").status_code == 200


def test_no_answer_lets_other_sites_read_it(local):
    answer = get(local, origin="http://evil.example")
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    answer = get(local, method="OPTIONS", origin="http://evil.example", access_control_request_method="POST")
    assert not [name for name in answer.headers if name.startswith("access-control-")]


# --- the token ---------------------------------------------------------------------------------------


def test_beyond_loopback_nothing_is_answered_without_the_token(remote):
    page = get(remote, "/")
    assert page.status_code == 401
    assert "needs the token" in page.text
    assert "<script" not in page.text
    answer = get(remote)
    assert answer.status_code == 401
    assert "token" in answer.json()["error"]
    assert answer.headers["www-authenticate"] == "Bearer"
    assert get(remote, "/assets/app.js").status_code == 401
    with pytest.raises(InvalidStatus) as refused:
        remote.connect()
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("given", ["x", "wrong", TOKEN[:-1], TOKEN + "x", "ü" * 12])
@pytest.mark.slow
def test_another_token_opens_nothing(remote, given):
    cookie = f"impsy-{remote.port}={given}"
    assert get(remote, authorization=f"Bearer {given}".encode()).status_code == 401
    assert get(remote, cookie=cookie.encode()).status_code == 401
    with remote.client as client:
        assert client.get("/", params={"token": given}).status_code == 401


def test_the_address_with_the_token_gives_a_cookie_and_loses_the_token(remote):
    with remote.client as client:
        answer = client.get("/perform", params={"token": TOKEN, "zoom": "2"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/perform?zoom=2"
        cookie = answer.headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=strict", "Path=/"):
            assert part in cookie
        assert client.get("/api/session").status_code == 200
        assert client.get("/api/session", params={"token": "wrong"}).status_code == 200
    with remote.connect(additional_headers={"Cookie": cookie.split(";")[0]}) as page:
        receive(page, "hello")
    assert get(remote, authorization=f"bearer {TOKEN}").status_code == 200


def test_the_token_in_an_address_is_for_pages_only_and_never_leads_elsewhere(remote):
    with remote.client as client:
        assert client.get("/api/session", params={"token": TOKEN}).status_code == 401
        assert client.post("/", params={"token": TOKEN}).status_code == 401
    with socket.create_connection(("127.0.0.1", remote.port)) as raw:
        raw.sendall(f"GET //evil.example/?token={TOKEN} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        raw.settimeout(5)
        answer = raw.recv(4000).decode()
    assert answer.startswith("HTTP/1.1 303")
    assert "\nlocation: /evil.example/" in answer.lower()


def test_tokens_are_made_unless_a_good_one_is_given():
    made = {rules_for("0.0.0.0", (), {}).token for _ in range(20)}
    assert len(made) == 20
    assert min(map(len, made)) >= 32
    assert rules_for("0.0.0.0", (), {"IMPSY_TOKEN": TOKEN}).token == TOKEN
    for weak in ("short", "twelve chars with spaces", "semi;colon;semi;colon"):
        with pytest.raises(ConfigError, match="IMPSY_TOKEN"):
            rules_for("0.0.0.0", (), {"IMPSY_TOKEN": weak})
    assert TOKEN not in repr(rules_for("0.0.0.0", (), {"IMPSY_TOKEN": TOKEN}))
    assert rules_for("127.0.0.1", (), {}).token is None


def test_what_only_this_machine_can_reach():
    assert all(map(is_loopback, ["localhost", "127.0.0.1", "127.1.2.3", "::1"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "", "192.168.0.1", "localhost.evil.example", "evil"]))
    assert "localhost" in own_names()
    with pytest.raises(ConfigError, match="--allow-host"):
        rules_for("127.0.0.1", ["http://a/b"], {})
    assert SafetyRules().loopback


# --- headers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"), [("/", 503), ("/api/session", 200), ("/api/none", 404), ("/assets/none.js", 503)]
)
def test_every_answer_tells_the_browser_to_trust_nobody_else(local, path, status):
    answer = get(local, path)
    assert answer.status_code == status
    headers = answer.headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    if status == 503:  # the page that says so has its style in itself, and no script
        assert policy.keys() == {"default-src", "style-src", "form-action", "frame-ancestors", "base-uri"}
        assert policy["style-src"].startswith("'sha256-")
        policy = {**policy, "script-src": "x", "style-src": "x", "connect-src": "x", "form-action": "'none'"}
    else:
        assert policy["script-src"] == "'self'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    for own in ("fullscreen", "midi", "screen-wake-lock"):
        assert f"{own}=(self)" in headers["permissions-policy"]
    assert "camera=()" in headers["permissions-policy"]
    assert "server" not in headers
    if path.startswith("/api/"):
        assert headers["cache-control"] == "no-store"


def test_refusals_carry_the_headers_too(local, remote):
    for answer in (get(local, host="evil.example"), get(remote), get(local, "/api/session/stop", "POST", origin="x")):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


# --- GET changes nothing -----------------------------------------------------------------------------


@pytest.mark.slow
def test_no_endpoint_changes_anything_by_get(opened, local):
    root = opened.workspace.root

    def everything():
        return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    messages: list[dict] = []
    send, opened.hub.send = opened.hub.send, lambda message: messages.append(message)
    before, status = everything(), opened.supervisor.status()
    try:
        asked = [row for row in endpoints() if row.method == "GET"]
        assert len(asked) >= 2
        for row in asked:
            answer = get(local, row.path.replace("{", "").replace("}", ""))
            assert answer.status_code < 500, (row.path, answer.text)
            assert row.body is None
            assert not row.upload_limit
    finally:
        opened.hub.send = send
    assert everything() == before
    assert opened.supervisor.status() == status
    assert [message for message in messages if message["type"] == "changed"] == []


@pytest.mark.slow
def test_a_changing_address_cannot_be_asked_by_get(local):
    changing = {row.path for row in endpoints() if row.method != "GET"} - {
        row.path for row in endpoints() if row.method == "GET"
    }
    for path in changing:
        if "{" not in path:
            assert 400 <= get(local, path).status_code < 500, path
    assert get(local, "/api/session/stop").status_code == 405


def test_no_frame_may_show_the_page(local):
    assert get(local, "/").headers["x-frame-options"] == "DENY"


def test_a_request_of_two_origins_is_refused(local):
    own = f"127.0.0.1:{local.port}"
    lines = f"Host: {own}\r\nOrigin: http://{own}\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n"
    with socket.create_connection(("127.0.0.1", local.port), 5) as raw:
        raw.sendall(f"POST /api/session/stop HTTP/1.0\r\n{lines}\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 403")
