"""Takes for research, in a browser: several selected, replayed exactly, and saved as tables, pictures and sound."""

from __future__ import annotations

import csv
import re
import wave
from array import array
from contextlib import suppress
from datetime import datetime

import psutil
import pytest
from instrument import write_config
from playwright.sync_api import expect
from test_accessible import AXE

from bench.browser import WebInterface, quiet
from recorded_take import record
from waiting import PATIENCE

pytestmark = pytest.mark.peer("chromium")

FOUND = """async () => (await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag22aa"] })).violations
  .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "kitchen"
    write_config(folder, controls=2)
    for hour in range(10, 13):
        record(folder, datetime(2026, 9, 26, hour))
    with WebInterface(folder) as web:
        yield web


@pytest.fixture
def page(chromium, study):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    told = quiet(page)
    page.goto(f"{study.url}/record")
    yield page
    context.close()
    assert not told


def saved(page, button, tmp_path, name):
    with page.expect_download() as begun:
        button.click()
    begun.value.save_as(tmp_path / name)
    return tmp_path / name, begun.value.suggested_filename


def hold_replay(web) -> bool:
    """Have the process that replays stand still, if there is one."""
    with suppress(psutil.Error):
        for child in psutil.Process(web.pid).children():
            if "replay_take" in child.cmdline():
                child.suspend()
                return True
    return False


def loudest(path) -> int:
    with wave.open(str(path)) as file:
        assert file.getsampwidth() == 2
        return max(map(abs, array("h", file.readframes(file.getnframes()))))


def test_takes_are_selected_tagged_exported_and_deleted_together(page, tmp_path):
    boxes = page.locator(".take-box input")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    many = page.get_by_role("region", name="Selected takes")
    expect(many.get_by_text("3 takes selected")).to_be_visible()
    boxes.nth(2).click()
    many.get_by_label("A tag for the selected takes").fill("pilot")
    many.get_by_role("button", name="Add the tag to the selected takes").click()
    expect(page.locator(".take .tag", has_text="pilot")).to_have_count(2)
    many.get_by_role("button", name="Do not learn from them").click()
    expect(page.locator(".take .tag", has_text="not learned")).to_have_count(2)
    path, name = saved(page, many.get_by_role("button", name="CSV"), tmp_path, "many.csv")
    assert name == "impsy-takes.csv"
    with path.open(newline="") as file:
        assert len({row["take"] for row in csv.DictReader(file)}) == 2
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(FOUND) == []
    many.get_by_role("button", name="Delete").click()
    expect(page.locator(".take")).to_have_count(1)
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator(".take")).to_have_count(3)


def test_a_replay_is_cancelled(page, study):
    page.get_by_text("How it was made").click()
    facts = page.locator(".origin")
    replay = facts.get_by_role("button", name="Replay exactly")
    held = False
    while not held:
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            replay.click()
        # It may be over before it could be held.
        while not (held := hold_replay(study)) and study.get("/api/replay")["running"]:
            pass
    facts.get_by_role("button", name="Cancel the replay").click()
    expect(facts.get_by_text("The replay was cancelled.")).to_be_visible()
    expect(facts.get_by_role("button", name="Keep the replay as a take")).to_have_count(0)
    expect(replay).to_be_enabled()


def test_a_take_says_what_made_it_and_replays_exactly(page):
    page.get_by_text("How it was made").click()
    facts = page.locator(".origin")
    expect(facts.get_by_text("first.tflite")).to_be_visible()
    expect(facts.get_by_text("second.tflite")).to_be_visible()
    # A window that was narrow for a while, if only for a picture of the page, has closed nothing.
    page.set_viewport_size({"width": 390, "height": 844})
    expect(facts).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 900})
    facts.get_by_role("button", name="Replay exactly").click()
    expect(facts.get_by_text("Identical.", exact=True)).to_be_visible()
    facts.get_by_role("button", name="Keep the replay as a take").click()
    expect(page.get_by_role("heading", name="Replay of 2026-09-26T12-00-00-3d")).to_be_visible()


def test_a_take_is_saved_as_sound_and_as_pictures(page, tmp_path):
    path, name = saved(page, page.get_by_role("button", name="WAV"), tmp_path, "take.wav")
    assert name.endswith(".wav")
    assert loudest(path) > 300
    path, _ = saved(page, page.get_by_role("button", name="SVG"), tmp_path, "take.svg")
    assert "<path" in path.read_text(encoding="utf-8")
    path, _ = saved(page, page.get_by_role("button", name="PNG"), tmp_path, "take.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_sound_of_a_performance_is_saved(page, study, tmp_path):
    page.goto(f"{study.url}/sound")
    page.get_by_role("main").get_by_role("button", name="Turn on the sound").click()
    page.get_by_role("button", name="Record the sound").click()
    page.get_by_role("button", name="Try it").click()
    stop = page.get_by_role("button", name="Stop and save")
    expect(stop).to_contain_text(re.compile(r"0:0[3-9]|0:[1-5]\d"))
    path, name = saved(page, stop, tmp_path, "played.wav")
    assert name.startswith("impsy-")
    assert loudest(path) > 300
