"""Perform with several models: a line for each voice, by what it does."""

from __future__ import annotations

import pytest
from instrument import start_session, write_config
from playwright.sync_api import expect

from bench.browser import WebInterface, quiet

pytestmark = pytest.mark.peer("chromium")

VOICES = """
[[voices]]
name = "melody"
controls = [1, 2]
[[voices]]
name = "bass"
controls = [4]
mode = "useronly"
"""


def test_each_voice_has_a_line(chromium, tmp_path):
    write_config(tmp_path / "kitchen", mode="battle", more=VOICES)
    with WebInterface(tmp_path / "kitchen") as web:
        start_session(web)
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        wrong = quiet(page)
        page.goto(web.url)
        lines = page.get_by_role("list", name="Voices").get_by_role("listitem")
        expect(lines.nth(0)).to_contain_text("melody")
        expect(lines.nth(0)).to_contain_text("plays")
        expect(lines.nth(0)).to_contain_text("By itself · 1-2 ·")
        expect(lines.nth(1)).to_contain_text("is yours")
        expect(page.get_by_role("status").filter(has_text="You play together")).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        expect(lines.nth(0)).to_contain_text("rests")
        page.close()
        assert not wrong
