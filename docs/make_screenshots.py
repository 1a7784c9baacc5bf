"""Makes the pictures of the pages in ``docs/images`` from the program itself: ``python docs/make_screenshots.py``.

Real processes in a workspace of its own: takes of a simulated performer, a dataset and a small model of them, a
session that plays while the pictures are taken. Needs the ``dev`` extra and Chromium.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from numpy.random import default_rng
from PIL import Image
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.browser import WebInterface, browsing
from bench.wire import free_port
from impsy.cli.main import group
from impsy.config.workspace import STARTER_MODEL, create_workspace, template_file
from impsy.perform import phrases

IMAGES = Path(__file__).parent / "images"
PLACES = {
    "perform": "/",
    "sound": "/sound",
    "setup": "/setup",
    "record": "/record",
    "learn": "/learn",
    "models": "/models",
    "system": "/system",
}
TOUCH = {"has_touch": True, "is_mobile": True}
SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, **TOUCH},
}
STAGES: dict[str, dict[str, Any]] = {
    "stage-desktop": SCREENS["desktop"],
    "stage-phone": {"viewport": {"width": 844, "height": 390}, **TOUCH},
    "tablet": {"viewport": {"width": 820, "height": 1180}, **TOUCH},
}
"""Perform in further sizes, dark: as the stage view, and on a tablet."""
SCHEMES = ("dark", "light")
SETTLES = {"record": 2600, "perform": 15_000}
"""Milliseconds that a page takes: Perform fills its timeline."""
COLOURS = 255
"""In a picture: enough for flat surfaces and smooth letters."""

CONFIG = """\
title = "Evening set"
owner = "The band"
description = "Eight controls of a small controller, and a synthesiser that plays them."
log_predictions = true

[interaction]
mode = "callresponse"
threshold = 0.4

[model]
dimension = 9
file = "{model}"

[midi]
in_device = ["X-TOUCH MINI"]
out_device = ["Volca Keys"]
# The knobs of layer A, from left to right.
input."X-TOUCH MINI" = [["control_change", 11, 1], ["control_change", 11, 2], ["control_change", 11, 3], \
["control_change", 11, 4], ["control_change", 11, 5], ["control_change", 11, 6], ["control_change", 11, 7], \
["note_on", 11]]
output."Volca Keys" = [["control_change", 1, 41], ["control_change", 1, 42], ["control_change", 1, 43], \
["control_change", 1, 44], ["control_change", 1, 45], ["control_change", 1, 46], ["control_change", 1, 47], \
["note_on", 1]]

[osc]
server_port = {server}
client_port = {client}

[scenes.opening]
mode = "callresponse"
sigmatemp = 0.01

[scenes.bridge]
mode = "battle"
timescale = 2.0

[scenes.together]
mode = "polyphony"
sigmatemp = 0.05

[webui]
monitor_port = {monitor}
command_port = {command}
"""

ONE_FILE_PLACE, WALL_PLACE, STAGE_PLACE = "one-file", "wall", "stage"
GUESTS = 6
TOKEN = "a-token-for-the-picture"
ONE_FILE = """\
title = "Evening set"
[interaction]
mode = "battle"
[model]
dimension = 9
file = "{model}"
[scenes.verse]
mode = "duet"
[scenes.chorus]
mode = "battle"
"""

TAKES = (
    ("Warm-up", ["rehearsal"], 45.0, False),
    ("Slow opening", ["set", "slow"], 90.0, False),
    ("Bridge, first try", ["set"], 60.0, False),
    ("Cable fell out", ["rehearsal"], 20.0, True),
    ("Bridge, the good one", ["set"], 120.0, False),
)


def write_workspace(folder: Path) -> list[str]:
    """A workspace as it looks after a few evenings; returns the takes' names."""
    create_workspace(folder)
    ports = {name: free_port() for name in ("server", "client", "monitor", "command")}
    (folder / "config.toml").write_text(CONFIG.format(model=STARTER_MODEL, **ports), encoding="utf-8")
    names = []
    for number, (_title, _tags, seconds, _excluded) in enumerate(TAKES):
        began = datetime(2026, 3, 2 + 3 * number, 20, 11 * number, 5)
        names.append(f"{began:%Y-%m-%dT%H-%M-%S}-9d-mdrnn.log")
        with (folder / "logs" / names[-1]).open("w", encoding="ascii") as log:
            at = 0.0
            for wait, values in phrases(default_rng(number), 8):
                at += wait
                if at > seconds:
                    break
                moment = (began + timedelta(seconds=at)).isoformat(timespec="microseconds")
                log.write(",".join([moment, "interface", *(f"{value:.4f}" for value in values)]) + "\n")
    return names


def furnish(web: WebInterface, takes: list[str]) -> None:
    """Titles and tags, a dataset, a trained model, a session that plays."""
    for name, (title, tags, _seconds, excluded) in zip(takes, TAKES, strict=True):
        told = {"title": title, "tags": tags, "excluded": excluded}
        httpx.patch(f"{web.url}/api/takes/{name}", json=told).raise_for_status()
    web.post("/api/datasets", {"takes": None})
    dataset = web.get("/api/datasets")[0]["name"]
    run = web.post("/api/training", {"dataset": dataset, "size": "xxs", "epochs": 12})
    until(lambda: _run(web, run["id"])["status"] not in {"running", "stopping"}, 240, "the training")
    if (status := _run(web, run["id"]))["status"] != "done":
        raise SystemExit(f"the training ended otherwise: {status}")
    web.post("/api/session/start")
    until(lambda: web.get("/api/session")["state"] is not None, 20, "the session")
    web.post("/api/performer", {"running": True})
    time.sleep(8)


def _run(web: WebInterface, wanted: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in web.get("/api/training") if each["id"] == wanted)
    return found


def until(condition: Any, seconds: float, what: str) -> None:
    """Wait for it, but not for ever."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not come in {seconds:g} s")
        time.sleep(0.3)


def settle(page: Page, place: str) -> None:
    """Wait until a page shows what it has to show."""
    page.get_by_role("heading", level=1).wait_for(state="attached")
    page.wait_for_timeout(SETTLES.get(place, 1800))


def picture(browser: Browser, web: WebInterface, place: str, screen: str, scheme: Any, folder: Path) -> Path:
    """One page on one screen."""
    context = browser.new_context(color_scheme=scheme, device_scale_factor=1, **SCREENS[screen])
    page = context.new_page()
    page.goto(web.url + PLACES[place])
    settle(page, place)
    return _saved(page, folder / f"page-{place}-{screen}-{scheme}.png")


def _saved(page: Page, path: Path) -> Path:
    """What a page shows, in a file. The page is closed."""
    image = Image.open(io.BytesIO(page.screenshot()))
    page.context.close()
    image.convert("RGB").quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


def one_file(browser: Browser, parent: Path, folder: Path) -> Path:
    """The instrument in one file, while the model plays by itself."""
    config, target = parent / "one-file.toml", parent / "one-file.html"
    config.write_text(ONE_FILE.format(model=template_file(STARTER_MODEL)), encoding="utf-8")
    group.main(["export-page", "-c", str(config), "-o", str(target)], standalone_mode=False)
    context = browser.new_context(color_scheme="dark", offline=True, **SCREENS["desktop"])
    page = context.new_page()
    page.goto(target.as_uri())
    page.get_by_text("Listen only").wait_for()
    page.keyboard.press("a")
    page.wait_for_timeout(9000)
    return _saved(page, folder / "one-file-desktop-dark.png")


def stage(browser: Browser, web: WebInterface, name: str, folder: Path) -> Path:
    """Perform as it is on stage, or on a tablet; a phone on its side shows the stage by itself."""
    page = browser.new_context(color_scheme="dark", **STAGES[name]).new_page()
    page.goto(web.url)
    settle(page, "perform")
    if name == "stage-desktop":
        page.get_by_role("button", name="Stage view").click()
        page.get_by_role("button", name="Leave the stage view").wait_for()
        page.wait_for_timeout(1500)
    return _saved(page, folder / f"{name}.png")


def workshop_wall(browser: Browser, parent: Path, folder: Path) -> Path:
    """A teacher's wall, while guests play on their phones."""
    where = parent / "workshop"
    where.mkdir()
    arguments = ("-n", str(GUESTS + 2), "--no-open", "--host", "0.0.0.0")
    with WebInterface(where, *arguments, command="workshop", environment={"IMPSY_TOKEN": TOKEN}) as web:
        until(lambda: "join=" in web.text(), 60, "the code")
        code = re.findall(r"join=(\w+)", web.text())[0]
        bearer = {"Authorization": f"Bearer {TOKEN}"}

        def all_play() -> bool:
            wall = httpx.get(f"{web.url}/api/workshop", headers=bearer, timeout=60).json()
            return all(each["status"] == "running" for each in wall["instruments"])

        until(all_play, 300, "the instruments")
        teacher = browser.new_context(color_scheme="dark", **SCREENS["desktop"]).new_page()
        teacher.goto(f"{web.url}/workshop?token={TOKEN}")
        phones = []
        for number in range(GUESTS):
            phone = browser.new_context(color_scheme="dark", **SCREENS["phone"]).new_page()
            phone.goto(f"{web.url}/?join={code}")
            phone.get_by_role("slider", name="Timeline").wait_for()
            phones.append(phone)
            for step in range(3):
                box = phone.locator(".track").nth((number + step) % 4).bounding_box()
                assert box is not None
                phone.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.7)
                phone.mouse.down()
                phone.mouse.move(
                    box["x"] + box["width"] / 2, box["y"] + box["height"] * (0.2 + 0.1 * number), steps=8
                )
                phone.mouse.up()
        teacher.bring_to_front()
        teacher.wait_for_timeout(2500)
        saved = _saved(teacher, folder / "workshop-wall.png")
        for phone in phones:
            phone.context.close()
        return saved


def main() -> None:
    """Take them all, or some."""
    parser = argparse.ArgumentParser(description=__doc__)
    choices = (*PLACES, STAGE_PLACE, ONE_FILE_PLACE, WALL_PLACE)
    parser.add_argument("--only", choices=choices, action="append", help="only this page, may be repeated")
    parser.add_argument("--into", type=Path, default=IMAGES, help="the folder to write them to")
    arguments = parser.parse_args()
    arguments.into.mkdir(parents=True, exist_ok=True)
    places = arguments.only or choices
    with tempfile.TemporaryDirectory(prefix="impsy-pictures-") as parent:
        if ONE_FILE_PLACE in places:
            with browsing() as browser:
                print(one_file(browser, Path(parent), arguments.into).name, flush=True)
        if WALL_PLACE in places:
            with browsing() as browser:
                print(workshop_wall(browser, Path(parent), arguments.into).name, flush=True)
        if not set(places) & {*PLACES, STAGE_PLACE}:
            return
        folder = Path(parent) / "evening-set"
        takes = write_workspace(folder)
        with WebInterface(folder) as web, browsing() as browser:
            furnish(web, takes)
            for place in (each for each in places if each in PLACES):
                for screen in SCREENS:
                    for scheme in SCHEMES:
                        path = picture(browser, web, place, screen, scheme, arguments.into)
                        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)
            for name in STAGES if STAGE_PLACE in places else ():
                print(stage(browser, web, name, arguments.into).name, flush=True)


if __name__ == "__main__":
    main()
