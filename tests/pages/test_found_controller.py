"""A controller under JACK that an example knows: Setup offers its mapping, shows what changes, and takes it back."""

from __future__ import annotations

import tomllib

import pytest
from instrument import plugged_in, start_session, state_of, write_config
from jack_stage import Device
from playwright.sync_api import expect
from test_accessible import AUDIT, AXE

from bench.browser import WebInterface, quiet
from waiting import wait_until

pytestmark = [pytest.mark.peer("chromium", "jackd"), pytest.mark.usefixtures("jack_alone")]

SLIDERS = [["control_change", 1, controller] for controller in range(8)]


@pytest.fixture
def nano(jack):
    with plugged_in(jack, "nanoKONTROL2") as device:
        yield device


@pytest.fixture
def kitchen(jack, tmp_path):
    folder = tmp_path / "kitchen"
    write_config(folder, controls=8, more="# mine\n")
    with WebInterface(folder, environment=jack.environment) as web:
        yield web


def config_of(web):
    return tomllib.loads((web.folder / "config.toml").read_text())


@pytest.mark.parametrize(
    "screen", [{"width": 1280, "height": 800}, {"width": 360, "height": 780}], ids=["desk", "phone"]
)
def test_its_mapping_is_offered_taken_back_taken_and_plays(chromium, kitchen, nano, screen):
    context = chromium.new_context(viewport=screen)
    page = context.new_page()
    told = quiet(page)
    before = config_of(kitchen)
    page.goto(f"{kitchen.url}/setup")
    offer = page.get_by_role("region", name="nanoKONTROL2 plays found")
    expect(offer).to_contain_text("Korg nanoKONTROL2: its eight sliders.")
    expect(offer).to_contain_text("Set the device: hold SET and CYCLE while you plug it in.")
    offer.get_by_text("What it changes").click()
    rows = offer.get_by_role("row")
    expect(rows).to_have_count(9)
    expect(rows.nth(1)).to_contain_text("nothing")
    expect(rows.nth(1)).to_contain_text("control 0, channel 1 slider 1")
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    assert page.evaluate(AUDIT) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0

    # Taken and taken back: the draft is as it was.
    offer.get_by_role("button", name="Use its mapping").click()
    expect(offer).to_have_count(0)
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    page.get_by_role("log").get_by_role("button", name="Undo").click()
    expect(offer).to_be_visible()
    assert config_of(kitchen) == before

    offer.get_by_role("button", name="Use its mapping").click()
    expect(page.get_by_text("to fix")).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Unsaved changes")).to_have_count(0)
    wait_until(lambda: "midi" in config_of(kitchen))
    after = config_of(kitchen)
    (name,) = after["midi"]["in_device"]
    assert after.pop("midi") == {"in_device": [name], "input": {name: SLIDERS}}
    assert after == before
    expect(offer).to_have_count(0)

    start_session(kitchen)
    nano.play("b00000", "b0007f")

    def heard():
        nano.play("b00000", "b0007f")
        return state_of(kitchen)["input"][:1] == [1.0]

    wait_until(heard, what="the first slider")
    context.close()
    assert not told


def test_what_is_not_wanted_is_not_offered_again(chromium, kitchen, nano):
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{kitchen.url}/setup#midi")
    offer = page.get_by_role("region", name="nanoKONTROL2 plays found")
    offer.get_by_role("button", name="Not this one").click()
    expect(offer).to_have_count(0)
    with page.expect_response(lambda answer: answer.url.endswith("/api/devices")):
        page.reload()
    expect(page.get_by_role("tab", name="MIDI")).to_be_visible()
    expect(offer).to_have_count(0)
    context.close()


def test_one_that_comes_while_somebody_looks_is_noticed(chromium, jack, kitchen):
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{kitchen.url}/setup#scenes")
    expect(page.get_by_role("tab", name="Scenes")).to_be_visible()
    assert page.get_by_role("region", name="X-TOUCH MINI plays found").count() == 0
    device = Device(jack, "X-TOUCH MINI")
    expect(page.get_by_role("region", name="X-TOUCH MINI plays found")).to_be_visible()
    device.end()
    expect(page.get_by_role("region", name="X-TOUCH MINI plays found")).to_have_count(0)
    context.close()
