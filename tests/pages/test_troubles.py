"""What goes wrong under a page that is open: each time it says so in a sentence, and goes on when it is mended."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import subprocess

import pytest
from instrument import faders_of, faultless_page, start_session, state_of, turn_to, write_config
from played import write_take
from playwright.sync_api import expect

from bench.browser import WebInterface
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

PLACES = ("/", "/sound", "/setup", "/record", "/learn", "/models", "/system")
TRACES = re.compile(r"Traceback|\bline \d+, in\b|Error:|Errno|undefined|\[object", re.IGNORECASE)
"""What is no sentence."""


@pytest.fixture
def kitchen(tmp_path):
    folder = tmp_path / "kitchen"
    write_config(folder)
    with WebInterface(folder) as web:
        yield web
    assert "Traceback" not in web.text()


@pytest.fixture
def page(chromium):
    with faultless_page(chromium) as page:
        yield page


def no_traces(page):
    found = TRACES.search(page.locator("body").inner_text())
    assert found is None, found


def look_everywhere(page, web, sentence=None):
    """Every page still has its heading, and says nothing that is no sentence; or just this one."""
    for place in PLACES:
        page.goto(web.url + place)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if sentence is None:
            page.wait_for_timeout(200)
        else:
            expect(page.get_by_role("alert").filter(has_text=sentence).first).to_be_visible()
        no_traces(page)


def test_a_configuration_that_is_broken_on_disk(kitchen, page):
    config = kitchen.folder / "config.toml"
    good = config.read_text()
    page.goto(f"{kitchen.url}/setup")
    expect(page.get_by_role("textbox", name="Title")).to_have_value("Kitchen")
    start_session(kitchen)

    # Broken while it plays: it plays on, and says what is wrong.
    config.write_text(good.replace('mode = "useronly"', 'mode = "sometimes"'))
    turn_to(page, "Perform")
    expect(page.locator(".reports")).to_contain_text("mode")
    faders_of(page).first.press("End")
    expect(faders_of(page).first).to_have_attribute("aria-valuenow", "100")
    wait_until(lambda: state_of(kitchen)["input"][0] == 1.0)
    page.get_by_role("button", name="Stop the session").click()
    expect(page.get_by_text("Nothing plays yet")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    log = page.get_by_role("log", name="Messages")
    expect(log).to_contain_text("the configuration cannot be played")
    no_traces(page)

    # No TOML at all; it is mended in the text.
    config.write_text('title = "Kit\n' + good)
    look_everywhere(page, kitchen)
    page.goto(f"{kitchen.url}/setup")
    expect(page.get_by_role("heading", name="The text cannot be read")).to_be_visible()
    page.get_by_role("button", name="Fix it in the text").click()
    page.locator("#config-text").fill(good)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert config.read_text() == good
    turn_to(page, "Perform")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Playing", exact=True)).to_be_visible()


def test_a_session_that_is_killed(kitchen, page):
    page.goto(kitchen.url)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Playing", exact=True)).to_be_visible()
    wait_until(lambda: state_of(kitchen))
    os.kill(state_of(kitchen)["pid"], 9)
    expect(page.get_by_role("alert")).to_contain_text("The session ended by itself: it was ended by SIGKILL")
    expect(faders_of(page).first).to_have_attribute("aria-disabled", "true")
    no_traces(page)
    turn_to(page, "System")
    expect(page.get_by_text("it was ended by SIGKILL").first).to_be_visible()
    turn_to(page, "Perform")
    page.get_by_role("button", name="Start again").click()
    expect(page.get_by_text("Playing", exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_folders_that_vanish(kitchen, page):
    write_take(kitchen.folder / "logs", 0, controls=4)
    start_session(kitchen)
    page.goto(f"{kitchen.url}/record")
    expect(page.get_by_role("list", name="Takes")).to_be_visible()

    # The logs', while the session plays: what is played is still written.
    shutil.rmtree(kitchen.folder / "logs")
    look_everywhere(page, kitchen)
    page.goto(kitchen.url)
    for key, value in (("End", 1.0), ("Home", 0.0), ("End", 1.0)):
        faders_of(page).first.press(key)
        wait_until(lambda value=value: state_of(kitchen)["input"][0] == value)
    expect(faders_of(page).first).to_have_attribute("aria-valuenow", "100")
    no_traces(page)
    page.get_by_role("button", name="Stop the session").click()
    expect(page.get_by_text("Nothing plays yet")).to_be_visible()
    (log,) = (kitchen.folder / "logs").glob("*-5d-mdrnn.log")
    assert len(log.read_text().splitlines()) == 3

    # The whole workspace, under a page that is open: whichever page is looked at next says so, and nothing is made
    # in its place.
    away = kitchen.folder.rename(kitchen.folder.with_name("elsewhere"))
    gone = page.get_by_role("alert").filter(has_text="The folder kitchen is gone")
    turn_to(page, "Setup")
    expect(gone.first).to_be_visible()
    look_everywhere(page, kitchen, "The folder kitchen is gone")
    assert not kitchen.folder.exists()

    # It is back.
    away.rename(kitchen.folder)
    turn_to(page, "Perform")
    expect(gone).to_have_count(0)
    page.get_by_role("button", name="Start the session").click()
    expect(page.get_by_text("Playing", exact=True)).to_be_visible()


@contextlib.contextmanager
def small_disk(folder):
    """A file system of its own for a folder, where this is permitted (to root, mostly); yields whether it is."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    mounted = (
        shutil.which("mount") is not None and not subprocess.run(mount, capture_output=True, check=False).returncode
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Leave no byte free."""
    with contextlib.suppress(OSError), (folder / "ballast").open("wb", buffering=0) as file:
        for size in (1 << 16, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


def test_a_disk_that_is_full(tmp_path, page):
    folder = tmp_path / "kitchen"
    with small_disk(folder) as mounted:
        write_config(folder)
        write_take(folder / "logs", 0, controls=4)
        with WebInterface(folder) as web:
            pid = start_session(web)["pid"]
            page.goto(f"{web.url}/record")
            expect(page.get_by_role("list", name="Takes")).to_be_visible()
            if mounted:
                fill(folder)
            else:
                # Without a disk of their own: they may write no file beyond its first bytes.
                for each in (pid, web.pid):
                    resource.prlimit(each, resource.RLIMIT_FSIZE, (16, resource.RLIM_INFINITY))
            log = page.get_by_role("log", name="Messages")
            full = re.compile("No space left|too large|disk is full|cannot be written", re.IGNORECASE)

            # What is to be kept is refused in a sentence, wherever it is asked for.
            page.get_by_role("button", name="Rename").click()
            page.get_by_role("textbox", name="Title of the take").fill("Slow")
            page.get_by_role("button", name="Save", exact=True).click()
            expect(log).to_contain_text(full)
            before = (folder / "config.toml").read_text()
            turn_to(page, "Setup")
            page.get_by_role("textbox", name="Title").fill("Bathroom")
            log.get_by_role("button", name="Dismiss").first.click()
            page.get_by_role("button", name="Save", exact=True).click()
            expect(log).to_contain_text(full)
            assert (folder / "config.toml").read_text() == before
            page.get_by_role("button", name="Discard").click()
            turn_to(page, "Learn")
            log.get_by_role("button", name="Dismiss").first.click()
            page.get_by_role("button", name="Make dataset").click()
            expect(log).to_contain_text(full)

            # What is played is played, and the page tells that it is not recorded where it should be.
            turn_to(page, "Perform")
            for number in range(40):
                faders_of(page).first.press("End" if number % 2 else "Home")
                page.wait_for_timeout(30)
            expect(faders_of(page).first).to_have_attribute("aria-valuenow", "100")
            expect(page.locator(".how")).to_contain_text(full)
            no_traces(page)

            # There is room again.
            if mounted:
                (folder / "ballast").unlink()
            else:
                for each in (pid, web.pid):
                    resource.prlimit(each, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            turn_to(page, "Record")
            page.get_by_role("listitem").filter(has_text="events").last.get_by_role("button").click()
            page.get_by_role("button", name="Rename").click()
            page.get_by_role("textbox", name="Title of the take").fill("Slow")
            page.get_by_role("button", name="Save", exact=True).click()
            expect(page.get_by_role("heading", name="Slow")).to_be_visible()
        assert "Traceback" not in web.text()
