"""What every page asks first: controls with labels, scenes, models of this dimension."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from setup_site import client_of, make_site

from impsy import __version__
from impsy.config import parse_config
from impsy.config.workspace import OTHER_MODEL, STARTER_MODEL
from impsy.errors import ConfigError
from impsy.mapping.entries import ControlChange, NoteOn
from impsy.web.config.drafts import salvaged
from impsy.web.config.labels import controls_of, describe_entry

HEAD = "[model]\ndimension = {}\n[midi]\n"


def controls(text):
    return controls_of(parse_config(text).config)


def labels(text):
    return [control.label for control in controls(text)]


def test_entries_in_words():
    assert describe_entry(ControlChange(1, 7)) == "control 7, channel 1"
    assert describe_entry(ControlChange(2, 7, 0, 63)) == "control 7, channel 2, from 0 to 63"
    assert describe_entry(NoteOn(3, 100)) == "notes, channel 3, velocity 100"


def test_a_name_stands_in_place_of_a_label():
    text = (
        HEAD.format(4)
        + 'in_device = ["A"]\ninput."A" = [["note_on", 1], ["control_change", 1, 7], ["pitch_bend", 1]]\n'
    )
    named = text + "[[controls]]\nname = 'melody'\ngate = 0.5\n[[controls]]\nname = 'melody'\nenabled = false\n"
    told = controls(named)
    assert [control.label for control in told] == ["melody (x 1)", "melody (x 2)", "Bend"]
    assert [(control.enabled, control.gate) for control in told] == [(True, 0.5), (False, None), (True, None)]
    assert labels(text) == ["Note, ch 1", "CC 7", "Bend"]


def test_labels_come_from_what_is_heard():
    text = HEAD.format(6) + (
        'in_device = ["A", "B"]\nout_device = ["S"]\n'
        'input."A" = [["note_on", 1], ["control_change", 1, 74], ["pitch_bend", 1], ["control_change", 1, 7],'
        ' ["control_change", 2, 7]]\n'
        'input."B" = [["note_on", 1], ["control_change", 3, 74], ["channel_aftertouch", 1], ["control_change", 1, 7],'
        ' ["control_change", 2, 7]]\n'
        'output."S" = [["note_on", 1], ["note_velocity", 1], ["control_change", 1, 1], ["control_change", 1, 2],'
        ' ["program_change", 4]]\n'
        'input."unused" = [["note_on", 16], ["note_on", 16], ["note_on", 16], ["note_on", 16], ["note_on", 16]]\n'
    )
    told = controls(text)
    assert [control.label for control in told] == [
        "Note, ch 1",
        "CC 74",
        "Bend / Pressure",
        "CC 7, ch 1",
        "CC 7, ch 2",
    ]
    assert [control.kind for control in told] == ["note", "cc", "bend", "cc", "cc"]
    assert [control.plays for control in told] == ["note", "velocity", "cc", "cc", "program"]
    assert told[1].inputs == ["A: control 74, channel 1", "B: control 74, channel 3"]
    assert told[4].outputs == ["S: program, channel 4"]
    assert told[4].channel == 4
    assert not any("16" in where for control in told for where in control.inputs)


def test_labels_come_from_what_is_played_where_nothing_is_mapped_to_be_heard():
    text = HEAD.format(3) + 'out_device = ["S"]\noutput."S" = [["note_on", 2], ["control_change", 1, 5]]\n[osc]\n'
    told = controls(text)
    assert [control.label for control in told] == ["Note, ch 2", "CC 5"]
    assert told[0].kind == "note"
    assert told[0].inputs == ["OSC /interface: number 1"]
    assert told[1].outputs == ["S: control 5, channel 1", "OSC /prediction: number 2"]


def test_controls_without_mapping_have_numbers():
    assert labels("[model]\ndimension = 4\n") == ["x 1", "x 2", "x 3"]


def test_the_same_entry_twice_is_told_apart():
    text = '[model]\ndimension = 3\n[websocket]\ninput = [["note_on", 1], ["note_on", 1]]\n'
    assert labels(text) == ["Note, ch 1 (x 1)", "Note, ch 1 (x 2)"]


def test_a_dimension_beyond_reason_costs_nothing():
    assert len(labels("[model]\ndimension = 5000\n")) == 1024
    with pytest.raises(ConfigError, match="5,000 at most"):
        labels("[model]\ndimension = 2000000000\n")


@pytest.mark.slow
def test_the_overview_of_a_workspace(tmp_path):
    site = make_site(tmp_path)
    site.demo = True
    client = client_of(site)
    empty = client.get("/api/overview").json()
    assert empty["configured"] is False
    assert empty["dimension"] is None
    assert empty["controls"] == []
    assert empty["version"] == __version__
    assert empty["workspace"] == tmp_path.name
    assert empty["demo"] is True
    assert client.post("/api/setup", json={"title": "T", "template": "browser", "dimension": 9}).status_code == 200
    told = client.get("/api/overview").json()
    assert told["configured"] is True
    assert told["title"] == "T"
    assert (told["dimension"], told["mode"]) == (9, "callresponse")
    assert [control["index"] for control in told["controls"]] == list(range(8))
    assert told["models"] == [model.removeprefix("models/") for model in (STARTER_MODEL, OTHER_MODEL)]


@pytest.mark.parametrize(
    ("text", "dimension", "mode", "count"),
    [
        ("[model", None, None, 0),
        ("[model]\ndimension = 4\nfile = 3\n[interaction]\nmode = 'battle'\n", 4, "battle", 3),
        ("model = 3\n", None, None, 0),
        ("[model]\ndimension = true\n[interaction]\nmode = 5\n", None, None, 0),
        ("scenes = 3\ntitle = 5\n[model]\ndimension = 3\n", 3, None, 2),
        ("[scenes.a]\nthreshold = 'x'\nmode = 3\n[model]\ndimension = 3\n", 3, None, 2),
    ],
)
def test_a_wrong_configuration_is_shown_as_far_as_it_goes(tmp_path, text, dimension, mode, count):
    (tmp_path / "config.toml").write_text(text)
    told = client_of(make_site(tmp_path)).get("/api/overview").json()
    assert told["configured"] is True
    assert told["dimension"] == dimension
    assert told["mode"] == mode
    assert len(told["controls"]) == count


def test_a_configuration_that_breaks_keeps_what_it_said(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('title = "Kitchen"\n[model]\ndimension = 4\n[interaction]\nmode = "battle"\n')
    client = client_of(make_site(tmp_path))
    good = client.get("/api/overview").json()
    for broken in ('title = "Kit\n[model\ndimension = ', "\xff", "[[[["):
        config.write_bytes(broken.encode("latin-1"))
        told = client.get("/api/overview").json()
        assert {**told, "controls": []} == {**good, "controls": []}
        assert len(told["controls"]) == 3


def test_of_one_that_was_broken_before_it_takes_the_lines_that_are_right(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('title = "Kitchen"\nowner = "me\n[model]\ndimension = 4\nfile = models/a.tflite\n')
    told = client_of(make_site(tmp_path)).get("/api/overview").json()
    assert (told["title"], told["dimension"]) == ("Kitchen", 4)
    config.write_text('owner = "me\n' * 200 + 'title = "Kitchen"\n')
    assert client_of(make_site(tmp_path)).get("/api/overview").json()["title"] == ""


@given(st.text(alphabet=st.sampled_from("title=\"a\n[]model.{}'#0 "), max_size=60))
def test_whatever_is_broken_gives_tables(text):
    assert isinstance(salvaged(text, Path("config.toml")), dict)


@pytest.mark.slow
def test_models_are_those_of_this_dimension(tmp_path, shared_data):
    (tmp_path / "config.toml").write_text("[model]\ndimension = 4\n")
    (tmp_path / "models").mkdir()
    for path in (shared_data / "models").iterdir():
        shutil.copy(path, tmp_path / "models")
    (tmp_path / "models" / "broken.tflite").write_bytes(b"no model")
    (tmp_path / "models" / "notes.txt").write_text("-dim4-")
    told = client_of(make_site(tmp_path)).get("/api/overview").json()["models"]
    assert told == ["musicMDRNN-dim4-layers2-units64-mixtures5-scale10.tflite"]
