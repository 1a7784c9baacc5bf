"""The application: built pages, the description of the API, and what goes wrong."""

from __future__ import annotations

import gzip
import shutil
from http import HTTPStatus
from typing import get_args

import pytest
from web_core import make_workspace, serving_site

from impsy.protocol.pages import Place
from impsy.web.api.endpoints import Endpoint
from impsy.web.server import app as application
from impsy.web.site import Site
from impsy.web.workspace import NotFound

INDEX = "<!doctype html><title>IMPSY</title>" + "<p>page</p>" * 200
SCRIPT = "console.log(1);\n" * 500


@pytest.fixture
def site(tmp_path):
    with Site(make_workspace(tmp_path / "work")) as site:
        yield site


@pytest.fixture
def static(tmp_path):
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "assets" / "main-abc123.js").write_text(SCRIPT)
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


def test_pages_are_served_zipped_and_kept_as_long_as_they_may_be(site, static):
    with serving_site(site, static=static) as server, server.client as client:
        script = client.get("/assets/main-abc123.js")
        assert script.text == SCRIPT
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        assert script.headers["content-encoding"] == "gzip"
        assert "max-age=31536000" in script.headers["cache-control"]
        assert "immutable" in script.headers["cache-control"]
        page = client.get("/")
        assert page.text == INDEX
        assert page.headers["cache-control"] == "no-cache"
        again = client.get("/", headers={"If-None-Match": page.headers["etag"]})
        assert again.status_code == 304
        assert again.content == b""
        plain = client.get("/assets/main-abc123.js", headers={"Accept-Encoding": "identity"})
        assert plain.text == SCRIPT
        assert "content-encoding" not in plain.headers
        assert client.get("/favicon.svg").headers["content-type"] == "image/svg+xml"
        assert client.head("/").status_code == 200


@pytest.mark.parametrize("path", [*get_args(Place), "/record?take=2026-09-26T10-00-00-9d-mdrnn.log"])
@pytest.mark.slow
def test_the_pages_own_addresses_are_all_the_one_page(site, static, path):
    with serving_site(site, static=static) as server, server.client as client:
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (200, INDEX)


@pytest.mark.parametrize("path", ["/nothing", "/models/", "/record/a-take.log", "/a/b/c", "/Sound"])
@pytest.mark.slow
def test_other_addresses_are_not_there_and_the_page_says_so(site, static, path):
    with serving_site(site, static=static) as server, server.client as client:
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (404, INDEX)
        assert client.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code in (304, 404)


@pytest.mark.parametrize(
    "path",
    ["/assets/none.js", "/assets/../index.html", "/api", "/api/none", "/ws", "/assets/..%2f..%2fsecret.txt"],
)
@pytest.mark.slow
def test_what_is_not_there_is_not_there(site, static, path):
    with serving_site(site, static=static) as server, server.client as client:
        answer = client.get(server.url + path)
        assert answer.status_code == 404 or answer.text == INDEX
        assert "secret" not in answer.text
        if answer.status_code == 404:
            assert answer.json() == {"error": "There is nothing at this address.", "advice": ""}


def test_pages_that_are_built_anew_are_taken_up(site, static):
    with serving_site(site, static=static) as server, server.client as client:
        assert client.get("/").text == INDEX
        (static / "index.html").write_text("new")
        assert client.get("/").text == "new"
        shutil.rmtree(static)
        assert client.get("/").status_code == 503


def test_without_built_pages_it_says_how_to_build_them(site):
    with serving_site(site) as server, server.client as client:
        answer = client.get("/")
        assert answer.status_code == 503
        assert "npm run build" in answer.text
        assert client.get("/api/session").status_code == 200


@pytest.mark.slow
def test_the_api_is_described(site):
    with serving_site(site) as server, server.client as client:
        answer = client.get("/api/openapi.json", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        described = answer.json()
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]["/api/session/start"]) == {"post"}
    for row in application.endpoints():
        assert described["paths"][row.path][row.method.lower()]["summary"] == row.summary


def test_no_two_rows_of_the_table_are_the_same_address():
    rows = [(row.method, row.path) for row in application.endpoints()]
    assert len(rows) == len(set(rows))
    assert all(row.path.startswith("/api/") for row in application.endpoints())


def test_methods_that_an_address_does_not_take_are_refused(site):
    with serving_site(site) as server, server.client as client:
        answer = client.put("/api/session/start")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"
        assert client.get("/api/session/start").status_code == 405
        assert client.post("/api/none").status_code == 404
        assert client.post("/").status_code == 405


@pytest.fixture
def stumbling(site, monkeypatch):
    def stumble():
        raise RuntimeError("a secret detail")

    def full():
        raise OSError(28, "No space left on device", str(site.workspace.root / "logs" / "a.log"))

    def missing():
        raise NotFound("there is no such take")

    def not_a_number():
        return {"value": float("nan")}

    rows = [
        Endpoint("GET", f"/api/try/{name}", handler, name)
        for name, handler in (("stumble", stumble), ("full", full), ("missing", missing), ("nan", not_a_number))
    ]
    monkeypatch.setattr(application, "endpoints", lambda: tuple(rows))
    with serving_site(site) as server:
        yield server


def test_our_own_mistakes_are_told_without_a_stack_trace(stumbling, caplog):
    for path in ("/api/try/stumble", "/api/try/nan"):
        with stumbling.client as client:
            answer = client.get(path)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert "mistake in IMPSY" in answer.json()["error"]
        assert "content-security-policy" in answer.headers
    assert "a secret detail" in caplog.text


def test_a_full_disk_and_things_that_are_gone_are_told_in_a_sentence(stumbling):
    with stumbling.client as client:
        full = client.get("/api/try/full")
        assert full.status_code == HTTPStatus.INSUFFICIENT_STORAGE
        assert "logs/a.log: No space left on device" in full.json()["error"]
        assert str(stumbling.site.workspace.root) not in full.text
        assert client.get("/api/try/missing").status_code == 404


def test_what_is_sent_must_be_what_the_table_says(site):
    with serving_site(site) as server, server.client as client:
        path = "/api/performer"
        assert client.post(path, data={"running": "true"}).status_code == 415
        assert client.post(path, json={"running": "perhaps"}).status_code == 422
        assert client.post(path, json={"running": "true"}).status_code == 422
        assert client.post(path, json={"running": True, "more": 1}).status_code == 422
        assert client.post(path, content=b"{", headers={"Content-Type": "application/json"}).status_code == 422
        huge = client.post(path, content=b" " * (5 << 20), headers={"Content-Type": "application/json"})
        assert huge.status_code == 413
        zipped = gzip.compress(b'{"running": true}')
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        assert client.post(path, content=zipped, headers=headers).status_code == 422
