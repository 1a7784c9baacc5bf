"""States that the page must show truly: no connection, errors and their end, and the words and offers of Perform."""

from __future__ import annotations

import re

import pytest
from instrument import crash, faders_of, faultless_page, show_numbers, start_session, turn_to, write_config
from playwright.sync_api import expect

from bench.browser import WebInterface
from impsy.evaluation.report.tables import download_link
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

LOST = "The connection to IMPSY is lost"


@pytest.fixture
def kitchen(tmp_path):
    folder = tmp_path / "kitchen"
    write_config(folder, mode="callresponse")
    with WebInterface(folder) as web:
        yield web
    assert "Traceback" not in web.text()


@pytest.fixture
def page(chromium):
    with faultless_page(chromium) as page:
        yield page


def test_without_a_connection_what_cannot_work_is_grey(kitchen, page):
    start_session(kitchen)
    page.goto(kitchen.url)
    show_numbers(page)
    chip = page.locator(".chip-group [role=status]")
    expect(chip).to_have_text("Playing")
    speed = page.get_by_role("slider", name="Speed")
    expect(speed).to_be_enabled()
    crash(kitchen)

    expect(page.get_by_role("alert")).to_have_count(1)
    expect(page.get_by_role("alert")).to_contain_text(LOST)
    expect(page.get_by_role("alert")).to_contain_text("impsy webui")
    expect(chip).to_have_text("Not connected")
    expect(page.locator(".turn-who")).to_have_text("Not connected")
    expect(speed).to_be_disabled()
    expect(faders_of(page).first).to_have_attribute("aria-disabled", "true")
    for name in ("Save as scene …", "Stop the session", "Mark"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    # The notes of this page's own sound end all the same, and help needs nobody.
    expect(page.get_by_role("button", name="Panic")).to_be_enabled()
    expect(page.get_by_role("button", name="Keys")).to_be_enabled()

    # The session ended with the process that had started it, and the page knows.
    kitchen.start()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(chip).to_have_text("Stopped")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(speed).to_be_enabled()


def test_a_page_that_was_opened_while_the_server_was_away_is_there_once_it_is_back(kitchen, page):
    page.goto(kitchen.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Perform")
    crash(kitchen)
    expect(page.get_by_role("alert")).to_contain_text(LOST)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Models").click()
    expect(page.get_by_text("This page opens once there is a connection.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(1)
    kitchen.start()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models and files")
    expect(page.get_by_text("No models yet")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_demo_that_ended_is_called_by_its_name(tmp_path, page):
    folder = tmp_path / "place"
    folder.mkdir()
    with WebInterface(folder, "--no-open", command="demo") as web:
        page.goto(web.url)
        expect(page.get_by_text("demo", exact=True)).to_be_visible()
        web.end()
        expect(page.get_by_role("alert")).to_contain_text("Is impsy demo still running?")


def test_an_error_goes_when_what_failed_succeeds(kitchen, page):
    config = kitchen.folder / "config.toml"
    good = config.read_text()
    page.goto(kitchen.url)
    config.write_text(good.replace('mode = "callresponse"', 'mode = "sometimes"'))
    page.get_by_role("button", name="Start", exact=True).click()
    log = page.get_by_role("log", name="Messages")
    expect(log).to_contain_text("the configuration cannot be played")
    config.write_text(good)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".chip-group [role=status]")).to_have_text("Playing")
    expect(log).not_to_contain_text("the configuration cannot be played")


def test_a_configuration_that_breaks_keeps_its_title_and_its_faders(kitchen, page):
    page.goto(kitchen.url)
    title = page.locator(".workspace")
    expect(title).to_have_text("Kitchen")
    config = kitchen.folder / "config.toml"
    good = config.read_text()
    config.write_text('title = "Kit\n' + good)
    wait_until(lambda: kitchen.get("/api/config")["problems"], what="that the page has the broken file")
    turn_to(page, "System")
    turn_to(page, "Perform")
    expect(title).to_have_text("Kitchen")
    expect(faders_of(page)).to_have_count(4)


def test_an_address_of_no_page_says_so(kitchen, page):
    answer = page.goto(f"{kitchen.url}/nothing")
    assert answer.status == 404
    expect(page.get_by_role("heading", name="Nothing is here")).to_be_visible()
    expect(page.get_by_text("There is no page at /nothing")).to_be_visible()
    page.get_by_role("link", name="Go to Perform").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Perform")


def test_what_is_offered_is_replaced_by_typing_and_what_is_too_long_is_said(kitchen, page):
    start_session(kitchen)
    page.goto(kitchen.url)
    page.get_by_role("button", name="Save as scene …").click()
    name = page.get_by_role("textbox", name="Name")
    expect(name).to_have_value("scene 1")
    expect(name).to_be_focused()
    page.keyboard.type("verse")
    expect(name).to_have_value("verse")
    name.fill("v" * 61)
    expect(page.get_by_text("A name has at most 60 characters; this one has 61.")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("button", name="Save", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Cancel").click()

    faders_of(page).first.press("End")
    wait_until(lambda: list((kitchen.folder / "logs").glob("*-mdrnn.log")), what="the take")
    turn_to(page, "Record")
    tag = page.get_by_role("textbox", name="A new tag")
    tag.fill("t" * 41)
    expect(page.get_by_text("A tag has at most 40 characters; this one has 41.")).to_be_visible()
    expect(page.get_by_role("button", name="Add the tag")).to_be_disabled()
    tag.fill("t" * 40)
    page.get_by_role("button", name="Add the tag").click()
    expect(page.get_by_text("t" * 40).first).to_be_visible()


LOOKS = """() => [...document.querySelectorAll(".legend span, .figures div, .below .soft")].map((each) => {
  const { background, display, fontSize, color, gap, padding } = getComputedStyle(each);
  return [each.className, background, display, fontSize, color, gap, padding].join("; ");
})"""


def test_a_visit_to_other_pages_leaves_perform_as_it_was(kitchen, page):
    start_session(kitchen)
    page.goto(kitchen.url)
    expect(page.locator(".figures div").first).to_be_visible()
    before = page.evaluate(LOOKS)
    assert len(before) > 8
    for name in ("Sound", "Setup", "Record", "Learn", "Models", "System", "Perform"):
        turn_to(page, name)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".figures div").first).to_be_visible()
    assert page.evaluate(LOOKS) == before


def test_the_sound_is_offered_where_only_osc_is_played_to(tmp_path, page):
    folder = tmp_path / "kitchen"
    write_config(folder, mode="callresponse", more="[osc]\nserver_port = 0\n")
    with WebInterface(folder) as web:
        start_session(web)
        page.goto(web.url)
        hint = page.get_by_role("complementary", name="Sound")
        expect(hint).to_be_visible()
        hint.get_by_role("button", name="Without the page's sound").click()
        expect(hint).to_have_count(0)
        page.reload()
        expect(page.locator(".turn-who")).to_be_visible()
        expect(hint).to_have_count(0)


def test_two_new_instruments_play_beside_each_other(tmp_path):
    wish = {"title": "T", "template": "browser", "dimension": 3, "mode": "battle"}
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with WebInterface(folders[0]) as first, WebInterface(folders[1]) as second:
        for web in (first, second):
            web.post("/api/setup", wish)
        states = [start_session(web) for web in (first, second)]
        assert states[0]["pid"] != states[1]["pid"]
        assert [web.get("/api/session")["sentence"] for web in (first, second)] == ["", ""]
        found = [each for each in second.get("/api/system")["findings"] if each["level"] == "problem"]
        assert not found


def test_the_tables_of_a_report_can_be_saved(kitchen, page):
    content = 'name,kind,mean\r\n"a, b",model,-1.25\r\n'
    report = kitchen.folder / ".impsy" / "reports" / "mine.tflite.html"
    report.parent.mkdir(parents=True, exist_ok=True)
    (kitchen.folder / "models").mkdir()
    (kitchen.folder / "models" / "mine.tflite").write_bytes(b"no model")
    report.write_text(f"<!doctype html><h1>Report</h1>{download_link('mine windows', content, 'the windows')}")
    page.goto(f"{kitchen.url}/api/models/mine.tflite/report")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download the windows as CSV").click()
    assert saved.value.suggested_filename == "mine-windows.csv"
    assert saved.value.path().read_bytes() == content.encode()


def test_the_words_of_the_page(kitchen, page):
    start_session(kitchen)
    page.goto(kitchen.url)
    show_numbers(page)
    for title, key in (
        ("Variation", "sigmatemp"),
        ("Surprise", "pitemp"),
        ("Speed", "timescale"),
        ("Answers after", "threshold"),
    ):
        setting = page.locator(".live-setting").filter(has_text=title)
        expect(setting.locator("code")).to_have_text(key)
        expect(setting.get_by_role("slider")).to_have_accessible_name(title)
    header = page.get_by_role("banner")
    expect(header.get_by_role("button", name="Panic")).to_have_text("Panic")
    turn_to(page, "Sound")
    for name in ("Your volume", "Model volume"):
        expect(page.get_by_role("slider", name=name)).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d+ BPM")).first).to_be_visible()
    turn_to(page, "Learn")
    turn_to(page, "System")
    expect(page.get_by_role("heading", name="Health")).to_be_visible()


SEEN = """async () => {
  const turned = [...document.querySelectorAll("[role=switch]")].find((each) =>
    each.closest("label").textContent.includes("A simulated performer plays"));
  turned.click();
  const seen = new Set();
  for (const end = performance.now() + 1500; performance.now() < end; ) {
    seen.add(turned.checked);
    await new Promise((done) => setTimeout(done, 20));
  }
  return [...seen];
}"""
"""Turns a switch, and tells how it stood in the second and a half after."""


def test_a_switch_stays_as_it_was_turned_while_the_answer_is_on_its_way(kitchen, page):
    start_session(kitchen)
    page.goto(f"{kitchen.url}/system")
    switch = page.get_by_role("switch", name="A simulated performer plays")
    expect(switch).to_be_enabled()

    def answered_late(route):
        page.wait_for_timeout(1700)
        route.continue_()

    page.route("**/api/performer", answered_late)
    # The session's state, which comes each second, draws the page meanwhile.
    assert page.evaluate(SEEN) == [True]
    expect(switch).to_be_checked()
