"""The configurations of devices: each is in order, plays in a new workspace, and goes together with the others."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from itertools import pairwise

import pytest
from click.testing import CliRunner
from example_session import EXAMPLES, workspace
from numpy.random import default_rng

from impsy.cli.main import group as impsy
from impsy.config import load_config
from impsy.engine import Engine
from impsy.events import EndNotes, Play, Silence
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.models.opening import open_model
from impsy.perform.building.session import engine_settings
from impsy.testing import Rehearsal

FILES = sorted((EXAMPLES / "configs").glob("*.toml"))
CONTROLLERS = (
    "akai-lpd8",
    "akai-mpk-mini-mk3",
    "behringer-x-touch-mini",
    "korg-nanokontrol2",
    "novation-launch-control-xl",
)
HANDS = {
    "akai-lpd8-pads": set(range(36, 44)),
    "volca-keys-in-a-scale": {note for note in range(45, 82) if (note - 9) % 12 in (0, 3, 5, 7, 10)},
}
"""The notes of those that show what [[controls]] does."""
SYNTHESISERS = ("korg-volca-fm", "korg-volca-keys", "moog-minitaur", "roland-s-1")

FIRST_AND_LAST = {
    "akai-lpd8": (b"\xb0\x01\x7f", b"\xb0\x08\x7f"),
    "akai-mpk-mini-mk3": (b"\xb0\x46\x7f", b"\xb0\x4d\x7f"),
    "behringer-x-touch-mini": (b"\xba\x01\x7f", b"\xba\x08\x7f"),
    "korg-nanokontrol2": (b"\xb0\x00\x7f", b"\xb0\x07\x7f"),
    "novation-launch-control-xl": (b"\xb8\x4d\x7f", b"\xb8\x54\x7f"),
}
"""What each controller sends when its first and its last control is all the way up."""


def text(name: str) -> str:
    return (EXAMPLES / "configs" / f"{name}.toml").read_text(encoding="utf-8")


def midi(name: str):
    return load_config(EXAMPLES / "configs" / f"{name}.toml").config.midi


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_is_in_order(file, tmp_path):
    config = workspace(tmp_path, file.read_text(encoding="utf-8"))
    done = CliRunner().invoke(impsy, ["config", "check", str(config)])
    assert done.exit_code == 0, done.output
    assert f"{config} is valid" in done.output.replace("\n", "")
    for word in ("warning:", "error:", "note:"):
        assert word not in done.output


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_says_which_control_is_what_and_how_to_begin(file):
    head, *_ = file.read_text(encoding="utf-8").partition("\n\n")
    assert "Copy this file into a workspace (`impsy init my-instrument`) as config.toml" in " ".join(
        head.split("\n# ")
    )
    if file.stem in CONTROLLERS + SYNTHESISERS:
        assert "# Set the device: " in head
    lines = file.read_text(encoding="utf-8").splitlines()
    assert all("# " in line for line in lines if line.startswith("  ["))
    assert max(map(len, lines)) <= 118


def test_there_is_a_file_for_each_device():
    others = {"arduino", "browser", "microbit", "x-touch-mini-and-s-1", "korg-nanokontrol2-two-voices"}
    assert {file.stem for file in FILES} == {*CONTROLLERS, *SYNTHESISERS, *HANDS, *others}


@pytest.mark.parametrize("name", CONTROLLERS)
def test_a_controllers_first_and_last_control_are_the_first_and_last_value(name):
    (entries,) = midi(name).input.values()
    mapping = InputMapping(entries)
    first, last = FIRST_AND_LAST[name]
    assert mapping.decode(first) == ((0, 1.0),)
    assert mapping.decode(last) == ((7, 1.0),)


@pytest.mark.parametrize("name", SYNTHESISERS)
def test_a_synthesiser_is_sent_each_value(name):
    (entries,) = midi(name).output.values()
    mapping = OutputMapping(entries)
    mapping.encode([0.5] * 8)
    for index in range(1, 8):
        assert mapping.encode([0.5 if other != index else 1.0 for other in range(8)])


@pytest.mark.parametrize("controller", CONTROLLERS)
@pytest.mark.parametrize("synthesiser", SYNTHESISERS)
def test_any_controller_goes_with_any_synthesiser(controller, synthesiser, tmp_path):
    """As the files say: its ``out_device`` and ``output`` are copied into the controller's ``[midi]``."""
    source = text(synthesiser)
    device = next(line for line in source.splitlines() if line.startswith("out_device"))
    output = source[source.index("\noutput.") :].split("]\n]")[0].split("\n]\n")[0] + "\n]\n"
    config = workspace(tmp_path, text(controller).replace("[midi]\n", f"[midi]\n{device}{output}"))
    together = load_config(config)
    assert not together.warnings
    assert together.config.midi.input == midi(controller).input
    assert together.config.midi.output == midi(synthesiser).output


def test_the_pair_is_made_of_its_two_files():
    pair = tomllib.loads(text("x-touch-mini-and-s-1"))["midi"]
    assert pair["input"] == tomllib.loads(text("behringer-x-touch-mini"))["midi"]["input"]
    assert pair["output"] == tomllib.loads(text("roland-s-1"))["midi"]["output"]


@pytest.mark.parametrize("name", HANDS)
def test_what_shows_hands_plays_its_notes_alone_and_ends_each(name, tmp_path):
    loaded = load_config(workspace(tmp_path, text(name)))
    (entries,) = loaded.config.midi.output.values()
    settings = replace(engine_settings(loaded.config), mode="battle", pi_temperature=2.0, sigma_temperature=1.0)
    model = open_model(loaded.model_file())
    stage = Rehearsal(lambda now: Engine(settings, model.predictor, default_rng(1), now))
    stage.play_until(60.0)
    mapping, struck, sounding = OutputMapping(entries), [], set()
    for time, command in [*stage.commands, *((60.0, command) for command in stage.engine.end())]:
        messages = []
        if isinstance(command, Play):
            moved = range(8) if command.moved is None else command.moved
            messages = mapping.pass_on(command.values, moved, "")
        elif isinstance(command, EndNotes):
            messages = mapping.end_notes(command.keys, command.origin)
        elif isinstance(command, Silence):
            messages = mapping.all_notes_off()
        for message in messages:
            if message[0] & 0xF0 == 0x90:
                struck.append((time, message[1]))
                sounding.add(message[1])
            elif message[0] & 0xF0 == 0x80:
                sounding.discard(message[1])
    assert len({note for _, note in struck}) > 3
    assert {note for _, note in struck} <= HANDS[name]
    assert not sounding
    repeat = settings.hands[0].repeat
    for note in HANDS[name]:
        times = [time for time, each in struck if each == note]
        assert all(later - earlier >= repeat for earlier, later in pairwise(times))
