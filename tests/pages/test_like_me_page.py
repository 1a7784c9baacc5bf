"""“Make it play like me” on the Perform page: real takes, a real training, and the two models to listen to."""

from __future__ import annotations

import json
import shutil
import tomllib
from datetime import datetime, timedelta

import numpy as np
import pytest
from instrument import start_session, state_of
from playwright.sync_api import expect
from test_accessible import AUDIT, AXE
from web_core import StandIn

from bench.browser import WebInterface, quiet
from impsy.codecs.log import encode_row, log_name
from impsy.config.workspace import STARTER_MODEL, create_workspace
from ports import free_ports
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

CONFIG = """\
title = "Evening set"
[interaction]
mode = "battle"
[model]
dimension = 9
file = "{model}"
[webui]
monitor_port = {monitor}
command_port = {command}
"""
LEARNING = {
    "on": False,
    "events": 0,
    "steps": 0,
    "updates": 0,
    "gain": None,
    "base": "",
    "learns": "",
    "earlier": "",
    "kept": "",
    "can_keep": False,
    "can_forget": False,
    "pid": 0,
    "words": "Learning is off.",
}
BUTTON = "Make it play like me"


def write_take(folder, events):
    """Today's take: one control after the other moves."""
    began, rng = datetime.now() - timedelta(minutes=10), np.random.default_rng(3)
    (folder / "logs").mkdir(exist_ok=True)
    values, at = rng.random(8), 0.0
    with (folder / "logs" / log_name(began, 9)).open("w") as log:
        for event in range(events + 1):
            at += rng.uniform(0.02, 0.2)
            values[event // 20 % 8] = np.clip(values[event // 20 % 8] + rng.normal(0, 0.03), 0, 1)
            log.write(encode_row(began + timedelta(seconds=at), "interface", values.tolist()))


@pytest.fixture
def evening(tmp_path):
    folder = tmp_path / "evening-set"
    create_workspace(folder)
    monitor, command = free_ports(2)
    (folder / "config.toml").write_text(CONFIG.format(model=STARTER_MODEL, monitor=monitor, command=command))
    with WebInterface(folder) as web:
        start_session(web)
        yield web
    assert "Traceback" not in web.text()


@pytest.fixture
def page(chromium, evening):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    told = quiet(page)
    # The button asks for the usual training; here a small and short one will do.
    small = json.dumps({"size": "xxs", "epochs": 2})
    page.route("**/api/own-model", lambda route: route.continue_(post_data=small))
    page.goto(evening.url)
    yield page
    context.close()
    assert not told


def audit(page):
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    violations = page.evaluate(AUDIT)
    assert not violations, "\n".join(violations)


def configured(web):
    return tomllib.loads((web.folder / "config.toml").read_text())["model"]["file"]


def plays(web):
    return f"models/{state_of(web)['model']}"


def test_with_too_little_playing_it_says_how_much_is_missing(page, evening):
    write_take(evening.folder, 200)
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_text("200 events, and it takes 1,000. Play for about")).to_be_visible()
    expect(page.get_by_role("button", name=BUTTON)).to_be_enabled()


@pytest.mark.slow
def test_one_button_goes_from_playing_to_two_models_to_choose_from(page, evening):
    write_take(evening.folder, 1500)
    before = configured(evening)
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_text("Learning from 1,500 events that you played today")).to_be_visible()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("Learning from 1,500 events that you played today")).to_be_visible()
    keep = page.get_by_role("button", name="Keep it")
    expect(keep).to_be_visible(timeout=240_000)
    expect(page.get_by_text("your last phrases")).to_be_visible()
    audit(page)
    mine = evening.get("/api/own-model")["now"]

    # By ear, one and the other; the configuration stays as it is.
    for label, model in (("Before", before), ("Like you", mine), ("Before", before)):
        page.get_by_role("radio", name=label).click(force=True)
        wait_until(lambda model=model: plays(evening) == model, what=label)
        expect(page.get_by_role("radio", name=label)).to_be_checked()
    assert configured(evening) == before

    page.reload()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("It plays like you from now on")).to_be_visible()
    wait_until(lambda: plays(evening) == mine)
    assert configured(evening) == mine
    expect(page.get_by_role("button", name=BUTTON)).to_be_visible()


def test_learning_while_playing_is_switched_and_told(chromium, evening):
    state = {key: value for key, value in state_of(evening).items() if key != "learning"}
    evening.post("/api/session/stop")
    wait_until(lambda: state_of(evening) is None)
    ports = tomllib.loads((evening.folder / "config.toml").read_text())["webui"]
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    session = StandIn(ports["monitor_port"], ports["command_port"], 9)
    session.state = {**state, "pid": 1}
    with session:
        page.goto(evening.url)
        expect(page.get_by_role("button", name=BUTTON)).to_be_visible()
        switch = page.get_by_role("switch", name="Learn while I play")
        expect(switch).to_have_count(0)
        learning = LEARNING | {"base": state["model"]}
        session.state |= {"learning": learning}
        switch.click(force=True)
        wait_until(lambda: session.commands("/impsy/learn") == [[1]])
        session.state |= {"learning": learning | {"on": True, "events": 640, "words": "It has heard 640 events."}}
        expect(page.get_by_text("It has heard 640 events.")).to_be_visible()
        took_over = {"on": True, "events": 1280, "gain": 0.37, "can_keep": True, "can_forget": True}
        session.state |= {"learning": learning | took_over, "model": f"{state['model']} + 1280 events"}
        expect(page.get_by_text("from 1,280 events of yours, and foresees your last phrases better")).to_be_visible()
        audit(page)
        page.get_by_role("button", name="Keep", exact=True).click()
        page.get_by_role("button", name="Go back", exact=True).click()
        wait_until(lambda: session.commands("/impsy/keep") and session.commands("/impsy/forget"))
        # What was kept, and the model before it, can be heard one after the other.
        kept = shutil.copy(evening.folder / "models" / state["model"], evening.folder / "models" / "kept.tflite")
        session.state |= {"learning": learning | took_over | {"kept": kept.name}}
        expect(page.get_by_role("radio", name="Learned")).to_be_checked()
        page.get_by_role("radio", name="Before").click(force=True)
        wait_until(lambda: session.commands("/impsy/model") == [[f"models/{state['model']}"]])
        session.state |= {"learning": learning, "model": state["model"]}
        expect(page.get_by_role("radio", name="Before")).to_be_checked()
        page.get_by_role("radio", name="Learned").click(force=True)
        wait_until(lambda: session.commands("/impsy/model")[1:] == [["models/kept.tflite"]])
        session.state |= {"learning": learning | {"base": "kept.tflite"}, "model": "kept.tflite"}
        expect(page.get_by_role("radio", name="Learned")).to_be_checked()
    context.close()
