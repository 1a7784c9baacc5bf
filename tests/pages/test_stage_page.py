"""The stage view: by key, by button, and by itself on a phone that lies on its side."""

from __future__ import annotations

import pytest
from instrument import drag, faders_of, start_session, state_of, write_config
from playwright.sync_api import expect
from test_accessible import AUDIT, AXE

from bench.browser import WebInterface, quiet
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

SCENES = '\n[scenes.verse]\nmode = "battle"\n[scenes.chorus]\nmode = "duet"\n'
FINGER = 44
"""Pixels of the page, at any zoom."""
SCREENS = {
    "phone on its side": (844, 390),
    "the same at 200 %": (422, 195),
    "a small phone on its side at 200 %": (320, 180),
    "a short phone": (360, 470),
}


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stage") / "kitchen"
    write_config(folder, mode="callresponse", controls=8, more=SCENES)
    with WebInterface(folder) as web:
        start_session(web)
        yield web
    assert "Traceback" not in web.text()


def opened(chromium, web, width=1280, height=800, **how):
    page = chromium.new_context(viewport={"width": width, "height": height}, **how).new_page()
    told = quiet(page)
    page.goto(web.url)
    expect(faders_of(page).first).to_have_attribute("aria-disabled", "false")
    return page, told


def audit(page):
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    assert page.evaluate(AUDIT) == []


def sizes_of(page):
    """(width, height) of all that is touched: of one moment, as banks may change."""
    return page.evaluate("""() => [...document.querySelectorAll(".stage button, .stage .track")]
      .map((each) => each.getBoundingClientRect()).map(({ width, height }) => [width, height])
      .filter(([width]) => width > 0)""")


def visible_faders(page):
    return page.locator(".stage .fader:visible")


def test_by_button_by_key_and_left_by_both(kitchen, chromium):
    page, told = opened(chromium, kitchen)
    page.get_by_role("button", name="Stage view").click()
    leave = page.get_by_role("button", name="Leave the stage view")
    expect(leave).to_be_visible()
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(0)
    wait_until(lambda: page.evaluate("document.fullscreenElement !== null"), what="the full screen")
    assert faders_of(page).first.locator(".track").bounding_box()["height"] > 500
    audit(page)
    leave.click()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    wait_until(lambda: page.evaluate("document.fullscreenElement === null"), what="the end of the full screen")
    page.keyboard.press("Shift+F")
    expect(leave).to_be_visible()
    page.keyboard.press("Shift+F")
    expect(leave).to_have_count(0)
    page.keyboard.press("Shift+F")
    expect(leave).to_be_visible()
    panics = state_of(kitchen)["counters"]["panics"]
    page.keyboard.press("Escape")
    expect(leave).to_have_count(0)
    assert state_of(kitchen)["counters"]["panics"] == panics
    page.context.close()
    assert told == []


LEAVES_AND_ENTERS = """() => {
  document.querySelector("[aria-label='Leave the stage view']").click();
  const key = { code: "KeyF", key: "F", shiftKey: true, bubbles: true };
  document.body.dispatchEvent(new KeyboardEvent("keydown", key));
  return new Promise((resolve) => document.addEventListener("fullscreenchange", () => {
    if (document.fullscreenElement === null) setTimeout(resolve, 300);
  }));
}"""


def test_entered_again_before_the_full_screen_has_ended(kitchen, chromium):
    page, told = opened(chromium, kitchen)
    page.get_by_role("button", name="Stage view").click()
    wait_until(lambda: page.evaluate("document.fullscreenElement !== null"), what="the full screen")
    page.evaluate(LEAVES_AND_ENTERS)
    expect(page.get_by_role("button", name="Leave the stage view")).to_be_visible()
    page.context.close()
    assert told == []


def test_it_plays(kitchen, chromium):
    page, told = opened(chromium, kitchen)
    page.keyboard.press("Shift+F")
    heard = state_of(kitchen)["counters"]["heard"]
    drag(page, visible_faders(page).nth(2), 0.1, 0.9)
    wait_until(lambda: state_of(kitchen)["counters"]["heard"] > heard)
    page.get_by_role("button", name="chorus").click()
    wait_until(lambda: state_of(kitchen)["mode"] == "duet")
    page.get_by_role("button", name="Pause").click()
    wait_until(lambda: state_of(kitchen)["paused"])
    page.get_by_role("button", name="Go on").click()
    wait_until(lambda: not state_of(kitchen)["paused"])
    panics = state_of(kitchen)["counters"]["panics"]
    page.get_by_role("button", name="Panic").click()
    wait_until(lambda: state_of(kitchen)["counters"]["panics"] == panics + 1)
    kitchen.post("/api/session/stop")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("button", name="Panic")).to_be_visible()
    page.context.close()
    assert told == []


@pytest.mark.parametrize("screen", SCREENS)
def test_by_itself_where_the_screen_is_short(kitchen, chromium, screen):
    width, height = SCREENS[screen]
    page, told = opened(chromium, kitchen, width, height, has_touch=True, is_mobile=True)
    expect(page.get_by_role("button", name="Leave the stage view")).to_be_visible()
    for wide, high in sizes_of(page):
        assert wide >= FINGER
        assert high >= FINGER
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    audit(page)
    seen = visible_faders(page).count()
    assert seen > 1
    if seen < 8:
        first = visible_faders(page).first.get_attribute("aria-label")
        page.get_by_role("button", name="The faders after").click()
        expect(visible_faders(page).first).not_to_have_attribute("aria-label", first)

    # Left by hand, it comes back when the phone is turned and turned back.
    page.get_by_role("button", name="Leave the stage view").click()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.set_viewport_size({"width": 844, "height": 390})
    expect(page.get_by_role("button", name="Leave the stage view")).to_be_visible()
    page.context.close()
    assert told == []


def test_typing_on_a_phone_is_no_stage(kitchen, chromium):
    page, told = opened(chromium, kitchen, 390, 844, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Save as scene …").click()
    name = page.get_by_role("textbox", name="Name")
    expect(name).to_be_focused()
    page.set_viewport_size({"width": 390, "height": 400})  # a keyboard takes the rest
    name.fill("bridge")
    expect(page.get_by_role("button", name="Leave the stage view")).to_have_count(0)
    page.context.close()
    assert told == []


def test_it_ends_with_the_page(kitchen, chromium):
    page, told = opened(chromium, kitchen, 844, 390, has_touch=True, is_mobile=True)
    expect(page.get_by_role("button", name="Leave the stage view")).to_be_visible()
    page.goto(f"{kitchen.url}/system")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    page.context.close()
    assert told == []
