"""The site's first page: an instrument that plays where it can be made, else a picture of one."""

from __future__ import annotations

import pytest
from docs_pages import ROOT

from docs import site_hooks

FRONT = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")


class Front:
    class file:
        src_uri = "index.md"


def front(monkeypatch, files):
    monkeypatch.setattr(site_hooks, "instrument", lambda: files)
    return site_hooks.on_page_markdown(FRONT, Front, None, None)


def test_the_instrument_takes_the_place_of_the_picture(monkeypatch):
    shown = front(monkeypatch, {"index.html": b""})
    assert f'src="{site_hooks.PLAYED_AT}/index.html"' in shown
    assert "images/demo.gif" not in shown


def test_where_it_cannot_be_made_the_picture_stays(monkeypatch):
    shown = front(monkeypatch, {})
    assert "iframe" not in shown
    assert "images/demo.gif" in shown
    assert "<!--" not in shown


@pytest.mark.slow
def test_it_is_made_by_the_command_that_users_have():
    assert {"index.html", "service-worker.js"} <= set(site_hooks.instrument())
