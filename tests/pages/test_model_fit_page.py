"""Where the model has other controls than the configuration, the page offers to set the dimension."""

from __future__ import annotations

import tomllib

import pytest
from numpy.random import default_rng
from playwright.sync_api import expect

from impsy.models.sizes import SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import random_weights
from waiting import wait_until

NAME = "mine.tflite"


@pytest.fixture
def disagreeing(workspace, ports):
    write_tflite(random_weights(9, SIZES["xxs"], rng=default_rng(0)), workspace / "models" / NAME)

    def write(stated, file=f"models/{NAME}", more=""):
        text = f'[model]\n{stated}\nfile = "{file}"\n[osc]\n{more}{ports}'
        (workspace / "config.toml").write_text(text)

    write("dimension = 5 # my faders")
    return write


def saved(workspace):
    return tomllib.loads((workspace / "config.toml").read_text())["model"]


def test_the_setup_page_sets_the_dimension_to_the_models(disagreeing, page, webui, workspace):
    page.goto(f"{webui.url}/setup")
    page.get_by_text("This model is for 8 controls, and the instrument has 4.").wait_for()
    page.get_by_role("button", name="Set dimension to 9").click()
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("This model is for 8 controls")).to_have_count(0)
    wait_until(lambda: saved(workspace) == {"dimension": 9, "file": f"models/{NAME}"}, what="saving")
    assert "# my faders" in (workspace / "config.toml").read_text()


@pytest.mark.parametrize(("stated", "after"), [("dimension = 5", {"dimension": 9}), ("", {})])
def test_the_models_page_sets_the_dimension_and_plays_with_it(disagreeing, page, webui, workspace, stated, after):
    disagreeing(stated, "")
    page.goto(f"{webui.url}/models")
    name = "Set dimension to 9 and play with it" if stated else "Play with it"
    button = page.get_by_role("button", name=name)
    button.wait_for()
    button.click()
    page.get_by_text("plays from the next start on").wait_for()
    assert saved(workspace) == {**after, "file": f"models/{NAME}"}
