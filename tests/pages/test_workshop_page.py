"""A workshop in browsers: the teacher's wall, and a guest's own instrument on a phone."""

from __future__ import annotations

import re

import httpx
import pytest
from instrument import drag, faders_of, turn_to
from playwright.sync_api import expect
from test_invitations_page import BEARER, TOKEN, audit, opened

from bench.browser import WebInterface
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workshop")
    arguments = ("-n", "2", "--no-open", "--host", "127.0.0.1")
    with WebInterface(folder, *arguments, command="workshop", environment={"IMPSY_TOKEN": TOKEN}) as web:
        wait_until(lambda: [each["status"] for each in wall(web)] == ["running"] * 2, what="two instruments")
        yield web
    assert "Traceback" not in web.text()


def wall(web):
    return httpx.get(f"{web.url}/api/workshop", headers=BEARER, timeout=30).raise_for_status().json()["instruments"]


def code_of(web):
    return re.findall(r"join=(\w+)", wait_until(lambda: "join=" in web.text() and web.text(), what="the code"))[0]


def test_a_guest_has_an_instrument_and_the_teacher_sees_and_frees_it(chromium, workshop):
    phone = {"has_touch": True, "is_mobile": True, "color_scheme": "light"}
    with opened(chromium, f"{workshop.url}/workshop?token={TOKEN}") as teacher:
        expect(teacher.get_by_role("heading", level=1)).to_have_text("Workshop")
        first = teacher.get_by_role("region", name="Instrument 1", exact=True)
        expect(first).to_contain_text("Free")
        expect(teacher.get_by_text("2 of 2 instruments play.")).to_be_visible()
        # Nobody else reaches this address, and the wall says so instead of showing a code that leads nowhere.
        expect(teacher.get_by_text("Nobody can join yet")).to_be_visible()
        audit(teacher)

        with opened(chromium, f"{workshop.url}/?join={code_of(workshop)}", **phone) as guest:
            expect(faders_of(guest).first).to_have_attribute("aria-disabled", "false")
            expect(first).to_contain_text("Somebody plays it")
            before = wall(workshop)[0]["input"][1]
            drag(guest, faders_of(guest).nth(1), 0.1, 0.6 if abs(before - 0.6) > 0.1 else 0.9)
            wait_until(lambda: abs(wall(workshop)[0]["input"][1] - before) > 0.05, what="what the guest plays")
            audit(guest)
            assert guest.evaluate("document.documentElement.scrollWidth <= innerWidth")
            for address in ("/api/workshop/stop", "/api/session/stop", "/api/takes/delete"):
                answer = guest.context.request.post(workshop.url + address, data={"number": None, "names": ["x.log"]})
                assert answer.status == 403, address
            turn_to(guest, "Sound")
            expect(guest.get_by_role("heading", level=1)).to_have_text("Sound")
            audit(guest)

        expect(first).to_contain_text("Taken, its page is closed")
        first.get_by_role("button", name="Free it").click()
        expect(first).to_contain_text("Free")
        first.get_by_role("button", name="Stop instrument 1").click()
        expect(first).to_contain_text("Stopped")
        first.get_by_role("button", name="Start instrument 1").click()
        expect(first).to_contain_text("Playing")
