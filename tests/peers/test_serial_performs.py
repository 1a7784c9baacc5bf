"""A real ``impsy run`` with devices on pseudo-terminals: lines of numbers in, MIDI out."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from performance import performing
from serial_device import Device

from impsy.codecs.midi import MidiStream
from waiting import if_idle, wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals")

SECTIONS = """
[serial]
port = "{lines}"
[serialmidi]
port = "{midi}"
input = [["control_change", 1, 1], ["control_change", 1, 2]]
output = [["note_on", 1], ["note_on", 2]]
"""


class Synthesiser:
    """Reads a device all the time, as a thing does that must not miss a note-off."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.notes: set[bytes] = set()
        self.begun = 0

    def listen(self) -> None:
        """Until the device is pulled out. The synthesiser itself has power, so its notes go on."""
        threading.Thread(target=self._listen, args=(os.dup(self.device.main),), daemon=True).start()

    def _listen(self, main: int) -> None:
        stream = MidiStream()
        with os.fdopen(main, "rb", buffering=0) as port:
            while self.device.plugged:
                try:
                    data = port.read(1000)
                except OSError:
                    return
                for message in stream.feed(data):
                    key = bytes([message[0] & 0x0F, message[1]])
                    if message[0] & 0xF0 == 0x90:
                        self.notes.add(key)
                        self.begun += 1
                    else:
                        self.notes.discard(key)


def test_lines_in_and_midi_out_through_unplugging_until_the_end(tmp_path):
    lines, midi = Device(tmp_path / "ttyLines"), Device(tmp_path / "ttyMidi")
    for device in (lines, midi):
        device.plug()
    more = SECTIONS.format(lines=lines.path, midi=midi.path)
    with performing(tmp_path / "run", mode="polyphony", dimension=3, more=more) as performance:
        performance.wait_for("serial is connected to ")
        performance.wait_for("serialmidi is connected to ")
        synthesiser = Synthesiser(midi)
        synthesiser.listen()

        def play(count):
            for number in range(count):
                lines.write(b"0.%04d,0.5\n" % number)
                time.sleep(0.02)

        play(50)
        wait_until(lambda: synthesiser.begun >= 50)
        midi.pull()
        play(50)
        midi.plug()
        before = time.monotonic()
        performance.wait_for("serialmidi is again connected to ")
        assert if_idle(time.monotonic() - before) < 1.0
        synthesiser.listen()
        begun = synthesiser.begun
        play(50)
        wait_until(lambda: synthesiser.begun >= begun + 50)
        assert if_idle(performance.end(signal.SIGTERM)) < 1.0
        wait_until(lambda: not synthesiser.notes, seconds=2.0)
        assert performance.process.returncode == 0
        assert len(performance.rows("interface")) == 150
        assert performance.text().count("is not there") == 1
        assert "Traceback" not in performance.text()
    lines.pull()
    midi.pull()
