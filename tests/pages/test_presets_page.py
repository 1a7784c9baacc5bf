"""Presets on the Perform page: one click sets them all, the one that fits is marked, the numbers are in a fold."""

from __future__ import annotations

import pytest
from instrument import show_numbers, start_session, state_of, write_config
from playwright.sync_api import expect
from test_accessible import AUDIT, AXE, SCREENS

from bench.browser import WebInterface, quiet
from impsy.presets import PRESETS
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / "kitchen"
    write_config(folder, more="\n[osc]\nserver_port = 0\n")
    with WebInterface(folder) as web:
        start_session(web)
        yield web


@pytest.fixture
def page(chromium, kitchen):
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    told = quiet(page)
    page.goto(kitchen.url)
    yield page
    context.close()
    assert not told


def radio(page, name):
    return page.get_by_role("radio", name=PRESETS[name].title, exact=True)


def marked(page):
    return page.get_by_role("group", name="Preset").locator("input:checked")


@pytest.mark.parametrize("name", PRESETS)
def test_a_click_sets_all_that_a_preset_names_and_marks_it_on_every_page(page, kitchen, name):
    preset = PRESETS[name]
    radio(page, name).click(force=True)
    wait_until(lambda: {key: state_of(kitchen)[key] for key in preset.values} == preset.values)
    other = page.context.new_page()
    other.goto(kitchen.url)
    expect(radio(other, name)).to_be_checked()
    expect(other.locator("details.numbers > summary")).to_contain_text(
        f"Surprise {preset.values['pi_temperature']:g}"
    )
    other.close()


def test_another_number_is_no_preset_and_the_fold_stays_as_it_was_left(page):
    radio(page, "wild").click(force=True)
    expect(radio(page, "wild")).to_be_checked()
    expect(page.get_by_role("slider", name="Speed")).to_have_count(0)
    show_numbers(page)
    page.get_by_role("spinbutton", name="Speed, number").fill("3")
    page.get_by_role("spinbutton", name="Speed, number").press("Enter")
    expect(marked(page)).to_have_count(0)
    page.reload()
    expect(page.get_by_role("slider", name="Speed")).to_be_visible()
    expect(marked(page)).to_have_count(0)
    page.wait_for_timeout(500)  # for the page to settle after it was loaded
    page.locator("details.numbers > summary").press("Enter")
    expect(page.get_by_role("slider", name="Speed")).to_have_count(0)
    page.wait_for_function("localStorage.getItem('impsy.perform.numbers') === 'closed'")
    page.reload()
    expect(marked(page)).to_have_count(0)
    expect(page.get_by_role("slider", name="Speed")).to_have_count(0)


def test_they_are_chosen_by_keys(page, kitchen):
    radio(page, "calm").click(force=True)
    expect(radio(page, "calm")).to_be_checked()
    radio(page, "calm").press("ArrowRight")
    expect(radio(page, "close")).to_be_checked()
    wait_until(lambda: state_of(kitchen)["pi_temperature"] == PRESETS["close"].values["pi_temperature"])


@pytest.mark.parametrize("screen", SCREENS)
def test_whoever_cannot_see_it_well_can_use_it(chromium, kitchen, screen):
    context = chromium.new_context(**SCREENS[screen])
    page = context.new_page()
    page.goto(kitchen.url)
    show_numbers(page)
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    violations = page.evaluate(AUDIT)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    context.close()
    assert not violations, "\n".join(violations)
    assert wide <= 0
