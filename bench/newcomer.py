"""A newcomer's path: from ``impsy demo`` to a model that plays like them, by what the page says alone.

python -m bench.newcomer                       how long each step takes
python -m bench.newcomer --pictures pictures   and what it looks like
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from playwright.sync_api import Locator, Page, expect

from bench.browser import BROWSERS, FEW_FRAMES, SHELLS, WebInterface, browsing, quiet
from bench.machine import machine_facts
from bench.program import Unanswered, end_on_terminate

__all__ = ["BAR_SECONDS", "Newcomer", "main"]

BAR_SECONDS = 180.0
"""How long the path may take, on a machine that does nothing else."""

ENOUGH_EVENTS = 1000
GESTURES, GESTURE_STEPS, STEP_MS = 4, 25, 16
LISTEN_MOVES, LISTEN_SECONDS, LOOK_SECONDS = 20, 60.0, 0.1
MOVED = 0.005
"""A fader has moved if it changed by more than this, of 0 to 1."""
LEARN_SECONDS = 600.0
LIKE_ME = "Make it play like me"


class Newcomer:
    """Somebody with a mouse who has never seen the page, and does what it offers.

    Args:
        page: a new one, in a browser.
        web: the demo.
        pictures: where each step leaves a picture; None: none is taken.

    Attributes:
        seconds: by step, how long each took.
    """

    def __init__(self, page: Page, web: WebInterface, pictures: Path | None = None) -> None:
        self._page = page
        self._web = web
        self._pictures = pictures
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of a step, and a picture of where it leads."""
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began
        if self._pictures is not None:
            number = len(self.seconds)
            self._page.screenshot(path=self._pictures / f"newcomer-{number}-{name.replace(' ', '-')}.png")

    def state(self) -> dict[str, Any]:
        """The session's."""
        found: dict[str, Any] | None = self._web.get("/api/session")["state"]
        if found is None:
            raise Unanswered("no session plays")
        return found

    def open(self, more: str = "/") -> None:
        """Open the address that the demo printed, and ``more``: somebody plays, and the model answers."""
        with self.step("open"):
            self._page.goto(self._web.url + more)
            expect(self._page.locator(".chip-group [role=status]")).to_have_text("Playing")
            self._wait(lambda: self.state()["counters"]["played"] > 0)

    def hear(self) -> None:
        """Turn on the sound, where the page offers it."""
        with self.step("sound"):
            hint = self._page.get_by_role("complementary", name="Sound")
            hint.get_by_role("button", name="Turn on the sound").click()
            expect(self._page.get_by_role("button", name="Mute the sound").first).to_be_visible()

    def play(self, faders: tuple[int, ...]) -> None:
        """Switch the simulated performer off, and move these faders until the page has enough to learn from."""
        with self.step("play"):
            self._card.get_by_role("button", name="Switch the performer off").click()
            tracks = self._page.locator("[role=slider] .track")
            while self.state()["counters"]["heard"] < ENOUGH_EVENTS + 50:
                for index in faders:
                    self._move(tracks.nth(index))

    def learn(self) -> None:
        """Press the button, and wait until there is a new model."""
        with self.step("learn"):
            self._card.get_by_role("button", name=LIKE_ME).click()
            self._card.get_by_role("button", name="Stop", exact=True).wait_for()
            self._card.get_by_role("button", name="Keep it").wait_for(timeout=1000 * LEARN_SECONDS)

    def compare(self) -> dict[str, list[int]]:
        """Listen to both models; returns, for each, how often each fader of its moved."""
        heard = {}
        own = self._web.get("/api/own-model")
        for label, file in (("Before", own["before"]), ("Like you", own["now"])):
            with self.step(label.lower()):
                self._card.get_by_role("radio", name=label).click(force=True)
                self._wait(lambda file=file: self.state()["model"] == Path(file).name)
                self._move(self._page.locator("[role=slider] .track").first)
                heard[label] = self._listen()
        return heard

    def keep(self) -> None:
        """Keep the new one."""
        with self.step("keep"):
            self._card.get_by_role("button", name="Keep it").click()
            self._card.get_by_text("It plays like you from now on").wait_for()

    @property
    def _card(self) -> Locator:
        return self._page.locator(".like-me")

    def _move(self, track: Locator) -> None:
        """Some strokes up and down, as a hand makes them."""
        track.scroll_into_view_if_needed()
        box = track.bounding_box()
        if box is None:
            raise Unanswered("there is no fader to move")
        x, top, height = box["x"] + box["width"] / 2, box["y"], box["height"]
        mouse = self._page.mouse
        mouse.move(x, top + 0.8 * height)
        mouse.down()
        for stroke in range(GESTURES):
            for step in range(1, GESTURE_STEPS + 1):
                share = step / GESTURE_STEPS if stroke % 2 == 0 else 1 - step / GESTURE_STEPS
                mouse.move(x, top + (0.8 - 0.6 * share) * height)
                self._page.wait_for_timeout(STEP_MS)
        mouse.up()

    def _listen(self) -> list[int]:
        """How often each of the model's faders has moved between two looks, until there are ``LISTEN_MOVES``.

        Distances would tell less: a model that takes over may move a fader once, and far, from where the one before
        left it.
        """
        before = self.state()["output"]
        moves = [0] * len(before)
        end = time.monotonic() + LISTEN_SECONDS
        while sum(moves) < LISTEN_MOVES and time.monotonic() < end:
            self._page.wait_for_timeout(1000 * LOOK_SECONDS)
            now = self.state()["output"]
            moves = [count + (abs(new - old) > MOVED) for count, new, old in zip(moves, now, before, strict=True)]
            before = now
        return moves

    def _wait(self, condition: Any) -> None:
        end = time.monotonic() + 60
        while not condition():
            if time.monotonic() > end:
                raise Unanswered("what the newcomer waits for did not happen within 60 s")
            self._page.wait_for_timeout(100)


@click.command()
@click.option(
    "--pictures", type=click.Path(path_type=Path, file_okay=False), help="A folder for a picture of each step."
)
@click.option("--few-frames", is_flag=True, help="Draw the page five times a second, without a graphics processor.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def main(pictures: Path | None, few_frames: bool, as_json: bool) -> None:
    """Go the newcomer's path, and say how long each step takes."""
    end_on_terminate()
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        browsing(names=SHELLS if few_frames else BROWSERS) as browser,
    ):
        place = Path(folder) / "demo"
        place.mkdir()
        began = time.monotonic()
        with WebInterface(place, "--no-open", command="demo") as web:
            page = browser.new_page(viewport={"width": 1280, "height": 1100})
            if few_frames:
                page.add_init_script(FEW_FRAMES)
            told = quiet(page)
            somebody = Newcomer(page, web, pictures)
            somebody.seconds["start"] = time.monotonic() - began
            somebody.open()
            somebody.hear()
            somebody.play((0, 1))
            somebody.learn()
            heard = somebody.compare()
            somebody.keep()
            problems = list(told)
    seconds = somebody.seconds
    if as_json:
        click.echo(json.dumps({"machine": machine_facts(), "seconds": seconds, "moves": heard, "problems": problems}))
        return
    for name, took in seconds.items():
        click.echo(f"{name:10} {took:6.1f} s")
    total = sum(seconds.values())
    click.echo(f"{'together':10} {total:6.1f} s, {'within' if total <= BAR_SECONDS else 'above'} {BAR_SECONDS:g} s")
    for label, moves in heard.items():
        click.echo(f"{label:10} moves of each fader: {' '.join(map(str, moves))}")
    for problem in problems:
        click.echo(f"the page reports: {problem}", err=True)


if __name__ == "__main__":
    main()
