"""The wizard: a workspace from a few choices, in folders of any state."""

from __future__ import annotations

import json
import tomllib
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from setup_site import client_of, make_site

from fuzzing import examples
from impsy.config import load_config, parse_config
from impsy.config.workspace import FOLDERS, STARTER_MODEL
from impsy.mapping.entries import ControlChange, NoteOn, NoteVelocity
from impsy.models.opening import open_weights
from impsy.web.config.templates import TEMPLATES, Wishes, fill_in

FUZZ = settings(max_examples=examples(60))

IDS = ("browser", "midi", "osc", "serial")


def wanted(template, **more):
    return {"title": "Mine", "template": template, "dimension": 9, "mode": "callresponse", **more}


def test_the_ways_to_begin_have_words(tmp_path):
    told = client_of(make_site(tmp_path)).get("/api/setup").json()
    assert [each["id"] for each in told["templates"]] == list(IDS)
    assert all(each["title"] and each["description"] for each in told["templates"])


@pytest.mark.parametrize("template", IDS)
@pytest.mark.parametrize("folder", ["empty", "missing/deeper", "with a model"])
@pytest.mark.slow
def test_a_workspace_is_made(tmp_path, template, folder):
    root = tmp_path / folder
    if folder != "missing/deeper":
        root.mkdir()
    if folder == "with a model":
        (root / "models").mkdir()
        (root / STARTER_MODEL).write_bytes(b"mine")
    site = make_site(root)
    client = client_of(site)
    told = client.post("/api/setup", json=wanted(template)).json()
    assert told["exists"]
    assert told["text"] == (root / "config.toml").read_text()
    assert not [problem for problem in told["problems"] if problem["level"] == "error"]
    for name in FOLDERS:
        assert (root / name).is_dir()
    if folder == "with a model":
        assert (root / STARTER_MODEL).read_bytes() == b"mine"
    else:
        assert open_weights(root / STARTER_MODEL).dimension == 9
    loaded = load_config(root / "config.toml")
    assert loaded.config.title == "Mine"
    assert loaded.model_file() == root.resolve() / STARTER_MODEL
    assert site.hub.changes == ["config", "models"]
    again = client.post("/api/setup", json=wanted(template))
    assert again.status_code == 409
    assert "already" in again.json()["error"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.id)
@pytest.mark.slow
def test_each_template_turns_on_what_it_says(template):
    config = parse_config(fill_in(template, Wishes("", 9, "battle", "In", "Out"))).config
    on = {name for name in ("midi", "osc", "websocket", "serial", "serialmidi", "webui") if getattr(config, name)}
    assert on == ({template.id} if template.id != "browser" else set())
    assert config.interaction.mode == "battle"
    if template.id == "serial":
        assert config.serial.port == "In"
    if template.id == "midi":
        assert config.midi.in_device == ("In",)
        assert config.midi.out_device == ("Out",)
        assert config.midi.input["In"] == tuple(ControlChange(1, number) for number in range(1, 9))
        assert config.midi.output["Out"][:2] == (NoteOn(1), NoteVelocity(1))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.id)
@pytest.mark.slow
def test_phrases_by_hand_are_not_cut_by_their_pauses(template):
    """A mouse pauses within a phrase; the messages of a MIDI controller come closer together."""

    def threshold(device: str) -> float:
        return parse_config(fill_in(template, Wishes("", 9, "callresponse", device))).config.interaction.threshold

    assert threshold("") == 0.3
    assert threshold("My controller") == (0.1 if template.id == "midi" else 0.3)


@pytest.mark.parametrize(
    ("template", "dimension", "in_device", "out_device"),
    list(product(TEMPLATES, (2, 9, 13, 257), ("", "My synth", 'a "b\\" # é'), ("", "My controller"))),
    ids=lambda value: getattr(value, "id", None),
)
@pytest.mark.slow
def test_each_template_is_right_for_any_choice(template, dimension, in_device, out_device):
    text = fill_in(template, Wishes('a "title"\\', dimension, "polyphony", in_device, out_device))
    loaded = parse_config(text)
    assert not loaded.warnings + loaded.conflicts + loaded.notes
    config = loaded.config
    assert config.title == 'a "title"\\'
    assert config.model.dimension == dimension
    assert bool(config.model.file) == (dimension == 9)
    if template.id == "midi":
        assert config.midi.in_device == ((in_device,) if in_device else ())
        assert list(config.midi.output) == ([out_device] if out_device else [])
        for mapping in (*config.midi.input.values(), *config.midi.output.values()):
            assert len(set(mapping)) == min(dimension - 1, len(mapping))
    controls = dimension - 1
    assert f"{dimension} is time and {controls} value" in text
    assert controls == 8 or "8 numbers" not in text.replace(f"{controls} number", "")


@pytest.mark.slow
def test_what_is_off_in_a_template_can_be_turned_on_by_hand():
    """Taking the # away from a section's lines, as the file says, gives a section that is right."""
    for template, dimension in product(TEMPLATES, (2, 5, 9, 40)):
        text = fill_in(template, Wishes("", dimension, "useronly"))
        turned = "\n".join(
            line[1:] if (line.startswith("#") and not line.startswith("# ")) or line.startswith("#  [") else line
            for line in text.split("\n")
        )
        assert set(tomllib.loads(turned)) >= {"midi", "osc", "websocket", "serial", "serialmidi", "webui"}
        for section in ("websocket", "serialmidi"):
            assert len(tomllib.loads(turned)[section]["input"]) == dimension - 1


@pytest.mark.parametrize(
    "more",
    [
        {"template": "none"},
        {"dimension": 1},
        {"dimension": 10**9},
        {"mode": "jazz"},
        {"title": "a\nb"},
        {"in_device": "\x07"},
        {"path": "/etc"},
        {"title": "a" * 201},
    ],
)
def test_choices_that_make_no_sense_write_nothing(tmp_path, more):
    response = client_of(make_site(tmp_path)).post("/api/setup", json=wanted("midi") | more)
    assert response.status_code == 422
    assert response.json()["error"]
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be_is_a_sentence(tmp_path):
    (tmp_path / "logs").write_text("not a folder")
    response = client_of(make_site(tmp_path)).post("/api/setup", json=wanted("osc"))
    assert response.status_code == 507
    assert "logs" in response.json()["error"]
    assert not (tmp_path / "config.toml").exists()


@FUZZ
@given(
    body=st.fixed_dictionaries(
        {},
        optional={
            "title": st.text(max_size=12),
            "template": st.sampled_from([*IDS, "x"]),
            "dimension": st.integers(-1, 30) | st.none(),
            "mode": st.sampled_from(["battle", "x", None]),
            "in_device": st.none() | st.text(max_size=12),
            "out_device": st.none() | st.text(max_size=12),
        },
    )
)
@pytest.mark.slow
def test_any_choice_is_answered_in_words(tmp_path_factory, body):
    folder = tmp_path_factory.mktemp("setup")
    response = client_of(make_site(folder)).post(
        "/api/setup", content=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    assert response.status_code in (200, 422)
    assert (folder / "config.toml").exists() == (response.status_code == 200)
