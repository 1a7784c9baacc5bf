"""``impsy export-page``: which configuration and models go into the page, and what is refused."""

from __future__ import annotations

import base64
import json
import re
import shutil

import pytest
from click.testing import CliRunner

from impsy.cli.main import group
from impsy.config.workspace import OTHER_MODEL, STARTER_MODEL, template_file
from impsy.errors import ImpsyError

CONFIG = """\
title = "Evening set"
log_input = false
log_predictions = true
[interaction]
mode = "duet"
hold = 3
[model]
dimension = 9
file = "models/mine.tflite"
[clock]
source = "{source}"
send = ["Synth"]
[midi]
in_device = ["Keys"]
input."Keys" = [["note_on", 1], ["control_change", 1, 1], ["control_change", 1, 2], ["control_change", 1, 3],
  ["control_change", 1, 4], ["control_change", 1, 5], ["control_change", 1, 6], ["pitch_bend", 1]]
[scenes.verse]
mode = "battle"
model = "models/other.tflite"
[scenes.gone]
model = "models/gone.tflite"
[[controls]]
name = "melody"
limits = [36, 60]
scale = "dorian"
gate = 0.5
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A workspace with two models, and the current folder."""
    (tmp_path / "models").mkdir()
    shutil.copy(template_file(STARTER_MODEL), tmp_path / "models" / "mine.tflite")
    shutil.copy(template_file(OTHER_MODEL), tmp_path / "models" / "other.tflite")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def impsy():
    def typed(*arguments):
        result = CliRunner().invoke(group, ["export-page", *map(str, arguments)])
        if isinstance(result.exception, ImpsyError):
            return str(result.exception)
        assert result.exit_code == 0, result.output
        return result.output

    return typed


def content_of(path):
    page = path.read_text(encoding="utf-8")
    models = dict(re.findall(r'<script type="text/plain" id="(model-\d+)">([^<]*)</script>', page))
    return json.loads(re.search(r'id="instrument">([^<]*)<', page)[1]), models


def test_without_anything_the_model_that_comes_with_impsy_plays(folder, impsy):
    assert "impsy.html written, 0." in impsy()
    content, models = content_of(folder / "impsy.html")
    assert content["dimension"] == 9
    assert content["settings"]["mode"] == "callresponse"
    (model,) = content["models"]
    assert model["name"] == STARTER_MODEL.removeprefix("models/")
    assert model["facts"]["trained_on"]["events"] > 1000
    assert model["facts"]["licence"] == "MIT"
    assert len(base64.b64decode(models["model-1"])) > 10_000


def test_the_configuration_is_in_the_page(folder, impsy):
    (folder / "config.toml").write_text(CONFIG.format(source="internal"))
    said = impsy("-o", "evening.html")
    assert "the scene gone keeps the model that plays: there is no" in said
    content, models = content_of(folder / "evening.html")
    assert content["title"] == "Evening set"
    assert content["settings"]["mode"] == "duet"
    assert content["settings"]["hold"] == 3
    assert content["settings"]["clock_source"] == "internal"
    assert content["settings"]["clock_send"] == ["Synth"]
    assert (content["log_input"], content["log_predictions"]) == (False, True)
    assert [control["label"] for control in content["controls"]][:2] == ["melody", "CC 1"]
    assert content["controls"][0]["received"][0]["kind"] == "note_on"
    (hand,) = content["hands"]
    assert hand["gate"] == 0.5
    assert hand["notes"][0] == 36
    assert [model["name"] for model in content["models"]] == ["mine.tflite", "other.tflite"]
    assert set(models) == {"model-1", "model-2"}
    assert [(scene["name"], scene["model"]) for scene in content["scenes"]] == [
        ("verse", "models/other.tflite"),
        ("gone", None),
    ]


def test_what_a_page_cannot_do_is_said(folder, impsy):
    text = CONFIG.format(source="link").replace("[midi]", "[learning]\nwhile_playing = true\n[midi]")
    (folder / "config.toml").write_text(text)
    said = impsy()
    assert "Ableton Link" in said
    assert "does not learn" in said
    assert content_of(folder / "impsy.html")[0]["settings"]["clock_source"] == "internal"


def test_several_models_the_first_plays(folder, impsy):
    impsy("models/other.tflite", "models/mine.tflite", "-o", "two.html")
    content, _ = content_of(folder / "two.html")
    assert [model["name"] for model in content["models"]] == ["other.tflite", "mine.tflite"]


def test_a_site(folder, impsy):
    assert "public written" in impsy("--site", "public")
    assert (folder / "public" / "index.html").is_file()
    assert len(list((folder / "public" / "models").iterdir())) == 1
    impsy("models/other.tflite", "--site", "public")
    assert (folder / "public" / "models" / "other.tflite.txt").is_file()


def test_what_is_refused_says_what_to_do(folder, impsy):
    assert "correct the name" in impsy("models/none.tflite")
    assert "give one of them" in impsy("-o", "a.html", "--site", "b")
    (folder / "bad.tflite").write_bytes(b"no model")
    assert "bad.tflite" in impsy("bad.tflite")
    assert "none.toml" in impsy("-c", "none.toml")
    three = CONFIG.format(source="off").replace("dimension = 9", "dimension = 3").partition("[midi]")[0]
    (folder / "config.toml").write_text(three)
    assert "dimension 9" in impsy()
    assert not list(folder.glob("*.html"))


def test_several_voices_are_refused(folder, impsy):
    voices = '[[voices]]\nname = "a"\ncontrols = [1, 2, 3, 4, 5, 6, 7, 8]\nmodel = "models/mine.tflite"\n'
    text = CONFIG.format(source="off").replace('file = "models/mine.tflite"\n', "").partition("[scenes")[0]
    (folder / "config.toml").write_text(text + voices)
    assert "plays one model" in impsy()
