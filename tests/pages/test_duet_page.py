"""A duet on the page: a fader that is moved is the performer's, and a hand says so."""

from __future__ import annotations

import itertools

import pytest
from instrument import drag, faders_of, show_numbers, start_session, state_of, write_config
from playwright.sync_api import expect

from bench.browser import WebInterface
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")


@pytest.fixture
def kitchen(tmp_path):
    folder = tmp_path / "kitchen"
    path = write_config(folder)
    path.write_text(path.read_text().replace("[model]", "hold = 60.0\n[model]"))
    with WebInterface(folder) as web:
        start_session(web)
        yield web
    assert "Traceback" not in web.text()


def test_a_fader_that_is_moved_is_yours_for_a_while(kitchen, chromium):
    page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(kitchen.url)
    page.get_by_role("radio", name="Duet").click(force=True)
    expect(page.get_by_text("You play together: what you move is yours")).to_be_visible()
    hands = page.locator(".fader.held .hand")
    expect(hands).to_have_count(0)
    drag(page, faders_of(page).nth(1), 0.2, 0.8, lift=False)
    expect(page.locator(".fader.held")).to_have_count(1)
    expect(hands).to_have_css("opacity", "1")
    expect(faders_of(page).nth(1)).to_have_attribute("aria-valuetext", "80 percent; it: 80 percent; yours for now")
    page.mouse.up()
    show_numbers(page)
    hold = page.get_by_role("spinbutton", name="Hold, number", exact=True)
    hold.fill("1")
    hold.press("Enter")
    wait_until(lambda: state_of(kitchen)["held"] == [False] * 4)
    expect(hands).to_have_count(0)
    faders_of(page).nth(2).scroll_into_view_if_needed()
    # A finger that rests keeps it: each try is another value, as the same one is no move.
    box, places = faders_of(page).nth(2).locator(".track").bounding_box(), itertools.cycle((0.4, 0.6))

    def rests():
        page.mouse.up()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + next(places) * box["height"])
        page.mouse.down()
        page.wait_for_timeout(2500)
        return state_of(kitchen)["held"] == [False, False, True, False]

    wait_until(rests, what="that a finger that rests keeps it")
    page.mouse.up()
    wait_until(lambda: state_of(kitchen)["held"] == [False] * 4)
    hold.fill("60")
    hold.press("Enter")
    wait_until(lambda: state_of(kitchen)["hold"] == 60.0)
    for number in range(4):
        faders_of(page).nth(number).press("Home")
    expect(page.get_by_text("All of it is yours: the model waits")).to_be_visible()
    page.context.close()
