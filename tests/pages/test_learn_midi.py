"""A MIDI controller under JACK, mapped from the page by moving it; and pulled out while somebody looks."""

from __future__ import annotations

import re
import tomllib

import pytest
from instrument import faders_of, plugged_in, start_session, state_of, turn_to, until, write_config
from jack_stage import Device
from playwright.sync_api import expect

from bench.browser import WebInterface, quiet
from waiting import if_idle, wait_until

pytestmark = [pytest.mark.peer("chromium", "jackd"), pytest.mark.usefixtures("jack_alone")]

LIMIT_MS = 1000
"""What is unplugged shows within this time."""

# When an element's text began to match, on the page's own clock.
WITNESS = """([selector, words]) => {
  const wanted = new RegExp(words);
  window.shown = null;
  const look = () => {
    const there = [...document.querySelectorAll(selector)].some((each) => wanted.test(each.textContent));
    if (there && window.shown === null) window.shown = performance.now();
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  look();
  return performance.now();
}"""


@pytest.fixture
def knobs(jack):
    with plugged_in(jack, "KNOBS") as device:
        yield device


@pytest.fixture
def played(jack, tmp_path):
    """A session that nothing is plugged into."""
    folder = tmp_path / "kitchen"
    write_config(folder, controls=3)
    with WebInterface(folder, environment=jack.environment) as web:
        start_session(web)
        yield web


def opened(chromium, web, path):
    page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
    told = quiet(page)
    page.goto(web.url + path)
    return page, told


def sweep(controller, stop=125):
    return [bytes([0xB0, controller, value]).hex() for value in range(0, stop, 5)]


def is_open(web):
    """Whether the session has the controller."""
    ports = [port for port in state_of(web)["ports"] if "KNOBS" in port["name"]]
    return [port["state"] in {"open", "receiving"} for port in ports] == [True]


def rows_of(web):
    (log,) = (web.folder / "logs").glob("*-mdrnn.log")
    return [line.split(",") for line in log.read_text().splitlines()]


def test_a_controller_is_mapped_by_moving_it_and_plays(chromium, played, knobs):
    page, told = opened(chromium, played, "/setup#midi")
    page.get_by_role("switch", name="Off").check()
    inputs = page.locator("section.mapped-ports").filter(has=page.get_by_role("heading", name="Inputs"))
    inputs.get_by_role("button", name="KNOBS").click()
    inputs.get_by_role("button", name="Add", exact=True).click()
    port = inputs.locator("details.port")
    expect(port.get_by_text("3 mapped")).to_be_visible()
    port.locator("summary").click()

    # All of them, one after the other; what lies still and what was taken already changes nothing.
    port.get_by_role("button", name="Assign all").click()
    for number, controller in enumerate((74, 71, 10), 1):
        row = port.get_by_role("row").nth(number)
        expect(row.get_by_text("Move", exact=False)).to_be_visible()
        if number == 3:
            knobs.play(*sweep(74))
            expect(row.get_by_text("is control 1 already")).to_be_visible()
        knobs.play(*sweep(controller))
        expect(row.get_by_role("textbox", name=re.compile("number"))).to_have_value(str(controller))
    expect(port.get_by_role("button", name="Assign all")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The session takes it over as it plays.")).to_be_visible()
    midi = tomllib.loads((played.folder / "config.toml").read_text())["midi"]
    (name,) = midi["in_device"]
    assert name in "KNOBS plays:KNOBS"
    assert midi["input"][name] == [["control_change", 1, controller] for controller in (74, 71, 10)]

    # The session that plays has taken it up: a knob that is turned moves its fader, and is written to the log.
    wait_until(lambda: is_open(played), what="the port's opening")
    turn_to(page, "Perform")
    expect(faders_of(page)).to_have_text([re.compile("CC 74"), re.compile("CC 71"), re.compile("CC 10")])
    knobs.play("b04700", "b0477f")
    expect(faders_of(page).nth(1)).to_have_attribute("aria-valuenow", "100")
    knobs.play("b04740")
    expect(faders_of(page).nth(1)).to_have_attribute("aria-valuenow", "50")
    wait_until(
        lambda: any(row[1] == "interface" and abs(float(row[3]) - 64 / 127) < 1e-4 for row in rows_of(played)),
        5,
        "the log's row",
    )
    page.context.close()
    assert not told


MIDI = """
[midi]
in_device = ["KNOBS"]
input."KNOBS" = [["control_change", 1, 1], ["control_change", 1, 2], ["control_change", 1, 3]]
"""


@pytest.fixture
def plugged(jack, knobs, tmp_path):
    """A session that hears the controller."""
    folder = tmp_path / "plugged"
    write_config(folder, controls=3, more=MIDI)
    with WebInterface(folder, environment=jack.environment) as web:
        start_session(web)
        wait_until(lambda: is_open(web), what="the port's opening")
        yield web


def pulled_out(jack, device, places, before, after):
    """Pull the device out, and plug it in again; returns it, and after how many ms each page had shown it."""
    for page, place in places.items():
        expect(page.locator(place).filter(has_text="KNOBS")).to_have_text(re.compile(before))
        page.evaluate(WITNESS, [place, f"KNOBS.*({after})"])
    begun = [page.evaluate("performance.now()") for page in places]
    device.kill()
    took = []
    for page, start in zip(places, begun, strict=True):
        until(page, "window.shown !== null", 5)
        took.append(1000 * if_idle((page.evaluate("window.shown") - start) / 1000))
    return Device(jack, "KNOBS"), took


def test_a_controller_that_is_pulled_out_shows_within_a_second(chromium, jack, plugged, knobs):
    """On the Perform page and in Setup while a session plays, and in Setup while none does; and when it is back."""
    perform, told = opened(chromium, plugged, "/")
    setup, said = opened(chromium, plugged, "/setup#midi")
    device = knobs
    playing, resting = [], []
    for _ in range(2):
        places = {perform: ".ports li", setup: "details.port summary"}
        device, took = pulled_out(jack, device, places, "ready|receiving|open", "waiting|no MIDI input")
        playing += took
    plugged.post("/api/session/stop")
    for _ in range(2):
        places = {setup: "details.port summary"}
        device, took = pulled_out(jack, device, places, "(?<!not )plugged in", "not plugged in")
        resting += took
    device.end()
    words = (" ".join(f"{each:.0f} ms" for each in took) for took in (playing, resting))
    print("shown after {} while a session plays, {} while none does".format(*words))
    assert max(playing + resting) < LIMIT_MS, (playing, resting)
    perform.context.close()
    setup.context.close()
    assert not told
    assert not said
