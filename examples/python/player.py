"""Plays a phrase to IMPSY and prints what it answers. Needs python-osc, which IMPSY brings along.

    python player.py
    python player.py --seconds 10

IMPSY must be running (`impsy run`) with an [osc] section; a new workspace has one. If it runs on another machine, say
where (--host) and by which address this one is reached (--listen), and set [osc] there: server_ip = "0.0.0.0", and
client_ip to this machine.
"""

from __future__ import annotations

import argparse
import math
import sys
import threading
import time

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import ThreadingOSCUDPServer
from pythonosc.udp_client import SimpleUDPClient

STEPS = 40
STEP_SECONDS = 0.06


class Answers:
    """Prints each prediction as bars, as it arrives, and counts them."""

    def __init__(self) -> None:
        self.count = 0
        self._begun = time.monotonic()

    def hear(self, _address: str, *values: float) -> None:
        self.count += 1
        bars = " ".join("▁▂▃▄▅▆▇█"[min(7, int(8 * value))] for value in values)
        numbers = " ".join(f"{value:.4f}" for value in values)
        print(f"{time.monotonic() - self._begun:6.2f} s  {bars}  {numbers}", flush=True)


def play(impsy: SimpleUDPClient, controls: int) -> None:
    """A wave on the first control; the others stand in the middle."""
    for step in range(STEPS):
        values = [0.5] * controls
        values[0] = 0.5 + 0.45 * math.sin(step / 5)
        impsy.send_message("/interface", values)
        time.sleep(STEP_SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(description="Play a phrase to IMPSY and print the answers.")
    parser.add_argument("--host", default="127.0.0.1", help="the machine that IMPSY runs on")
    parser.add_argument("--port", type=int, default=6000, help="where it listens: [osc] server_port")
    parser.add_argument("--answers", type=int, default=6001, help="where it sends to: [osc] client_port")
    parser.add_argument("--listen", default="127.0.0.1", help="this machine's address, if IMPSY runs on another")
    parser.add_argument("--controls", type=int, default=8, help="how many: [model] dimension less one")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to listen after the phrase")
    options = parser.parse_args()

    answers = Answers()
    dispatcher = Dispatcher()
    dispatcher.map("/prediction", answers.hear)
    with ThreadingOSCUDPServer((options.listen, options.answers), dispatcher) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print("playing a phrase …", flush=True)
        play(SimpleUDPClient(options.host, options.port), options.controls)
        print("listening …", flush=True)
        time.sleep(options.seconds)
        server.shutdown()
    if not answers.count:
        print("No answer. Is `impsy run` running, with these ports and as many controls?", file=sys.stderr)
        return 1
    print(f"{answers.count} answers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
