"""Ports of the machine as the page is told of them, with MIDI systems that tests make up."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from setup_site import client_of, make_site

from impsy.errors import DeviceError
from impsy.io.serial.port import PortInfo
from impsy.mapping.entries import ChannelAftertouch, ControlChange, NoteOn, PitchBend, ProgramChange
from impsy.mapping.learning import entry_and_value
from impsy.perform.diagnostics.devices import FoundSerial
from impsy.web.devices import mapping, watching
from impsy.web.devices.mapping import MappingListener
from impsy.web.devices.watching import DevicesWatcher, is_ours
from impsy.web.devices.ways import ways_of_session
from waiting import if_idle, wait_until

CONFIG = """\
[model]
dimension = 2
[midi]
in_device = ["knobs", "gone"]
input."knobs" = [["control_change", 1, 1]]
input."gone" = [["control_change", 1, 1]]
[serial]
port = "/dev/ttyTEST"
[webui]
command_port = 0
"""


class Room:
    """A MIDI system whose devices come and go."""

    name = "TEST"

    def __init__(self, inputs=("KNOBS plays 20:0", "IMPSY synth out:synth"), outputs=("SYNTH 21:0",)):
        self.inputs = inputs
        self.outputs = outputs
        self.opened = 0
        self.closed = 0
        self.error = ""
        self.taken = ()
        self.ears = []

    def ports(self, way):
        if self.error:
            raise DeviceError(self.error)
        return tuple(self.inputs if way == "in" else self.outputs)

    def open(self, _api=None):
        if self.error:
            raise DeviceError(self.error)
        self.opened += 1
        return self

    def close(self):
        self.closed += 1


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def site(tmp_path, room):
    (tmp_path / "config.toml").write_text(CONFIG)
    site = make_site(tmp_path)
    serial = FoundSerial((PortInfo("/dev/ttyTEST", "/dev/serial/by-id/board", "A board"),))
    site.devices = DevicesWatcher(lambda: site.hub.changed("devices"), room.open, lambda: serial)
    yield site
    site.close()


def test_ports_are_told_with_what_the_configuration_means(site):
    told = client_of(site).get("/api/devices").json()
    (port,) = told["midi"]["inputs"]
    assert port == {
        "name": "KNOBS plays 20:0",
        "short": "KNOBS plays",
        "configured": "knobs",
        "state": None,
        "error": "",
        "preset": None,
    }
    assert [port["short"] for port in told["midi"]["outputs"]] == ["SYNTH"]
    assert told["midi"]["system"] == "TEST"
    (serial,) = told["serial"]
    assert serial["configured"] == "/dev/ttyTEST"
    assert serial["description"] == "A board"
    assert {"webui.monitor_port", "serial.port"} <= {way["key"] for way in told["ways"]}
    assert told["learning"] is False


def test_a_controller_that_an_example_knows_brings_its_mapping(site, room):
    room.inputs = ("nanoKONTROL2:nanoKONTROL2 nanoKONTROL2 _ CTRL 20:0", *room.inputs)
    room.outputs = ("nanoKONTROL2:nanoKONTROL2 nanoKONTROL2 _ CTRL 20:0",)
    midi = client_of(site).get("/api/devices").json()["midi"]
    preset, *others = [port["preset"] for port in midi["inputs"]]
    assert preset["name"] == "korg-nanokontrol2"
    assert preset["about"] == "Korg nanoKONTROL2: its eight sliders."
    assert preset["entries"][7] == ["control_change", 1, 7]
    assert len(preset["parts"]) == len(preset["entries"]) == 8
    assert [*others, *(port["preset"] for port in midi["outputs"])] == [None] * 2


def test_a_session_tells_how_its_ports_do(site):
    site.link.state = {
        "ports": [
            {"name": "midi in knobs", "state": "receiving", "detail": "KNOBS", "error": ""},
            {"name": "midi in gone", "state": "waiting", "detail": "", "error": "gone is not there"},
            {"name": "serial", "state": "waiting", "detail": "", "error": "busy"},
        ]
    }
    told = client_of(site).get("/api/devices").json()
    assert told["midi"]["inputs"][0]["state"] == "receiving"
    assert told["serial"][0]["state"] == "waiting"
    assert told["serial"][0]["error"] == "busy"
    ways = {way["key"]: way for way in told["ways"]}
    assert ways["midi in knobs"]["usable"] is True
    assert ways["midi in knobs"]["plays"] is False
    assert ways["midi in gone"]["text"] == "gone is not there"
    assert ways["midi in gone"]["advice"]


def test_nothing_is_tried_while_a_session_starts(site):
    site.supervisor.state = "starting"
    assert client_of(site).get("/api/devices").json()["ways"] == []


@pytest.mark.parametrize("text", [None, "[model", "[model]\ndimension = 1\n"])
def test_devices_are_told_without_a_configuration(site, text):
    site.workspace.config.unlink()
    if text is not None:
        site.workspace.config.write_text(text)
    told = client_of(site).get("/api/devices").json()
    assert [port["name"] for port in told["midi"]["inputs"]] == ["KNOBS plays 20:0"]
    assert told["ways"] == []


def test_what_is_plugged_in_or_out_is_told_within_a_second(site, room):
    client_of(site).get("/api/devices")
    begun = time.monotonic()
    room.inputs = ()
    site.hub.wait_for(lambda hub: hub.changes == ["devices"])
    assert if_idle(time.monotonic() - begun) < 1.0
    room.inputs = ("KNOBS plays 22:0",)
    site.hub.wait_for(lambda hub: hub.changes == ["devices"] * 2)
    assert room.opened == 1


def test_a_midi_system_that_fails_is_a_sentence_and_taken_up_again(site, room):
    client = client_of(site)
    room.error = "the JACK server is not running"
    told = client.get("/api/devices").json()
    assert told["midi"]["error"] == room.error
    assert told["midi"]["inputs"] == []
    room.error = ""
    site.hub.wait_for(lambda hub: "devices" in hub.changes)
    assert client.get("/api/devices").json()["midi"]["inputs"]


def test_nobody_asks_nothing_is_looked_up(site, room, monkeypatch):
    monkeypatch.setattr(watching, "ASKED_SECONDS", 0.1)
    client_of(site).get("/api/devices")
    wait_until(lambda: room.closed == 1)
    room.inputs = ()
    time.sleep(0.1)
    assert site.hub.changes == []
    assert client_of(site).get("/api/devices").json()["midi"]["inputs"] == []
    assert room.opened == 2
    site.close()
    site.close()
    assert room.closed == 2


@given(
    st.dictionaries(st.sampled_from(["ports", "pid"]), st.recursive(st.none() | st.text(), st.lists, max_leaves=3))
    | st.fixed_dictionaries(
        {
            "ports": st.lists(
                st.dictionaries(st.sampled_from(["name", "state", "detail", "error"]), st.none() | st.text())
            )
        }
    )
)
@pytest.mark.slow
def test_any_state_of_a_session_makes_ways(state):
    for way in ways_of_session(state):
        assert isinstance(way.text, str)


# --- learning ----------------------------------------------------------------------------------------


class Ear:
    """Hears what a test plays."""

    def __init__(self, room, hear):
        self.room = room
        self.hear = hear
        self.ports = ()

    def __enter__(self):
        if not self.room.inputs:
            raise DeviceError("there is no MIDI input here")
        self.ports = tuple(port for port in self.room.inputs if port not in self.room.taken)
        if not self.ports:
            raise DeviceError("; ".join(f"{port}: is taken" for port in self.room.taken))
        self.room.ears.append(self)
        return self

    def __exit__(self, *_):
        self.room.ears.remove(self)

    def inputs(self):
        return tuple(self.room.inputs)

    def check(self):
        pass

    def play(self, port, *messages):
        for message in messages:
            self.hear(port, bytes.fromhex(message))


KNOBS = "KNOBS plays 20:0"


@pytest.fixture
def learning(site, room):
    site.mapping = MappingListener(site.hub.send, lambda hear, _api: Ear(room, hear))
    return site.mapping


def learnt(hub, **like):
    return [
        each
        for each in hub.messages
        if each["type"] == "learn" and all(each[key] == value for key, value in like.items())
    ]


def test_a_knob_that_is_moved_is_told_and_then_chosen(site, room, learning):
    client = client_of(site)
    assert client.post("/api/learn", json={"way": "input"}).json() == {
        "on": True,
        "ports": [KNOBS],
        "unheard": [],
        "note": "",
    }
    assert site.hub.messages == [{"type": "learning", "on": True, "error": ""}]
    assert client.get("/api/devices").json()["learning"] is True
    room.ears[0].play(KNOBS, "b0074a", "b00950", "b00951", *(f"b007{value:02x}" for value in range(0, 64, 4)))
    room.ears[0].play("IMPSY synth out:synth", "b20900", "b2097f")
    (chosen,) = site.hub.wait_for(lambda hub: learnt(hub, chosen=True))
    assert chosen == {
        "type": "learn",
        "port": KNOBS,
        "name": "knobs",
        "entry": ["control_change", 1, 7],
        "words": "control 7, channel 1",
        "number": None,
        "value": round(60 / 127, 4),
        "chosen": True,
    }
    assert [each["value"] for each in learnt(site.hub, entry=["control_change", 1, 9])] == [round(81 / 127, 4)]
    assert not learnt(site.hub, entry=["control_change", 3, 9])
    assert client.delete("/api/learn").json()["on"] is False
    assert site.hub.messages[-1] == {"type": "learning", "on": False, "error": ""}
    assert room.ears == []
    assert client.delete("/api/learn").status_code == 200


def test_one_control_after_the_other_is_chosen_once(site, room, learning):
    client_of(site).post("/api/learn", json={})
    ear = room.ears[0]
    ear.play(KNOBS, *(f"b007{value:02x}" for value in range(0, 120, 4)))
    site.hub.wait_for(lambda hub: learnt(hub, chosen=True))
    ear.play(KNOBS, *(f"b007{value:02x}" for value in range(120, 0, -4)))  # its movement goes on
    ear.play(KNOBS, "903c64", "803c00")
    (_, note) = site.hub.wait_for(lambda hub: len(learnt(hub, chosen=True)) > 1 and learnt(hub, chosen=True))
    assert (note["entry"], note["number"]) == (["note_on", 1], 60)
    time.sleep(1.2)
    ear.play(KNOBS, *(f"b007{value:02x}" for value in range(0, 120, 4)))
    site.hub.wait_for(lambda hub: len(learnt(hub, chosen=True)) > 2)
    assert learnt(site.hub, chosen=True)[-1]["entry"] == ["control_change", 1, 7]


def test_fourteen_bits_become_one_control(site, room, learning):
    client_of(site).post("/api/learn", json={})
    sweep = [
        f"b1{part}" for value in range(0, 16000, 700) for part in (f"03{value >> 7:02x}", f"23{value & 127:02x}")
    ]
    room.ears[0].play(KNOBS, *sweep)
    (chosen,) = site.hub.wait_for(lambda hub: learnt(hub, chosen=True))
    assert chosen["entry"] == ["control_change_14", 2, 3]
    before = len(site.hub.messages)
    room.ears[0].play(KNOBS, "b10340", "b12300")
    site.hub.wait_for(lambda hub: len(hub.messages) > before)
    assert {tuple(each["entry"]) for each in site.hub.messages[before:]} == {("control_change_14", 2, 3)}


def test_a_flood_is_told_thirty_times_a_second_at_most(site, room, learning):
    client_of(site).post("/api/learn", json={})
    end = time.monotonic() + 1.0
    value = 0
    while time.monotonic() < end:
        value = (value + 1) % 128
        room.ears[0].play(KNOBS, f"b007{value:02x}")
        time.sleep(0.001)
    assert 5 < len(learnt(site.hub, chosen=False)) <= 32


def test_a_device_that_comes_is_heard_and_when_the_last_goes_it_ends(site, room, learning):
    client_of(site).post("/api/learn", json={})
    room.inputs = (KNOBS, "OTHER 30:0")
    wait_until(lambda: room.ears and room.ears[0].ports == room.inputs)
    room.ears[0].play("OTHER 30:0", "e07f7f")
    (told,) = site.hub.wait_for(lambda hub: learnt(hub, port="OTHER 30:0"))
    assert told["name"] == "OTHER"
    assert told["value"] == 1.0
    room.inputs = ()
    site.hub.wait_for(lambda hub: hub.messages[-1]["type"] == "learning")
    assert site.hub.messages[-1] == {"type": "learning", "on": False, "error": "there is no MIDI input here"}
    wait_until(lambda: not learning.on)


def test_no_input_is_a_sentence_in_both_ways(site, room, learning):
    room.inputs = ()
    response = client_of(site).post("/api/learn", json={})
    assert response.status_code == 422
    assert response.json()["error"] == "there is no MIDI input here"
    assert site.hub.messages == [{"type": "learning", "on": False, "error": "there is no MIDI input here"}]
    room.inputs = ("IMPSY out:x",)
    assert client_of(site).post("/api/learn", json={}).status_code == 422
    assert room.ears == []


def test_a_port_that_another_program_keeps_is_a_sentence(site, room, learning):
    room.inputs = (KNOBS, "OTHER 30:0")
    room.taken = (KNOBS,)
    told = client_of(site).post("/api/learn", json={}).json()
    assert told["ports"] == ["OTHER 30:0"]
    assert told["unheard"] == [KNOBS]
    assert KNOBS in told["note"]
    assert "session" not in told["note"]
    site.link.state = {"ports": []}
    room.taken = room.inputs
    response = client_of(site).post("/api/learn", json={})
    assert response.status_code == 422
    assert "is taken" in response.json()["error"]
    assert "session" in response.json()["error"]


def test_a_lesson_ends_by_itself_and_starting_again_ends_the_last(site, room):
    site.mapping = MappingListener(site.hub.send, lambda hear, _api: Ear(room, hear), seconds=0.3)
    client = client_of(site)
    client.post("/api/learn", json={})
    client.post("/api/learn", json={"way": "output"})
    assert len(room.ears) == 1
    site.hub.wait_for(lambda hub: [each["on"] for each in hub.messages] == [True, False, True, False])
    assert room.ears == []


def test_ways_are_two(site, learning):
    assert client_of(site).post("/api/learn", json={"way": "up"}).status_code == 422
    assert client_of(site).post("/api/learn", content=json.dumps([]).encode()).status_code in (413, 415, 422)


@pytest.mark.parametrize(
    ("message", "entry", "value"),
    [
        ("903c64", NoteOn(1), 60 / 127),
        ("903c00", None, 0),
        ("803c64", None, 0),
        ("bf077f", ControlChange(16, 7), 1.0),
        ("b07b00", None, 0),
        ("e00040", PitchBend(1), 8192 / 16383),
        ("d140", ChannelAftertouch(2), 64 / 127),
        ("c105", ProgramChange(2), 5 / 127),
        ("f8", None, 0),
        ("b007", None, 0),
        ("", None, 0),
    ],
)
def test_messages_become_entries(message, entry, value):
    found = entry_and_value(bytes.fromhex(message))
    assert found == (None if entry is None else (entry, pytest.approx(value)))


@settings(max_examples=300)
@given(st.binary(max_size=5))
def test_any_bytes_are_an_entry_or_nothing(message):
    found = entry_and_value(message)
    assert found is None or 0.0 <= found[1] <= 1.0


def test_the_longest_lesson_is_two_minutes():
    assert mapping.LISTEN_SECONDS == 120


@pytest.mark.parametrize(
    ("port", "ours"),
    [
        ("IMPSY:to me 128:0", True),
        ("IMPSY 4711:osc 131:0", True),
        ("IMPSY pads", True),
        ("IMPSY:IMPSY MIDI 1 20:0", False),
        ("IMPSYnth:in 130:0", False),
        ("LPD8:LPD8 MIDI 1 24:0", False),
    ],
)
def test_what_is_a_device_is_not_taken_for_a_program_of_ours(port, ours):
    assert is_ours(port) is ours
