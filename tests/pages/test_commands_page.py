"""A controller under JACK whose buttons are assigned to commands on the page, and then command."""

from __future__ import annotations

import re
import tomllib

import pytest
from instrument import plugged_in, start_session, state_of, write_config
from playwright.sync_api import expect

from bench.browser import WebInterface, quiet
from waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.peer("chromium", "jackd"), pytest.mark.usefixtures("jack_alone")]

MORE = """
[midi]
in_device = ["DESK"]
input."DESK" = [["control_change", 1, 1], ["control_change", 1, 2], ["control_change", 1, 3]]

[scenes."verse"] # quiet
mode = "battle"

[commands] # of the desk
reset = ["control_change", 1, 99, "DESK"] # rarely
"""


@pytest.fixture
def desk(jack):
    with plugged_in(jack, "DESK") as device:
        yield device


@pytest.fixture
def played(jack, desk, tmp_path):
    folder = tmp_path / "kitchen"
    write_config(folder, controls=3, more=MORE)
    with WebInterface(folder, environment=jack.environment) as web:
        start_session(web)
        yield web


def test_commands_are_assigned_by_pressing_and_turning(chromium, played, desk):
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    told = quiet(page)
    page.goto(played.url + "/setup#commands")

    def row(title):
        return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(f"^{title}")))

    def assign(title, *messages):
        row(title).get_by_role("button", name="Assign").click()
        expect(row(title).get_by_role("status")).to_be_visible()
        desk.play(*messages)

    def shows(title, words):
        expect(row(title).get_by_text(words, exact=True)).to_be_visible()

    assign("Pause", "b0107f", "b01000")
    shows("Pause", "control 16, channel 1, DESK")
    assign("Scene: verse", "99247f", "892400")
    shows("Scene: verse", "note C2 (36), channel 10, DESK")

    # A pad cannot be turned, a button that is taken cannot be taken again; a knob is what is wanted.
    assign("Variation", "99257f", "892500")
    expect(row("Variation").get_by_text("cannot be turned")).to_be_visible()
    desk.play("b0637f", "b06300")
    expect(row("Variation").get_by_text("is for “Reset” already")).to_be_visible()
    desk.play(*(f"b015{value:02x}" for value in range(0, 120, 5)))
    shows("Variation", "control 21, channel 1, DESK")

    row("Reset").get_by_role("button", name="take its control away").click()
    expect(row("Reset").get_by_text("control 99")).to_have_count(0)
    page.get_by_role("button", name="Undo").last.click()
    shows("Reset", "control 99, channel 1, DESK")

    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The session takes it over as it plays.")).to_be_visible()
    text = (played.folder / "config.toml").read_text()
    assert tomllib.loads(text)["commands"] == {
        "reset": ["control_change", 1, 99, "DESK"],
        "pause": ["control_change", 1, 16, "DESK"],
        "scene.verse": ["note_on", 10, 36, "DESK"],
        "sigmatemp": ["control_change", 1, 21, "DESK"],
    }
    assert all(comment in text for comment in ("# of the desk", "# quiet"))

    # The session has taken them up.
    wait_until(lambda: {"b0 10 00", "99 24 00"} <= set(desk.heard), what="the lights")
    desk.play("b0107f", "b01000")
    wait_until(lambda: state_of(played)["paused"], what="the pause")
    desk.play("99247f", "892400")
    wait_until(lambda: state_of(played)["scene"] == "verse", what="the scene")
    wait_until(lambda: "b0 10 7f" in desk.heard and "99 24 7f" in desk.heard, what="the lights")
    page.context.close()
    assert not told
