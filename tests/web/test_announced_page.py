"""The page in the network's list of services: by its title, without its token."""

from __future__ import annotations

import time

import httpx
import pytest
from web_core import make_workspace, serving_site

from impsy.hosts import mdns_name
from impsy.io.announcing import HTTP
from impsy.web.server.announcing import announced
from impsy.web.server.safety import rules_for
from impsy.web.site import Site
from mdns_browser import Browser
from waiting import wait_until

TITLE = f"page {time.time_ns() % 1_000_000}"
TOKEN = "correct-horse-battery"


def titled(workspace, title):
    lines = workspace.config.read_text().split("\n", 1)
    rest = lines[1] if lines[0].startswith("title") else "\n".join(lines)
    workspace.config.write_text(f'title = "{title}"\n{rest}')


@pytest.mark.slow
def test_the_page_is_found_by_its_title_and_answers_to_its_name(tmp_path):
    workspace, told = make_workspace(tmp_path), []
    titled(workspace, f"{TITLE} a")
    with Browser(HTTP) as browser, Site(workspace) as site:
        rules = rules_for("0.0.0.0", (), {"IMPSY_TOKEN": TOKEN})
        with serving_site(site, rules) as server:
            port = int(server.url.rsplit(":", 1)[1].strip("/"))
            with announced(site.config, "127.0.0.1", port, told.append):
                wait_until(lambda: browser.begin_with(TITLE))
                ((_name, info),) = browser.begin_with(TITLE).items()
                assert (info.port, info.properties) == (port, {b"path": b"/"})
                assert TOKEN not in str(info) + " ".join(told)
                by_name = {"Host": f"{mdns_name()}:{port}", "Authorization": f"Bearer {TOKEN}"}
                assert httpx.get(f"{server.url}/api/session", headers=by_name, trust_env=False).status_code == 200
                titled(workspace, f"{TITLE} b")
                wait_until(lambda: any(f"{TITLE} b" in name for name in browser.begin_with(TITLE)))
        wait_until(lambda: not browser.begin_with(TITLE))


@pytest.mark.slow
def test_a_configuration_that_cannot_be_read_has_no_title(tmp_path):
    workspace, told = make_workspace(tmp_path), []
    workspace.config.write_text("title = ")
    with Site(workspace) as site, announced(site.config, "127.0.0.1", 4000, told.append) as announcer:
        wait_until(lambda: announcer.announced)
        assert announcer.announced[0].startswith("IMPSY on ")
