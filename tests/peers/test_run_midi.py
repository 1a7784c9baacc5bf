"""``impsy run`` between MIDI devices under JACK: heard, answered, unplugged, and never left sounding."""

from __future__ import annotations

import signal
import socket
import time

import pytest
from jack_stage import Device
from numpy.random import default_rng
from performance import performing

from impsy.codecs.osc import encode_message, encode_vector
from impsy.models.sizes import SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import random_weights
from waiting import if_idle, wait_until

MIDI = """
[midi]
api = "JACK"
in_device = ["keys"]
out_device = ["synth"]
input."keys" = [["note_on", 1], ["note_velocity", 1], ["control_change", 1, 7], ["pitch_bend", 1]]
output."synth" = [["note_on", 1], ["note_velocity", 1], ["control_change", 1, 7], ["pitch_bend", 1]]
"""
MODES = ("callresponse", "polyphony", "battle", "useronly")
pytestmark = [pytest.mark.peer("jackd"), pytest.mark.usefixtures("jack_alone")]


def sounding(heard: list[str], strict: bool = True) -> set[tuple[int, int]]:
    """(channel, note) of every note-on without its note-off; if ``strict``, each end must belong to a beginning."""
    notes: set[tuple[int, int]] = set()
    for message in heard:
        status, *data = bytes.fromhex(message)
        if status & 0xF0 == 0x90 and data[1]:
            notes.add((status & 0x0F, data[0]))
        elif status & 0xE0 == 0x80:
            assert not strict or (status & 0x0F, data[0]) in notes, f"{message} ends what never began"
            notes.discard((status & 0x0F, data[0]))
    return notes


def kinds(heard: list[str]) -> set[int]:
    return {int(message[:2], 16) & 0xF0 for message in heard}


@pytest.fixture
def keys(jack):
    device = Device(jack, "keys")
    yield device
    if device.process.poll() is None:
        device.end()


@pytest.fixture
def synth(jack):
    device = Device(jack, "synth")
    yield device
    if device.process.poll() is None:
        device.end()


def connected(performance, *names):
    for name in names:
        performance.wait_for(f"{name} is connected to")
    time.sleep(0.2)  # JACK's graph takes a few periods to follow


def command(performance, address, types="", *values):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as page:
        page.sendto(encode_message(address, types, values), ("127.0.0.1", performance.command))


def phrase(keys):
    for note in (60, 62, 64):
        keys.play(f"90 {note:02x} 64")
        time.sleep(0.02)
        keys.play(f"b0 07 {note:02x}", f"e0 00 {note:02x}", f"80 {note:02x} 00", "f8")
        time.sleep(0.02)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_hears_and_plays_notes_controllers_and_bends(tmp_path, keys, synth, mode):
    with performing(tmp_path, mode=mode, dimension=5, more=MIDI) as performance:
        connected(performance, "midi in keys", "midi out synth")
        phrase(keys)
        wait_until(lambda: len(performance.rows("interface")) == 9, what="the log")
        if mode != "useronly":
            wait_until(lambda: kinds(synth.heard) >= {0x90, 0xB0, 0xE0, 0x80}, what="playing")
        performance.end()
        wait_until(lambda: sounding(synth.heard) == set(), what="silence")
    notes = [values[0] for _, values in performance.rows("interface")]
    assert notes == [pytest.approx(note / 127) for note in (60, 60, 60, 62, 62, 62, 64, 64, 64)]
    if mode == "useronly":
        assert [message for message in synth.heard if message[0] != "8"] == []


def _pause(performance, keys):
    command(performance, "/impsy/pause", "i", 1)


def _mode(performance, keys):
    command(performance, "/impsy/mode", "s", "useronly")


def rests(device) -> bool:
    """Whether nothing reaches it for half a second."""
    count = len(device.heard)
    time.sleep(0.5)
    return len(device.heard) == count


def _panic(performance, keys):
    command(performance, "/impsy/mode", "s", "callresponse")
    command(performance, "/impsy/panic")


def _terminate(performance, keys):
    assert if_idle(performance.end(signal.SIGTERM)) < 0.5


def _interrupt(performance, keys):
    assert if_idle(performance.end(signal.SIGINT)) < 0.5


def _reload(performance, keys):
    path = performance.folder / "config.toml"
    path.write_text(path.read_text().replace('mode = "battle"', 'mode = "useronly"').replace("7]", "9]"))
    performance.wait_for("the saved configuration is in use")


@pytest.mark.parametrize(
    "end", [_pause, _mode, _panic, _terminate, _interrupt, _reload], ids=lambda end: end.__name__
)
def test_whatever_ends_the_playing_ends_its_notes(tmp_path, keys, synth, end):
    with performing(tmp_path, mode="battle", dimension=5, more=MIDI) as performance:
        connected(performance, "midi out synth")
        wait_until(lambda: sounding(synth.heard), what="a note")
        end(performance, keys)
        wait_until(lambda: not sounding(synth.heard), 2, "silence")
        if end is _panic:  # these follow the notes' own ends
            wait_until(lambda: {"b0 78 00", "b0 7b 00"} <= set(synth.heard))
        wait_until(lambda: rests(synth), what="silence that lasts")


def test_the_performers_return_ends_the_models_notes(tmp_path, keys, synth):
    with performing(tmp_path, mode="callresponse", threshold=0.3, dimension=5, more=MIDI) as performance:
        connected(performance, "midi in keys", "midi out synth")
        phrase(keys)
        wait_until(lambda: sounding(synth.heard), what="an answer")
        keys.play("b0 07 01")
        wait_until(lambda: not sounding(synth.heard), 0.25, "silence")


def test_switching_models_and_mappings_ends_the_notes_of_the_old(tmp_path, keys, synth):
    with performing(tmp_path, mode="battle", dimension=5, more=MIDI) as performance:
        connected(performance, "midi out synth")
        wait_until(lambda: sounding(synth.heard), what="a note")
        write_tflite(random_weights(5, SIZES["xxs"], rng=default_rng(1)), tmp_path / "other.tflite")
        command(performance, "/impsy/model", "s", "other.tflite")
        performance.wait_for("now playing with other.tflite")
        path = tmp_path / "config.toml"
        path.write_text(
            path.read_text().replace('output."synth" = [["note_on", 1]', 'output."synth" = [["note_on", 2]')
        )
        performance.wait_for("the saved configuration is in use")
        count = len(synth.heard)
        wait_until(
            lambda: any(message.startswith("91") for message in synth.heard[count:]), 20, "a note on channel 2"
        )
        assert not any(message.startswith("90") for message in synth.heard[count:])
        assert performance.text().count("midi out synth is connected") == 1  # it stayed open
        performance.end()
        wait_until(lambda: sounding(synth.heard) == set(), what="silence")


def test_an_input_that_is_pulled_out_leaves_nothing_sounding_and_the_rest_plays_on(tmp_path, jack, keys, synth):
    with performing(tmp_path, mode="useronly", dimension=5, more=MIDI, arguments=("--input-thru",)) as performance:
        connected(performance, "midi in keys", "midi out synth")
        keys.play("90 3c 64")
        wait_until(lambda: sounding(synth.heard) == {(0, 60)}, what="thru")
        keys.kill()
        wait_until(lambda: not sounding(synth.heard), 1.0, "silence")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hand:
            hand.sendto(encode_vector("/interface", (0.5, 0.5, 0.5, 0.5)), ("127.0.0.1", performance.server))
        wait_until(lambda: sounding(synth.heard) == {(0, 64)}, what="thru of another transport")
        again = Device(jack, "keys")
        back = time.monotonic()
        performance.wait_for("midi in keys is again connected to")
        assert if_idle(time.monotonic() - back) < 1.0
        time.sleep(0.2)
        again.play("90 40 64")
        wait_until(lambda: len(performance.rows("interface")) == 3, what="the log")
        again.kill()
        lost = "midi in keys: there is no MIDI input port"
        wait_until(lambda: performance.text().count(lost) == 2, 2, "the news")
        time.sleep(1.2)
        assert performance.text().count(lost) == 2  # once each time, however often it is looked for


def test_an_output_that_is_pulled_out_comes_back_to_its_controllers(tmp_path, jack, keys, synth):
    with performing(tmp_path, mode="battle", dimension=5, more=MIDI) as performance:
        connected(performance, "midi out synth")
        wait_until(lambda: kinds(synth.heard) >= {0x90, 0xB0, 0xE0}, what="playing")
        synth.kill()
        played = len(performance.rows("rnn"))
        wait_until(lambda: len(performance.rows("rnn")) > played + 2, what="playing on")
        again = Device(jack, "synth")
        back = time.monotonic()
        performance.wait_for("midi out synth is again connected to")
        assert if_idle(time.monotonic() - back) < 1.0
        wait_until(lambda: kinds(again.heard) >= {0xB0, 0xE0}, 1.0, "controllers and bends")
        # It is told of the ends of notes that began before it went: a synthesiser may still sound.
        wait_until(lambda: sounding(again.heard, strict=False), what="notes")
        performance.end()
        wait_until(lambda: sounding(again.heard, strict=False) == set(), what="silence")
        again.kill()


TWO = """
[midi]
api = "JACK"
in_device = ["keys", "pads", "virtual:anyone"]
out_device = ["synth", "lights"]
input."keys" = [["note_on", 1], ["control_change", 1, 1]]
input."pads" = [["note_on", 10], ["control_change", 10, 1]]
input."virtual:anyone" = [["note_on", 3], ["control_change", 3, 1]]
output."synth" = [["note_on", 1], ["control_change", 1, 1]]
output."lights" = [["control_change", 2, 5], ["control_change", 2, 6]]
thru_matrix."pads" = ["lights"]
"""


def test_two_in_and_two_out_at_once_with_a_thru_matrix(tmp_path, jack, keys, synth):
    pads, lights = Device(jack, "pads"), Device(jack, "lights")
    try:
        with performing(tmp_path, mode="useronly", dimension=3, more=TWO) as performance:
            connected(performance, "midi in keys", "midi in pads", "midi out synth", "midi out lights")
            keys.play("b0 01 7f", "90 40 7f")
            wait_until(lambda: len(performance.rows("interface")) == 2, what="the log")
            pads.play("99 20 7f")
            wait_until(lambda: len(lights.heard) == 1, what="thru")
            pads.play("89 20 00", "b9 01 40")
            wait_until(lambda: len(lights.heard) == 2, what="thru")
        rows = [values for _, values in performance.rows("interface")]
        assert rows[1] == [pytest.approx(64 / 127), 1.0]
        assert rows[2] == [pytest.approx(32 / 127), 1.0]
        assert lights.heard == ["b1 05 20", "b1 06 40"]  # what was struck at other keys stays out of it
        assert synth.heard == []

        with performing(tmp_path / "battle", mode="battle", dimension=3, more=TWO) as performance:
            connected(performance, "midi out synth", "midi out lights")
            before = len(lights.heard)
            wait_until(lambda: synth.heard and len(lights.heard) > before, what="both outputs")
    finally:
        pads.kill()
        lights.kill()


FEEDBACK = """
[midi]
api = "JACK"
in_device = ["loop"]
out_device = ["loop"]
feedback_protection = {protection}
feedback_threshold = 0.2
input."loop" = [["note_on", 1], ["control_change", 1, 7]]
output."loop" = [["note_on", 1], ["control_change", 1, 7]]
"""


@pytest.mark.parametrize("protection", [True, False])
def test_a_port_that_echoes_is_not_taken_for_the_performer(tmp_path, jack, protection):
    loop = Device(jack, "loop", "--echo")
    try:
        more = FEEDBACK.format(protection=str(protection).lower())
        with performing(tmp_path, mode="battle", dimension=3, more=more) as performance:
            connected(performance, "midi in loop", "midi out loop")
            wait_until(lambda: len(loop.heard) > 10, what="playing")
            time.sleep(0.2)
            heard = len(performance.rows("interface"))
            loop.play("90 7f 01", "b0 07 7e")
            wait_until(lambda: len(performance.rows("interface")) >= heard + 2, what="the performer")
        assert (heard == 0) is protection
    finally:
        loop.kill()


def test_counting():
    """The counting that the tests above rest on."""
    assert sounding(["90 3c 40", "91 3c 40", "80 3c 00"]) == {(1, 60)}
    assert sounding(["90 3c 40", "90 3c 00"]) == set()
    with pytest.raises(AssertionError, match="never began"):
        sounding(["80 3c 00"])
    assert kinds(["b0 07 7f"]) == {0xB0}


def test_thru_strikes_each_key_once_ends_it_with_its_release_and_strikes_nothing_for_a_knob(tmp_path, keys, synth):
    with performing(tmp_path, mode="useronly", dimension=5, more=MIDI, arguments=("--input-thru",)) as performance:
        connected(performance, "midi in keys", "midi out synth")
        keys.play("b0 07 10")  # before any key: no note of the instrument's start sounds
        wait_until(lambda: synth.heard == ["b0 07 10"], what="the knob")
        played = ["90 3c 64", "90 40 50", "b0 07 11", "80 3c 00", "e0 00 41", "90 40 00", "90 40 51", "90 40 52"]
        for message in played:
            keys.play(message)
            time.sleep(0.01)
        keys.play("80 40 40")
        expected = ["90 3c 64", "80 3c 00", "90 40 50", "b0 07 11", "e0 00 41", "80 40 00", "90 40 51"]
        expected += ["80 40 00", "90 40 52", "80 40 00"]
        wait_until(lambda: len(synth.heard) == 1 + len(expected), what="thru")
        assert synth.heard[1:] == expected
        wait_until(lambda: len(performance.rows("interface")) == 7, what="the log")  # releases are not in it
        time.sleep(0.1)
        assert len(performance.rows("interface")) == 7


def test_what_still_sounds_by_thru_ends_with_panic_and_with_the_performance(tmp_path, keys, synth):
    with performing(tmp_path, mode="useronly", dimension=5, more=MIDI, arguments=("--input-thru",)) as performance:
        connected(performance, "midi in keys", "midi out synth")
        keys.play("90 3c 64")
        wait_until(lambda: sounding(synth.heard) == {(0, 60)}, what="thru")
        command(performance, "/impsy/panic")
        wait_until(lambda: not sounding(synth.heard), 1.0, "silence")
        count = len(synth.heard)
        keys.play("80 3c 00", "90 3e 64")
        wait_until(lambda: sounding(synth.heard) == {(0, 62)}, what="thru")
        assert "80 3c 00" not in synth.heard[count:]
        performance.end()
        wait_until(lambda: sounding(synth.heard) == set(), what="silence")


NAMED = """
[midi]
api = "JACK"
in_device = ["Port 1", "Port"]
input."Port 1" = [["control_change", 1, 1], ["control_change", 1, 2]]
input."Port" = [["control_change", 2, 1], ["control_change", 2, 2]]
"""


def test_a_name_opens_the_port_of_that_name_and_no_port_is_opened_twice(tmp_path, jack):
    ten = Device(jack, "Port 10")
    ports = [ten]
    try:
        with performing(tmp_path, mode="useronly", dimension=3, more=NAMED) as performance:
            performance.wait_for("midi in Port is connected to Port 10 plays:Port 10")
            performance.wait_for("midi in Port 1: the name fits Port 10 plays:Port 10, which “Port” means already")
            ports.append(Device(jack, "Port 1"))
            performance.wait_for("midi in Port 1 is again connected to Port 1 plays:Port 1 ")
            time.sleep(0.2)
            ports[1].play("b0 01 7f")
            ten.play("b0 02 00", "b1 02 7f")
            wait_until(lambda: len(performance.rows("interface")) == 2, what="the log")
            assert performance.text().count("is connected to Port 10") == 1
        rows = [values for _, values in performance.rows("interface")]
        assert rows[1] == [1.0, 1.0]
    finally:
        for port in ports:
            port.kill()


FIVE_NOTES = """
[midi]
api = "JACK"
in_device = ["keys"]
out_device = ["synth"]
input."keys" = [["control_change", 1, 1], ["control_change", 1, 2], ["control_change", 1, 3],
  ["control_change", 1, 4], ["control_change", 1, 5]]
output."synth" = [["note_on", 1], ["note_on", 2], ["note_on", 3], ["note_on", 4], ["note_on", 5]]
"""


def test_an_answer_does_not_begin_with_a_chord(tmp_path, keys, synth):
    """Five controls that each play a note: those notes are struck that the model moves, one after the other."""
    with performing(tmp_path, dimension=6, threshold=0.3, more=FIVE_NOTES) as performance:
        connected(performance, "midi in keys", "midi out synth")
        for number in range(1, 6):
            keys.play(f"b0 {number:02x} {20 * number:02x}")
            time.sleep(0.02)
        wait_until(lambda: len(performance.rows("rnn")) >= 5 and sounding(synth.heard, strict=False))
        command(performance, "/impsy/pause", "i", 1)
        wait_until(lambda: not sounding(synth.heard))
        steps = [[round(127 * value) for value in values] for _, values in performance.rows("rnn")]
    struck = [bytes.fromhex(message) for message in synth.heard if int(message[:2], 16) & 0xF0 == 0x90]
    before = [20 * number for number in range(1, 6)]
    moved = {i for values in steps for i in range(5) if values[i] != before[i]}
    assert {message[0] & 0x0F for message in struck} <= moved | {4}  # the performer's last, where nothing moves
    assert len(struck) < 5 * len(steps)
    first = struck[0]
    assert first[1] == steps[0][first[0] & 0x0F]
