"""A workspace whose session plays, and what a hand does with its page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from jack_stage import Device, JackProcess
from playwright.sync_api import expect

from bench.browser import WebInterface
from ports import free_ports
from waiting import wait_until

CONFIG = """\
title = "{title}"
[interaction]
mode = "{mode}"
[model]
dimension = {dimension}
[webui]
monitor_port = {monitor}
command_port = {command}
"""


def write_config(
    folder: Path, title: str = "Kitchen", mode: str = "useronly", controls: int = 4, more: str = ""
) -> Path:
    """A configuration with local ports of its own; without a model, so values are made up by chance."""
    folder.mkdir(parents=True, exist_ok=True)
    monitor, command = free_ports(2)
    text = CONFIG.format(title=title, mode=mode, dimension=controls + 1, monitor=monitor, command=command)
    path = folder / "config.toml"
    path.write_text(text + more, encoding="utf-8")
    return path


def state_of(web: WebInterface):
    """What the session told last; None where none plays. One that is not heard for a moment is waited for."""

    def told():
        session = web.get("/api/session")
        return session if session["state"] or session["status"] != "running" else None

    return wait_until(told, what="the session's state")["state"]


def start_session(web: WebInterface):
    """Start the session, and wait until it plays; returns its state."""
    web.post("/api/session/start")
    wait_until(lambda: state_of(web), what="the session's start")
    return state_of(web)


@contextmanager
def plugged_in(jack: JackProcess, name: str) -> Iterator[Device]:
    """A MIDI device, until it is pulled out or the test ends."""
    device = Device(jack, name)
    yield device
    if device.process.poll() is None:
        device.end()


@contextmanager
def faultless_page(chromium):
    """A page whose scripts must raise nothing. Its console is not looked at: it complains of servers that end."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    broken = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    yield page
    context.close()
    assert not broken


def crash(web: WebInterface) -> None:
    """End the web process at once, and it alone, as a crash would."""
    process = psutil.Process(web.pid)
    os.kill(web.pid, 9)
    process.wait(10)
    web.end()


def faders_of(page):
    return page.get_by_role("slider").filter(has=page.locator(".track"))


def drag(page, fader, start: float, end: float, steps: int = 12, *, lift: bool = True) -> None:
    """Move a fader with the mouse, from 0 (below) to 1 (above), and let go of it, or not."""
    box = fader.locator(".track").bounding_box()
    x, bottom, height = box["x"] + box["width"] / 2, box["y"] + box["height"], box["height"]
    page.mouse.move(x, bottom - start * height)
    page.mouse.down()
    for step in range(1, steps + 1):
        page.mouse.move(x, bottom - (start + (end - start) * step / steps) * height)
        page.wait_for_timeout(12)
    if lift:
        page.mouse.up()


def show_numbers(page) -> None:
    """Unfold the numbers behind the presets."""
    fold = page.locator("details.numbers")
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()


def until(page, expression: str, seconds: float = 10.0) -> None:
    """Wait until an expression is true in the page.

    Playwright's own waiting evaluates text within the page, and the page's security policy refuses that.
    """
    wait_until(lambda: page.evaluate(expression), seconds, expression)


def turn_to(page, name: str) -> None:
    """Another page, by its link."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
    expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")
