"""A newcomer's path in a real browser, with real processes and files: from nothing to a model of their own."""

from __future__ import annotations

import re
import tomllib

import pytest
from playwright.sync_api import expect

from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

GESTURES = 16
STEPS = 30


def play_gestures(page, count=GESTURES):
    """Move faders with the mouse, one after the other, as a hand would."""
    faders = page.get_by_role("slider").filter(has=page.locator(".track"))
    for number in range(count):
        box = faders.nth(number % faders.count()).bounding_box()
        x, top, height = box["x"] + box["width"] / 2, box["y"] + 12, box["height"] - 60
        page.mouse.move(x, top + height * 0.8)
        page.mouse.down()
        for step in range(STEPS):
            page.mouse.move(x, top + height * (0.8 - 0.7 * step / STEPS))
            page.wait_for_timeout(12)
        page.mouse.up()


def open_page(page, name):
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
    expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")


@pytest.mark.slow
def test_from_an_empty_folder_to_playing_with_a_model_of_ones_own(page, webui, workspace):
    page.goto(webui.url)
    # Nothing is configured, so the way to the wizard is offered.
    page.get_by_role("link", name="Set it up").click()
    page.get_by_role("button", name="Next").click()
    for _ in range(4):
        page.get_by_role("button", name="One less").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Name").fill('Kitchen "table"')
    page.get_by_role("radio", name=re.compile("Together")).check()
    page.get_by_role("button", name="Start playing").click()

    # The faders play.
    faders = page.get_by_role("slider").filter(has=page.locator(".track"))
    expect(faders).to_have_count(4)
    expect(page.get_by_text("Playing", exact=True)).to_be_visible()
    told = tomllib.loads((workspace / "config.toml").read_text())
    assert told["title"] == 'Kitchen "table"'
    assert told["model"]["dimension"] == 5
    play_gestures(page)

    # A take is recorded.
    open_page(page, "Record")
    (log,) = (workspace / "logs").glob("*-5d-mdrnn.log")
    expect(page.get_by_text(re.compile(r"\d{3} events")).first).to_be_visible()
    wait_until(lambda: log.read_text().count(",interface,") > 200, what="the take")
    rows = [line.split(",") for line in log.read_text().splitlines()]
    performer = [row for row in rows if row[1] == "interface"]
    assert len(performer) > 200
    assert all(len(row) == 6 for row in rows)

    # It becomes a dataset, and that a model.
    open_page(page, "Learn")
    page.get_by_role("button", name="Make dataset").click()
    expect(page.get_by_text("is made", exact=False).first).to_be_visible()
    assert [each.name for each in (workspace / "datasets").iterdir()] == ["training-dataset-5d.npz"]
    page.get_by_role("radio", name=re.compile("xxs")).check()
    page.get_by_role("radio", name="Epochs").check()
    page.get_by_role("spinbutton", name="Epochs").fill("3")
    page.get_by_role("button", name="Start training").click()
    play_with_it = page.locator(".run").get_by_role("button", name="Play with it")
    expect(play_with_it).to_be_visible(timeout=180_000)
    play_with_it.click()
    (model,) = (workspace / "models").glob("musicMDRNN-dim5-layers2-units16-*.tflite")
    wait_until(lambda: (webui.get("/api/session")["state"] or {}).get("model") == model.name, what="the new model")
    assert tomllib.loads((workspace / "config.toml").read_text())["model"]["file"] == f"models/{model.name}"

    # Its predictions move the faders.
    open_page(page, "Perform")
    fills = page.locator(".fill.it")
    expect(fills).to_have_count(4)
    before = webui.get("/api/session")["state"]["counters"]["played"]
    seen = set()
    for _ in range(3):
        play_gestures(page, 2)
        seen.add(tuple(each.get_attribute("style") for each in fills.all()))
    wait_until(lambda: webui.get("/api/session")["state"]["counters"]["played"] > before)
    assert len(seen) > 1
