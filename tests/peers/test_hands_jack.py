"""``impsy run`` with musical hands, as a synthesiser under JACK hears it."""

from __future__ import annotations

import pytest
from jack_stage import Device
from performance import performing
from test_run_midi import MIDI as KEYS_AND_SYNTH
from test_run_midi import _interrupt, _mode, _panic, _pause, _reload, _terminate, connected, rests, sounding

from waiting import wait_until

MIDI = """
[midi]
api = "JACK"
out_device = ["synth"]
output."synth" = [["note_on", 1], ["note_on", 2], ["control_change", 3, 7], ["pitch_bend", 4]]
"""
HANDS = """
[[controls]]
scale = "major-pentatonic"
root = "D"
limits = [48, 72]
gate = 0.02

[[controls]]
limits = [60, 62]
repeat = 3600

[[controls]]
limits = [0.25, 0.75]

[[controls]]
enabled = false
"""
PENTATONIC = {note for note in range(48, 73) if (note - 2) % 12 in (0, 2, 4, 7, 9)}
pytestmark = [pytest.mark.peer("jackd"), pytest.mark.usefixtures("jack_alone")]


@pytest.fixture
def synth(jack):
    device = Device(jack, "synth")
    yield device
    if device.process.poll() is None:
        device.end()


def second_bytes(heard: list[str], status: str) -> list[int]:
    return [int(message[3:5], 16) for message in heard if message.startswith(status)]


def test_a_synth_hears_its_scale_and_its_range_and_every_note_ends(tmp_path, synth):
    with performing(tmp_path, mode="battle", dimension=5, more=MIDI + HANDS) as performance:
        connected(performance, "midi out synth")
        wait_until(lambda: len(second_bytes(synth.heard, "90")) > 20, what="playing")
        # The second control has played each of its three notes once, and holds the last.
        wait_until(lambda: len(second_bytes(synth.heard, "91")) == 3, what="every note that is left")
        wait_until(lambda: sounding(synth.heard) <= {(1, note) for note in (60, 61, 62)}, what="the gate")
        path = performance.folder / "config.toml"
        path.write_text(
            path.read_text().replace(HANDS, "[[controls]]\nenabled = false\n[[controls]]\nenabled = false")
        )
        performance.wait_for("the saved configuration is in use")
        wait_until(lambda: sounding(synth.heard) == set(), what="the end of what is off")
        begun = len(second_bytes(synth.heard, "9"))
        bends = len(second_bytes(synth.heard, "e3"))
        wait_until(lambda: len(second_bytes(synth.heard, "e3")) > bends + 10, what="playing on")
        assert len(second_bytes(synth.heard, "9")) == begun
        performance.end()
    heard = synth.heard
    assert set(second_bytes(heard, "90")) <= PENTATONIC
    assert sorted(second_bytes(heard, "91")) == [60, 61, 62]
    assert sounding(heard) == set()
    first_bend = next(number for number, message in enumerate(heard) if message.startswith("e3"))
    positions = [int(message[6:8], 16) for message in heard[:first_bend] if message.startswith("b2 07")]
    assert positions
    assert all(32 <= position <= 95 for position in positions)


@pytest.mark.parametrize("gate", ["0.3", '"legato"'])
@pytest.mark.parametrize(
    "end", [_pause, _mode, _panic, _terminate, _interrupt, _reload], ids=lambda end: end.__name__
)
def test_whatever_ends_the_playing_ends_notes_with_a_gate_and_nothing_follows(tmp_path, synth, end, gate):
    hands = f'\n[[controls]]\nscale = "minor"\ngate = {gate}\nrepeat = 0.2\n'
    more = KEYS_AND_SYNTH.replace('in_device = ["keys"]', "in_device = []") + hands
    with performing(tmp_path, mode="battle", dimension=5, more=more) as performance:
        connected(performance, "midi out synth")
        wait_until(lambda: sounding(synth.heard), what="a note")
        end(performance, None)
        wait_until(lambda: not sounding(synth.heard), what="silence")
        if end is _panic:  # these follow the notes' own ends
            wait_until(lambda: {"b0 78 00", "b0 7b 00"} <= set(synth.heard))
        wait_until(lambda: rests(synth), what="silence that lasts")
