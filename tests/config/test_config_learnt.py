"""Putting a learnt mapping into a configuration."""

from __future__ import annotations

import pytest

from impsy.config.document import ConfigDocument
from impsy.config.learnt import complete, configured_controls, device_name, put_mapping
from impsy.config.upgrade import upgrade
from impsy.errors import ConfigError
from impsy.mapping.entries import ControlChange, ControlChange14, NoteOn, PitchBend

TEXT = """\
# mine
[model]
dimension = 4 # three knobs
[midi]
in_device = ["X-TOUCH"] # on the left
input."X-TOUCH" = [
  ["control_change", 2, 1], # cutoff
  ["control_change", 2, 2], # drive
  ["control_change", 2, 3], # time
]
"""


def test_comments_stay_and_only_what_was_learnt_changes(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(TEXT)
    document = ConfigDocument.open(path)
    done = complete(document, "input", "X-TOUCH", [NoteOn(1), None, PitchBend(3)])
    assert done.mapping == (NoteOn(1), ControlChange(2, 2), PitchBend(3))
    assert (done.kept, done.stand_ins) == ((1,), ())
    put_mapping(document, "input", "X-TOUCH", done.mapping)
    loaded = document.save()
    assert loaded.config.midi.input["X-TOUCH"] == done.mapping
    text = path.read_text()
    for comment in ("# mine", "# three knobs", "# on the left", "# cutoff", "# drive", "# time"):
        assert comment in text
    assert (tmp_path / "config.toml.bak").read_text() == TEXT


def test_a_new_output_is_listed_and_the_dimension_set():
    document = ConfigDocument("[model]\ndimension = 9\n[osc]\n")
    put_mapping(document, "output", "S-1", (NoteOn(1), ControlChange(1, 7)), 3)
    config = document.check().config
    assert config.midi.out_device == ("S-1",)
    assert config.midi.output["S-1"] == (NoteOn(1), ControlChange(1, 7))
    assert config.model.dimension == 3
    assert config.osc is not None


@pytest.mark.parametrize(("way", "name"), [("input", "X-TOUCH"), ("input", "QuNeo"), ("output", "Volca")])
def test_a_mapping_is_put_into_a_file_of_an_earlier_form(way, name):
    rows = '["control_change", 2, 1], # cutoff\n["note_on", 1],\n'
    before = f'log = true # all\n[model]\ndimension = 3\n[midi]\nin_device = "X-TOUCH" # left\ninput = [\n{rows}]\n'
    document = ConfigDocument(before + "[websocket]\n")
    websocket = document.check().config.websocket
    upgrade(document, whole_lists=True)
    put_mapping(document, way, name, (NoteOn(9), PitchBend(9)))
    loaded = document.check()
    assert getattr(loaded.config.midi, way)[name] == (NoteOn(9), PitchBend(9))
    assert "X-TOUCH" in loaded.config.midi.input
    assert loaded.config.websocket == websocket, "which used the mapping as it was"
    assert loaded.understood == ()
    for comment in ("# all", "# left"):
        assert comment in document.dumps()


def test_what_was_left_out_gets_stand_ins_that_nothing_else_uses():
    document = ConfigDocument(TEXT)
    learnt = [ControlChange(5, 102), None, ControlChange14(5, 20), None]
    done = complete(document, "input", "new", learnt)
    assert done.stand_ins == (1, 3)
    assert done.mapping[1] == ControlChange(5, 103)
    assert done.mapping[3] == ControlChange(5, 104)
    assert complete(document, "input", "X-TOUCH", [None] * 5).stand_ins == (0, 1, 2, 3, 4), "another length"


def test_an_old_entry_that_was_learnt_for_another_control_is_not_kept_twice():
    done = complete(ConfigDocument(TEXT), "input", "X-TOUCH", [ControlChange(2, 2), None, None])
    assert done.kept == (2,)
    assert done.stand_ins == (1,)
    assert len(set(done.mapping)) == 3


def test_a_great_many_stand_ins_are_found_all_the_same():
    done = complete(ConfigDocument(""), "input", "new", [None] * 300)
    assert len(done.mapping) == 300


@pytest.mark.parametrize(
    ("text", "count"),
    [("[model]\ndimension = 9\n", 8), ("[model]\ndimension = true\n", None), ("", None), ("model = 3", None)],
)
def test_the_number_of_controls(text, count):
    assert configured_controls(ConfigDocument(text)) == count


def test_the_name_under_which_a_port_is_known():
    document = ConfigDocument(TEXT)

    def part(names):
        return {name: port for name in names for port in ("X-TOUCH MINI 1", "other") if name in port}

    assert device_name(document, "input", "X-TOUCH MINI 1", None, part) == "X-TOUCH"
    assert device_name(document, "input", "X-TOUCH MINI 1", "X", part) == "X-TOUCH"
    assert device_name(document, "input", "other", None, part) is None
    assert device_name(document, "output", "X-TOUCH MINI 1", None, part) is None
    assert device_name(ConfigDocument("[midi]\nin_device = 3"), "input", "a", None, part) is None
    both = ConfigDocument('[midi]\nin_device = ["X", "X-TOUCH"]')
    assert device_name(both, "input", "X-TOUCH MINI 1", "X-TOUCH", part) == "X-TOUCH"


def test_a_list_of_devices_that_is_none_says_so():
    with pytest.raises(ConfigError, match="in_device is no list"):
        put_mapping(ConfigDocument('[midi]\nin_device = "A"\n'), "input", "A", (NoteOn(1),))
