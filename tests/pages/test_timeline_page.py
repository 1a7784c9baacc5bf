"""The timeline: what was played is drawn, looked back at, heard again and marked, by hand and by key."""

from __future__ import annotations

import re
import time

import pytest
from instrument import drag, faders_of, start_session, state_of, until, write_config
from playwright.sync_api import expect
from test_accessible import AUDIT, AXE
from test_sound import HEARD

from bench.browser import WebInterface, quiet
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

COLOURS = """() => {
  const canvas = document.querySelector(".timeline canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = { green: 0, violet: 0 };
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 90) continue;
    found.green += data[at + 1] > data[at] + 30 && data[at + 1] > data[at + 2];
    found.violet += data[at] > data[at + 1] + 30 && data[at + 2] > data[at + 1] + 30;
  }
  return found;
}"""

WITNESS = """() => {
  window.stops = false;
  const bar = document.querySelector(".timeline-bar");
  const isStop = (button) => button.textContent.includes("Stop");
  const look = () => (window.stops ||= [...bar.querySelectorAll("button")].some(isStop));
  new MutationObserver(look).observe(bar, { subtree: true, childList: true, characterData: true });
}"""
"""Keeps in mind whether *Stop* has stood there."""

STOPS = f"""(() => {{
  const buttons = [...document.querySelectorAll(".timeline-bar button")];
  const stop = buttons.find((each) => each.textContent.includes("Stop"));
  if (!stop || !({HEARD} > 0.001)) return false;
  stop.click();
  return true;
}})()"""
"""Stops what is heard again, once it is heard."""


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("timeline") / "kitchen"
    write_config(folder, mode="callresponse")
    with WebInterface(folder) as web:
        start_session(web)
        yield web
    assert "Traceback" not in web.text()


def opened(chromium, web, **how):
    page = chromium.new_context(viewport={"width": 1280, "height": 900}, **how).new_page()
    told = quiet(page)
    page.goto(f"{web.url}/#measure")
    expect(faders_of(page).first).to_have_attribute("aria-disabled", "false")
    return page, told


def end(page, told):
    page.context.close()
    assert not [line for line in told if "willReadFrequently" not in line]  # these tests read the canvas


def line(page):
    return page.get_by_role("slider", name="Timeline")


def movements(page, who):
    """How many movements of a player the timeline reports when it gets the focus."""
    line(page).blur()
    line(page).focus()
    text = line(page).get_attribute("aria-valuetext")
    return int(re.search(rf"{who} (\d+) movement", text).group(1))


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_phrase_and_answer_have_their_colours(kitchen, chromium, scheme, motion):
    page, told = opened(chromium, kitchen, color_scheme=scheme, reduced_motion=motion)
    drag(page, faders_of(page).first, 0.1, 0.9)
    wait_until(lambda: movements(page, "you") > 3)
    wait_until(lambda: page.evaluate(COLOURS)["green"] > 20, what="the phrase")
    wait_until(lambda: page.evaluate(COLOURS)["violet"] > 20, what="the answer")
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    assert page.evaluate(AUDIT) == []
    end(page, told)


def test_it_is_dragged_back_and_a_click_is_heard(kitchen, chromium):
    page, told = opened(chromium, kitchen)
    drag(page, faders_of(page).first, 0.2, 0.8)
    drag(page, faders_of(page).nth(1), 0.9, 0.3)
    wait_until(lambda: movements(page, "you") > 5)
    box = line(page).bounding_box()
    y, right = box["y"] + 40, box["x"] + box["width"] * 0.7
    page.mouse.move(right, y)
    page.mouse.down()
    page.mouse.move(right + 20, y)
    page.mouse.move(right + 60, y)
    page.mouse.up()
    expect(line(page)).to_have_attribute("aria-valuetext", re.compile("seconds? ago"))
    now = page.get_by_role("button", name="Back to now")
    expect(now).to_be_visible()
    now.click()
    expect(now).to_have_count(0)
    expect(page.get_by_role("banner").get_by_role("button", name="Turn on the sound")).to_be_visible()

    # From left of the phrase on: heard, with the page's sound off for everything else.
    page.mouse.click(box["x"] + 5, y)

    def heard_and_stopped():
        if page.get_by_role("button", name="Hear again").count():  # not yet, or over before it was looked at
            drag(page, faders_of(page).first, 0.2, 0.8)
            page.mouse.click(box["x"] + 5, y)
        return page.evaluate(STOPS)

    wait_until(heard_and_stopped, what="the phrase, heard again")
    expect(page.get_by_role("banner").get_by_role("button", name="Turn on the sound")).to_be_visible()
    until(page, f"{HEARD} < 0.0001")
    end(page, told)


def test_what_is_heard_again_ends_at_now(kitchen, chromium):
    page, told = opened(chromium, kitchen)
    drag(page, faders_of(page).first, 0.2, 0.8)
    wait_until(lambda: movements(page, "you") > 3)
    line(page).focus()
    page.evaluate(WITNESS)
    page.keyboard.press("Enter")
    until(page, "window.stops")  # it stands for as long as the phrase sounds
    expect(page.get_by_role("button", name="Hear again")).to_be_visible()
    expect(page.get_by_role("button", name="Back to now")).to_have_count(0)
    end(page, told)


def test_keys_and_marks(kitchen, chromium):
    page, told = opened(chromium, kitchen)
    drag(page, faders_of(page).first, 0.8, 0.2)
    wait_until(lambda: movements(page, "you") > 3)
    panics = state_of(kitchen)["counters"]["panics"]
    marks = state_of(kitchen)["counters"]["marks"]
    line(page).focus()

    def at_the_beginning():
        page.keyboard.press("Home")
        return int(line(page).get_attribute("aria-valuenow"))

    # A step later than the beginning is not now yet.
    wait_until(lambda: at_the_beginning() <= -3)
    expect(line(page)).to_have_attribute("aria-valuetext", re.compile("ago"))
    began, back = time.monotonic(), int(line(page).get_attribute("aria-valuenow"))
    page.keyboard.press("ArrowRight")
    assert int(line(page).get_attribute("aria-valuenow")) >= back - (time.monotonic() - began)
    page.keyboard.press("m")
    wait_until(lambda: state_of(kitchen)["counters"]["marks"] == marks + 1)
    page.keyboard.press("Escape")
    expect(line(page)).to_have_attribute("aria-valuetext", re.compile(r"^Now.*1 mark$"))
    assert state_of(kitchen)["counters"]["panics"] == panics
    # At now, the key is the whole page's.
    page.keyboard.press("Escape")
    wait_until(lambda: state_of(kitchen)["counters"]["panics"] == panics + 1)
    page.get_by_role("button", name="Mark", exact=True).click()
    expect(line(page)).to_have_attribute("aria-valuetext", re.compile("2 marks$"))
    faders_of(page).first.focus()
    page.keyboard.press("Shift+M")
    wait_until(lambda: state_of(kitchen)["counters"]["marks"] == marks + 3)
    expect(line(page)).to_have_attribute("aria-valuetext", re.compile("3 marks$"))
    end(page, told)


def test_it_remembers_while_another_page_is_shown(kitchen, chromium):
    page, told = opened(chromium, kitchen)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Sound").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sound")
    kitchen.post("/api/performer", {"running": True})
    heard = state_of(kitchen)["counters"]["heard"]
    wait_until(lambda: state_of(kitchen)["counters"]["heard"] > heard + 20)
    kitchen.post("/api/performer", {"running": False})
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Perform").click()
    expect(line(page)).to_be_visible()
    assert movements(page, "you") > 5
    end(page, told)
