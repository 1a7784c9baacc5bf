"""What tests with peers share."""

from __future__ import annotations

import os

import pytest
from jack_stage import JackProcess, Program


@pytest.fixture(autouse=True)
def programs_end():
    """A test that fails leaves no program behind, which another would be blamed for."""
    yield
    for program in list(Program.running):
        program.kill()


@pytest.fixture(scope="session")
def jack():
    """A JACK server of these tests' own, as this process's and its children's MIDI system."""
    server = JackProcess("impsy-tests")
    server.start()
    before = os.environ.get("JACK_DEFAULT_SERVER")
    os.environ["JACK_DEFAULT_SERVER"] = server.name
    yield server
    if before is None:
        del os.environ["JACK_DEFAULT_SERVER"]
    else:
        os.environ["JACK_DEFAULT_SERVER"] = before
    server.end()
