"""The page's synthesiser, heard: offline sample by sample, and live from a fader that is moved to what comes out."""

from __future__ import annotations

import pytest
from instrument import drag, faders_of, start_session, turn_to, until, write_config
from playwright.sync_api import expect

from bench.browser import WebInterface, quiet

pytestmark = pytest.mark.peer("chromium")

PATCHES = ("glass", "drift", "pulse")
HEARD = "Math.hypot(...impsySound.samples()) / Math.sqrt(2048)"
"""The rms of the last 2048 samples."""


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A session of four controls that nothing is plugged into."""
    folder = tmp_path_factory.mktemp("sound") / "kitchen"
    write_config(folder)
    with WebInterface(folder) as web:
        start_session(web)
        yield web


def opened(chromium, web, path):
    page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
    told = quiet(page)
    page.goto(f"{web.url}{path}#measure")
    until(page, "window.impsySound !== undefined")
    return page, told


@pytest.fixture(scope="module")
def ears(chromium, played):
    page, told = opened(chromium, played, "/system")
    yield lambda **asked: page.evaluate("(asked) => impsySound.measure(asked)", asked)
    page.context.close()
    assert not told


@pytest.mark.parametrize("controls", [1, 8, 64])
@pytest.mark.parametrize("patch", PATCHES)
def test_each_patch_sounds_and_is_not_clipped(ears, patch, controls):
    heard = ears(patch=patch, controls=controls, seconds=3)
    assert heard["bad"] == 0
    assert heard["rms"] > 0.005
    assert all(second > 0.001 for second in heard["seconds"])
    assert heard["peak"] < 1.0


@pytest.mark.parametrize("controls", [1, 8, 64])
@pytest.mark.parametrize("patch", PATCHES)
def test_whatever_is_played_stays_within_bounds(ears, patch, controls):
    voice = {"on": True, "volume": 1}
    loud = {"volume": 1, "room": 1, "echo": 1, "performer": voice, "model": voice}
    heard = ears(patch=patch, controls=controls, playing="mad", seconds=1.5, settings=loud)
    assert heard["bad"] == 0
    assert heard["rms"] > 0.01
    assert heard["peak"] < 1.0


@pytest.mark.parametrize("patch", PATCHES)
def test_notes_sound_and_fade(ears, patch):
    heard = ears(patch=patch, controls=3, kinds=["note", "velocity", "cc"], seconds=12, until=2)
    assert heard["rms"] > 0.003
    assert heard["peak"] < 1.0
    assert heard["seconds"][-1] < 0.05 * max(heard["seconds"])


@pytest.mark.parametrize("patch", PATCHES)
def test_nobody_plays_and_nothing_sounds(ears, patch):
    heard = ears(patch=patch, controls=8, playing="none", seconds=1)
    assert heard["rms"] < 1e-4


def test_a_fader_is_heard_until_it_is_muted(chromium, played):
    page, told = opened(chromium, played, "/")
    page.get_by_role("button", name="Turn on the sound").last.click()
    mute = page.get_by_role("banner").get_by_role("button", name="Mute the sound")
    expect(mute).to_be_visible()
    drag(page, faders_of(page).first, 0.2, 0.9)
    until(page, f"{HEARD} > 0.001")
    assert page.evaluate("Math.max(...impsySound.samples().map(Math.abs))") < 1.0

    # What is played elsewhere sounds here, too, and the meter tells.
    turn_to(page, "Sound")
    played.post("/api/performer", {"running": True})
    meter = page.get_by_role("meter", name="Level")
    expect(meter).to_be_attached()
    until(page, "Number(document.querySelector('[role=meter]').getAttribute('aria-valuenow')) > 10")
    mute.click()
    expect(meter).to_have_attribute("aria-valuenow", "0")
    until(page, f"{HEARD} === 0")

    # On again, it is the other patch that is chosen.
    page.get_by_role("radio", name="Drift").check()
    page.get_by_role("button", name="Turn on the sound").last.click()
    until(page, f"{HEARD} > 0.001")
    played.post("/api/performer", {"running": False})
    page.context.close()
    assert not told
