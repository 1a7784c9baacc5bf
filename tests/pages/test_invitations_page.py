"""Invitations in a browser: what the page of each role shows, and that it does no more than its role may."""

from __future__ import annotations

import contextlib
import functools
import re

import httpx
import pytest
from instrument import drag, faders_of, write_config
from playwright.sync_api import expect
from test_accessible import AUDIT, AXE

from bench.browser import WebInterface, quiet
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

TOKEN = "a-token-for-this-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OTHERS = re.compile(r"\bothers\b")


def ask(web, path):
    answer = httpx.get(web.url + path, headers=BEARER, timeout=30)
    answer.raise_for_status()
    return answer.json()


def state_of(web):
    return ask(web, "/api/session")["state"]


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("invited") / "kitchen"
    write_config(folder)
    with WebInterface(folder, "--no-open", "--token", "--start", environment={"IMPSY_TOKEN": TOKEN}) as web:
        wait_until(lambda: state_of(web), what="the session's start")
        yield web
    assert "Traceback" not in web.text()


@contextlib.contextmanager
def opened(chromium, address, **how):
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, **how)
    page = context.new_page()
    told = quiet(page)
    page.goto(address)
    yield page
    context.close()
    assert not told


@pytest.fixture
def owner(chromium, kitchen):
    with opened(chromium, f"{kitchen.url}/?token={TOKEN}") as page:
        yield page


def audit(page):
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    assert page.evaluate(AUDIT) == []


def invite(owner, role, seats=None):
    """Make a code on the page; what stands there of the invitation."""
    owner.get_by_role("button", name="Invite").click()
    new = owner.get_by_role("region", name="A new invitation")
    new.get_by_role("radio", name=role, exact=True).click(force=True)
    if seats is not None:
        new.get_by_role("radio", name="Some each").click(force=True)
        new.get_by_label("Faders for each guest").fill(str(seats))
    given = owner.get_by_role("region", name=re.compile("^Invitation "))
    before = given.count()
    new.get_by_role("button", name="Make a code").click()
    expect(given).to_have_count(before + 1)
    return given.nth(before)


def code_of(given):
    return given.locator(".invite-code").inner_text().replace(" ", "")


@contextlib.contextmanager
def guest(chromium, kitchen, given, *, stays=True):
    """Somebody who types the code that the page shows, and may stay or is sent away."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(kitchen.url)
    page.get_by_label("Code").fill(code_of(given))
    page.get_by_role("button", name="Join").click()
    told = quiet(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Perform")
    yield page
    context.close()
    assert not (told and stays)


def refused(page, kitchen):
    """Whether the server refuses this browser everything that stops or deletes."""
    ends = page.context.request
    name = "2026-09-26T10-00-00-5d-mdrnn.log"
    answers = [
        ends.post(f"{kitchen.url}/api/session/stop"),
        ends.post(f"{kitchen.url}/api/takes/delete", data={"names": [name]}),
        ends.delete(f"{kitchen.url}/api/takes/{name}"),
        ends.get(f"{kitchen.url}/api/takes"),
    ]
    return {answer.status for answer in answers} == {403}


def offers(page, name):
    return page.get_by_role("button", name=name, exact=True).count() > 0


def test_who_plays_moves_faders_and_neither_stops_nor_deletes(chromium, kitchen, owner):
    given = invite(owner, "Play")
    audit(owner)
    with guest(chromium, kitchen, given) as page:
        expect(page.get_by_text("You play: all faders are yours and the others'.")).to_be_visible()
        expect(faders_of(page).first).to_have_attribute("aria-disabled", "false")
        drag(page, faders_of(page).first, 0.2, 0.9)
        wait_until(lambda: state_of(kitchen)["input"][0] > 0.7)
        assert not any(offers(page, name) for name in ("Stop the session", "Pause", "Reset", "Invite"))
        assert page.get_by_role("link", name="Record").count() == 0
        assert refused(page, kitchen)
        audit(page)
    assert state_of(kitchen) is not None


def test_who_watches_moves_nothing(chromium, kitchen, owner):
    with guest(chromium, kitchen, invite(owner, "Watch")) as page:
        expect(page.get_by_text("You watch: others play.")).to_be_visible()
        expect(faders_of(page).first).to_have_attribute("aria-disabled", "true")
        before = state_of(kitchen)["input"]
        drag(page, faders_of(page).first, 0.9, 0.1)
        assert not any(offers(page, name) for name in ("Stop the session", "Panic", "Pause", "Invite"))
        assert refused(page, kitchen)
        assert state_of(kitchen)["input"] == before
        audit(page)


def test_who_was_invited_to_do_all_does_all(chromium, kitchen, owner):
    with guest(chromium, kitchen, invite(owner, "All")) as page:
        expect(page.get_by_role("button", name="Stop the session")).to_be_enabled()
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Record").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Record")


def test_each_has_faders_of_their_own_until_the_code_is_revoked(chromium, kitchen, owner):
    given = invite(owner, "Play", seats=2)
    come = functools.partial(guest, chromium, kitchen, given, stays=False)
    with come() as one, come() as other:
        expect(one.get_by_text("You are 1 and 2.")).to_be_visible()
        expect(other.get_by_text("You are 3 and 4.")).to_be_visible()
        for page, theirs in ((one, (2, 3)), (other, (0, 1))):
            for index in range(4):
                expected = expect(faders_of(page).nth(index))
                (expected.to_have_class if index in theirs else expected.not_to_have_class)(OTHERS)
        drag(other, faders_of(other).nth(2), 0.1, 0.8)
        wait_until(lambda: state_of(kitchen)["input"][2] > 0.6)
        before = state_of(kitchen)["input"][0]
        drag(other, faders_of(other).nth(0), 0.1, 0.8)
        assert state_of(kitchen)["input"][0] == before
        with one.expect_navigation(), other.expect_navigation():
            given.get_by_role("button", name="Revoke").click()
        for page in (one, other):
            expect(page.get_by_label("Code")).to_be_visible()
