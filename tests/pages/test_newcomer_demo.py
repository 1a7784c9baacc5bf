"""A newcomer's path, by what the page says alone: the demo, sound, playing, a model that plays like them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_sound import HEARD, until

from bench.browser import WebInterface, quiet
from bench.newcomer import Newcomer

pytestmark = pytest.mark.peer("chromium")

PLAYED = (0, 1)
"""The faders that the newcomer plays."""


def share(moves):
    """How many of all moves are of the faders that the newcomer played."""
    return sum(moves[index] for index in PLAYED) / sum(moves)


@pytest.mark.slow
def test_from_the_demo_to_a_model_that_plays_like_oneself(chromium, tmp_path, monkeypatch):
    """Pictures of each step are kept where ``IMPSY_PICTURES`` names a folder."""
    monkeypatch.setattr("bench.newcomer.STEP_MS", 4)  # a quick hand
    pictures = Path(os.environ["IMPSY_PICTURES"]) if "IMPSY_PICTURES" in os.environ else None
    folder = tmp_path / "place"
    folder.mkdir()
    with WebInterface(folder, "--no-open", command="demo") as web:
        context = chromium.new_context(viewport={"width": 1280, "height": 1100})
        page = context.new_page()
        told = quiet(page)
        somebody = Newcomer(page, web, pictures)
        somebody.open("/#measure")
        somebody.hear()
        somebody.play(PLAYED)
        page.evaluate("frameEvery = 1000")
        somebody.learn()
        page.evaluate("frameEvery = 100")
        heard = somebody.compare()
        until(page, f"{HEARD} > 0.001")
        assert web.get("/api/own-model")["gain"] > 0, "nats an event by which it predicts the last phrases better"
        somebody.keep()
        assert somebody.state()["model"].startswith("like-me-")
        # Of eight faders two were played. The model before answers on what was played, so its share is no bound.
        assert share(heard["Like you"]) > 0.5
        context.close()
    assert not told
    assert "Traceback" not in web.text()
