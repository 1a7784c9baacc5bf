"""Which pages may connect."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import examples
from impsy.io.origins import PageKey, origin_allowed

OWN = socket.gethostname().lower()
FUZZ = examples(300)


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "127.0.0.1:5001", True),
        ("null", "127.0.0.1:5001", False),
        ("file://", "127.0.0.1:5001", True),
        ("http://localhost:4000", "localhost:5001", True),
        ("http://localhost:4000", "127.0.0.1:5001", True),
        ("http://[::1]:4000", "localhost:5001", True),
        ("http://192.168.0.5:4000", "192.168.0.5:5001", True),
        (f"http://{OWN}:4000", f"{OWN}:5001", True),
        (f"http://{OWN}.:4000", f"{OWN.upper()}:5001", True),
        ("https://evil.example", "127.0.0.1:5001", False),
        ("http://192.168.0.6", "192.168.0.5:5001", False),
        ("http://localhost.evil.example", "localhost:5001", False),
        ("http://filed.example", "127.0.0.1:5001", False),
        ("nullified", "127.0.0.1:5001", False),
        # A name of a stranger's that was made to point here.
        ("http://evil.example:5001", "evil.example:5001", False),
        ("", "", False),
        ("http://", ":5001", False),
        ("http://[::1", "[::1", False),
    ],
)
def test_by_default_pages_from_the_same_machine(origin, host, allowed):
    assert origin_allowed(origin, host) is allowed


def test_a_list_takes_the_place_of_the_default():
    listed = ["https://Example.org/", "http://localhost:4000"]
    assert origin_allowed("https://example.org", "x:5001", listed)
    assert origin_allowed("HTTP://localhost:4000", "x:5001", listed)
    assert origin_allowed(None, "x:5001", listed)
    assert not origin_allowed("http://localhost:4001", "localhost:5001", listed)
    assert not origin_allowed("null", "localhost:5001", listed)
    assert not origin_allowed("null", "localhost:5001", [])
    assert origin_allowed("null", "localhost:5001", ["null"])
    assert origin_allowed("https://anyone.example", "localhost:5001", ["*"])


@settings(max_examples=FUZZ)
@given(st.text(), st.text())
@pytest.mark.slow
def test_any_header_gives_an_answer(origin, host):
    assert origin_allowed(origin, host) in {True, False}
    assert origin_allowed(f"http://{origin}", host) in {True, False}


def test_each_start_has_another_key_that_nobody_guesses():
    keys = {PageKey().address("127.0.0.1", 1).partition("?key=")[2] for _ in range(20)}
    assert len(keys) == 20
    assert min(map(len, keys)) >= 24
