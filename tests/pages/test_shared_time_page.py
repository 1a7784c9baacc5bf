"""The shared time on the page: tempo, tap, quantise and grid, and the light on each beat."""

from __future__ import annotations

import pytest
from instrument import start_session, state_of, until, write_config
from playwright.sync_api import expect

from waiting import wait_until

CLOCK = '\n[clock]\nsource = "internal"\ntempo = 90\nquantise = 0.5\n'


@pytest.fixture
def stage(workspace, webui, page):
    def begin(more=""):
        write_config(workspace, mode="battle", more=more)
        start_session(webui)
        page.goto(webui.url)
        return page.get_by_role("region", name="Shared time")

    return begin


def test_the_tempo_is_typed_and_tapped_and_events_are_pulled_to_a_grid(webui, page, stage):
    time = stage(CLOCK)
    expect(time).to_contain_text("its own tempo")
    tempo = time.get_by_label("Tempo, BPM")
    expect(tempo).to_have_value("90")
    tempo.fill("200")
    tempo.press("Enter")
    wait_until(lambda: state_of(webui)["clock"]["tempo"] == 200, what="the tempo")
    tempo.blur()
    for _ in range(3):
        page.keyboard.press("t")
        page.wait_for_timeout(250)
    time.get_by_role("button", name="Tap").click()
    wait_until(lambda: state_of(webui)["tempo"] not in (90, 200), what="the tapped tempo")
    time.get_by_label("Quantise, number").fill("1")
    time.get_by_label("Quantise, number").press("Enter")
    time.get_by_label("Grid").select_option("1/8t")
    wait_until(lambda: (state_of(webui)["quantise"], state_of(webui)["grid"]) == (1, "1/8t"), what="the grid")
    for bright in (">", "<"):
        until(page, f"+document.querySelector('.beat-light').style.opacity {bright} 0.4")


def test_without_a_beat_there_is_none_to_be_set(page, stage):
    time = stage()
    expect(page.get_by_text("How it plays")).to_be_visible()
    expect(time).to_have_count(0)


def test_the_setup_page_turns_it_on(webui, page, stage):
    stage()
    page.goto(webui.url + "/setup")
    card = page.locator(".card").filter(has=page.get_by_role("heading", name="Shared time"))
    card.get_by_label("Source").select_option(label="Its own tempo")
    page.get_by_role("button", name="Save").click()
    wait_until(lambda: state_of(webui)["clock"]["locked"], what="the beat")
