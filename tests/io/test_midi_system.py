"""Choosing a MIDI system and working with one, with a port library that is made up."""

from __future__ import annotations

import os
import threading
import time
from types import SimpleNamespace

import pytest

from impsy.errors import DeviceError
from impsy.io.midi import library as midi_library
from impsy.io.midi.library import ALSA, COREMIDI, JACK, WINDOWS_MM, Library, api_number, check_api
from impsy.io.midi.ports import virtual_name
from impsy.io.midi.rtmidi import RtMidiSystem
from impsy.io.midi.system import REFUSED_SECONDS, SharedMidi
from waiting import if_idle, wait_until


class MadeUpSystem:
    """Devices by way; handles that reach them, as the port library's do."""

    def __init__(self) -> None:
        self.devices = {"in": ["Pads:Pads MIDI 1 20:0", "Keys:Keys MIDI 1 24:0"], "out": ["Pads:Pads MIDI 1 20:0"]}
        self.handles: list[MadeUpHandle] = []
        self.fails = ""
        self.hangs = threading.Event()
        self.hangs.set()

    def library(self) -> Library:
        return Library(
            "made-up",
            (ALSA,),
            lambda _api, client, receive: MadeUpHandle(self, "in", client, receive),
            lambda _api, client: MadeUpHandle(self, "out", client, None),
        )


class MadeUpHandle:
    def __init__(self, system, way, client, receive):
        self.system, self.way, self.client, self.receive = system, way, client, receive
        self.sent: list[bytes] = []
        self.state = "new"
        system.handles.append(self)

    def get_ports(self):
        if self.system.fails:
            raise RuntimeError(self.system.fails)
        own = [handle.virtual for handle in self.system.handles if hasattr(handle, "virtual")]
        return [*self.system.devices[self.way], f"IMPSY {os.getpid()}:list 130:0", *own]

    def open_port(self, port, name):
        self.state = self.get_ports()[port]

    def open_virtual_port(self, name):
        self.virtual = f"IMPSY:{name} 140:0"

    def cancel_callback(self):
        self.receive = None

    def close_port(self):
        self.system.hangs.wait(5)

    def delete(self):
        self.state = "deleted"

    def send_message(self, message):
        if self.system.fails:
            raise OSError(self.system.fails)
        self.sent.append(message)


@pytest.fixture
def made_up():
    return MadeUpSystem()


@pytest.fixture
def system(made_up):
    made = RtMidiSystem(made_up.library(), ALSA)
    yield made
    made_up.hangs.set()
    made.close()


@pytest.mark.parametrize(
    ("configured", "name"),
    [("virtual:My port", "My port"), ("virtual: x ", "x"), ("virtual:", "IMPSY"), ("S-1", None)],
)
def test_virtual_ports_are_named_after_a_colon(configured, name):
    assert virtual_name(configured) == name


def test_devices_are_listed_without_our_own_ports(system, made_up):
    system.open_virtual_output("loop")
    assert system.ports("in") == tuple(made_up.devices["in"])
    assert system.ports("out") == tuple(made_up.devices["out"])
    handles = len(made_up.handles)
    system.ports("in")
    assert len(made_up.handles) == handles  # listing again needs no new client


def test_a_device_is_heard_until_it_is_gone(system, made_up):
    heard: list[bytes] = []
    name = made_up.devices["in"][1]
    port = system.open_input(name, heard.append, "Keys")
    (handle,) = [handle for handle in made_up.handles if handle.state == name]
    handle.receive(b"\x90\x40\x50")
    assert heard == [b"\x90\x40\x50"]
    port.check()
    made_up.devices["in"].remove(name)
    with pytest.raises(DeviceError, match="Keys"):
        port.check()
    port.close()
    port.close()
    assert handle.state == "deleted"


def test_messages_go_out_in_order_and_whatever_the_library_raises_is_a_device_error(system, made_up):
    port = system.open_output(made_up.devices["out"][0], "Pads")
    port.send([b"\x90\x40\x50", b"\x80\x40\x00"])
    (handle,) = [handle for handle in made_up.handles if handle.sent]
    assert handle.sent == [b"\x90\x40\x50", b"\x80\x40\x00"]
    made_up.fails = "no such thing."
    for call in (lambda: port.send([b"\xf8"]), lambda: system.ports("out"), port.check):
        with pytest.raises(DeviceError, match="no such thing"):
            call()
    made_up.fails = ""
    port.close()
    with pytest.raises(DeviceError, match="closed"):
        port.send([b"\xf8"])


def test_a_device_that_goes_while_it_is_opened_is_a_device_error(system):
    with pytest.raises(DeviceError, match="Drums"):
        system.open_output("Drums", "Drums")


def test_a_driver_that_hangs_does_not_keep_who_closes(system, made_up):
    port = system.open_output(made_up.devices["out"][0], "Pads")
    made_up.hangs.clear()
    before = time.monotonic()
    port.close()
    assert if_idle(time.monotonic() - before) < 0.5


def test_windows_has_no_virtual_ports(made_up):
    system = RtMidiSystem(made_up.library(), WINDOWS_MM)
    with pytest.raises(DeviceError, match="loopMIDI"):
        system.open_virtual_output("x")
    assert [handle.state for handle in made_up.handles] == ["deleted"]
    system.close()


# --- choosing ---------------------------------------------------------------------------------------

LINUX = Library("made-up", (ALSA, JACK), lambda *_: None, lambda *_: None)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("name", "number"), [("ALSA", ALSA), ("alsa", ALSA), ("Jack", JACK), ("UNIX_JACK", JACK), ("linux-alsa", ALSA)]
)
def test_systems_are_named_in_any_case(name, number):
    assert api_number(name, LINUX) == number


@pytest.mark.parametrize("name", ["CoreMIDI", "WindowsMM", "WinMM", "OSS", ""])
def test_a_system_that_is_not_there_is_told_with_those_that_are(name):
    with pytest.raises(DeviceError, match="ALSA, JACK"):
        api_number(name, LINUX)


def test_alsa_needs_its_sequencer(monkeypatch, tmp_path):
    monkeypatch.setattr(midi_library, "ALSA_SEQUENCER", str(tmp_path / "seq"))
    with pytest.raises(DeviceError, match="snd-seq"):
        check_api(ALSA)
    (tmp_path / "seq").touch()
    check_api(ALSA)
    check_api(COREMIDI)


def test_without_a_library_it_is_said_which_to_install(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(midi_library.importlib, "import_module", missing)
    with pytest.raises(DeviceError, match="no MIDI port library is installed: pip install"):
        midi_library.load_library()


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (
            "libasound.so.2: cannot open shared object file",
            r"does not load \(libasound\.so\.2.*sudo apt install libasound2",
        ),
        ("undefined symbol: x", r"does not load \(undefined symbol: x\).*pip install --force-reinstall"),
    ],
)
def test_of_a_library_that_does_not_load_it_is_said_what_it_lacks(monkeypatch, why, words):
    def refusing(name):
        raise ImportError(why)

    monkeypatch.setattr(midi_library.importlib, "import_module", refusing)
    with pytest.raises(DeviceError, match=words):
        midi_library.load_library()


def test_another_package_of_that_name_is_not_taken_for_it(monkeypatch):
    monkeypatch.setattr(midi_library.importlib, "import_module", lambda name: SimpleNamespace())
    with pytest.raises(DeviceError, match="pip install"):
        midi_library.load_library()


# --- sharing ----------------------------------------------------------------------------------------


def test_ports_share_a_system_that_the_last_to_leave_closes():
    events: list[str] = []

    def open_it(api):
        events.append(f"open {api}")
        return SimpleNamespace(close=lambda: events.append("close"))

    shared = SharedMidi("JACK", open_it)
    shared.enter()
    shared.enter()
    assert shared.get() is shared.get()
    shared.leave()
    assert events == ["open JACK"]
    shared.leave()
    assert events == ["open JACK", "close"]
    shared.enter()
    shared.get()
    shared.leave()
    assert events == ["open JACK", "close"] * 2


def test_a_system_that_does_not_open_is_tried_once_for_all_ports():
    tried = []

    def refuse(_api):
        tried.append(time.monotonic())
        raise DeviceError("there is none")

    shared = SharedMidi(None, refuse)
    for _ in range(300):
        with pytest.raises(DeviceError, match="there is none"):
            shared.get()
    assert len(tried) <= 1 + (time.monotonic() - tried[0]) / REFUSED_SECONDS

    def again():
        with pytest.raises(DeviceError):
            shared.get()
        return len(tried) > 1

    wait_until(again)
