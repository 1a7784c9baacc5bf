"""The configurations of devices: each is in order, plays in a new workspace, and goes together with the others."""

from __future__ import annotations

import tomllib

import pytest
from click.testing import CliRunner
from example_session import EXAMPLES, workspace

from impsy.cli.main import group as impsy
from impsy.config import load_config
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping

FILES = sorted((EXAMPLES / "configs").glob("*.toml"))
CONTROLLERS = (
    "akai-lpd8",
    "akai-mpk-mini-mk3",
    "behringer-x-touch-mini",
    "korg-nanokontrol2",
    "novation-launch-control-xl",
)
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
    assert {file.stem for file in FILES} == {*CONTROLLERS, *SYNTHESISERS, *others}


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
