"""The plan on the page: it is drawn over the faders, and another is drawn by the button and by its key."""

from __future__ import annotations

import pytest
from instrument import start_session, state_of, write_config
from playwright.sync_api import expect

from bench.browser import WebInterface, quiet
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

INK = """() => {
  const canvas = document.querySelector("canvas.future");
  if (!canvas?.width || !canvas.height) return 0;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let inked = 0;
  for (let at = 3; at < data.length; at += 4) inked += data[at] > 0;
  return inked;
}"""


@pytest.fixture
def kitchen(tmp_path):
    folder = tmp_path / "kitchen"
    path = write_config(folder, mode="battle")
    path.write_text(path.read_text().replace("[model]", "[model]\ntimescale = 4"))
    with WebInterface(folder) as web:
        start_session(web)
        yield web
    assert "Traceback" not in web.text()


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_what_it_will_play_is_drawn_and_can_be_thrown_away(kitchen, chromium, motion):
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion=motion)
    page = context.new_page()
    told = quiet(page)
    page.goto(kitchen.url)
    wait_until(lambda: page.evaluate(INK) > 0)

    def thrown() -> int:
        return state_of(kitchen)["counters"]["cancelled"]

    before = thrown()
    page.get_by_role("button", name="Another").click()
    wait_until(lambda: thrown() > before)
    before = thrown()
    page.keyboard.press("o")
    wait_until(lambda: thrown() > before)
    page.keyboard.press("?")
    expect(page.get_by_text("another: what it is about to play")).to_be_visible()
    page.keyboard.press("Escape")
    wait_until(lambda: page.evaluate(INK) > 0)
    page.keyboard.press("p")
    wait_until(lambda: page.evaluate(INK) == 0)
    context.close()
    assert not [line for line in told if "willReadFrequently" not in line]  # this test reads the canvas
