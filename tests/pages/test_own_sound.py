"""The page's sound answers a finger without the server, and the server's echo does not strike it again."""

from __future__ import annotations

import json
import time

import pytest
from instrument import drag, faders_of, start_session, state_of, write_config
from playwright.sync_api import expect
from test_sound import HEARD, until

from bench.browser import WebInterface, quiet
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

STRUCK = """(() => {
  globalThis.struck = 0;
  const { start } = AudioScheduledSourceNode.prototype;
  AudioScheduledSourceNode.prototype.start = function (...all) {
    globalThis.struck += 1;
    return start.apply(this, all);
  };
})();"""


class Wire:
    """The WebSocket between page and server; messages of some kinds from the server can be held back."""

    def __init__(self, page):
        self.held: list[str] | None = None
        self.kinds: set[str] = set()
        self.released = 0
        page.route_web_socket("**/ws", self._connect)

    def _connect(self, mine):
        self.page, server = mine, mine.connect_to_server()
        mine.on_message(server.send)
        server.on_message(self._receive)

    def _receive(self, text):
        if self.held is not None and json.loads(text)["type"] in self.kinds:
            self.held.append(text)
        else:
            self.page.send(text)

    def hold(self, *kinds):
        self.held, self.kinds = [], set(kinds)

    def release(self):
        held, self.held = self.held, None
        for text in held:
            self.page.send(text)
        self.released = len(held)


def without_state(route):
    """Answer as a server that has not heard of its session yet."""
    answer = route.fetch()
    route.fulfill(response=answer, json=answer.json() | {"state": None})


@pytest.mark.parametrize("known", ["before the sound is on", "after it"])
def test_it_sounds_before_the_server_has_answered_and_not_again(chromium, tmp_path, known):
    write_config(tmp_path / "kitchen")
    with WebInterface(tmp_path / "kitchen") as web:
        start_session(web)
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        told = quiet(page)
        page.add_init_script(STRUCK)
        wire = Wire(page)
        if known == "after it":
            wire.hold("session", "in")
            page.route("**/api/session", without_state)
        page.goto(f"{web.url}/#measure")
        if known == "before the sound is on":
            expect(faders_of(page).first).to_have_attribute("aria-disabled", "false")
        page.get_by_role("banner").get_by_role("button", name="Turn on the sound").click()
        expect(page.get_by_role("banner").get_by_role("button", name="Mute the sound")).to_be_visible()
        until(page, "impsySound.samples().length > 0")
        if known == "after it":
            assert faders_of(page).count() == 0 or faders_of(page).first.get_attribute("aria-disabled") == "true"
            wire.release()
        expect(faders_of(page).first).to_have_attribute("aria-disabled", "false")
        assert page.evaluate("struck") == 0
        while True:
            wire.hold("in", "out")
            began, heard, before = time.monotonic(), state_of(web)["counters"]["heard"], page.evaluate("struck")
            drag(page, faders_of(page).first, 0.1, 0.9, steps=10)
            until(page, f"{HEARD} > 0.001")
            assert page.evaluate("struck") > before

            # The echo arrives late, all of it; what comes after ten seconds is no echo to the page.
            wait_until(lambda: state_of(web)["counters"]["heard"] > heard and wire.held)  # noqa: B023
            page.wait_for_timeout(200)
            last = page.evaluate("struck")
            wire.release()
            assert wire.released
            page.wait_for_timeout(300)
            if time.monotonic() - began < 9.0:
                break
        assert page.evaluate("struck") == last

        # What somebody else plays does.
        web.post("/api/performer", {"running": True})
        until(page, f"struck > {last}")
        context.close()
        assert not told
