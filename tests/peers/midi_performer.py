"""MIDI ports as a process of their own, for tests that take the MIDI system away from under them.

``python midi_performer.py IN OUT``: says ``report …`` and ``event …``; is told ``send x1 x2``, ``flood count``,
``silence``, ``gap`` (says the longest time in ms that a thread of it stood still) and ``close``.
"""

from __future__ import annotations

import sys
import threading
import time

from impsy.io.midi.adapter import MidiInput, MidiOutput
from impsy.io.midi.system import SharedMidi
from impsy.mapping.entries import parse_mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping

ENTRIES = parse_mapping([["note_on", 1], ["control_change", 1, 7]])


class Heart(threading.Thread):
    """Beats each millisecond, unless something keeps the interpreter to itself."""

    longest = 0.0

    def run(self) -> None:
        last = time.monotonic()
        while True:
            time.sleep(0.001)
            now = time.monotonic()
            self.longest = max(self.longest, now - last)
            last = now


def say(*words: object) -> None:
    # In one piece: threads speak at the same time.
    print(" ".join(map(str, words)) + "\n", end="", flush=True)


def main() -> None:
    system = SharedMidi("JACK")
    heart = Heart(daemon=True)
    heart.start()
    hears = MidiInput(sys.argv[1], system, InputMapping(ENTRIES))
    plays = MidiOutput(sys.argv[2], system, OutputMapping(ENTRIES))
    for adapter in (plays, hears):
        adapter.open(lambda event: say("event", event), lambda report: say("report", report.level, report.text))
    say("ready")
    for line in sys.stdin:
        command, *words = line.split()
        if command == "send":
            plays.send([float(word) for word in words])
        elif command == "flood":
            for number in range(int(words[0])):
                plays.send((number % 100 / 100, number % 90 / 90))
            say("flooded", plays.health()[0].sent, plays.health()[0].failed)
        elif command == "silence":
            plays.silence()
        elif command == "gap":
            say("gap", round(heart.longest * 1000, 1))
            heart.longest = 0.0
        elif command == "close":
            before = time.monotonic()
            plays.close()
            hears.close()
            say("closed", round(time.monotonic() - before, 3))
    plays.close()
    hears.close()


if __name__ == "__main__":
    main()
