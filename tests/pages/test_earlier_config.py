"""A configuration of an earlier form on the Setup page, in a real browser: shown, changed, saved, upgraded."""

from __future__ import annotations

import re
import tomllib

import pytest
from playwright.sync_api import expect

from impsy.config import load_config

pytestmark = pytest.mark.peer("chromium")

EARLIER = """\
# on stage
title = "Stage"
log = true # all of it
[interaction]
threshold = 0.5 # soon
[model]
dimension = 3
[midi]
in_device = "Knobs" # left hand
out_device = "Synth"
input = [
  ["control_change", 1, 7], # left
  ["control_change", 1, 8], # right
]
output = [["note_on", 1], ["note_on", 2]]
"""


@pytest.fixture
def config(workspace):
    file = workspace / "config.toml"
    file.write_text(EARLIER)
    return file


def save(page):
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Unsaved changes")).to_have_count(0)


def test_an_entry_is_changed_by_its_form(config, webui, page):
    page.goto(f"{webui.url}/setup#midi")
    line = page.locator(".earlier")
    expect(line).to_contain_text("Earlier form understood", ignore_case=True)
    expect(line).to_contain_text("in_device and out_device of [midi] name one port")
    page.locator("details.port summary", has_text="Knobs").click()
    cell = page.get_by_role("textbox", name=re.compile("^Control 2: number", re.IGNORECASE)).first
    expect(cell).to_have_value("8")
    cell.fill("9")
    cell.press("Tab")
    expect(page.get_by_text("the text is in the present form now")).to_be_visible()
    expect(line).to_have_count(0)
    save(page)
    text = config.read_text()
    assert tomllib.loads(text)["midi"]["input"] == {"Knobs": [["control_change", 1, 7], ["control_change", 1, 9]]}
    for comment in ("# on stage", "# all of it", "# soon", "# left hand", "# left", "# right"):
        assert comment in text
    assert config.with_name("config.toml.bak").read_text() == EARLIER


def test_what_has_nothing_to_do_with_the_form_leaves_it(config, webui, page):
    page.goto(f"{webui.url}/setup")
    page.get_by_label("Title").fill("Studio")
    save(page)
    assert config.read_text() == EARLIER.replace("Stage", "Studio")
    expect(page.locator(".earlier")).to_be_visible()


def test_the_present_form_is_written_on_request(config, webui, page):
    before = load_config(config).config
    page.goto(f"{webui.url}/setup")
    page.get_by_role("button", name="Write the present form").click()
    expect(page.locator(".earlier")).to_have_count(0)
    assert config.read_text() == EARLIER
    save(page)
    after = load_config(config)
    assert (after.config, after.understood) == (before, ())
    assert config.with_name("config.toml.bak").read_text() == EARLIER
