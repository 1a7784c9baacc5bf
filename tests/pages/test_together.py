"""Two pages at once, a web process that dies, and a training that outlives both."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import psutil
import pytest
from instrument import crash, drag, faders_of, show_numbers, start_session, state_of, write_config
from played import write_take
from playwright.sync_api import expect

from bench.browser import WebInterface, quiet
from waiting import PATIENCE, wait_until

pytestmark = pytest.mark.peer("chromium")

LOST = "The connection to IMPSY is lost"


@pytest.fixture
def kitchen(tmp_path):
    """The web interface over a workspace of four controls."""
    folder = tmp_path / "kitchen"
    write_config(folder)
    with WebInterface(folder) as web:
        yield web


@pytest.fixture
def open_page(chromium):
    """Opens pages in browsers of their own; returns the page and what goes wrong in it."""
    contexts = []

    def opened(web, path="/"):
        contexts.append(chromium.new_context(viewport={"width": 1280, "height": 800}))
        page = contexts[-1].new_page()
        told = quiet(page)
        page.goto(web.url + path)
        return page, told

    yield opened
    for context in contexts:
        context.close()


def test_what_one_page_does_the_other_shows(kitchen, open_page):
    start_session(kitchen)
    one, told = open_page(kitchen)
    other, said = open_page(kitchen)

    # A fader, both ways.
    drag(one, faders_of(one).nth(1), 0.2, 0.8)
    expect(faders_of(one).nth(1)).to_have_attribute("aria-valuenow", re.compile("79|80|81"))
    moved = faders_of(one).nth(1).get_attribute("aria-valuenow")
    expect(faders_of(other).nth(1)).to_have_attribute("aria-valuenow", moved)
    faders_of(other).nth(3).press("End")
    expect(faders_of(one).nth(3)).to_have_attribute("aria-valuenow", "100")

    # Mode, pause, a temperature, the performer.
    expect(other.locator("input[value=useronly]")).to_be_checked()
    one.locator("input[value=callresponse]").check()
    expect(other.locator("input[value=callresponse]")).to_be_checked()
    other.get_by_role("button", name="Pause").click()
    expect(one.get_by_text("Paused: the model neither listens nor plays")).to_be_visible()
    one.get_by_role("button", name="Go on").click()
    expect(other.get_by_role("button", name="Pause")).to_be_visible()
    for page in (one, other):
        show_numbers(page)
    one.get_by_role("spinbutton", name="Variation, number").fill("0.5")
    one.get_by_role("spinbutton", name="Variation, number").press("Enter")
    expect(other.get_by_role("spinbutton", name="Variation, number")).to_have_value("0.5")
    one.get_by_role("slider", name="Speed").press("PageUp")
    number = one.get_by_role("spinbutton", name="Speed, number")
    expect(number).not_to_have_value("1")
    scale = number.input_value()
    expect(other.get_by_role("spinbutton", name="Speed, number")).to_have_value(scale)
    one.get_by_role("switch", name="Simulated performer").check()
    expect(other.get_by_role("switch", name="Simulated performer")).to_be_checked()

    # The session's end.
    other.get_by_role("button", name="Stop the session").click()
    for page in (one, other):
        expect(page.get_by_text("Nothing plays yet")).to_be_visible()
    assert not told
    assert not said


def test_two_drafts_of_one_configuration(kitchen, open_page):
    one, told = open_page(kitchen, "/setup")
    other, _ = open_page(kitchen, "/setup")
    for page, title in ((one, "Hers"), (other, "His")):
        page.get_by_role("textbox", name="Title").fill(title)
        expect(page.get_by_role("button", name="Save", exact=True)).to_be_enabled()
    one.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("was changed elsewhere since you began")).to_be_visible()
    other.get_by_role("button", name="Save", exact=True).click()
    dialog = other.get_by_role("dialog", name="Somebody else saved meanwhile")
    expect(dialog).to_be_visible()
    config = kitchen.folder / "config.toml"
    assert tomllib.loads(config.read_text())["title"] == "Hers"
    dialog.get_by_role("button", name="Save mine over it").click()
    expect(dialog).to_be_hidden()
    wait_until(lambda: tomllib.loads(config.read_text())["title"] == "His")
    expect(one.get_by_role("textbox", name="Title")).to_have_value("His")
    assert not told


def test_a_page_finds_back_to_a_web_process_that_was_killed(kitchen, open_page):
    session = start_session(kitchen)["pid"]
    page, _ = open_page(kitchen)
    expect(page.get_by_text("Playing", exact=True)).to_be_visible()
    expect(faders_of(page)).to_have_count(4)
    crash(kitchen)
    expect(page.get_by_role("alert")).to_contain_text(LOST)
    expect(faders_of(page).first).to_have_attribute("aria-disabled", "true")
    # What it had started ends with it, in order.
    wait_until(lambda: not psutil.pid_exists(session), what="the session's end")
    kitchen.start()
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Playing", exact=True)).to_be_visible()
    faders_of(page).first.press("End")
    expect(faders_of(page).first).to_have_attribute("aria-valuenow", "100")
    wait_until(lambda: state_of(kitchen)["input"][0] == 1.0)
    assert state_of(kitchen)["pid"] != session
    assert "Traceback" not in kitchen.text()


def test_a_session_that_was_started_elsewhere_is_found_again(kitchen, open_page):
    session = subprocess.Popen(
        [sys.executable, "-m", "impsy", "run"],
        cwd=kitchen.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        page, _ = open_page(kitchen)
        expect(page.get_by_text("Playing", exact=True)).to_be_visible()
        expect(faders_of(page)).to_have_count(4)
        crash(kitchen)
        expect(page.get_by_role("alert")).to_contain_text(LOST)
        assert session.poll() is None
        kitchen.start()
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.get_by_text("Playing", exact=True)).to_be_visible()
        faders_of(page).first.press("End")
        wait_until(lambda: (state_of(kitchen) or {"input": [0]})["input"][0] == 1.0)
        assert state_of(kitchen)["pid"] == session.pid
        # A page ends it, too.
        page.get_by_role("button", name="Stop the session").click()
        assert session.wait(PATIENCE) == 0
        expect(page.get_by_text("Nothing plays yet")).to_be_visible()
    finally:
        session.kill()
        session.wait(5)
    assert "Traceback" not in kitchen.text()


@pytest.mark.slow
def test_a_training_outlives_its_page_and_the_web_process(kitchen, open_page):
    for number in range(3):
        write_take(kitchen.folder / "logs", number, 60.0, controls=4)
    page, told = open_page(kitchen, "/learn")
    page.get_by_role("button", name="Make dataset").click()
    expect(page.get_by_text("is made", exact=False).first).to_be_visible()
    page.get_by_role("radio", name=re.compile("xxs")).check()
    page.get_by_role("radio", name="Epochs").check()
    page.get_by_role("spinbutton", name="Epochs").fill("2000")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("button", name="Stop and keep the best")).to_be_visible()
    (trained,) = kitchen.get("/api/training")
    assert not told
    page.context.close()
    crash(kitchen)
    kitchen.start()
    (found,) = kitchen.get("/api/training")
    assert (found["id"], found["status"]) == (trained["id"], "running")
    begun = found["epoch"]

    # It went on all the while, and a new page shows it.
    page, told = open_page(kitchen, "/learn")
    wait_until(lambda: kitchen.get("/api/training")[0]["epoch"] > begun + 1, 90, "an epoch")
    expect(page.locator(".run").get_by_text(re.compile("of 2,?000"))).to_be_visible()
    expect(page.locator(".run .curve")).to_be_visible()
    page.get_by_role("button", name="Stop and keep the best").click()
    expect(page.locator(".run").get_by_role("button", name="Play with it")).to_be_visible(timeout=60_000)
    (run,) = kitchen.get("/api/training")
    assert run["status"] == "stopped"
    assert (kitchen.folder / "models" / run["model"]).is_file()
    # Its facts come a little later.
    wait_until(
        lambda: (
            (run["model"], 5, "")
            in [(each["name"], each["dimension"], each["problem"]) for each in kitchen.get("/api/models")]
        )
    )
    assert not told
    assert "Traceback" not in kitchen.text()
