"""A configuration that is saved while ``impsy run`` plays."""

from __future__ import annotations

import json
import socket

from performance import performing

from impsy.codecs.osc import encode_vector
from ports import free_ports
from waiting import PATIENCE, wait_until


def state(performance):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", performance.monitor))
        ear.settimeout(PATIENCE)
        while True:
            packet = ear.recv(65536)
            if packet.startswith(b"/monitor/state"):
                return json.loads(packet[packet.index(b"{") :].rstrip(b"\0"))


def save(performance, *changes):
    path = performance.folder / "config.toml"
    text = path.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)


def test_what_is_saved_is_played_at_once_and_mistakes_are_told_and_ignored(tmp_path):
    with performing(tmp_path, mode="callresponse", dimension=3) as performance:
        save(performance, ('mode = "callresponse"', 'mode = "battle"'), ("threshold = 0.1", "threshold = 0.7"))
        performance.wait_for("the saved configuration is in use")
        now = state(performance)
        assert (now["mode"], now["threshold"]) == ("battle", 0.7)

        save(performance, ("threshold = 0.7", "threshold = -3"), ('mode = "battle"', 'mode = "jazz"'))
        performance.wait_for("is not used")
        assert "threshold" in performance.text()
        assert "callresponse" in performance.text()
        assert state(performance)["mode"] == "battle"

        save(performance, ("threshold = -3", "threshold = 0.2"), ('mode = "jazz"', 'mode = "battle"'))
        save(performance, ("dimension = 3", "dimension = 5"))
        performance.wait_for("takes a restart")
        before = state(performance)["counters"]["played"]
        wait_until(lambda: state(performance)["counters"]["played"] > before)


def test_ports_that_changed_are_opened_anew_and_the_others_stay_open(tmp_path):
    with performing(tmp_path, mode="battle", dimension=3) as performance:
        (port,) = free_ports(1)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hand,
        ):
            ear.bind(("127.0.0.1", port))
            ear.settimeout(PATIENCE)
            save(performance, (f"client_port = {performance.client}", f"client_port = {port}"))
            assert ear.recv(1000).startswith((b"/prediction", b"/impsy"))
            hand.sendto(encode_vector("/interface", (0.5, 0.5)), ("127.0.0.1", performance.server))
            wait_until(lambda: performance.rows("interface"), every=0.05)
        assert "Traceback" not in performance.text()
        assert performance.text().count("commands is listening") == 1
        assert "another program" not in performance.text()


def test_what_the_command_line_says_stands_above_what_is_saved(tmp_path):
    with performing(tmp_path, mode="callresponse", dimension=3, arguments=("--mode", "useronly")) as performance:
        save(performance, ('mode = "callresponse"', 'mode = "battle"'), ("threshold = 0.1", "threshold = 0.7"))
        performance.wait_for("the saved configuration is in use")
        now = state(performance)
        assert (now["mode"], now["threshold"]) == ("useronly", 0.7)
