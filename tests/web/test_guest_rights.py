"""Nobody can do what their role may not: every endpoint and every message, for every role, by a real server."""

from __future__ import annotations

import contextlib
import json

import httpx
import pytest
from web_core import StandIn, make_workspace, receive, say, serving_site
from websockets.exceptions import ConnectionClosed, InvalidStatus

from impsy.web.guests.roles import ROLES
from impsy.web.live.page import COMMANDS
from impsy.web.server.app import endpoints
from impsy.web.server.safety import rules_for
from impsy.web.site import Site
from waiting import wait_until

TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SEEN = {("GET", "/api/overview"), ("GET", "/api/session")}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Site(make_workspace(tmp_path_factory.mktemp("guests"))) as site:
        yield site


@pytest.fixture(scope="module")
def server(site):
    with serving_site(site, rules_for("0.0.0.0", (), {"IMPSY_TOKEN": TOKEN})) as server:
        yield server


@pytest.fixture(autouse=True)
def no_invitations(site):
    yield
    for each in site.invitations.all():
        site.invitations.revoke(each.id)


def invite(server, **body):
    answer = httpx.post(f"{server.url}/api/invitations", headers=BEARER, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@contextlib.contextmanager
def joined(server, **body):
    """A browser that came by a new invitation."""
    made = invite(server, **body)
    with server.client as client:
        answer = client.get("/", params={"join": made["code"]})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/"
        client.invitation = made["id"]
        yield client


@contextlib.contextmanager
def connected(server, client):
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    with server.connect(additional_headers={"Cookie": cookies}) as page:
        page.hello = receive(page, "hello")
        yield page


@pytest.fixture
def session(site):
    with StandIn(*site.link.ports, dimension=5) as session:
        site.link.forget()
        wait_until(lambda: site.link.state)
        yield session
    site.link.forget()


@pytest.mark.parametrize("role", ["play", "watch"])
@pytest.mark.slow
def test_of_all_endpoints_guests_reach_those_of_their_role(server, role):
    with joined(server, role=role) as client:
        for row in endpoints():
            answer = client.request(row.method, row.path.replace("{", "").replace("}", ""))
            allowed = (row.method, row.path) in SEEN
            assert (answer.status_code == 200) if allowed else (answer.status_code == 403), (row.method, row.path)
        assert client.get("/api/openapi.json").status_code == 403
        assert client.get("/api/none").status_code == 403
        assert client.get("/api").status_code == 403
        for tried in ("/api//overview", "/API/takes", "/api/session/../takes", "/%61pi/takes"):
            answer = client.get(tried)
            assert answer.status_code in {403, 404, 503} or "takes" not in answer.text, tried


def test_guests_do_not_learn_where_the_workspace_is(server, site):
    with joined(server, role="watch") as client:
        for method, path in SEEN:
            assert str(site.workspace.root) not in client.request(method, path).text


def test_the_table_gives_no_role_more_than_it_says():
    for role in ("play", "watch", "own"):
        assert set(ROLES[role].requests) == SEEN
    assert not ROLES["watch"].commands
    assert ROLES["play"].commands == {"panic"}
    assert ROLES["own"].commands <= set(COMMANDS)
    assert not {"model", "learn", "keep", "forget"} & set(ROLES["own"].commands)
    assert {"output", "training", "own_model", "playback", "learn", "workshop"}.isdisjoint(ROLES["play"].told)


def test_who_was_invited_to_do_all_does_all_and_counts_as_a_guest(server):
    with joined(server, role="all") as client:
        assert client.get("/api/takes").status_code == 200
        assert client.post("/api/session/stop").status_code == 200
        with connected(server, client) as page:
            assert page.hello["guest"]["role"] == "all"


@pytest.mark.parametrize(("role", "heard"), [("watch", set()), ("play", {"panic"})])
def test_of_all_commands_the_session_hears_those_of_the_role(server, session, role, heard):
    with joined(server, role=role) as client, connected(server, client) as page:
        assert page.hello["guest"] == {"role": role, "controls": None, "instrument": None}
        for name in COMMANDS:
            for value in (None, True, 0.5, "a"):
                say(page, type="command", name=name, value=value)
        say(page, type="ping", t=7)
        assert receive(page, "pong")["t"] == 7
        if heard:
            wait_until(lambda: session.commands("/impsy/panic"))
        assert {address.rpartition("/")[2] for address, _ in session.heard} == heard


def test_who_watches_moves_nothing(server, session):
    with joined(server, role="watch") as client, connected(server, client) as page:
        say(page, type="play", changes=[[0, 0.5]])
        assert "invited to watch" in receive(page, "sentence")["text"]
        say(page, type="touch", controls=[0])
        say(page, type="ping", t=1)
        receive(page, "pong")
        assert session.heard == []


def test_a_seat_is_played_by_who_has_it(server, session):
    with joined(server, role="play", controls=[0, 1, 2, 3], each=2) as client, connected(server, client) as page:
        assert page.hello["guest"]["controls"] == [0, 1]
        say(page, type="play", changes=[[0, 0.5], [2, 0.5]])
        assert "somebody else's" in receive(page, "sentence")["text"]
        say(page, type="touch", controls=[3])
        say(page, type="play", changes=[[1, 0.25]])
        assert wait_until(lambda: session.commands("/impsy/control")) == [[2, 0.25]]
        assert not session.commands("/impsy/touch")


def test_guests_are_not_told_what_the_session_prints_or_what_is_learnt(server, site):
    with joined(server, role="play") as client, connected(server, client) as page:
        site.hub.send({"type": "output", "lines": [{"time": "", "level": "info", "text": "secret"}]})
        site.hub.send({"type": "workshop", "folder": "", "sentence": "", "instruments": []})
        site.hub.say("info", "hello")
        kinds = []
        while not kinds or kinds[-1] != "sentence":
            kinds.append(json.loads(page.recv(timeout=20))["type"])
        assert set(kinds) <= set(ROLES["play"].told)


def test_revoking_closes_their_pages_and_their_cookie_opens_nothing(server):
    with joined(server, role="play") as client, connected(server, client) as page:
        assert httpx.delete(f"{server.url}/api/invitations/{client.invitation}", headers=BEARER).status_code == 200
        with pytest.raises(ConnectionClosed):
            receive(page, "never", 20)
        assert client.get("/api/session").status_code == 401
        with pytest.raises(InvalidStatus), connected(server, client):
            pass


def test_the_owner_stays_the_owner_and_a_guest_keeps_the_seat(server):
    with server.client as owner:
        owner.get("/", params={"token": TOKEN})
        before = dict(owner.cookies)
        code = invite(server, role="play", controls=[0, 1], each=1)["code"]
        assert owner.get("/", params={"join": code}).status_code == 303
        assert dict(owner.cookies) == before
        assert owner.get("/api/takes").status_code == 200
    with server.client as guest:
        guest.get("/", params={"join": code})
        before = dict(guest.cookies)
        guest.get("/", params={"join": code.lower()})
        assert dict(guest.cookies) == before


def test_a_wrong_code_asks_again_and_a_request_is_not_let_in_by_one(server):
    code = invite(server, role="all")["code"]
    with server.client as client:
        page = client.get("/", params={"join": "<script>AAA"})
        assert page.status_code == 401
        assert "This is not the code." in page.text
        assert 'name="join"' in page.text
        assert "<script" not in page.text
        assert client.get("/api/takes", params={"join": code}).status_code == 401
        assert client.post("/", params={"join": code}).status_code == 401
        assert client.get("/api/takes", headers={"Authorization": f"Bearer {code}"}).status_code == 401
        assert client.get("/", params={"token": code}).status_code == 401
        assert client.get("/", params={"code": code}).status_code == 401


def test_the_page_of_those_without_a_token_has_a_style_and_a_field(server):
    with server.client as client:
        page = client.get("/")
        policy = page.headers["content-security-policy"]
    assert page.status_code == 401
    assert "needs the token" in page.text
    assert "form-action 'self'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy


@pytest.mark.slow
def test_pictures_are_of_invitations_that_last(server, site):
    made = invite(server, role="watch")
    address = "http://192.168.1.2:4000/"

    def picture(of, address=address):
        return httpx.get(f"{server.url}/api/invitations/{of}/qr.svg", params={"address": address}, headers=BEARER)

    answer = picture(made["id"])
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert picture("none").status_code == 404
    for strange in ("javascript:alert(1)/", "http://a b/", "http://a/b/", "http://a/?x="):
        assert picture(made["id"], strange).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"role": "own"},
        {"role": "owner"},
        {"role": "watch", "controls": [0]},
        {"role": "play", "each": 1},
        {"role": "play", "controls": []},
        {"role": "play", "controls": [-1]},
        {"role": "play", "minutes": 0},
        {"role": "play", "take": 1},
    ],
)
@pytest.mark.slow
def test_invitations_that_cannot_be_are_refused(server, body):
    assert httpx.post(f"{server.url}/api/invitations", headers=BEARER, json=body).status_code == 422


def test_where_only_this_machine_reaches_the_page_it_says_how_others_do(tmp_path):
    with Site(make_workspace(tmp_path / "alone")) as site, serving_site(site) as server, server.client as client:
        assert "--host 0.0.0.0" in client.get("/api/invitations").json()["advice"]
        answer = client.post("/api/invitations", json={"role": "play"})
        assert answer.status_code == 409
        assert "--host 0.0.0.0" in answer.json()["error"]


def test_who_is_let_in_no_more_while_the_page_connects_has_none(server, site):
    class Late(set):
        def add(self, tell):
            guest.ended = True  # revoked a moment before
            super().add(tell)

    with joined(server, role="play") as client:
        guest = site.invitations._given[client.invitation].guests[0]
        guest.watchers = Late()
        with connected(server, client) as page, pytest.raises(ConnectionClosed):
            receive(page, "never", 5)
