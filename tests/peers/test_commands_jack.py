"""A controller under JACK that commands ``impsy run``: each command, its light, and nothing of it played."""

from __future__ import annotations

import json
import socket
import time

import pytest
from jack_stage import Device
from performance import performing

from impsy.codecs.oscwire import read_packet
from impsy.io.commands import ECHO_SECONDS
from impsy.presets import PRESETS
from impsy.protocol.monitor import STATE
from impsy.settings import SETTINGS
from waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.peer("jackd"), pytest.mark.usefixtures("jack_alone")]

CONFIG = """
[midi]
api = "JACK"
in_device = ["keys", "desk"]
out_device = ["synth"]
input."keys" = [["note_on", 1], ["control_change", 1, 7]]
input."desk" = [["note_on", 1], ["control_change", 1, 20]]
output."synth" = [["note_on", 1], ["control_change", 1, 7]]
thru_matrix."desk" = ["synth"]

[scenes."verse"]
mode = "useronly"
threshold = 0.7

[commands]
pause = ["control_change", 1, 16, "desk"]
panic = ["note_on", 10, 40, "desk"]
reset = ["channel_aftertouch", 2, "desk"]
"mode.useronly" = ["note_on", 10, 36, "desk"]
"mode.callresponse" = ["note_on", 10, 37, "desk"]
"scene.verse" = ["program_change", 3, 5, "desk"]
"preset.wild" = ["note_on", 10, 38, "desk"]
threshold = ["control_change_14", 4, 1, "desk"]
timescale = ["pitch_bend", 5, "desk"]
sigmatemp = ["control_change", 1, 21, "desk"]
pitemp = ["control_change", 1, 22, 127, 0, "desk"]
"""


@pytest.fixture
def devices(jack):
    made = {name: Device(jack, name) for name in ("desk", "synth", "keys")}
    yield made
    for device in made.values():
        if device.process.poll() is None:
            device.end()


def shown(device):
    """What the device shows: the last message to each of its lights and faders."""
    last = {}
    for message in device.heard:
        last[message[:5] if message[0] in "9b" else message[:2]] = message
    return set(last.values())


def shows(device, *messages):
    """Wait until it shows these."""
    wait_until(lambda: shown(device) >= set(messages), what=lambda: f"{messages} in {shown(device)}")
    time.sleep(2 * ECHO_SECONDS)  # nobody is so fast that it could be an echo


def test_each_command_is_carried_out_shown_and_not_played(tmp_path, devices):
    desk, synth = devices["desk"], devices["synth"]
    with performing(tmp_path, mode="useronly", dimension=3, more=CONFIG) as performance:
        performance.wait_for("midi in desk is connected")
        performance.wait_for("midi out synth is connected")
        shows(desk, "b0 10 00", "99 24 7f", "99 25 00", *_fine(4, 1, SETTINGS["threshold"].place(0.1)))
        time.sleep(0.2)

        desk.play("b0 10 7f")  # pause: a button that sends 127 and 0
        shows(desk, "b0 10 7f")
        desk.play("b0 10 00")
        wait_until(lambda: desk.heard.count("b0 10 7f") > 1, what="the light after the release")
        shows(desk, "b0 10 7f")
        desk.play("b0 10 7f")
        shows(desk, "b0 10 00")
        desk.play("b0 10 00")

        desk.play("99 25 40")
        shows(desk, "99 24 00", "99 25 7f")
        desk.play("89 25 40")
        desk.play("c2 05")  # the scene, which sets the mode and the threshold too
        shows(desk, "99 24 7f", "99 25 00", "c2 05", *_fine(4, 1, SETTINGS["threshold"].place(0.7)))

        desk.play("b0 15 7f", "b0 16 00", "e4 00 00")
        turned = {"sigma_temperature": 2.0, "pi_temperature": 5.0, "timescale": 0.1}
        wait_until(lambda: state_of(performance).items() >= turned.items(), what="the settings")
        state = state_of(performance)
        assert (state["mode"], state["scene"], state["threshold"], state["paused"]) == (
            "useronly",
            "verse",
            0.7,
            False,
        )

        desk.play("99 26 40")  # the preset, whose light ends with one of its numbers
        shows(desk, "99 26 7f")
        assert state_of(performance).items() >= PRESETS["wild"].values.items()
        desk.play("b0 15 7f")
        shows(desk, "99 26 00")

        desk.play("d1 7f", "99 28 7f", "89 28 00")
        wait_until(lambda: "b0 7b 00" in synth.heard, what="panic")  # all notes off
        assert state_of(performance)["counters"]["panics"] == 1
        assert performance.rows("interface") == []
        assert not any(message.startswith("9") for message in synth.heard)
        assert not any(message.startswith(("99 28", "d")) for message in desk.heard)

        desk.play("90 3c 64", "b0 14 40")  # what is no command plays
        wait_until(lambda: len(performance.rows("interface")) == 2, what="playing")
        wait_until(lambda: "90 3c 7f" in synth.heard, what="thru")
        assert len(performance.rows("interface")) == 2


def state_of(performance):
    """The state as the session sends it next."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as page:
        page.bind(("127.0.0.1", performance.monitor))
        page.settimeout(PATIENCE)
        while True:
            for message in read_packet(page.recv(65536)):
                if message.address == STATE:
                    return json.loads(message.values[0])


def _fine(channel, controller, place):
    raw = int(place * 16383 + 0.5)
    status = 0xB0 | channel - 1
    return [bytes((status, controller, raw >> 7)).hex(" "), bytes((status, controller + 32, raw & 127)).hex(" ")]


def test_the_state_is_shown_again_to_a_controller_that_comes_back(tmp_path, jack, devices):
    desk = devices["desk"]
    with performing(tmp_path, mode="useronly", dimension=3, more=CONFIG) as performance:
        performance.wait_for("midi in desk is connected")
        shows(desk, "b0 10 00", "b0 15 22")
        time.sleep(0.2)
        desk.play("b0 10 7f")
        shows(desk, "b0 10 7f")
        desk.kill()
        performance.wait_for("midi in desk: there is no MIDI input")
        again = devices["desk"] = Device(jack, "desk")
        shows(again, "b0 10 7f", "99 24 7f", "b0 15 22")
        performance.wait_for("midi in desk is again connected")
        time.sleep(0.2)
        again.play("b0 10 7f")  # the button was held when it was pulled out
        shows(again, "b0 10 00")


def test_commands_change_while_it_plays(tmp_path, devices):
    desk = devices["desk"]
    with performing(tmp_path, mode="useronly", dimension=3, more=CONFIG) as performance:
        performance.wait_for("midi in desk is connected")
        shows(desk, "b0 10 00", "b0 15 22")
        path = tmp_path / "config.toml"
        head = path.read_text().partition("[commands]")[0]
        path.write_text(head + '[commands]\npause = ["note_on", 10, 41]\n')
        performance.wait_for("the saved configuration is in use")
        desk.play("b0 10 7f", "99 29 7f", "89 29 00")
        wait_until(lambda: state_of(performance)["paused"], what="the pause")
        # Without a port it is shown only where it came from, and only to what is an output as well.
        assert not any(message.startswith("99 29") for message in desk.heard)
        both = head.replace('["synth"]\ninput', '["synth", "desk"]\ninput')
        path.write_text(both + '[commands]\npause = ["note_on", 10, 41]\n')
        performance.wait_for("midi out desk is connected")
        shows(desk, "99 29 7f")
        performance.end()
        wait_until(lambda: "99 29 00" in desk.heard, what="darkness at the end")


def test_an_echo_commands_nothing(tmp_path, jack, devices):
    devices["desk"].end()
    desk = devices["desk"] = Device(jack, "desk", "--echo")
    more = CONFIG.replace("api =", "feedback_threshold = 30\napi =")
    more = more.replace('pause = ["control_change", 1, 16', 'pause = ["note_on", 10, 16')
    with performing(tmp_path, mode="useronly", dimension=3, more=more) as performance:
        performance.wait_for("midi in desk is connected")
        shows(desk, "99 10 00", "b0 15 22")
        time.sleep(0.5)
        desk.play("99 10 64")
        shows(desk, "99 10 7f")
        time.sleep(0.5)
        assert state_of(performance)["paused"]
        assert "99 10 7f" in shown(desk)
        assert performance.rows("interface") == []
