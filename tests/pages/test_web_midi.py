"""MIDI devices at the browser's machine: what the page says without them, and what it does with one."""

from __future__ import annotations

import pytest
from instrument import faders_of, start_session, state_of, turn_to, until, write_config
from playwright.sync_api import expect

from bench.browser import WebInterface, quiet
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

# A headless browser has no MIDI system. These ports stand in for its own, by the same interface.
PORTS = """
(() => {
  const port = (id, name, type) => ({ id, name, type, state: "connected", connection: "open" });
  const knobs = port("in-1", "Knobs", "input");
  const synth = { ...port("out-1", "Synth", "output"), sent: [], send(data) { this.sent.push([...data]); } };
  const access = { inputs: new Map([["in-1", knobs]]), outputs: new Map([["out-1", synth]]), onstatechange: null };
  const turn = (data) => knobs.onmidimessage?.({ data: Uint8Array.from(data) });
  const unplug = () => { knobs.state = "disconnected"; access.onstatechange?.({ port: knobs }); };
  Object.assign(globalThis, { devices: { synth, turn, unplug } });
  Object.defineProperty(navigator, "requestMIDIAccess", { value: async () => access });
})();
"""
MAPPING = """
[midi]
in_device = ["A controller that is not there"]
out_device = ["A synthesiser that is not there"]
input."A controller that is not there" = [["control_change", 1, 20], ["control_change", 1, 21]]
output."A synthesiser that is not there" = [["control_change", 3, 30], ["control_change", 3, 31]]
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web-midi") / "kitchen"
    write_config(folder, controls=2, mode="battle", more=MAPPING)
    with WebInterface(folder) as web:
        start_session(web)
        yield web


@pytest.fixture
def context(chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


def test_without_permission_it_says_how_to_give_it(context, played):
    page = context.new_page()
    told = quiet(page)
    page.goto(f"{played.url}/sound")
    page.get_by_role("button", name="Use MIDI devices").click()
    expect(page.get_by_text("Allow it in the page's settings")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_enabled()
    assert not told


def test_with_permission_it_says_that_there_is_nothing(context, played):
    # Browsers differ in which of the two it needs.
    context.grant_permissions(["midi", "midi-sysex"], origin=played.url)
    page = context.new_page()
    told = quiet(page)
    page.goto(f"{played.url}/sound")
    page.get_by_role("button", name="Use MIDI devices").click()
    # A machine without a MIDI system (no ALSA), or one that has it.
    broken = page.get_by_text("The browser finds no MIDI system on this machine.")
    empty = page.get_by_label("What plays")
    expect(broken.or_(empty)).to_be_visible()
    assert page.get_by_text("Allow it").count() == 0
    assert not told


def test_a_knob_plays_and_predictions_go_out(context, played):
    page = context.new_page()
    told = quiet(page)
    page.add_init_script(PORTS)
    page.goto(f"{played.url}/sound")
    page.get_by_role("button", name="Use MIDI devices").click()
    page.get_by_label("What plays").select_option("Knobs")
    page.get_by_label("What is played").select_option("Synth")

    expect(page.locator(".chip-group [role=status]")).to_have_text("Playing")
    expect(page.locator(".workspace")).to_have_text("Kitchen")
    # By the configuration's own mapping: controller 21 is the second control.
    page.evaluate("devices.turn([0xb0, 21, 127])")
    expect(page.get_by_role("cell", name="channel 1")).to_be_visible()
    turn_to(page, "Perform")
    fader = faders_of(page).nth(1)
    expect(fader).to_have_attribute("aria-valuenow", "100")
    page.evaluate("devices.turn([0xb0, 21, 32])")
    expect(fader).to_have_attribute("aria-valuenow", "25")
    wait_until(lambda: state_of(played)["counters"]["heard"] >= 2)

    # What the model plays goes out as the configuration says.
    until(page, "devices.synth.sent.length > 4")
    sent = page.evaluate("devices.synth.sent")
    assert {tuple(message[:2]) for message in sent} <= {(0xB2, 30), (0xB2, 31)}
    assert all(0 <= value <= 127 for *_, value in sent)

    # Panic on another page silences what this one plays on as well.
    assert not page.evaluate("devices.synth.sent.some(([, controller]) => controller === 123)")
    other = context.new_page()
    other.goto(played.url)
    expect(faders_of(other).first).to_have_attribute("aria-disabled", "false")
    other.get_by_role("button", name="Panic", exact=True).first.click()
    until(page, "devices.synth.sent.some(([status, controller]) => status === 0xb2 && controller === 123)")
    other.close()

    # Unplugged, it is kept in mind.
    turn_to(page, "Sound")
    page.evaluate("devices.unplug()")
    expect(page.get_by_text("Knobs is not plugged in; it is used again as soon as it is.")).to_be_visible()
    assert not told
