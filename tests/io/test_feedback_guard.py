"""Telling an echo from a performer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from held import held
from impsy.io.feedback import REMEMBERED, FeedbackGuard

THRESHOLD = 0.02


@pytest.mark.parametrize(
    ("sent", "received", "echo"),
    [
        ("b0 07 40", "b0 07 40", True),
        ("b0 07 40", "b0 07 41", False),
        ("b0 07 40", "b0 08 40", False),
        ("b0 07 40", "b1 07 40", False),
        ("90 3c 64", "90 3c 64", True),
        ("90 3c 64", "90 3c 65", False),
        ("e0 00 40", "e0 00 40", True),
        ("d0 20", "d0 20", True),
        ("80 3c 00", "80 3c 40", True),  # all ways to end a note are one
        ("80 3c 00", "90 3c 00", True),
        ("90 3c 64", "80 3c 00", False),
        ("80 3c 00", "81 3c 00", False),
    ],
)
def test_a_message_that_comes_back_is_an_echo(sent, received, echo):
    guard = FeedbackGuard(THRESHOLD)
    guard.sent([bytes.fromhex(sent)], 10.0)
    assert guard.repeats(bytes.fromhex(received), 10.01) is echo


@pytest.mark.parametrize(("later", "echo"), [(0.0, True), (0.019, True), (0.021, False), (5.0, False)])
def test_only_for_so_long(later, echo):
    guard = FeedbackGuard(THRESHOLD)
    guard.sent([b"\xb0\x07\x40"], 10.0)
    assert guard.repeats(b"\xb0\x07\x40", 10.0 + later) is echo


def test_several_ports_may_echo_one_message_and_sending_again_counts_anew():
    guard = FeedbackGuard(THRESHOLD)
    guard.sent([b"\xb0\x07\x40", b"\xb0\x08\x40"], 10.0)
    assert [guard.repeats(b"\xb0\x07\x40", 10.0 + n / 1000) for n in range(3)] == [True] * 3
    guard.sent([b"\xb0\x07\x40"], 11.0)
    assert guard.repeats(b"\xb0\x07\x40", 11.01)
    assert not guard.repeats(b"\xb0\x08\x40", 11.01)


def test_what_is_old_is_forgotten_and_what_is_new_is_not():
    guard = FeedbackGuard(THRESHOLD)
    most = held(guard) + REMEMBERED + 1
    for number in range(20 * REMEMBERED):
        guard.sent([bytes((0xB0 | number % 16, number // 16 % 128, number // 2048))], number / 1000)
        if number % 19 == 0:
            assert held(guard) <= most
    last = 20 * REMEMBERED - 1
    assert guard.repeats(bytes((0xB0 | last % 16, last // 16 % 128, last // 2048)), last / 1000)


@given(st.lists(st.binary(max_size=4), max_size=20), st.binary(max_size=4), st.floats(0, 1))
def test_any_bytes_will_do(sent, received, later):
    guard = FeedbackGuard(THRESHOLD)
    guard.sent(sent, 1.0)
    assert guard.repeats(received, 1.0 + later) or received not in sent or later > THRESHOLD - 1e-9
