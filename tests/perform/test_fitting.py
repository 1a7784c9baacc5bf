"""The state of any session fits into a datagram, and the page reads it."""

from __future__ import annotations

import json
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impsy.perform.monitoring.fitting import STATE_BYTES, encode_state
from impsy.perform.monitoring.monitor import Monitor
from impsy.web.live.link import SessionLink
from waiting import wait_until

COUNTS = dict.fromkeys(("received", "bad", "sent", "failed"), 1)
PORT = {"name": "midi in X-TOUCH", "state": "open", "detail": "d" * 100, "error": "", **COUNTS}
VALUES = {"input", "output"}
MATRIX = [[f"in {number}", [f"out {each}" for each in range(300)]] for number in range(300)]


def state(scenes=0, controls=8, ports=2, reports=5, length=100, **more):
    return {
        "mode": "battle",
        "dimension": controls + 1,
        "paused": False,
        "pid": 12345,
        "config": "/home/player/set/config.toml",
        "scenes": [f"the {number}th scene of the evening, very slow" for number in range(scenes)],
        "input": [0.123456789 * (number % 7) for number in range(controls)],
        "output": [1 / 3] * controls,
        "ports": [PORT] * ports,
        "reports": [{"level": "info", "text": f"{number} " + "r" * length} for number in range(reports)],
        **more,
    }


def test_a_state_of_the_usual_size_is_whole():
    found = json.loads(encode_state(state(scenes=50, controls=64, ports=30)))
    assert "cut" not in found
    assert len(found["scenes"]) == 50
    assert found["output"] == pytest.approx([1 / 3] * 64, abs=1e-6)


@pytest.mark.parametrize(
    ("size", "cut"),
    [
        ({"scenes": 1500}, {"reports", "scenes"}),
        ({"controls": 1024}, set()),
        ({"controls": 5000}, {"reports", "ports", *VALUES}),
        ({"ports": 300}, {"reports", "ports"}),
        ({"reports": 5, "length": 10_000}, set()),
        ({"reports": 50, "length": 10_000}, {"reports"}),
        ({"reports": 1, "length": 100_000}, set()),
        (
            {"scenes": 3000, "controls": 5000, "ports": 400, "length": 9000},
            {"reports", "scenes", "ports", *VALUES},
        ),
        ({"thru_matrix": MATRIX}, {"thru_matrix", "reports", "ports"}),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value)[:40],  # a set's order changes
)
def test_what_does_not_fit_is_cut_by_one_rule(size, cut):
    whole = state(**size)
    text = encode_state(whole)
    found = json.loads(text)
    assert len(text) <= STATE_BYTES
    assert set(found.get("cut", ())) == cut
    assert [found[key] for key in ("pid", "mode", "paused", "config", "dimension")] == [
        whole[key] for key in ("pid", "mode", "paused", "config", "dimension")
    ]
    assert found["reports"][-1]["text"][:2] == whole["reports"][-1]["text"][:2], "the newest report stays"
    assert found["scenes"] == whole["scenes"][: len(found["scenes"])]
    assert len(found["input"]) == len(found["output"])
    assert found["input"] == pytest.approx(whole["input"][: len(found["input"])], abs=1e-6)
    if cut >= {"input"}:
        assert len(text) > 0.7 * STATE_BYTES, "no more is cut than is needed"


@settings(max_examples=30, deadline=None)
@given(st.text(), st.lists(st.text(), max_size=20), st.integers(0, 3000))
def test_any_text_in_it_is_sent_as_it_can_be_shown(name, scenes, controls):
    text = encode_state(state(controls=controls, model=name * 50) | {"scenes": scenes * 100})
    assert text.isascii()
    assert len(text) <= STATE_BYTES
    assert "\0" not in text


@pytest.mark.parametrize("size", [{"scenes": 1500}, {"controls": 5000}, {"ports": 300}, {"length": 10_000}], ids=str)
def test_the_web_process_receives_it_and_the_vectors(size):
    received = []
    whole = state(**size)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with SessionLink(port, 9, received.append) as link:
        monitor = Monitor(port, lambda: whole, lambda: 0.0)
        monitor.open()
        try:
            wait_until(lambda: link.state)
            monitor.mirror("/monitor/in", [0.5] * (whole["dimension"] - 1))
            wait_until(lambda: any(message["type"] == "in" for message in received))
        finally:
            monitor.close()
        assert link.state["pid"] == whole["pid"]
        assert link.bad == 0
        (vector,) = [message for message in received if message["type"] == "in"]
        assert len(vector["values"]) == whole["dimension"] - 1
