"""The page's devices and its learning with real MIDI devices under JACK, beside a session that plays them."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from jack_stage import Device

from ports import free_ports
from tests.web.setup_site import client_of, make_site
from waiting import if_idle, wait_until

pytestmark = [pytest.mark.peer("jackd"), pytest.mark.usefixtures("jack_alone")]

CONFIG = """\
[model]
dimension = 2
[midi]
in_device = ["knobs"]
out_device = ["SYNTH"]
input."knobs" = [["control_change", 1, 7]]
output."SYNTH" = [["control_change", 1, 7]]
[interaction]
mode = "battle"
[webui]
command_port = 0
"""


@pytest.fixture
def site(jack, tmp_path):
    (monitor,) = free_ports(1)
    (tmp_path / "config.toml").write_text(f"{CONFIG}monitor_port = {monitor}\n")
    site = make_site(tmp_path)
    yield site
    site.close()


@pytest.fixture
def knobs(jack):
    device = Device(jack, "KNOBS")
    yield device
    if device.process.poll() is None:
        device.end()


def sweep(controller):
    return [bytes([0xB0, controller, value]).hex() for value in range(0, 120, 5)]


def chosen(hub):
    return [each for each in hub.messages if each["type"] == "learn" and each["chosen"]]


def test_a_device_that_is_unplugged_shows_within_a_second(site, knobs):
    client = client_of(site)
    told = client.get("/api/devices").json()
    ports = {port["name"]: port for port in told["midi"]["inputs"]}
    assert ports["KNOBS plays:KNOBS"]["configured"] == "knobs"
    assert told["midi"]["system"] == "JACK"
    begun = time.monotonic()
    knobs.kill()
    site.hub.wait_for(lambda hub: hub.changes)
    assert if_idle(time.monotonic() - begun) < 1.0
    told = client.get("/api/devices").json()
    assert "KNOBS plays:KNOBS" not in [port["name"] for port in told["midi"]["inputs"]]
    ways = {way["key"]: way for way in told["ways"]}
    assert ways["midi.in_device[0]"]["usable"] is False


def test_a_control_is_learnt_beside_a_session_that_plays(jack, site, knobs, tmp_path):
    synth = Device(jack, "SYNTH")
    session = subprocess.Popen(
        [sys.executable, "-m", "impsy", "run", "--timescale", "0.01"],
        cwd=tmp_path,
        env=jack.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: synth.heard, what="the session's playing")
        client = client_of(site)
        told = client.post("/api/learn", json={}).json()
        assert "KNOBS plays:KNOBS" in told["ports"]
        assert not any(port.startswith("IMPSY") for port in told["ports"])
        time.sleep(1.0)
        assert not [
            each for each in site.hub.messages if each["type"] == "learn"
        ]  # what the model plays is no hand's
        knobs.play(*sweep(74))
        (found,) = site.hub.wait_for(chosen)
        assert found["entry"] == ["control_change", 1, 74]
        assert found["name"] == "knobs"
        assert found["port"] == "KNOBS plays:KNOBS"
        later = Device(jack, "LATER")

        def is_chosen():  # once it is heard, which takes a second or more after it came
            later.play(*sweep(5))
            return len(chosen(site.hub)) == 2

        wait_until(is_chosen, every=1.5)
        assert chosen(site.hub)[-1]["name"] == "LATER plays"
        later.end()
        assert client.delete("/api/learn").json()["on"] is False
        assert session.poll() is None
    finally:
        session.terminate()
        session.wait(15)
        synth.end()


def test_a_controller_that_an_example_knows_is_told_with_its_mapping(jack, site):
    client = client_of(site)

    def presets():
        ports = client.get("/api/devices").json()["midi"]["inputs"]
        return {port["name"].partition(" ")[0]: port["preset"] for port in ports}

    assert not any(presets().values())
    nano = Device(jack, "nanoKONTROL2")
    try:
        wait_until(lambda: "nanoKONTROL2" in presets(), what="the controller's port")
        preset = presets()["nanoKONTROL2"]
        assert preset["name"] == "korg-nanokontrol2"
        assert preset["entries"] == [["control_change", 1, controller] for controller in range(8)]
        assert preset["parts"][0] == "slider 1"
    finally:
        nano.end()
