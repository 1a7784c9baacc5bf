"""The page names controls and says how they are played; the file keeps its comments."""

from __future__ import annotations

import tomllib

import pytest
from playwright.sync_api import expect

from waiting import wait_until


@pytest.fixture
def config(workspace, ports):
    path = workspace / "config.toml"
    path.write_text(
        "[model]\ndimension = 4\n\n# my hands\n[[controls]]\nname = 'melody' # sung\n\n# the rest\n"
        "[websocket]\noutput = [['note_on', 1], ['control_change', 1, 7], ['control_change', 1, 8]]\n" + ports
    )
    return path


def saved(config):
    return tomllib.loads(config.read_text()).get("controls")


def test_a_row_for_each_control(config, page, webui):
    page.goto(f"{webui.url}/setup#controls")
    expect(page.get_by_label("Control 1: name")).to_have_value("melody")
    page.get_by_label("Control 1: scale").select_option("major-pentatonic")
    page.get_by_label("Control 1: root").select_option("Eb")
    page.get_by_label("Control 1: from").fill("36")
    page.get_by_label("Control 1: to").fill("84")
    page.get_by_label("Control 1: gate (s)").fill("0.25")
    page.get_by_label("Control 3: name").fill("cutoff")
    page.get_by_label("Control 3: to").fill("0.8")
    page.get_by_label("Control 3: repeat (s)").fill("1,5")
    page.get_by_role("row", name="Control 2").get_by_role("switch").uncheck()
    page.get_by_role("button", name="Save").first.click()
    melody = {"name": "melody", "scale": "major-pentatonic", "root": "Eb", "limits": [36, 84], "gate": 0.25}
    wanted = [melody, {"enabled": False}, {"name": "cutoff", "limits": [0, 0.8], "repeat": 1.5}]
    wait_until(lambda: saved(config) == wanted, what="saving")
    text = config.read_text()
    assert "# my hands\n[[controls]]\nname = 'melody' # sung" in text
    assert "# the rest\n[websocket]" in text

    page.goto(f"{webui.url}/")
    expect(page.get_by_role("slider", name="melody")).to_be_visible()
    expect(page.get_by_role("slider", name="cutoff")).to_be_visible()
    expect(page.get_by_role("slider", name="CC 7")).to_be_disabled()


def test_what_is_wrong_stands_at_its_control(config, page, webui):
    config.write_text(config.read_text().replace("# sung", "\nlimits = [0.8, 0.2]"))
    page.goto(f"{webui.url}/setup#controls")
    expect(page.get_by_role("row", name="Control 1")).to_contain_text("wanted the lower limit first")
    page.get_by_label("Control 1: from").fill("")
    page.get_by_label("Control 1: to").fill("")
    expect(page.get_by_text("wanted the lower limit first")).to_have_count(0)
    page.get_by_role("button", name="Save").first.click()
    wait_until(lambda: saved(config) == [{"name": "melody"}], what="saving")
