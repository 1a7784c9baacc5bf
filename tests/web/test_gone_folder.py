"""A workspace whose folder has gone: it is said, whatever is asked for, and nothing is made in its place."""

from __future__ import annotations

import pytest

from impsy.web.server.app import endpoints
from tests.web.web_core import serving

PLAIN = [row for row in endpoints() if row.method == "GET" and "{" not in row.path]


@pytest.fixture(scope="module")
def gone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gone") / "kitchen"
    with serving(folder) as server, server.client as client:
        folder.rename(folder.with_name("elsewhere"))
        yield client, folder


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: row.path)
def test_whatever_is_looked_at_says_so(gone, row):
    client, folder = gone
    answer = client.get(row.path)
    if row.anywhere:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 404
        assert "The folder kitchen is gone" in answer.json()["error"]
    assert not folder.exists()


def test_nothing_is_kept(gone):
    client, folder = gone
    for path in ("/api/takes?name=2026-03-01T20-00-00-9d-mdrnn.log", "/api/models?name=a.tflite"):
        assert client.post(path, content=b"1").status_code == 404
    assert client.post("/api/session/start").status_code == 409
    assert not folder.exists()
