"""A MIDI device under JACK, as a program of its own: ``python midi_device.py NAME [--echo]``.

It has two ports, ``NAME plays:NAME`` and ``NAME hears:NAME``. Each message that it hears becomes a line of output,
``seconds hex bytes``; each line of input, in hex bytes, is played. ``--echo`` plays all that is heard as well.
"""

from __future__ import annotations

import argparse
import sys
import time

from impsy.io.midi.library import JACK, load_library


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--echo", action="store_true")
    options = parser.parse_args()

    def heard(message: bytes) -> None:
        if options.echo:
            plays.send_message(message)
        print(f"{time.monotonic():.6f} {message.hex(' ')}", flush=True)

    library = load_library()
    plays = library.make_output(JACK, f"{options.name} plays")
    plays.open_virtual_port(options.name)
    hears = library.make_input(JACK, f"{options.name} hears", heard)
    hears.open_virtual_port(options.name)
    print("ready", flush=True)
    for line in sys.stdin:
        for message in line.split(","):
            plays.send_message(bytes.fromhex(message))


if __name__ == "__main__":
    main()
